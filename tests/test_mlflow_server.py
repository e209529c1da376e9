"""Scribe and registry against a real `mlflow server`, which is killed in the middle and started again."""

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.models import Model

from sweep import promotion
from sweep.folder_hash import folder_sha256
from sweep.records import EpochReport, PackageResult, SweepRecord
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.scribe import Scribe
from sweep.tracking.store import Store, open_store
from tests.dying import a_question, by_weights
from tests.making import MIOU, a_result, a_spec
from tests.mlflow_server import MlflowServer
from tests.unreliable import with_fault

pytestmark = pytest.mark.long
LONG_S = 120.0
SPEC = a_spec(7, trial_uid="served-7")


def opened(uri: str, home: Path) -> Store:
    return open_store(uri, artifacts=home / "artifacts", init_lock=home / "init.lock")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    home = tmp_path_factory.mktemp("server")
    running = MlflowServer(home)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def store(server: MlflowServer, tmp_path: Path) -> Store:
    return opened(server.url, tmp_path)


def a_scribe(folder: Path, store: Store) -> Scribe:
    return Scribe(folder / "spool.jsonl", lambda: store, param_name=lambda _, name: f"common_{name}")


def a_sweep(name: str) -> SweepRecord:
    return SweepRecord(name=name, task="segmentation", objective=MIOU, config="{}", data_digest="d" * 64)


def epoch(uid: str, number: int, value: float) -> EpochReport:
    return EpochReport(trial_uid=uid, epoch=number, metrics={"miou_segmentation": value})


def test_sweep_with_model_and_champion_is_whole_on_a_server(store: Store, tmp_path: Path) -> None:
    scribe = a_scribe(tmp_path, store)
    scribe.sweep_started(a_sweep("served"))
    scribe.started(SPEC)
    scribe.progress(epoch(SPEC.trial_uid, 1, math.nan))
    scribe.progress(epoch(SPEC.trial_uid, 2, 0.5))
    scribe.finished(a_result(SPEC))
    run_id = scribe.wait_for_run(SPEC.trial_uid, LONG_S)
    folder = tmp_path / "package"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "weights.bin").write_text("0.5")
    Model(flavors={"pytorch": {"pytorch_version": "2"}}).save(str(folder / "MLmodel"))
    package = PackageResult(
        trial_uid=SPEC.trial_uid, model_folder=str(folder), model_sha256=folder_sha256(folder)
    )
    registry = ModelRegistry(lambda: store, registry_lock=tmp_path / "registry.lock")
    candidate = promotion.Candidate(model="rccar-segmentation", package=package, spec=SPEC, run_id=run_id)
    found = promotion.promote_best(registry, candidate, a_question(candidate), judge=by_weights)
    champion = found.champion
    scribe.artifact(None, folder / "data" / "weights.bin", "files")
    scribe.sweep_finished(status="FINISHED", why="done", tags={})
    assert scribe.close(LONG_S)
    run = store.client.get_run(run_id)
    assert (run.info.status, run.data.tags["sweep.state"]) == ("FINISHED", "complete")
    history = store.client.get_metric_history(run_id, "miou_segmentation")
    assert [(point.step, point.value) for point in history if point.step == 2] == [(2, 0.5)]
    assert [math.isnan(point.value) for point in history if point.step == 1] == [True]
    parent = store.client.get_run(run.data.tags["mlflow.parentRunId"])
    assert (parent.info.run_name, parent.info.status) == ("served", "FINISHED")
    files = store.client.list_artifacts(parent.info.run_id, "files")
    assert [file.path for file in files] == ["files/weights.bin"]
    version = store.client.get_model_version_by_alias("rccar-segmentation", "production")
    assert (version.version, version.current_stage) == (champion.version, "Production")
    loaded = registry.load("models:/rccar-segmentation/Production", into=tmp_path / "loaded")
    assert (loaded / "data" / "weights.bin").read_text() == "0.5"
    assert scribe.refusals == ()


def test_server_killed_in_the_middle_and_started_again_has_every_event_once(
    server: MlflowServer, store: Store, tmp_path: Path
) -> None:
    # The reply to the fifth call is lost: the server has done it and dies.
    calls, is_dead = iter(range(1000)), threading.Event()

    def dies(call: Callable[[], Any]) -> Any:
        if next(calls) == 4:
            call()
            server.kill()
            is_dead.set()
        return call()

    scribe = a_scribe(tmp_path, with_fault(store, "log_batch", dies))
    scribe.sweep_started(a_sweep("killed"))
    specs = [a_spec(slot, trial_uid=f"killed-{slot}") for slot in range(4)]
    for spec in specs:
        scribe.started(spec)
        for number in range(1, 6):
            scribe.progress(epoch(spec.trial_uid, number, number / 10))
        scribe.finished(a_result(spec))
    assert is_dead.wait(LONG_S)
    late = a_spec(4, trial_uid="killed-4")
    scribe.started(late)  # nobody waits for a dead server
    scribe.finished(a_result(late))
    scribe.sweep_finished(status="FINISHED", why="done", tags={})
    server.start()
    assert scribe.close(LONG_S)
    runs = store.client.search_runs([store.experiment_id], "tags.`sweep.name` = 'killed'")
    assert sorted(run.info.run_name for run in runs) == ["killed", *(f"trial-00{slot}" for slot in range(5))]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for spec in specs:
        run_id = scribe.run_id(spec.trial_uid)
        assert run_id is not None
        history = store.client.get_metric_history(run_id, "miou_segmentation")
        assert sorted((point.step, point.value) for point in history) == [(n, n / 10) for n in range(1, 6)]
