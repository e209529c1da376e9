"""MLflow model folders: loaded in a fresh process, nothing unpickled, they reproduce the logged metrics."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rccar_models.models import MODELS as MODELS_BY_NAME
from sweep.folder_hash import folder_sha256
from sweep.records import Objective, PackageRequest, PackageResult, TrialSpec
from sweep.workshop import packaging
from tests.small_demo import MODELS, OBJECTIVES, Trained, a_request, small_cache, trained, well_trained

TASKS = ("segmentation", "detection")
LARGER_MODELS = (
    ("segmentation", "lraspp_mobilenet_v3_large"),
    ("segmentation", "unet_resnet18"),
    ("detection", "ssdlite320_mobilenet_v3_large"),
    ("detection", "fasterrcnn_mobilenet_v3_large_320_fpn"),
)


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root, n_train=8, n_val=4) for task in TASKS}


@pytest.fixture(scope="module")
def made(caches: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    return {task: well_trained(task, caches[task], tmp_path_factory.mktemp(task)) for task in TASKS}


def package_request(task: str, model: str, cache: Path, checkpoint: Path, folder: Path) -> PackageRequest:
    spec = TrialSpec(
        trial_uid="uid",
        slot=0,
        number=0,
        task=task,
        trainer="torch",
        model=model,
        params={},
        seed=5,
        until_epoch=1,
        objectives=(Objective(OBJECTIVES[task], True),),
        folder=str(folder / "trial"),
        data_ref=str(cache),
    )
    return PackageRequest(
        trial_uid="uid", spec=spec, checkpoint=str(checkpoint), folder=str(folder / "package")
    )


FRESH = """
import json, sys
import mlflow, numpy, torch
from pathlib import Path
from rccar_models.cache import open_split
from rccar_models.predictor import load_predictor

found = {}
for folder, cache in json.loads(sys.argv[1]):
    predictor = load_predictor(Path(folder))
    flavors = mlflow.models.Model.load(folder).flavors
    width, height = predictor.card.image_size
    frames = numpy.random.default_rng(0).random((3, 3, height, width), numpy.float32)
    ours = predictor.raw_outputs(torch.from_numpy(frames))
    served = mlflow.pyfunc.load_model(folder).predict(frames)
    if "pytorch" not in flavors:
        for one, other in zip(ours, served, strict=True):
            boxes = numpy.array(other["boxes"]).reshape(-1, 4)
            assert numpy.allclose(one["boxes"], boxes, atol=1e-3)
    elif predictor.card.model in sys.argv[2:]:
        network = mlflow.pytorch.load_model(folder)
        with torch.no_grad():
            raw = network(torch.from_numpy(frames))
        assert numpy.allclose(raw.numpy(), served, atol=1e-4)
    if predictor.card.task == "segmentation":
        assert numpy.allclose(ours, served, atol=1e-4)
    metrics = predictor.evaluate(open_split(Path(cache), "val"))
    found[folder] = {"metrics": metrics, "flavors": sorted(flavors)}
print(json.dumps(found))
"""


def loaded_in_a_fresh_process(
    packages: list[tuple[PackageResult, Path]], *, with_torch: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Load with pickle refused, by MLflow and by ours; they must agree.

    MLflow's torch flavor loads the same file as its python flavor, for seconds: models `with_torch` only.
    """
    request = json.dumps([(result.model_folder, str(cache)) for result, cache in packages])
    run = subprocess.run(
        [sys.executable, "-c", FRESH, request, *with_torch],
        env=os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return dict(json.loads(run.stdout.splitlines()[-1]))


def test_mlflow_folder_loads_in_a_fresh_process_without_pickle_and_reproduces_the_metrics(
    made: dict[str, Trained], tmp_path: Path
) -> None:
    packages = []
    for task, one in made.items():
        request = package_request(task, MODELS[task], one.cache, one.checkpoint, tmp_path / task)
        result = packaging.package(request)
        assert result.reason == ""
        assert result.metrics == pytest.approx({name: one.metrics[name] for name in result.metrics}, abs=1e-4)
        assert result.model_sha256 == folder_sha256(Path(result.model_folder))
        assert Path(result.picture).read_bytes().startswith(b"\x89PNG")
        packages.append((result, one.cache))
    fresh = loaded_in_a_fresh_process(packages, with_torch=tuple(MODELS.values()))
    for result, _ in packages:
        found = fresh[result.model_folder]
        assert found["flavors"] == ["python_function", "pytorch"]
        assert found["metrics"] == pytest.approx({n: result.metrics[n] for n in found["metrics"]}, abs=1e-4)


@pytest.mark.long
def test_every_larger_model_packages_and_reproduces_its_metrics_in_a_fresh_process(tmp_path: Path) -> None:
    caches = {task: small_cache(task, tmp_path / "cache", n_train=4, n_val=2) for task in TASKS}
    packages: list[tuple[PackageResult, Path]] = []
    for task, model in LARGER_MODELS:
        folder, params = tmp_path / model, {"lr": 1e-3, "batch_size": 4}
        request = a_request(task, caches[task], folder, model=model, epochs=1, params=params)
        outcome, _ = trained(request)
        result = packaging.package(package_request(task, model, caches[task], request.checkpoint, folder))
        assert (model, result.reason) == (model, "")
        logged = {name: outcome.metrics[name] for name in result.metrics}
        assert result.metrics == pytest.approx(logged, abs=1e-4), model
        packages.append((result, caches[task]))
    fresh = loaded_in_a_fresh_process(packages)
    for (task, model), (result, _) in zip(LARGER_MODELS, packages, strict=True):
        found = fresh[result.model_folder]
        assert ("pytorch" in found["flavors"]) == MODELS_BY_NAME[model].exportable
        assert OBJECTIVES[task] in found["metrics"]
        logged = {name: result.metrics[name] for name in found["metrics"]}
        assert found["metrics"] == pytest.approx(logged, abs=1e-4), model


def test_packaging_again_into_the_same_folder_replaces_it(made: dict[str, Trained], tmp_path: Path) -> None:
    one = made["segmentation"]
    request = package_request("segmentation", "tiny_unet", one.cache, one.checkpoint, tmp_path)
    (tmp_path / "package" / "model").mkdir(parents=True)
    (tmp_path / "package" / "model" / "left-over").write_text("of a worker that was killed")
    result = packaging.package(request)
    assert result.reason == ""
    assert not (tmp_path / "package" / "model" / "left-over").exists()


def test_packaging_of_a_missing_checkpoint_ends_with_a_reason_that_names_it(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = package_request(
        "segmentation", "tiny_unet", caches["segmentation"], tmp_path / "gone.pt", tmp_path
    )
    result = packaging.package(request)
    assert result.reason.startswith("exception: WeightsError")
    assert "gone.pt" in result.reason
    assert result.model_folder == ""


def test_folder_hash_is_of_names_and_contents_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "x").write_text("1")
        (tmp_path / name / "y").write_text("2")
    assert folder_sha256(tmp_path / "a") == folder_sha256(tmp_path / "b")
    (tmp_path / "b" / "y").write_text("3")
    assert folder_sha256(tmp_path / "a") != folder_sha256(tmp_path / "b")
    (tmp_path / "b" / "y").write_text("2")
    (tmp_path / "b" / "sub" / "x").rename(tmp_path / "b" / "x")
    assert folder_sha256(tmp_path / "a") != folder_sha256(tmp_path / "b")
