"""Whole sweeps with the stand-in trainer: real processes, real databases, every line a user sees."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from tests.conftest import Cli, clean_environment, run_here, start_sweep

pytestmark = pytest.mark.slow

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
STAND_IN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "2")


Sweep = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose databases get their tables once for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def sweep(tmp_path: Path, home: Path) -> Sweep:
    """Runs a stand-in sweep and gives its report."""

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        done = run_here(*STAND_IN, "--json", "--home", str(home), *words, folder=tmp_path)
        assert done.returncode == code, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return run


def runs_of(home: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    return list(client.search_runs([experiment.experiment_id], max_results=1000))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One sweep of 12 slots with a failing share, looked at by several tests."""
    folder = tmp_path_factory.mktemp("swept")
    words = [*STAND_IN, "--trials", "12", "--epochs", "6", "--name", "night", "--seed", "5", "--json"]
    words += ["--set", "fault=raise", "--set", "fault_share=0.3", "--max-failures", "12"]
    done = subprocess.run(
        [sys.executable, "-m", "sweep.cli.main", *words],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "mlruns", json.loads(done.stdout)


def test_every_slot_ends_and_the_counts_add_up(swept: tuple[Path, dict[str, Any]]) -> None:
    _, report = swept
    counts = report["counts"]
    assert sum(counts.values()) == 12
    assert counts["failed"] >= 1
    assert counts["complete"] >= 1


def test_trials_and_child_runs_match_one_to_one(swept: tuple[Path, dict[str, Any]]) -> None:
    home, report = swept
    study = optuna.load_study(study_name="night", storage=f"sqlite:///{home / 'optuna.db'}")
    children = {
        run.data.tags["sweep.trial_uid"]: run
        for run in runs_of(home)
        if run.data.tags["sweep.kind"] == "trial"
    }
    (parent,) = [run for run in runs_of(home) if run.data.tags["sweep.kind"] == "sweep"]
    statuses = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
    assert len(study.trials) == len(children) == 12
    for trial in study.trials:
        run = children[trial.user_attrs["trial_uid"]]
        assert run.info.run_id == trial.user_attrs["mlflow_run_id"]
        assert run.info.status == statuses[trial.state.name]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.info.run_name == f"trial-{trial.user_attrs['slot']:03d}"
        own_range = f"lr@{run.data.params['segmentation_model_name']}"
        lr = trial.params.get("lr", trial.params.get(own_range))
        assert float(run.data.params["common_lr"]) == pytest.approx(lr)
        if trial.state.name == "FAIL":
            assert trial.user_attrs["reason"].startswith("exception: RuntimeError")
            assert run.data.tags["sweep.reason"] == trial.user_attrs["reason"]
    by_mlflow = max(
        (run for run in children.values() if run.info.status == "FINISHED"),
        key=lambda run: run.data.metrics["best_miou_segmentation"],
    )
    assert by_mlflow.data.metrics["best_miou_segmentation"] == report["best"]["value"]
    best = study.best_trial
    assert report["best"]["trial"] == best.number
    assert report["best"]["value"] == pytest.approx(best.value)


def test_metrics_of_each_epoch_are_in_mlflow_with_step_from_one(swept: tuple[Path, dict[str, Any]]) -> None:
    from mlflow import MlflowClient

    home, _ = swept
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    study = optuna.load_study(study_name="night", storage=f"sqlite:///{home / 'optuna.db'}")
    for trial in study.trials:
        history = client.get_metric_history(trial.user_attrs["mlflow_run_id"], "miou_segmentation")
        assert {point.step: point.value for point in history} == pytest.approx(trial.intermediate_values)


def test_parent_run_carries_config_table_and_provenance(swept: tuple[Path, dict[str, Any]]) -> None:
    from mlflow import MlflowClient

    home, _ = swept
    (parent,) = [run for run in runs_of(home) if run.data.tags["sweep.kind"] == "sweep"]
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    assert parent.info.status == "FINISHED"
    assert (parent.info.run_name, parent.data.tags["sweep.study"]) == ("night", "night")
    assert "version.torch" in parent.data.tags
    assert {"config.json", "trials.csv"} <= {item.path for item in client.list_artifacts(parent.info.run_id)}


def test_summary_says_gain_over_the_default_and_the_commands_to_look(
    swept: tuple[Path, dict[str, Any]],
) -> None:
    home, report = swept
    assert report["default"]["params"]["lr"] == 1e-3
    assert report["gain"] == pytest.approx(report["best"]["value"] - report["default"]["value"])
    assert report["commands"]["optuna-dashboard"] == (
        f"optuna-dashboard --host 127.0.0.1 sqlite:///{home / 'optuna.db'} "
        f"--artifact-dir {home / 'optuna-artifacts'}"
    )


def test_same_seed_gives_the_same_parameters_and_values(sweep: Sweep) -> None:
    flags = ("--trials", "5", "--sampler", "tpe", "--pruner", "none", "--workers", "1", "--epochs", "3")
    first = sweep(*flags, "--name", "first")
    second = sweep(*flags, "--name", "second")
    assert first["best"]["params"] == second["best"]["params"]
    assert first["best"]["value"] == second["best"]["value"]


def test_second_sweep_of_a_name_is_refused(cli: Cli, sweep: Sweep, home: Path) -> None:
    sweep("--trials", "1", "--epochs", "1", "--name", "taken")
    done = cli(*STAND_IN, "--trials", "1", "--name", "taken", "--home", str(home))
    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_taken_name_is_refused_before_the_data_is_read(cli: Cli, sweep: Sweep, home: Path) -> None:
    sweep("--trials", "1", "--epochs", "1", "--name", "held")
    words = ("run", "--task", "segmentation", "--data", "./missing", "--name", "held", "--home", str(home))
    words = (*words, "--executor", "inline")  # no worker that imports torch for nothing
    for config in (home / "sweeps" / "held" / "config.json", None):
        done = cli(*words)
        assert done.returncode == 2
        assert "--name held: a sweep of this name exists already" in done.stderr
        if config is not None:
            config.unlink()  # the study in Optuna's storage still has the name


HUGE_GRID = """
task: segmentation
trainer: stand_in
epochs: 1
long_side_px: 160
parameters:
  model_name: tiny_unet
  lr: {type: float, low: 1e-4, high: 1e-1, log: true, default: 1e-3}
  weight_decay: {type: float, low: 0.0, high: 0.5, step: 0.0001, default: 0.01}
  batch_size: {type: int, low: 1, high: 64, default: 8}
"""


@pytest.mark.parametrize("dry_run", [("--dry-run",), ()])
def test_grid_that_cannot_be_walked_is_refused_and_leaves_the_name_free(
    cli: Cli, sweep: Sweep, home: Path, tmp_path: Path, dry_run: tuple[str, ...]
) -> None:
    (tmp_path / "huge.yaml").write_text(HUGE_GRID)
    words = ("--space", "huge.yaml", "--trials", "1", "--name", f"huge{len(dry_run)}")
    done = cli(*STAND_IN, *words, "--sampler", "grid", *dry_run, "--home", str(home))
    assert done.returncode == 2
    assert "more than 10,000 points" in done.stderr
    assert sweep(*words)["counts"]["complete"] == 1


def test_mlflow_database_that_cannot_be_opened_leaves_the_name_free(
    cli: Cli, sweep: Sweep, home: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "newer.db")) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('of_a_later_mlflow')")
        database.commit()
    words = ("--trials", "1", "--epochs", "1", "--name", "again")
    done = cli(*STAND_IN, *words, "--home", str(home), "--tracking-uri", f"sqlite:///{tmp_path}/newer.db")
    assert done.returncode == 4, done.stderr
    assert sweep(*words)["counts"]["complete"] == 1


