"""Whole sweeps with real training: from frames to a champion that a fresh process loads."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sweep
from sweep.api.data import caches
from tests.conftest import ROOT, clean_environment, run_here, start_sweep
from tests.data_folders import ON_SMALL_TRACK, small_track
from tests.mlflow_server import MlflowServer

FRAMES = 24
FRESH = """
import json, sys, torch
from pathlib import Path
import sweep
from rccar_models.cache import open_split
predictor = sweep.load_model(sys.argv[1], home=sys.argv[2])
split = open_split(Path(sys.argv[3]), "val")
print(json.dumps(predictor.evaluate(split)))
"""


BY_MLFLOW = """
import sys, torch, mlflow
mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/mlflow.db")
network = mlflow.pytorch.load_model("models:/rccar-demo-segmentation/Production")
assert network(torch.rand(2, 3, 96, 128)).shape == (2, 5, 96, 128)
"""


def started(*words: str, cwd: Path) -> "subprocess.Popen[str]":
    return start_sweep("run", "--json", "--workers", "2", *words, folder=cwd)


def report_of(running: "subprocess.Popen[str]") -> dict[str, Any]:
    stdout, stderr = running.communicate(timeout=280)
    assert running.returncode == 0, stderr
    report: dict[str, Any] = json.loads(stdout)
    return report


def run_json(*words: str, cwd: Path) -> dict[str, Any]:
    """Run a sweep in this process, which has torch already: a worker costs each ten seconds more."""
    done = run_here("run", "--json", "--executor", "inline", *words, folder=cwd)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def cache_stays_while(running: "subprocess.Popen[str]", home: Path) -> None:
    """Wait for the sweep to hold its cache, and try to clear it then."""
    while running.poll() is None and not any(one.in_use for one in caches(home=home)):
        time.sleep(0.05)
    (during,) = caches(home=home, clearing=True)
    assert (during.in_use, during.is_cleared) == (True, False)


def data_pictures(client: Any, name: str) -> set[str]:
    """What a sweep's run shows of its data."""
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    (run,) = client.search_runs([experiment.experiment_id], f"tags.mlflow.runName = '{name}'")
    return {item.path for item in client.list_artifacts(run.info.run_id, "data")}


