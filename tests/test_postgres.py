"""Optuna's storage and MLflow's store in a real PostgreSQL server: down, killed, started again."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from sweep.errors import UnavailableError
from sweep.searching.searcher import open_study
from sweep.searching.storage import open_storage, storage_errors
from tests.conftest import Cli, start_sweep
from tests.making import a_plan
from tests.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.long


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def a_trial(uid: str) -> Any:
    return create_trial(state=TrialState.RUNNING, user_attrs={"trial_uid": uid})


@pytest.mark.parametrize("flag", ["--storage", "--tracking-uri"])
def test_server_that_is_down_is_named_in_time_without_its_password(
    cli: Cli, tmp_path: Path, flag: str
) -> None:
    address = f"127.0.0.1:{closed_port()}/sweeps"
    began = time.monotonic()
    words = (
        "--trainer",
        "stand_in",
        "--executor",
        "inline",
        flag,
        f"postgresql+psycopg://me:S3CR3T@{address}",
    )
    done = cli("run", "--task", "segmentation", *words)
    assert time.monotonic() - began < 10
    assert done.returncode == 4, done.stderr
    assert f"postgresql+psycopg://me:***@{address}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "S3CR3T" not in done.stdout + done.stderr


def test_wrong_password_is_refused_without_showing_it(postgres: PostgresServer, tmp_path: Path) -> None:
    wrong = postgres.url.replace(PASSWORD, "0TH3R")
    with pytest.raises(UnavailableError, match="cannot be opened") as caught:
        open_storage(wrong, init_lock=tmp_path / "lock")
    assert "0TH3R" not in str(caught.value)


def test_server_killed_and_started_again_costs_no_write_and_doubles_none(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    storage = open_storage(postgres.url, init_lock=tmp_path / "lock")
    study_id = open_study(storage, plan=a_plan(name="restarted"), attributes={})
    first = storage.create_new_trial(study_id, template_trial=a_trial("0"))
    for number in range(1, 4):
        postgres.kill()
        restart = threading.Timer(0.5, postgres.start)
        restart.start()
        storage.set_trial_intermediate_value(first, number, number / 10)
        trial_id = storage.create_new_trial(study_id, template_trial=a_trial(str(number)))
        storage.set_trial_user_attr(trial_id, "reason", "none")
        restart.join()
        postgres.kill()
        restart = threading.Timer(0.5, postgres.start)
        restart.start()
        assert storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
        restart.join()
    trials = storage.get_all_trials(study_id)
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert trials[0].intermediate_values == {1: 0.1, 2: 0.2, 3: 0.3}
    assert [trial.state for trial in trials[1:]] == [TrialState.COMPLETE] * 3


def test_server_that_stays_away_is_given_up_after_the_set_time(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    storage = open_storage(postgres.url, init_lock=tmp_path / "lock", patience_s=0.5)
    trial_id = storage.create_new_trial(open_study(storage, plan=a_plan(name="away"), attributes={}))
    postgres.kill()
    try:
        with (
            pytest.raises(UnavailableError, match="writing: Optuna's storage cannot be used") as caught,
            storage_errors("writing"),
        ):
            storage.set_trial_intermediate_value(trial_id, 1, 0.5)
    finally:
        postgres.start()
    assert PASSWORD not in str(caught.value)


def test_sweep_whose_databases_restart_in_the_middle_loses_no_trial_and_shows_no_password(
    postgres: PostgresServer, tmp_path: Path, cli: Cli
) -> None:
    words = ["run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "2", "--trials", "8"]
    words += ["--epochs", "4", "--name", "through", "--set", "epoch_s=0.2", "--pruner", "none"]
    words += ["--storage", postgres.url, "--tracking-uri", postgres.url.replace("/sweeps", "/runs")]
    postgres._run(
        "createdb",
        "-h",
        "127.0.0.1",
        "-p",
        str(postgres.port),
        "-U",
        "sweep",
        "runs",
        env={"PGPASSWORD": PASSWORD},
    )
    process = start_sweep(*words, folder=tmp_path)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "complete after epoch" in line:
            break
    postgres.kill()
    time.sleep(1.0)
    postgres.start()
    rest, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    study = optuna.load_study(study_name="through", storage=postgres.url)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 8
    assert all(sorted(trial.intermediate_values) == [1, 2, 3, 4] for trial in study.trials)
    from mlflow import MlflowClient

    client = MlflowClient(postgres.url.replace("/sweeps", "/runs"))
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs) == ["through", *(f"trial-00{slot}" for slot in range(8))]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        if run.info.run_name != "through":
            points = client.get_metric_history(run.info.run_id, "miou_segmentation")
            assert [point.step for point in points] == [1, 2, 3, 4]
    assert PASSWORD not in "".join(said) + rest + stderr
    # Passwords are stored nowhere: they come again, from the environment.
    assert cli("rm", "through", "--yes").returncode == 2
    addresses = {
        "SWEEP_STORAGE": postgres.url,
        "SWEEP_TRACKING_URI": postgres.url.replace("/sweeps", "/runs"),
    }
    removed = cli("rm", "through", "--yes", "--json", **addresses)
    assert removed.returncode == 0, removed.stderr
    assert json.loads(removed.stdout)["n_runs"] == 9
    assert "through" not in optuna.get_all_study_names(postgres.url)
    assert client.search_runs([experiment.experiment_id]) == []