def test_nothing_but_failures_exits_1_and_stops_early_with_the_reason(cli: Cli, home: Path) -> None:
    done = cli(
        *STAND_IN, "--trials", "30", "--set", "fault=raise", "--max-failures", "3", "--home", str(home)
    )
    assert done.returncode == 1
    assert "trials in a row failed; the last: exception: RuntimeError" in done.stdout
    assert "no trial completed" in done.stdout


def test_worker_that_dies_is_retried_as_a_new_run_and_the_sweep_goes_on(cli: Cli, tmp_path: Path) -> None:
    script = """
import os, signal
from sweep import run_sweep
from sweep.api.silent import Silent

class Killer(Silent):
    killed = False
    def epoch(self, report):
        if report.epoch == 2 and not Killer.killed:
            Killer.killed = True
            children = open(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read().split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)

report = run_sweep(observer=Killer(), task="segmentation", trainer="stand_in", trials=3, workers=1,
                   epochs=3, name="k", set={"epoch_s": 0.05})
print(report.summary.counts)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = {run.info.run_name: run for run in runs_of(tmp_path / "mlruns")}
    assert {"trial-000", "trial-000-r1", "trial-001", "trial-002"} <= set(names)
    assert names["trial-000"].info.status == "FAILED"
    assert names["trial-000"].data.tags["sweep.reason"].startswith("worker_killed(-9)")
    figures = names["trial-000"].data.metrics
    assert figures["best_epoch"] == 2
    assert figures["train_time_s"] >= 0.1
    assert "n_parameters" not in figures
    retry = names["trial-000-r1"]
    assert retry.info.status == "FINISHED"
    assert retry.data.tags["sweep.retry_of"] == names["trial-000"].data.tags["sweep.trial_uid"]
    assert retry.data.params == names["trial-000"].data.params


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_ends_running_trials_cleanly_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sweep.cli.main",
            *STAND_IN,
            "--trials",
            "40",
            "--set",
            "epoch_s=0.3",
            "--name",
            "stopped",
        ],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ended = 0
    for line in process.stdout:
        ended += "complete after epoch" in line
        if ended == 2:
            break
    process.send_signal(number)
    rest, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert f"interrupted by {number.name}" in rest
    announced = rest.partition("stopping after the running epochs; ")[2]
    assert "stopped" in announced
    assert " left]" not in announced
    runs = runs_of(tmp_path / "mlruns")
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    (parent,) = [run for run in runs if run.data.tags["sweep.kind"] == "sweep"]
    assert parent.info.status == "KILLED"
    study = optuna.load_study(study_name="stopped", storage=f"sqlite:///{tmp_path / 'mlruns' / 'optuna.db'}")
    assert not study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
    assert len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))) >= 2


def test_second_ctrl_c_ends_an_inline_trial_in_the_middle_of_its_epoch(tmp_path: Path) -> None:
    words = ("--executor", "inline", "--trials", "3", "--set", "epoch_s=15", "--name", "twice")
    process = start_sweep(*STAND_IN, *words, folder=tmp_path)
    assert process.stdout is not None
    assert any("trial-000 started" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):  # once is a wish to end cleanly, with the epoch
        process.wait(1.0)
    process.send_signal(signal.SIGINT)
    rest, stderr = process.communicate(timeout=10)
    assert process.returncode == 130, stderr
    heard, stopped = rest.splitlines()[:2]
    assert heard == "stopping after the running epochs; press Ctrl-C again to end now"
    assert stopped.startswith("trial-000 stopped before its first epoch ended: interrupted by SIGINT")
    runs = {run.info.run_name: run for run in runs_of(tmp_path / "mlruns")}
    assert {name: run.info.status for name, run in runs.items()} == {"trial-000": "KILLED", "twice": "KILLED"}
    assert runs["trial-000"].data.tags["sweep.state"] == "stopped"
    study = optuna.load_study(study_name="twice", storage=f"sqlite:///{tmp_path / 'mlruns' / 'optuna.db'}")
    assert [trial.state.name for trial in study.trials] == ["FAIL"]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [("--trial-timeout", "trial_timeout: not done after 1 s"), ("--stall-timeout", "stalled: nothing heard")],
)
def test_hanging_trial_is_ended_by_its_time_budget(sweep: Sweep, flag: str, reason: str) -> None:
    words = ("--trials", "2", "--workers", "1", "--set", "fault=hang", "--max-failures", "1")
    report = sweep(*words, flag, "1s", code=1)
    assert report["counts"]["failed"] == 1
    assert reason in report["why_ended"]


def test_inline_executor_does_the_same_in_one_process(sweep: Sweep) -> None:
    report = sweep("--trials", "3", "--epochs", "2", "--executor", "inline")
    assert report["counts"]["complete"] == 3


def test_detection_sweep_optimises_the_named_metric(sweep: Sweep) -> None:
    report = sweep("--task", "detection", "--trials", "2", "--epochs", "2", "--metric", "map_50")
    assert report["metric"] == "map_50_detection"
    assert report["best"]["value"] == report["best"]["metrics"]["map_50_detection"]


def test_sweep_by_loss_keeps_the_smallest(sweep: Sweep) -> None:
    report = sweep("--trials", "6", "--epochs", "4", "--metric", "val_loss", "--pruner", "none")
    assert report["maximise"] is False
    assert report["best"]["value"] <= report["default"]["value"]
    assert report["gain"] >= 0


def test_target_and_patience_and_timeout_end_the_sweep_early(sweep: Sweep) -> None:
    assert "target 0.1 reached" in sweep("--trials", "40", "--target", "0.1")["why_ended"]
    slow = ("--trials", "400", "--set", "epoch_s=0.2")
    assert "time budget" in sweep(*slow, "--timeout", "3s")["why_ended"]
