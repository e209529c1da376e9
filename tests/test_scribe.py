"""The scribe against a real SQLite store: what CLI.md promises, and what happens when MLflow does not."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from sweep.errors import UnavailableError
from sweep.json_record import Record
from sweep.ports import Tracker
from sweep.records import EpochReport, Status, SweepRecord, TrialResult, TrialSpec
from sweep.tracking.events import PARENT, Event, RunFile, SweepEnd, SweepProgress
from sweep.tracking.memory_tracker import MemoryTracker
from sweep.tracking.run_fields import KEY_CHARS, TAG_CHARS, cut, key, result_metrics, result_tags
from sweep.tracking.scribe import Scribe
from sweep.tracking.spool import Spool, delivered_runs
from sweep.tracking.store import Store, open_store
from tests.conftest import ROOT
from tests.making import MIOU, a_result, a_spec
from tests.unreliable import with_fault

LONG_S = 60.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = tmp_path_factory.mktemp("home")
    return open_store(
        f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock"
    )


@pytest.fixture
def scribe(store: Store, tmp_path: Path) -> Iterator[Scribe]:
    opened = a_scribe(tmp_path, store)
    yield opened
    opened.close(LONG_S)


def logged_name(spec: TrialSpec, name: str) -> str:
    return f"{spec.task}_{name}" if name == "loss" else f"common_{name}"


def a_scribe(folder: Path, store: Store, **changes: Any) -> Scribe:
    return Scribe(folder / "spool.jsonl", lambda: store, param_name=logged_name, **changes)


def a_sweep(name: str, **changes: Any) -> SweepRecord:
    values: dict[str, Any] = {
        "name": name,
        "task": "segmentation",
        "objective": MIOU,
        "config": '{"seed": 0}',
    }
    return SweepRecord(**(values | changes))


def trial(name: str, slot: int = 0, **changes: Any) -> TrialSpec:
    attempt = changes.get("attempt", 0)
    return a_spec(slot, **({"trial_uid": f"{name}-{slot}-{attempt}"} | changes))


def epoch(spec: TrialSpec, number: int, value: float = 0.5) -> EpochReport:
    return EpochReport(trial_uid=spec.trial_uid, epoch=number, metrics={"miou_segmentation": value})


def runs_of(store: Store, sweep: str) -> dict[str, Run]:
    found = store.client.search_runs([store.experiment_id], f"tags.`sweep.name` = '{sweep}'")
    names = [run.info.run_name for run in found]
    assert len(set(names)) == len(names), f"runs were made twice: {sorted(names)}"
    return dict(zip(names, found, strict=True))


def history(store: Store, run: Run, metric: str) -> list[tuple[int, int, float]]:
    points = store.client.get_metric_history(run.info.run_id, metric)
    return sorted((point.step, point.timestamp, point.value) for point in points)


# What CLI.md promises


def test_child_run_has_the_name_tags_params_and_metrics_of_the_contract(store: Store, tmp_path: Path) -> None:
    spec = trial("contract", 7, number=9, params={"lr": 0.001, "batch_size": 8, "loss": "dice"})
    now = iter(range(1000, 2000))
    scribe = a_scribe(tmp_path, store, clock=lambda: next(now))
    scribe.sweep_started(a_sweep("contract"))
    scribe.started(spec)
    scribe.progress(epoch(spec, 1, 0.25))
    scribe.progress(epoch(spec, 2, 0.5))
    scribe.finished(a_result(spec, best_epoch=2, train_time_s=1.5, n_parameters=1000))
    assert scribe.close(LONG_S)
    runs = runs_of(store, "contract")
    run = runs["trial-007"]
    parent = runs["contract"].info.run_id
    ours = {name: value for name, value in run.data.tags.items() if name != "mlflow.runName"}
    assert ours == {
        "mlflow.parentRunId": parent,
        "sweep.kind": "trial",
        "sweep.name": "contract",
        "sweep.trial": "9",
        "sweep.slot": "7",
        "sweep.trial_uid": spec.trial_uid,
        "sweep.state": "complete",
    }
    assert run.data.params == {
        "task_type": "segmentation",
        "common_epochs": "4",
        "segmentation_model_name": "tiny_unet",
        "common_lr": "0.001",
        "common_batch_size": "8",
        "segmentation_loss": "dice",
    }
    assert run.data.metrics == {
        "miou_segmentation": 0.5,
        "train_time_s": 1.5,
        "best_epoch": 2,
        "n_parameters": 1000,
    }
    # Each event has its own second: sweep 1000, trial 1001, epochs 1002 and 1003, end 1004.
    assert history(store, run, "miou_segmentation") == [(1, 1_002_000, 0.25), (2, 1_003_000, 0.5)]
    assert (run.info.start_time, run.info.end_time) == (1_001_000, 1_004_000)
    assert scribe.run_id(spec.trial_uid) == run.info.run_id
    assert scribe.refusals == ()


@pytest.mark.parametrize(
    ("status", "run_status"),
    [
        (Status.COMPLETE, "FINISHED"),
        (Status.PRUNED, "KILLED"),
        (Status.STOPPED, "KILLED"),
        (Status.FAILED, "FAILED"),
        (Status.INFEASIBLE, "FAILED"),
    ],
)
def test_ended_trial_has_its_state_reason_and_run_status(
    store: Store, scribe: Scribe, status: Status, run_status: str
) -> None:
    spec = trial(f"ended-{status}")
    scribe.sweep_started(a_sweep(f"ended-{status}"))
    scribe.started(spec)
    scribe.finished(a_result(spec, status=status, reason="word: why"))
    scribe.close(LONG_S)
    run = runs_of(store, f"ended-{status}")["trial-000"]
    assert (run.info.status, run.data.tags["sweep.state"]) == (run_status, status.value)
    assert run.data.tags["sweep.reason"] == "word: why"


def test_running_trial_has_a_running_run_before_anything_ends(store: Store, scribe: Scribe) -> None:
    spec = trial("running")
    scribe.sweep_started(a_sweep("running"))
    scribe.started(spec)
    run = store.client.get_run(scribe.wait_for_run(spec.trial_uid, LONG_S))
    assert (run.info.status, run.data.tags["sweep.state"]) == ("RUNNING", "running")
    assert runs_of(store, "running")["running"].info.status == "RUNNING"


def test_retry_has_its_own_run_that_names_the_first(store: Store, scribe: Scribe) -> None:
    scribe.sweep_started(a_sweep("retry"))
    scribe.started(trial("retry", 3))
    scribe.started(trial("retry", 3, attempt=1, retry_of="retry-3-0"))
    scribe.close(LONG_S)
    assert runs_of(store, "retry")["trial-003-r1"].data.tags["sweep.retry_of"] == "retry-3-0"


def test_parent_run_has_the_config_data_and_ending_of_its_sweep(
    store: Store, scribe: Scribe, tmp_path: Path
) -> None:
    record = a_sweep(
        "parent",
        params={"seed": "0"},
        tags={"version.torch": "2.15"},
        data_source="frames/track",
        data_format="coco",
        data_digest="d" * 64,
        classes=("road", "cone"),
    )
    scribe.sweep_started(record)
    scribe.sweep_progress({"best_miou_segmentation": 0.5})
    scribe.sweep_progress({"best_miou_segmentation": 0.75})
    scribe.sweep_finished(status="FINISHED", why="all 2 trials done", tags={"sweep.best_run": "trial-001"})
    assert scribe.close(LONG_S)
    run = runs_of(store, "parent")["parent"]
    expected = {
        "sweep.kind": "sweep",
        "sweep.name": "parent",
        "sweep.task": "segmentation",
        "sweep.study": "parent",
        "sweep.trials": "0",
        "sweep.state": "complete",
        "sweep.reason": "all 2 trials done",
        "sweep.best_run": "trial-001",
        "version.torch": "2.15",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "0"
    steps = [(step, value) for step, _, value in history(store, run, "best_miou_segmentation")]
    assert steps == [(1, 0.5), (2, 0.75)]
    assert run.inputs is not None
    data = run.inputs.dataset_inputs[0].dataset
    assert (data.name, data.digest, json.loads(data.source)) == ("track", "d" * 36, {"uri": "frames/track"})
    config = Path(store.client.download_artifacts(run.info.run_id, "config.json", str(tmp_path)))
    assert json.loads(config.read_text()) == {"seed": 0}


def test_nan_stays_nan(store: Store, scribe: Scribe) -> None:
    spec = trial("nan")
    scribe.sweep_started(a_sweep("nan"))
    scribe.started(spec)
    scribe.progress(epoch(spec, 1, math.nan))
    scribe.close(LONG_S)
    assert math.isnan(runs_of(store, "nan")["trial-000"].data.metrics["miou_segmentation"])


def test_more_points_than_one_call_takes_all_arrive(store: Store, tmp_path: Path) -> None:
    gate = threading.Event()
    scribe = Scribe(tmp_path / "spool.jsonl", lambda: gate.wait(LONG_S) and store, param_name=logged_name)  # type: ignore[arg-type,return-value]
    spec = trial("many")
    scribe.sweep_started(a_sweep("many"))
    scribe.started(spec)
    for number in range(1, 1501):
        scribe.progress(epoch(spec, number))
    gate.set()
    assert scribe.close(LONG_S)
    points = history(store, runs_of(store, "many")["trial-000"], "miou_segmentation")
    assert [step for step, _, _ in points] == list(range(1, 1501))


def test_file_is_logged_in_its_folder_and_a_missing_one_is_marked(
    store: Store, scribe: Scribe, tmp_path: Path
) -> None:
    (tmp_path / "best.pt").write_bytes(b"weights")
    scribe.sweep_started(a_sweep("files"))
    scribe.started(trial("files", 0))
    scribe.started(trial("files", 1))
    scribe.artifact("files-0-0", tmp_path / "best.pt", "checkpoints")
    scribe.artifact("files-1-0", tmp_path / "gone.pt", "checkpoints")
    scribe.artifact(None, tmp_path / "best.pt", "")
    assert scribe.close(LONG_S)
    runs = runs_of(store, "files")
    names = [file.path for file in store.client.list_artifacts(runs["trial-000"].info.run_id, "checkpoints")]
    assert names == ["checkpoints/best.pt"]
    assert runs["trial-001"].data.tags["artifact"] == "missing"
    assert "best.pt" in [file.path for file in store.client.list_artifacts(runs["files"].info.run_id)]


def test_folder_that_is_no_longer_wanted_goes_and_one_that_is_not_there_is_no_trouble(
    store: Store, scribe: Scribe, tmp_path: Path
) -> None:
    (tmp_path / "best.pt").write_bytes(b"weights")
    scribe.sweep_started(a_sweep("beaten"))
    scribe.started(trial("beaten", 0))
    scribe.artifact("beaten-0-0", tmp_path / "best.pt", "checkpoints")
    scribe.artifact("beaten-0-0", tmp_path / "best.pt", "pictures")
    for _ in range(2):
        scribe.remove("beaten-0-0", "checkpoints")
    assert scribe.close(LONG_S)
    run_id = runs_of(store, "beaten")["trial-000"].info.run_id
    assert [file.path for file in store.client.list_artifacts(run_id)] == ["pictures"]
    assert not scribe.refusals


def test_folders_that_were_logged_and_not_removed_are_known_to_a_later_scribe(
    scribe: Scribe, store: Store, tmp_path: Path
) -> None:
    """Only they are removed at the end of a sweep that went on, not those of every trial there ever was."""
    file = tmp_path / "best.pt"
    file.write_bytes(b"weights")
    scribe.sweep_started(a_sweep("folders"))
    for slot in range(3):
        scribe.started(trial("folders", slot))
    scribe.artifact("folders-0-0", file, "checkpoints")
    scribe.artifact("folders-1-0", file, "checkpoints")
    scribe.artifact("folders-2-0", file, "pictures")
    scribe.remove("folders-1-0", "checkpoints")
    assert scribe.having("checkpoints") == {"folders-0-0"}
    scribe.close(LONG_S)
    later = a_scribe(tmp_path, store)
    assert later.having("checkpoints") == {"folders-0-0"}
    later.close(LONG_S)


def test_reason_with_characters_no_database_takes_arrives(store: Store, scribe: Scribe) -> None:
    spec = trial("broken")
    scribe.sweep_started(a_sweep("broken"))
    scribe.started(spec)
    scribe.finished(a_result(spec, status=Status.FAILED, reason="exception: frame\udcff\0.png"))
    assert scribe.close(LONG_S)
    assert runs_of(store, "broken")["trial-000"].data.tags["sweep.reason"] == "exception: frame?.png"


NASTY = ["iou_Yol/şerit_segmentation", "..", "a//b", "x" * 400, "100%", "ampel (rot)", "tab\t", "iou_../.."]


def test_names_and_values_mlflow_would_refuse_are_made_to_fit(store: Store, scribe: Scribe) -> None:
    spec = trial("nasty", params=dict.fromkeys(NASTY, "v" * 9000))
    scribe.sweep_started(a_sweep("nasty", tags=dict.fromkeys(NASTY, "t" * 9000)))
    scribe.started(spec)
    metrics = {name: float(index) for index, name in enumerate(NASTY)}
    scribe.progress(EpochReport(trial_uid=spec.trial_uid, epoch=1, metrics=metrics))
    assert scribe.close(LONG_S)
    run = runs_of(store, "nasty")["trial-000"]
    assert scribe.refusals == ()
    assert set(metrics.values()) <= set(run.data.metrics.values())
    assert len(run.data.params) == 3 + len(NASTY)  # task_type, common_epochs, model name


@given(st.text(min_size=1), st.text(min_size=1))
def test_key_fits_mlflow_and_keeps_different_names_apart(one: str, other: str) -> None:
    # The rule of mlflow/utils/validation.py: word characters, dash, dot, space, colon (and slash).
    assert re.fullmatch(r"[\w.\- :]+", key(one))
    assert len(key(one)) <= KEY_CHARS
    assert (key(one) == key(other)) == (one == other)


def test_cut_keeps_short_values_and_tells_long_ones_apart() -> None:
    assert cut("short", TAG_CHARS) == "short"
    one, other = cut("a" * 9000 + "1", TAG_CHARS), cut("a" * 9000 + "2", TAG_CHARS)
    assert len(one) == TAG_CHARS
    assert one != other


# Nobody waits for MLflow, and nothing is lost


def test_telling_returns_while_mlflow_is_still_being_opened(store: Store, tmp_path: Path) -> None:
    gate = threading.Event()
    scribe = Scribe(tmp_path / "spool.jsonl", lambda: gate.wait(LONG_S) and store, param_name=logged_name)  # type: ignore[arg-type,return-value]
    scribe.sweep_started(a_sweep("slow"))
    scribe.started(trial("slow"))
    assert not scribe.ready(0)
    assert scribe.run_id("slow-0-0") is None
    gate.set()
    assert scribe.ready(LONG_S)
    assert scribe.wait_for_run("slow-0-0", LONG_S) == runs_of(store, "slow")["trial-000"].info.run_id
    scribe.close(LONG_S)


def test_store_that_cannot_be_opened_is_an_error_and_a_later_scribe_delivers(
    store: Store, tmp_path: Path
) -> None:
    def fails() -> Store:
        raise UnavailableError("no such server")

    scribe = Scribe(tmp_path / "spool.jsonl", fails, param_name=logged_name)
    with pytest.raises(UnavailableError, match="no such server"):
        scribe.ready(LONG_S)
    scribe.sweep_started(a_sweep("later"))
    scribe.started(trial("later"))
    scribe.finished(a_result(trial("later")))
    scribe.sweep_finished(status="FINISHED", why="done", tags={})
    with pytest.raises(UnavailableError, match="no such server"):
        scribe.wait_for_run("later-0-0", LONG_S)
    assert not scribe.close(LONG_S)
    assert a_scribe(tmp_path, store).close(LONG_S)
    runs = runs_of(store, "later")
    assert {name: run.info.status for name, run in runs.items()} == {
        "later": "FINISHED",
        "trial-000": "FINISHED",
    }


def test_close_leaves_no_run_running(store: Store, tmp_path: Path) -> None:
    scribe = a_scribe(tmp_path, store)
    scribe.sweep_started(a_sweep("closed"))
    scribe.started(trial("closed", 0))
    scribe.started(trial("closed", 1))
    scribe.finished(a_result(trial("closed", 1)))
    assert scribe.close(LONG_S)
    states = {
        name: (run.info.status, run.data.tags["sweep.state"])
        for name, run in runs_of(store, "closed").items()
    }
    assert states == {
        "closed": ("KILLED", "stopped"),
        "trial-000": ("KILLED", "stopped"),
        "trial-001": ("FINISHED", "complete"),
    }


def test_runs_of_a_killed_process_are_ended_by_the_next_scribe(store: Store, tmp_path: Path) -> None:
    # What a killed coordinator leaves: a spool without endings, of which nothing was delivered.
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append(Event(1000, a_sweep("killed")))
    spool.append(Event(2000, trial("killed")))
    spool.close()
    assert a_scribe(tmp_path, store).close(LONG_S)
    assert {run.info.status for run in runs_of(store, "killed").values()} == {"KILLED"}


def test_resumed_sweep_goes_on_in_the_same_parent_run(store: Store, tmp_path: Path) -> None:
    first = a_scribe(tmp_path, store)
    first.sweep_started(a_sweep("resumed", params={"trials": "1"}))
    first.started(trial("resumed", 0))
    first.finished(a_result(trial("resumed", 0)))
    assert first.close(LONG_S)
    second = a_scribe(tmp_path, store)
    second.sweep_started(a_sweep("resumed", params={"trials": "2"}))
    second.started(trial("resumed", 1))
    second.wait_for_run("resumed-1-0", LONG_S)
    runs = runs_of(store, "resumed")
    assert runs["resumed"].info.status == "RUNNING"
    assert runs["trial-001"].data.tags["mlflow.parentRunId"] == runs["resumed"].info.run_id
    assert second.run_id("resumed-0-0") == runs["trial-000"].info.run_id
    assert second.close(LONG_S)
    assert second.refusals == ()


def test_sweep_resumed_before_anything_arrived_is_one_running_sweep(store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append(Event(1000, a_sweep("early")))
    spool.append(Event(2000, SweepEnd(status="KILLED", why="interrupted", tags={})))
    spool.append(Event(3000, a_sweep("early")))
    spool.append(Event(4000, trial("early")))
    spool.close()
    scribe = a_scribe(tmp_path, store)
    scribe.wait_for_run("early-0-0", LONG_S)
    parent = runs_of(store, "early")["early"]
    assert (parent.info.status, parent.info.start_time) == ("RUNNING", 1000)
    assert parent.data.tags["sweep.state"] == "running"
    assert "sweep.reason" not in parent.data.tags
    scribe.close(LONG_S)


def test_what_was_delivered_but_not_noted_is_not_there_twice(store: Store, tmp_path: Path) -> None:
    scribe = a_scribe(tmp_path, store)
    spec = trial("twice")
    scribe.sweep_started(a_sweep("twice"))
    scribe.started(spec)
    scribe.progress(epoch(spec, 1))
    scribe.progress(epoch(spec, 2))
    scribe.finished(a_result(spec))
    assert scribe.close(LONG_S)
    before = runs_of(store, "twice")
    (tmp_path / "spool.jsonl.delivered").unlink()  # killed before the journal was written
    assert a_scribe(tmp_path, store).close(LONG_S)
    after = runs_of(store, "twice")
    assert {name: run.info.run_id for name, run in after.items()} == {
        name: run.info.run_id for name, run in before.items()
    }
    assert [step for step, _, _ in history(store, after["trial-000"], "miou_segmentation")] == [1, 2]
    assert after["trial-000"].info.status == "FINISHED"


def test_lost_reply_to_create_run_makes_no_second_run(store: Store, tmp_path: Path) -> None:
    calls = iter(range(100))

    def loses_first_two(call: Callable[[], Any]) -> Any:
        made = call()
        if next(calls) < 2:  # the parent's and the child's
            raise MlflowException("connection reset by peer")
        return made

    scribe = a_scribe(tmp_path, with_fault(store, "create_run", loses_first_two))
    scribe.sweep_started(a_sweep("lost"))
    scribe.started(trial("lost"))
    assert scribe.close(LONG_S)
    assert set(runs_of(store, "lost")) == {"lost", "trial-000"}


def test_outage_is_shown_while_it_lasts_and_loses_nothing(store: Store, tmp_path: Path) -> None:
    is_down, was_refused = threading.Event(), threading.Event()

    def down(call: Callable[[], Any]) -> Any:
        if is_down.is_set():
            was_refused.set()
            raise MlflowException("http://user:secret@host:5000 does not answer")
        return call()

    scribe = a_scribe(tmp_path, with_fault(store, "log_batch", down))
    spec = trial("outage")
    scribe.sweep_started(a_sweep("outage"))
    scribe.started(spec)
    scribe.wait_for_run(spec.trial_uid, LONG_S)
    is_down.set()
    scribe.progress(epoch(spec, 1))
    assert was_refused.wait(LONG_S)
    scribe.progress(epoch(spec, 2))  # returns at once
    assert not scribe.close(0.5)  # the server is still down
    assert "does not answer" in scribe.trouble
    assert "secret" not in scribe.trouble
    assert a_scribe(tmp_path, store).close(LONG_S)
    points = history(store, runs_of(store, "outage")["trial-000"], "miou_segmentation")
    assert [step for step, _, _ in points] == [1, 2]


def test_trouble_is_over_once_mlflow_answers_again(store: Store, tmp_path: Path) -> None:
    calls = iter(range(100))

    def fails_twice(call: Callable[[], Any]) -> Any:
        if next(calls) < 2:
            raise MlflowException("database is locked")
        return call()

    scribe = a_scribe(tmp_path, with_fault(store, "log_batch", fails_twice))
    scribe.sweep_started(a_sweep("passing"))
    assert scribe.close(LONG_S)
    assert scribe.trouble == ""


@pytest.mark.parametrize(("n_failures", "arrives"), [(2, True), (9, False)])
def test_upload_that_fails_is_tried_three_times_and_does_not_hold_up_the_rest(
    store: Store, tmp_path: Path, n_failures: int, arrives: bool
) -> None:
    tried: list[int] = []

    def fails(upload: Callable[[], Any]) -> Any:
        tried.append(1)
        if len(tried) <= n_failures:
            raise MlflowException("no room in the bucket")
        return upload()

    name = f"upload-{n_failures}"
    (tmp_path / "best.pt").write_bytes(b"weights")
    scribe = a_scribe(tmp_path, with_fault(store, "log_artifact", fails))
    spec = trial(name)
    scribe.sweep_started(a_sweep(name))
    scribe.started(spec)
    scribe.artifact(spec.trial_uid, tmp_path / "best.pt", "checkpoints")
    scribe.progress(epoch(spec, 1))
    scribe.finished(a_result(spec))
    assert scribe.close(LONG_S)
    run = runs_of(store, name)["trial-000"]
    assert (len(tried), run.info.status) == (3, "FINISHED")
    assert bool(store.client.list_artifacts(run.info.run_id, "checkpoints")) == arrives
    assert run.data.tags.get("artifact") == (None if arrives else "missing")
    assert bool(scribe.refusals) != arrives
    assert history(store, run, "miou_segmentation")


def test_refused_param_does_not_hold_up_the_rest(store: Store, tmp_path: Path) -> None:
    scribe = a_scribe(tmp_path, store)
    spec = trial("refused")
    scribe.sweep_started(a_sweep("refused"))
    scribe.started(spec)
    run_id = scribe.wait_for_run(spec.trial_uid, LONG_S)
    scribe.close(LONG_S)
    with (tmp_path / "spool.jsonl").open("a") as spool:  # the same trial with another lr
        changed = trial("refused", params={"lr": 0.5})
        for told in (changed, epoch(spec, 1), a_result(spec)):
            spool.write(Event(5000, told).to_line() + "\n")
    (tmp_path / "spool.jsonl.delivered").write_text("")
    second = a_scribe(tmp_path, store)
    assert second.close(LONG_S)
    run = store.client.get_run(run_id)
    assert run.data.params["common_lr"] == "0.001"
    assert run.data.metrics["miou_segmentation"] == 0.5
    assert run.info.status == "FINISHED"
    assert any("common_lr" in line for line in second.refusals)


def test_deleted_run_does_not_hold_up_the_others(store: Store, scribe: Scribe) -> None:
    scribe.sweep_started(a_sweep("deleted"))
    scribe.started(trial("deleted", 0))
    store.client.delete_run(scribe.wait_for_run("deleted-0-0", LONG_S))
    scribe.progress(epoch(trial("deleted", 0), 1))
    scribe.started(trial("deleted", 1))
    scribe.finished(a_result(trial("deleted", 1)))
    assert scribe.close(LONG_S)
    assert runs_of(store, "deleted")["trial-001"].info.status == "FINISHED"
    assert scribe.refusals


def test_trial_whose_run_is_deleted_goes_on_in_another_that_names_it(store: Store, tmp_path: Path) -> None:
    scribe, spec = a_scribe(tmp_path, store), trial("again")
    scribe.sweep_started(a_sweep("again"))
    scribe.started(spec)
    scribe.progress(epoch(spec, 1))
    deleted = scribe.wait_for_run(spec.trial_uid, LONG_S)
    store.client.delete_run(deleted)
    scribe.progress(epoch(spec, 2))
    scribe.finished(a_result(spec))
    assert scribe.close(LONG_S)
    run = runs_of(store, "again")["trial-000"]
    assert (run.info.status, run.data.tags["sweep.replaces"]) == ("FINISHED", deleted)
    assert (run.data.tags["sweep.state"], run.data.params["common_lr"]) == ("complete", "0.001")
    assert 2 in [step for step, _, _ in history(store, run, "miou_segmentation")]
    assert scribe.run_id(spec.trial_uid) == run.info.run_id
    assert [line for line in scribe.refusals if "somebody deleted its run" in line]
    again = a_scribe(tmp_path, store)
    assert again.run_id(spec.trial_uid) == run.info.run_id
    assert again.close(LONG_S)


# The spool

TOLD: list[Record] = [
    a_sweep("one", tags={"a": "b"}),
    trial("one"),
    epoch(trial("one"), 1),
    a_result(trial("one"), reason="r"),
    SweepProgress(metrics={"best": 1.0}, step=3),
    RunFile(trial_uid=PARENT, file="/a", folder="b"),
    SweepEnd(status="KILLED", why="because", tags={}),
]


@pytest.mark.parametrize("told", TOLD, ids=lambda told: type(told).__name__)
def test_event_comes_back_from_its_line(told: Any) -> None:
    line = Event(123, told).to_line()
    assert "\n" not in line
    assert Event.from_line(line) == Event(123, told)


@pytest.mark.parametrize(
    "line", ["", "{", '{"at_ms": 1}', '{"at_ms": 1, "event": {"record": "Other"}}', "[]"]
)
def test_line_that_is_no_event_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"not an event|Expecting|property name"):
        Event.from_line(line)


def test_spool_torn_at_any_byte_keeps_every_whole_line(tmp_path: Path) -> None:
    whole = [Event(number, epoch(trial("torn"), number)) for number in (1, 2)]
    content = "".join(event.to_line() + "\n" for event in whole).encode()
    first = content.index(b"\n") + 1
    for n_bytes in range(first, len(content)):
        path = tmp_path / f"{n_bytes}.jsonl"
        path.write_bytes(content[:n_bytes])
        spool = Spool(path)
        spool.append(Event(3, epoch(trial("torn"), 3)))
        found, end = spool.waiting(10)
        spool.mark(end, {})
        is_whole = n_bytes == len(content) - 1  # only the line break is missing
        assert [event.at_ms for event in found] == ([1, 2, 3] if is_whole else [1, 3])
        assert spool.is_empty
        spool.close()


def test_journal_is_read_back_and_a_torn_line_of_it_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "spool.jsonl"
    spool = Spool(path)
    spool.append(Event(1, trial("journal")))
    _, end = spool.waiting(10)
    spool.mark(end, {"journal-0-0": "run-1"})
    spool.append(Event(2, epoch(trial("journal"), 1)))
    spool.close()
    with (tmp_path / "spool.jsonl.delivered").open("a") as journal:
        journal.write('{"delivered": 99')
    again = Spool(path)
    assert again.run_ids == {"journal-0-0": "run-1"}
    assert [event.at_ms for event in again.waiting(10)[0]] == [2]
    again.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_is_an_unavailable_error_that_names_the_spool(tmp_path: Path) -> None:
    path = tmp_path / "spool.jsonl"
    path.symlink_to("/dev/full")
    spool = Spool(path)
    with pytest.raises(UnavailableError, match=r"spool\.jsonl cannot be written.*No space left"):
        spool.append(Event(1, trial("full")))
    spool.close()


NEARLY_FULL = """
import resource, sys
from pathlib import Path
from sweep.errors import UnavailableError
from sweep.tracking.events import Event
from sweep.tracking.spool import Spool, delivered_runs
from tests.making import a_spec

