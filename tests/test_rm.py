"""`sweep rm`: nothing of a sweep stays, and nothing of Production goes."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from filelock import FileLock
from mlflow import MlflowClient

from sweep.api.doctor import examine
from sweep.api.rm import remove_sweep
from sweep.errors import InputError
from sweep.paths import Home
from sweep.tracking.removal import parent_run_of
from tests.conftest import Cli, run_here

pytestmark = pytest.mark.long
RUN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--executor", "inline", "--trials", "2")
Swept = Callable[[str], Home]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.at(tmp_path_factory.mktemp("home"))


@pytest.fixture
def swept(home: Home, tmp_path: Path) -> Swept:
    """A finished sweep of two trials by name."""

    def run(name: str) -> Home:
        done = run_here(*RUN, "--epochs", "1", "--name", name, "--home", str(home.root), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return home

    return run


def client_of(home: Home) -> MlflowClient:
    return MlflowClient(home.mlflow_url, home.mlflow_url)


def trial_runs(home: Home, name: str) -> list[Any]:
    client = client_of(home)
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    assert experiment is not None
    words = f"tags.`sweep.name` = '{name}' and tags.`sweep.kind` = 'trial'"
    return sorted(client.search_runs([experiment.experiment_id], words), key=lambda run: run.info.run_name)


def register(home: Home, run: Any, model: str) -> str:
    """What promotion leaves of a trial: a logged model, files, a version."""
    client = client_of(home)
    logged = client.create_logged_model(run.info.experiment_id, source_run_id=run.info.run_id)
    folder = home.root / "made"
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text("model")
    client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    version = client.create_model_version(
        model, logged.artifact_location, run_id=run.info.run_id, model_id=logged.model_id
    )
    return str(version.version)


def rows(home: Home) -> int:
    """Rows of MLflow's database that belong to runs and models."""
    tables = ("runs", "metrics", "params", "tags", "inputs", "logged_models", "model_versions")
    with closing(sqlite3.connect(home.mlflow_file)) as connection:
        return sum(connection.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables)


def files(home: Home) -> set[Path]:
    return {path for path in home.artifacts.rglob("*") if path != home.artifacts / "models"}


def test_sweep_is_removed_with_study_runs_models_artifacts_and_folder(swept: Swept) -> None:
    home = swept("stays")
    before, files_before = rows(home), files(home)
    swept("goes")
    version = register(home, trial_runs(home, "goes")[0], "rccar-rm")
    done = remove_sweep("goes", confirm=lambda _: True, environ={}, home=str(home.root))
    assert (done.n_runs, done.versions, done.kept) == (3, (f"rccar-rm/{version}",), ())
    assert done.is_for_good
    assert rows(home) == before
    assert files(home) == files_before
    assert not client_of(home).search_registered_models("name = 'rccar-rm'")
    assert optuna.get_all_study_names(home.optuna_url) == ["stays"]
    assert not home.sweep("goes").root.exists()
    assert len(trial_runs(home, "stays")) == 2


def test_version_in_production_and_a_former_one_stay_with_their_runs(swept: Swept) -> None:
    home = swept("champions")
    client = client_of(home)
    first, second = trial_runs(home, "champions")
    former, champion = register(home, first, "rccar-kept"), register(home, second, "rccar-kept")
    loser = register(home, second, "rccar-kept")
    client.set_registered_model_alias("rccar-kept", "production", champion)
    entry = {"record": "Entry", "format": 1, "number": 1, "at": "t", "version": champion, "deed": "promoted"}
    client.set_registered_model_tag(
        "rccar-kept", "sweep.ledger.000001", json.dumps(entry | {"replaced": former})
    )
    parent = parent_run_of(home.sweep("champions").spool)
    done = remove_sweep("champions", confirm=lambda _: True, environ={}, home=str(home.root))
    assert sorted(done.kept) == [f"rccar-kept/{former}", f"rccar-kept/{champion}"]
    assert done.versions == (f"rccar-kept/{loser}",)
    assert str(client.get_model_version_by_alias("rccar-kept", "production").version) == champion
    for run_id in (first.info.run_id, second.info.run_id, parent):
        assert run_id is not None
        run = client.get_run(run_id)
        assert (run.info.lifecycle_stage, run.data.tags["sweep.removed"]) == ("active", "true")
    for version in (former, champion):
        source = client.get_model_version("rccar-kept", version).source
        assert source is not None
        assert any(Path(source.removeprefix("file://")).rglob("MLmodel"))


def test_running_sweep_is_not_removed(swept: Swept) -> None:
    home = swept("busy")
    with FileLock(home.sweep("busy").lock), pytest.raises(InputError, match="busy is running; end it first"):
        remove_sweep("busy", confirm=lambda _: True, environ={}, home=str(home.root))
    assert home.sweep("busy").config.exists()


def test_removal_is_asked_for_and_an_unknown_name_is_answered(cli: Cli, swept: Swept) -> None:
    home = swept("asked")
    where = ("--home", str(home.root))
    before = rows(home)
    asked: list[Any] = []
    left = remove_sweep(
        "asked", confirm=lambda removal: bool(asked.append(removal)), environ={}, home=str(home.root)
    )
    assert (left.is_done, asked[0].n_runs) == (False, 3)
    assert rows(home) == before
    done = cli("rm", "asked", *where, PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    assert (done.returncode, "add --yes" in done.stderr) == (2, True)
    assert rows(home) == before
    done = cli("rm", "askd", "--yes", *where)
    assert (done.returncode, "did you mean asked" in done.stderr) == (2, True)
    done = cli("rm", "asked", "--yes", "--json", *where)
    assert json.loads(done.stdout)["is_done"]
    assert cli("rm", "asked", "--yes", *where).returncode == 2


def test_removal_that_was_interrupted_can_be_done_again(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = swept("cut")
    stop = threading.Event()

    def interrupted(_: object) -> bool:
        # As a power cut after the runs: the study and the folder are still there.
        client = client_of(home)
        for run in trial_runs(home, "cut"):
            client.delete_run(run.info.run_id)
        stop.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove_sweep("cut", confirm=interrupted, environ={}, home=str(home.root))
    assert stop.is_set()
    assert remove_sweep("cut", confirm=lambda _: True, environ={}, home=str(home.root)).n_runs == 3
    assert "cut" not in optuna.get_all_study_names(home.optuna_url)
    assert trial_runs(home, "cut") == []


def test_home_from_which_a_sweep_was_removed_is_well(swept: Swept) -> None:
    home = swept("before-doctor")
    remove_sweep("before-doctor", confirm=lambda _: True, environ={}, home=str(home.root))
    swept("after-doctor")
    found = examine(environ={}, home=str(home.root)).findings
    assert [one for one in found if "doctor" in one.where or one.rule in {"database", "leftover"}] == []


def test_help_has_an_example(cli: Cli) -> None:
    assert "Example: sweep rm" in cli("rm", "--help").stdout
