"""A real sweep's best trials, evaluated: in MLflow, in optuna-dashboard, after a resume, and removed."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from sweep.evaluation import Evaluation
from sweep.paths import Home
from tests.conftest import ROOT, run_here, start_sweep
from tests.data_folders import ON_SMALL_TRACK, small_track

pytestmark = pytest.mark.long
WORDS = (*ON_SMALL_TRACK, "--image-size", "32x32", "--workers", "1")
ALL = {"evaluation.json", "montage.png", "confusion_matrix.png", "frames"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a finished sweep of two trials, one of whose checkpoints is kept."""
    folder = tmp_path_factory.mktemp("evaluated")
    small_track(folder / "track")
    words = ("run", *WORDS, "--trials", "2", "--keep", "1", "--name", "seen", "--executor", "inline")
    done = run_here(*words, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "evaluating the best trials" in done.stdout
    return Home.at(folder / "mlruns")


def runs_of(home: Home, name: str = "seen") -> dict[str, Any]:
    """Its runs by name."""
    client = MlflowClient(home.mlflow_url, home.mlflow_url)
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"tags.`sweep.name` = '{name}'")
    return {run.info.run_name: run for run in found}


def artifacts_of(home: Home, run: Any, folder: str = "evaluation") -> set[str]:
    client = MlflowClient(home.mlflow_url, home.mlflow_url)
    return {Path(item.path).name for item in client.list_artifacts(run.info.run_id, folder)}


def evaluation_in(home: Home, run: Any) -> Evaluation:
    place = run.info.artifact_uri.removeprefix("file://")
    return Evaluation.from_json(Path(place, "evaluation", "evaluation.json").read_text())


@contextmanager
def dashboard(home: Home) -> Iterator[str]:
    """The printed command's server on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [str(Path(sys.executable).with_name("optuna-dashboard")), home.optuna_url]
    command += ["--host", "127.0.0.1", "--port", port, "--artifact-dir", str(home.optuna_artifacts)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        assert any("Listening" in line for line in server.stdout), "the dashboard ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def asked(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)


def test_kept_trial_and_the_sweep_have_the_evaluation_and_others_have_none(home: Home) -> None:
    runs = runs_of(home)
    having = {name for name, run in runs.items() if artifacts_of(home, run)}
    best = runs["seen"].data.tags["sweep.best_run"]
    assert having == {"seen", best}
    for name in having:
        assert artifacts_of(home, runs[name]) == ALL
        found = evaluation_in(home, runs[name])
        assert (found.run_name, found.trial_uid) == (best, runs[best].data.tags["sweep.trial_uid"])
        assert artifacts_of(home, runs[name], "evaluation/frames") == {
            Path(frame.picture).name for frame in found.frames
        }
    assert found.value == pytest.approx(runs[best].data.metrics["best_miou_segmentation"], abs=1e-6)
    assert found.scores["val_loss_segmentation"] > 0
    # What has arrived need not lie on the disk twice.
    assert not list(home.sweep("seen").evaluations.rglob("*.png"))


def test_optuna_dashboard_serves_the_notes_and_the_pictures(home: Home) -> None:
    runs = runs_of(home)
    best = runs["seen"].data.tags["sweep.best_run"]
    with dashboard(home) as address:
        (study,) = asked(f"{address}/api/studies")["study_summaries"]
        shown = asked(f"{address}/api/studies/{study['study_id']}?after=0")
        assert f"- **best trial**: {best}" in shown["note"]["body"]
        assert "rccar-segmentation version 1, in Production" in shown["note"]["body"]
        for trial in shown["trials"]:
            uid = next(one["value"] for one in trial["user_attrs"] if one["key"] == "mlflow_run_id").strip(
                '"'
            )
            name = next(name for name, run in runs.items() if run.info.run_id == uid)
            assert f"### {name}\n" in trial["note"]["body"]
            assert f"http://127.0.0.1:5000/#/experiments/1/runs/{uid}" in trial["note"]["body"]
            pictures = {one["filename"]: one["artifact_id"] for one in trial["artifacts"]}
            assert set(pictures) == ({"montage.png", "confusion_matrix.png"} if name == best else set())
            for picture in pictures.values():
                place = f"{address}/artifacts/{study['study_id']}/{trial['trial_id']}/{picture}"
                with urllib.request.urlopen(place, timeout=60) as answer:
                    assert answer.headers["Content-Type"] == "image/png"
                    assert answer.read(4) == b"\x89PNG"


def test_sweep_that_goes_on_evaluates_only_what_is_new_and_doctor_finds_no_fault(home: Home) -> None:
    folder, before = home.root.parent, {name: run.info.run_id for name, run in runs_of(home).items()}
    evaluated = {path.name for path in home.sweep("seen").evaluations.iterdir()}
    done = run_here("resume", "seen", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "evaluating the best trials" not in done.stdout
    assert {path.name for path in home.sweep("seen").evaluations.iterdir()} == evaluated
    more = run_here("resume", "seen", "--extra", "1", folder=folder)
    assert more.returncode == 0, more.stderr
    runs = runs_of(home)
    assert before.items() <= {name: run.info.run_id for name, run in runs.items()}.items()
    best = runs["seen"].data.tags["sweep.best_run"]
    # The sweep's own run shows the best trial there is now.
    assert evaluation_in(home, runs["seen"]).run_name == best
    checked = run_here("doctor", folder=folder)
    assert checked.returncode == 0, checked.stdout


def test_stand_in_sweep_has_notes_but_no_evaluation_and_rm_takes_pictures_away(home: Home) -> None:
    folder = home.root.parent
    words = ("run", "--task", "segmentation", "--trainer", "stand_in", "--trials", "2", "--name", "plain")
    done = run_here(*words, "--executor", "inline", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "evaluating the best trials" not in done.stdout
    assert not home.sweep("plain").evaluations.exists()
    n_pictures = len(list(home.optuna_artifacts.iterdir()))
    assert n_pictures >= 2
    for name in ("plain", "seen"):
        assert len(list(home.optuna_artifacts.iterdir())) == n_pictures
        gone = run_here("rm", name, "--yes", folder=folder)
        assert gone.returncode == 0, gone.stderr
    assert not list(home.optuna_artifacts.iterdir())


def test_ctrl_c_while_trials_are_evaluated_keeps_the_champion_and_resume_makes_up_for_it(
    tmp_path: Path,
) -> None:
    small_track(tmp_path / "track")
    process = start_sweep("run", *WORDS, "--trials", "1", "--name", "cut", folder=tmp_path)
    assert process.stdout is not None
    assert any("evaluating the best trials" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    rest, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "in Production" in rest
    home = Home.at(tmp_path / "mlruns")
    runs = runs_of(home, "cut")
    assert runs["cut"].info.status == "KILLED"
    assert not artifacts_of(home, runs["trial-000"])
    assert not home.sweep("cut").trials.exists()
    done = run_here("resume", "cut", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    # Its weights were in MLflow only.
    assert artifacts_of(home, runs_of(home, "cut")["trial-000"]) == ALL
    assert artifacts_of(home, runs_of(home, "cut")["cut"]) == ALL