def limit(n_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

path = Path(sys.argv[1])
spool = Spool(path)
spool.append(Event(1, a_spec(0)))
limit(path.stat().st_size + 20)
try:
    spool.append(Event(2, a_spec(1)))
except UnavailableError as error:
    print(error)
limit(resource.RLIM_INFINITY)
spool.append(Event(3, a_spec(2)))
print([event.at_ms for event in spool.waiting(10)[0]], spool.waiting(10)[1] == path.stat().st_size)

journal = path.with_name(path.name + ".delivered")
limit(20)
try:
    spool.mark(path.stat().st_size, {"uid-0-0": "run-1"})
except OSError as error:
    print(error, journal.stat().st_size, spool.is_empty)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse the whole write")
def test_disk_that_takes_half_a_line_is_full_and_keeps_no_half_of_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NEARLY_FULL, str(tmp_path / "spool.jsonl")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, events, journal = done.stdout.splitlines()
    assert "spool.jsonl cannot be written" in refused
    assert "No space left" in refused
    assert events == "[1, 3] True"
    assert journal.startswith("[Errno 28] No space left")
    assert journal.endswith("0 False")


def test_spool_in_a_place_that_is_no_folder_is_an_unavailable_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"):
        Spool(tmp_path / "file" / "spool.jsonl")


# Around it


def test_memory_tracker_remembers_what_it_is_told() -> None:
    memory = MemoryTracker()
    tracker: Tracker = memory
    spec = trial("memory")
    assert tracker.run_id(spec.trial_uid) is None
    tracker.sweep_started(a_sweep("memory"))
    tracker.started(spec)
    tracker.progress(epoch(spec, 1))
    tracker.measured(spec.trial_uid, {"best": 0.5})
    result: TrialResult = a_result(spec)
    tracker.finished(result)
    tracker.sweep_progress({"best": 1.0})
    tracker.artifact(None, Path("a"), "b")
    tracker.sweep_finished(status="FINISHED", why="done", tags={"a": "b"})
    assert tracker.close(1)
    assert (memory.sweeps, memory.specs, memory.results) == ([a_sweep("memory")], [spec], [result])
    assert (memory.reports, memory.sweep_metrics) == ([epoch(spec, 1)], [{"best": 1.0}])
    assert (memory.files, memory.endings) == ([(None, Path("a"), "b")], [("FINISHED", "done", {"a": "b"})])
    assert memory.measurements == [(spec.trial_uid, {"best": 0.5})]
    assert memory.is_closed
    assert tracker.run_id(spec.trial_uid) is not None


def test_importing_the_package_imports_no_mlflow() -> None:
    code = "import sys, sweep.tracking, sweep.promotion; sys.exit('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert done.returncode == 0


def test_metrics_that_belong_to_no_epoch_reach_a_run_that_has_ended(store: Store, tmp_path: Path) -> None:
    scribe, spec = a_scribe(tmp_path, store), trial("measured")
    scribe.sweep_started(a_sweep("measured"))
    scribe.started(spec)
    scribe.measured(spec.trial_uid, {"best_miou_segmentation": 0.5})
    scribe.finished(a_result(spec))
    scribe.wait_for_run(spec.trial_uid, LONG_S)
    scribe.measured(spec.trial_uid, {"registered_miou_segmentation": 0.25})
    assert scribe.close(LONG_S)
    run = runs_of(store, "measured")["trial-000"]
    assert run.data.metrics["best_miou_segmentation"] == 0.5
    assert run.data.metrics["registered_miou_segmentation"] == 0.25
    assert run.info.status == "FINISHED"


def test_figures_that_are_not_known_are_left_out() -> None:
    died = TrialResult(trial_uid="a", status=Status.FAILED, best_epoch=2, train_time_s=1.5)
    assert result_metrics(died) == {"best_epoch": 2.0, "train_time_s": 1.5}


def test_what_the_network_started_from_and_warnings_are_tags_only_where_there_are_any() -> None:
    spec = a_spec()
    told = result_tags(a_result(spec, weights="scratch", notes=("no network: from scratch",)))
    assert (told["sweep.weights"], told["sweep.notes"]) == ("scratch", "no network: from scratch")
    assert set(result_tags(a_result(spec))) == {"sweep.state"}


def test_clock_that_jumps_back_or_ahead_disturbs_nothing(store: Store, tmp_path: Path) -> None:
    now = iter([1000.0, 1001.0, 1002.0, 4603.0, 4.0, 1005.0, 1006.0])  # an hour ahead, then to 1970
    scribe, spec = a_scribe(tmp_path, store, clock=lambda: next(now)), trial("clock")
    scribe.sweep_started(a_sweep("clock"))
    scribe.started(spec)
    for number in (1, 2, 3):
        scribe.progress(epoch(spec, number, number / 10))
    scribe.finished(a_result(spec))
    scribe.sweep_finished(status="FINISHED", why="done", tags={})
    assert scribe.close(LONG_S)
    runs = runs_of(store, "clock")
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    steps = [(step, value) for step, _, value in history(store, runs["trial-000"], "miou_segmentation")]
    assert steps == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert runs["trial-000"].data.metrics["miou_segmentation"] == 0.3  # the last by step, not by time


def a_stuck_scribe(store: Store, folder: Path, name: str) -> tuple[Scribe, threading.Event]:
    """A scribe in the middle of making its sweep's run, and the gate that lets it go on."""
    gate, is_writing = threading.Event(), threading.Event()

    def waits(call: Callable[[], Any]) -> Any:
        is_writing.set()
        gate.wait(LONG_S)
        return call()

    scribe = a_scribe(folder, with_fault(store, "create_run", waits))
    scribe.sweep_started(a_sweep(name))
    assert is_writing.wait(LONG_S)
    return scribe, gate


def test_closing_ends_when_somebody_gives_up_though_no_interruption_arrives(
    store: Store, tmp_path: Path
) -> None:
    scribe, gate = a_stuck_scribe(store, tmp_path, "given up")
    began, given_up = time.monotonic(), threading.Event()
    threading.Timer(0.1, given_up.set).start()
    assert not scribe.close(LONG_S, give_up=given_up.is_set)
    assert time.monotonic() - began < LONG_S / 2
    gate.set()


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """What a shell starts in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_interrupts")
def test_scribe_whose_closing_is_interrupted_notes_what_it_was_writing(store: Store, tmp_path: Path) -> None:
    scribe, gate = a_stuck_scribe(store, tmp_path, "interrupted")
    threading.Timer(0.2, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        scribe.close(LONG_S)
    assert not scribe.close(0.0)
    gate.set()
    end = time.monotonic() + LONG_S
    while not delivered_runs(tmp_path / "spool.jsonl") and time.monotonic() < end:
        time.sleep(0.01)
    assert delivered_runs(tmp_path / "spool.jsonl").keys() == {PARENT}