def fresh_metrics(uri: str, home: Path) -> dict[str, float]:
    """Load a registered model in a process that knows nothing of the sweep, and score it."""
    (meta,) = home.glob("cache/*/meta.json")
    done = subprocess.run(
        [sys.executable, "-c", FRESH, uri, str(home), str(meta.parent)],
        cwd=home,
        env=clean_environment() | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    metrics: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return metrics


def client_of(home: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{home / 'mlflow.db'}")


def stages_of(client: Any) -> dict[int, str]:
    found = client.search_model_versions("name = 'rccar-segmentation'")
    return {int(version.version): version.current_stage for version in found}


def promotes_only_by_force(folder: Path, *, why: str) -> None:
    """The second sweep's trial: refused in the words of the run, and promoted by force."""
    shown = run_here("promote", "second", folder=folder)
    assert shown.returncode == 3
    assert why in shown.stdout
    assert "stays registered as rccar-segmentation version 2; --force promotes it" in shown.stdout
    forced = run_here("promote", "second", "--force", folder=folder)
    assert forced.returncode == 0, forced.stderr
    assert "is in Production: rccar-segmentation version 2, in place of version 1" in forced.stdout
    assert "forced, against the gate: miou " in forced.stdout


def rolls_back(folder: Path) -> None:
    """Back to the first champion; the tables of the registry fit a terminal of 80 columns."""
    done = run_here("rollback", "rccar-segmentation", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "version 1 is in Production again, in place of version 2" in done.stdout
    told = json.loads(run_here("history", "rccar-segmentation", "--json", folder=folder).stdout)
    deeds = [(entry["version"], entry["deed"]) for entry in told["entries"]]
    assert deeds == [("1", "promoted"), ("2", "forced"), ("1", "rolled back")]
    assert told["entries"][0]["until"] == told["entries"][1]["at"]
    shown = run_here("history", "rccar-segmentation", folder=folder).stdout
    table = shown.splitlines()[: 1 + len(deeds)]
    assert "forced" in table[2]
    assert max(map(len, table)) <= 80
    (entry,) = json.loads(run_here("models", "--json", folder=folder).stdout)
    assert (entry["name"], entry["version"], entry["sweep"]) == ("rccar-segmentation", "1", "first")
    assert max(map(len, run_here("models", folder=folder).stdout.splitlines())) <= 80
    near = run_here("rollback", "rccar-segmentatoin", folder=folder)
    assert (near.returncode, "did you mean rccar-segmentation" in near.stderr) == (2, True)


@pytest.mark.slow
def test_demo_segmentation_ends_with_a_champion_that_reproduces_its_metric(tmp_path: Path) -> None:
    home = tmp_path / "mlruns"
    words = ("--task", "segmentation", "--epochs", "1", "--keep", "2")
    running = started(*words, "--trials", "3", "--name", "first", cwd=tmp_path)
    cache_stays_while(running, home)
    first = report_of(running)
    assert first["model"] | {"run_id": ""} == {
        "name": "rccar-demo-segmentation",
        "version": "1",
        "run_id": "",
        "promoted": True,
        "value": pytest.approx(first["best"]["value"], abs=1e-6),
        "replaced": None,
        "replaced_value": None,
    }
    client = client_of(home)
    run = client.get_run(first["model"]["run_id"])
    assert run.info.run_name == first["best"]["run_name"]
    logged = run.data.metrics
    fresh = fresh_metrics("models:/rccar-demo-segmentation/Production", home)
    assert fresh == pytest.approx(
        {name: logged[f"registered_{name}"] for name in fresh if f"registered_{name}" in logged}, abs=1e-4
    )
    assert logged["best_miou_segmentation"] == pytest.approx(first["best"]["value"])
    history = client.get_metric_history(run.info.run_id, "miou_segmentation")
    best = {point.step: point.value for point in history}[int(logged["best_epoch"])]
    assert fresh["miou_segmentation"] == pytest.approx(best, abs=1e-4)
    assert best == pytest.approx(first["best"]["value"])
    assert {item.path for item in client.list_artifacts(run.info.run_id, "pictures")} == {
        "pictures/predictions.png"
    }
    with_checkpoint = [
        child
        for child in client.search_runs([run.info.experiment_id], "tags.`sweep.kind` = 'trial'")
        if client.list_artifacts(child.info.run_id, "checkpoints")
    ]
    assert 1 <= len(with_checkpoint) <= 2
    assert len(list(home.rglob("best.pt"))) == len(with_checkpoint)

    # MLflow leaves a note in the model's folder when it loads it: the files are still the registered ones.
    subprocess.run([sys.executable, "-c", BY_MLFLOW, str(home)], cwd=home, check=True, timeout=120)
    assert list(home.rglob("registered_model_meta"))
    sweep.load_model("models:/rccar-demo-segmentation/Production", home=home)

    pictures = {"data/preview.png", "data/statistics.png", "data/statistics.json"}
    assert data_pictures(client, "first") == pictures
    (drawn,) = home.glob("cache/*/preview.png")
    with Image.open(drawn) as picture:
        assert picture.width > 1000
    (after,) = caches(home=home, clearing=True)
    assert (after.in_use, after.is_cleared) == (False, True)


@pytest.mark.long
def test_second_sweep_that_is_no_better_keeps_the_champion_unless_it_is_forced(tmp_path: Path) -> None:
    home = tmp_path / "mlruns"
    small_track(tmp_path / "track")
    words = (*ON_SMALL_TRACK, "--trials", "1", "--image-size", "64x48")
    first, second = (run_json(*words, "--name", name, cwd=tmp_path) for name in ("first", "second"))
    client = client_of(home)
    # Its trial is that of the first one once more: not better by more than noise.
    assert (second["model"]["version"], second["model"]["promoted"], second["exit_code"]) == ("2", False, 0)
    assert second["not_promoted_because"].startswith("champion kept: miou ")
    assert (second["gate"]["rule"], second["gate"]["ground"]) == ("better", "same data")
    assert second["gate"]["champion_value"] == pytest.approx(first["best"]["value"], abs=1e-4)
    assert stages_of(client) == {1: "Production", 2: "None"}
    promotes_only_by_force(tmp_path, why=second["not_promoted_because"])
    assert stages_of(client) == {1: "Archived", 2: "Production"}
    assert int(client.get_model_version_by_alias("rccar-segmentation", "production").version) == 2
    rolls_back(tmp_path)
    assert stages_of(client) == {1: "Production", 2: "Archived"}

    # The second sweep found the cache's pictures drawn, and shows them all the same.
    assert data_pictures(client, "second") == data_pictures(client, "first") != set()


@pytest.mark.slow
def test_ctrl_c_while_the_best_model_is_packaged_keeps_the_sweeps_record(tmp_path: Path) -> None:
    small_track(tmp_path / "track")
    words = ("run", *ON_SMALL_TRACK, "--trials", "1", "--image-size", "32x32")
    process = start_sweep(*words, "--name", "cut", folder=tmp_path)
    assert process.stdout is not None
    assert any("packaging the best model" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    rest, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "best: trial-000" in rest
    assert "not promoted: interrupted by SIGINT" in rest
    client = client_of(tmp_path / "mlruns")
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    runs = client.search_runs([experiment.experiment_id])
    by_kind = {run.data.tags["sweep.kind"]: run for run in runs}
    parent, trial = by_kind["sweep"], by_kind["trial"]
    assert parent.info.status == "KILLED"
    assert parent.data.tags["sweep.best_run"] == "trial-000"
    assert parent.data.tags["sweep.not_promoted"].startswith("interrupted by SIGINT")
    assert "trials.csv" in {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert trial.info.status == "FINISHED"
    assert "checkpoints/best.pt" in {
        item.path for item in client.list_artifacts(trial.info.run_id, "checkpoints")
    }
    assert not client.search_registered_models()


@pytest.mark.slow
def test_demo_detection_ends_with_a_champion_that_reproduces_its_metric(tmp_path: Path) -> None:
    home = tmp_path / "mlruns"
    report = run_json(
        *("--task", "detection", "--trials", "1", "--epochs", "2", "--metric", "map_50"),
        *("--image-size", "96x72"),
        cwd=tmp_path,
    )
    assert report["model"]["name"] == "rccar-demo-detection"
    fresh = fresh_metrics("rccar-demo-detection", home)
    assert fresh["map_50_detection"] == pytest.approx(report["best"]["value"], abs=1e-4)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose databases get their tables once."""
    return tmp_path_factory.mktemp("shared") / "mlruns"


def smaller(source: Path, folder: Path) -> Path:
    """The set itself, or of otonom-track some frames a split: decoding 600 large ones tells no more."""
    if not (source / "valid").is_dir():
        return source
    for split, ours in (("test", "train"), ("valid", "valid")):
        (file,) = (source / split).glob("*.json")
        found = json.loads(file.read_text())
        found["images"] = found["images"][:FRAMES]
        kept = {image["id"] for image in found["images"]}
        found["annotations"] = [one for one in found["annotations"] if one["image_id"] in kept]
        (folder / ours).mkdir(parents=True)
        (folder / ours / file.name).write_text(json.dumps(found))
        for image in found["images"]:
            shutil.copy(source / split / image["file_name"], folder / ours)
    return folder


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "task", "classes"),
    [
        ("camvid-small", "segmentation", 11),
        ("otonom-track-coco", "detection", 12),
        ("trashcar-yolo", "detection", 5),
    ],
)
def test_real_frames_are_recognised_and_trained_on(
    tmp_path: Path, shared_home: Path, real_data: Callable[[str], Path], name: str, task: str, classes: int
) -> None:
    source = smaller(real_data(name), tmp_path / "data")
    words = ["--task", task, "--data", str(source), "--trials", "1", "--epochs", "1"]
    words += ["--image-size", "64x64", "--home", str(shared_home)]
    words += ["--set", f"model_name={'tiny_unet' if task == 'segmentation' else 'small_ssd'}"]
    report = run_json(*words, cwd=tmp_path)
    assert report["counts"]["complete"] == 1
    assert report["model"]["name"] == f"rccar-{task}"
    found = [json.loads(meta.read_text())["info"] for meta in shared_home.glob("cache/*/meta.json")]
    (info,) = (one for one in found if one["source"] == str(source) and one["task"] == task)
    assert len(info["classes"]) == classes
    assert not list(shared_home.glob("**/*.tmp"))


@pytest.mark.slow
def test_optuna_dashboard_reads_the_study_while_the_sweep_runs_and_after(tmp_path: Path) -> None:
    home = tmp_path / "mlruns"
    sweep_words = ["--task", "segmentation", "--trainer", "stand_in", "--trials", "8", "--workers", "1"]
    sweep_words += ["--set", "epoch_s=0.12", "--name", "watched"]
    running = start_sweep("run", *sweep_words, folder=tmp_path)
    assert running.stdout is not None
    for line in running.stdout:
        if "complete after epoch" in line:
            break
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    dashboard = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("optuna-dashboard")),
            f"sqlite:///{home / 'optuna.db'}",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert dashboard.stdout is not None
        assert any("Listening" in line for line in dashboard.stdout), "the dashboard ended"
        during = study_seen_by(port)
        assert running.poll() is None, "the sweep was over before the dashboard looked"
        running.communicate(timeout=120)
        after = study_seen_by(port)
    finally:
        dashboard.terminate()
        dashboard.wait(20)
        running.wait(60)
    assert 1 <= len(during["trials"]) <= 8
    assert [trial["state"] for trial in after["trials"]].count("Running") == 0
    assert len(after["trials"]) == 8
    assert after["directions"] == ["maximize"]


def study_seen_by(port: int) -> dict[str, Any]:
    """Ask optuna-dashboard's own API, as its page does."""
    base = f"http://127.0.0.1:{port}/api/studies"
    with urllib.request.urlopen(base, timeout=60) as answer:
        (summary,) = json.load(answer)["study_summaries"]
    with urllib.request.urlopen(f"{base}/{summary['study_id']}?after=0", timeout=60) as answer:
        study: dict[str, Any] = json.load(answer)
    return study


@pytest.mark.long
def test_sweep_against_an_mlflow_server_logs_registers_and_promotes_there(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server")
    server.start()
    try:
        small_track(tmp_path / "track")
        words = (*ON_SMALL_TRACK, "--trials", "1", "--image-size", "64x48", "--name", "served")
        report = run_json(*words, "--tracking-uri", server.url, cwd=tmp_path)
        assert report["model"]["promoted"]
        client = MlflowClient(server.url)
        experiment = client.get_experiment_by_name("autonomous_vehicle")
        runs = client.search_runs([experiment.experiment_id])
        assert {run.info.run_name: run.info.status for run in runs} == {
            "served": "FINISHED",
            "trial-000": "FINISHED",
        }
        champion = client.get_model_version_by_alias("rccar-segmentation", "production")
        assert (str(champion.version), champion.current_stage) == ("1", "Production")
        predictor = sweep.load_model("rccar-segmentation", tracking_uri=server.url, home=tmp_path)
        (mask,) = predictor.predict([np.zeros((60, 80, 3), np.uint8)])
        assert (mask.shape, mask.dtype) == ((60, 80), np.uint8)
        assert not (tmp_path / "mlruns" / "mlflow.db").exists()
    finally:
        server.kill()
