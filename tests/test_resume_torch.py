"""Resuming real training: after a kill in every phase of a sweep's end, and after its data has changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

import sweep
from sweep.api.doctor import examine
from sweep.paths import Home
from tests.conftest import clean_environment, run_here, start_sweep
from tests.data_folders import ON_SMALL_TRACK, mask_set, small_track, write_mask

pytestmark = pytest.mark.long

# An observer is told what a sweep is doing; this one ends the process there, as a power cut does.
DIES = """
import json, os, sys
from sweep.api.resume import resume
from sweep.api.run import load_config, run
from sweep.api.silent import Silent

phase, flags = sys.argv[1], json.loads(sys.argv[2])

class Dies(Silent):
    def phase(self, text, done=0, total=0):
        if text == phase:
            os._exit(9)

if os.path.exists("mlruns/sweeps/cut/config.json"):
    resume("cut", Dies(), environ={})
else:
    run(load_config(flags, environ={}), Dies())
"""


FLAGS: dict[str, object] = {
    **{"task": "segmentation", "data": "track", "space": "demo_segmentation", "image_size": "64x48"},
    **{"name": "cut", "trials": 2, "epochs": 4, "executor": "inline", "keep": 1},
    "set": {"batch_size": 4, "lr": 0.03},
}


def python(*words: str, root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def resumed(root: Path, *words: str) -> dict[str, Any]:
    done = run_here("resume", "cut", "--json", *words, folder=root)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_sweep_killed_in_every_phase_of_its_end_has_one_model_and_one_champion(tmp_path: Path) -> None:
    small_track(tmp_path / "track")
    for phase in ("packaging the best model", "registering and judging the best model", "writing to MLflow"):
        done = python("-c", DIES, phase, json.dumps(FLAGS), root=tmp_path)
        assert done.returncode == 9, (phase, done.stderr)
        seen = examine(environ={}, home=str(tmp_path / "mlruns"))
        assert all(finding.is_fixable for finding in seen.findings), [str(one) for one in seen.findings]
    report = resumed(tmp_path)
    assert report["counts"]["complete"] + report["counts"]["pruned"] == 2
    assert (report["model"]["version"], report["model"]["promoted"]) == ("1", True)
    assert not examine(environ={}, home=str(tmp_path / "mlruns")).findings

    # Going on with a sweep that has come to its end changes nothing; more trials find the best one in MLflow.
    assert resumed(tmp_path)["model"]["version"] == "1"
    more = resumed(tmp_path, "--extra", "1")
    assert sum(more["counts"].values()) == 3
    assert len(list((tmp_path / "mlruns" / "artifacts").rglob("best.pt"))) == 1
    assert sweep.load_model("rccar-segmentation", home=tmp_path / "mlruns").card.task == "segmentation"
    assert not examine(environ={}, home=str(tmp_path / "mlruns")).findings


def test_stop_while_the_best_model_is_packaged_is_heard_and_a_resume_promotes_it(tmp_path: Path) -> None:
    small_track(tmp_path / "track")
    words = ["run", *ON_SMALL_TRACK, "--trials", "1", "--image-size", "32x32"]
    words += ["--keep", "1"]
    running = start_sweep(*words, "--name", "cut", folder=tmp_path, err=subprocess.STDOUT)
    assert running.stdout is not None
    assert any("packaging the best model" in line for line in running.stdout)
    assert run_here("stop", "cut", folder=tmp_path).returncode == 0
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 143, said
    why = "stopped by `sweep stop` before the best model was in Production"
    assert why in run_here("show", "cut", "--json", folder=tmp_path).stdout
    assert resumed(tmp_path)["model"]["promoted"]
    assert "not in Production" not in run_here("show", "cut", folder=tmp_path).stdout
    tags = the_sweeps_tags(tmp_path)
    assert tags["sweep.not_promoted"] == ""
    assert tags["sweep.model"] == "rccar-segmentation/1"


def test_sweep_says_that_a_later_promotion_put_its_model_into_production(tmp_path: Path) -> None:
    small_track(tmp_path / "track")
    words = ("run", *ON_SMALL_TRACK, "--trials", "1", "--image-size", "32x32")
    words += ("--executor", "inline", "--no-promote", "--name", "later", "--json")
    assert run_here(*words, folder=tmp_path).returncode == 0
    assert "not in Production: --no-promote" in run_here("show", "later", folder=tmp_path).stdout
    promoted = run_here("promote", "later", "--force", folder=tmp_path)
    assert promoted.returncode == 0, promoted.stderr
    shown = run_here("show", "later", folder=tmp_path).stdout
    assert "not in Production" not in shown
    assert "model: rccar-segmentation/1" in shown
    assert the_sweeps_tags(tmp_path)["sweep.not_promoted"] == ""
    assert not examine(environ={}, home=str(tmp_path / "mlruns")).findings


def the_sweeps_tags(root: Path) -> dict[str, str]:
    store = Home(root / "mlruns").mlflow_url
    client = MlflowClient(store, store)
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    assert experiment is not None
    (parent,) = client.search_runs([experiment.experiment_id], "tags.`sweep.kind` = 'sweep'")
    return dict(parent.data.tags)


def test_changed_label_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "track", n_frames={"train": 4, "val": 2})
    words = ("run", "--task", "segmentation", "--data", "track", "--trials", "1", "--epochs", "1")
    words += ("--set", "batch_size=2", "--set", "model_name=tiny_unet", "--image-size", "32x32")
    words += ("--executor", "inline", "--no-promote", "--name", "cut", "--json")
    assert run_here(*words, folder=tmp_path).returncode == 0
    write_mask(root / "masks" / "train" / "0.png", [[1, 0] * 4] * 6)
    refused = run_here("resume", "cut", "--extra", "1", folder=tmp_path)
    assert refused.returncode == 2
    assert "track has changed, its digest was" in refused.stderr
    assert "--allow data" in refused.stderr
    allowed = run_here("resume", "cut", "--extra", "1", "--allow", "data", "--json", folder=tmp_path)
    assert allowed.returncode == 0, allowed.stderr
    report = json.loads(allowed.stdout)
    assert report["counts"]["complete"] == 2
    # The default was scored on the data of before: it is no yardstick for a trial on that of now.
    assert report["best"]["run_name"] == "trial-000" or report["gain"] is None
