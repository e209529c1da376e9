"""Turns a trial's best checkpoint into an MLflow model folder, in a worker: only files, no tracking server.

    model/            what MLflow logs: MLmodel, requirements, the network as pt2 (or state_dict and code)
    predictions.png   frames, truth and predictions side by side

`rccar_models.predictor.load_predictor` reads the model folder as well as MLflow does.
"""

import dataclasses
import importlib.metadata
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from rccar_models.errors import PackageError
from sweep.folder_hash import folder_sha256
from sweep.records import PackageRequest, PackageResult, TrialSpec
from sweep.workshop.failures import Failure, attempt

if TYPE_CHECKING:
    from rccar_models.export import Packable

TOLERANCE = 1e-4
"""How far a packaged model's metrics may lie from the checkpoint's: rounding, nothing else."""


def package(request: PackageRequest) -> PackageResult:
    """Package a checkpoint.

    Args:
        request: whose, and where to.

    Returns:
        The package with its re-evaluated metrics, or the reason why there is none.
    """
    made = attempt(lambda: _package(request))
    if isinstance(made, Failure):
        return PackageResult(trial_uid=request.trial_uid, reason=made.reason)
    return made


def _package(request: PackageRequest) -> PackageResult:
    import torch

    from rccar_models.cache import open_split
    from rccar_models.evaluation import evaluate
    from rccar_models.export import packable
    from rccar_models.pictures import prediction_sheet
    from rccar_models.predictor import load_predictor

    torch.set_num_threads(request.spec.n_threads)
    made = packable(Path(request.checkpoint))
    split = open_split(Path(request.spec.data_ref), "val")
    metrics = evaluate(
        made.whole,
        split,
        task=made.card.task,
        classes=made.card.classes,
        ignore_id=made.card.ignore_id,
        device=torch.device("cpu"),
        seed=request.spec.seed,
    ).metrics
    folder, picture = Path(request.folder) / "model", Path(request.folder) / "predictions.png"
    _save(made, folder)
    predictor = load_predictor(folder)
    _check_same(predictor.evaluate(split), metrics, folder=folder)
    prediction_sheet(predictor, split, picture, note=_score(request.spec, metrics))
    return PackageResult(
        trial_uid=request.trial_uid,
        model_folder=str(folder),
        model_sha256=folder_sha256(folder),
        metrics=metrics,
        picture=str(picture),
    )


def _score(spec: TrialSpec, metrics: dict[str, float]) -> str:
    metric = spec.objectives[0].metric
    value = f": {metric.removesuffix(f'_{spec.task}')} {metrics[metric]:.4f}" if metric in metrics else ""
    return f"{spec.run_name}{value} on val"


def _check_same(packaged: dict[str, float], trained: dict[str, float], *, folder: Path) -> None:
    for name, value in packaged.items():
        if abs(value - trained[name]) > TOLERANCE:
            raise PackageError(f"{folder}: {name} is {value:.6f}, the checkpoint has {trained[name]:.6f}")


def _save(made: "Packable", folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier attempt; MLflow refuses a folder that has files
    folder.parent.mkdir(parents=True, exist_ok=True)
    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about each other
        if made.card.kind == "pt2":
            _save_exported(mlflow, made, folder, Path(scratch))
        else:
            _save_as_code(mlflow, made, folder, Path(scratch))


def _save_exported(mlflow: ModuleType, made: "Packable", folder: Path, scratch: Path) -> None:
    import torch

    from rccar_models.predictor import CARD, write_card

    # MLflow decides where the network goes, and puts the card into extra_files/.
    write_card(dataclasses.replace(made.card, file="../data/model.pt2"), scratch / CARD)
    with torch.no_grad():
        mlflow.pytorch.save_model(
            made.network,
            str(folder),
            serialization_format="pt2",
            signature=_signature(made),
            input_example=made.example,
            pip_requirements=_requirements("torch", "numpy"),
            extra_files=[str(scratch / CARD)],
        )
    _add_pyfunc(mlflow, folder)


def _add_pyfunc(mlflow: ModuleType, folder: Path) -> None:
    """Let `mlflow.pyfunc.load_model` and `mlflow models serve` load it, too.

    MLflow leaves that out if the example is a tensor; with an array it does it, but also writes the array
    twice as JSON: 1.5 MB at 128x96 pixels, 37 MB at 640x480.
    """
    model = mlflow.models.Model.load(str(folder))
    mlflow.pyfunc.add_to_model(
        model,
        loader_module="mlflow.pytorch",
        data="data",
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        model_config={"device": None},
    )
    model.save(str(folder / "MLmodel"))


def _save_as_code(mlflow: ModuleType, made: "Packable", folder: Path, scratch: Path) -> None:
    from rccar_models.export import write_package

    write_package(made, scratch / "predictor")
    mlflow.pyfunc.save_model(
        str(folder),
        python_model=str(Path(__file__).with_name("pyfunc_model.py")),
        artifacts={"predictor": str(scratch / "predictor")},
        signature=_signature(made),
        pip_requirements=_requirements("torch", "torchvision", "numpy", "rccar-sweep"),
    )


def _signature(made: "Packable") -> object:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    frames = TensorSpec(np.dtype(np.float32), (-1, *made.example.shape[1:]), name=None)
    # Exported networks answer with one tensor; its shape is the network's own affair.
    outputs = Schema([TensorSpec(np.dtype(np.float32), (-1,))]) if made.card.kind == "pt2" else None
    return ModelSignature(inputs=Schema([frames]), outputs=outputs)


def _requirements(*names: str) -> list[str]:
    installed = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions() if dist.name}
    # A local build (`2.11.0+cu128`) is on no public index.
    return [f"{name}=={installed[name].split('+')[0]}" if name in installed else name for name in names]


def _mlflow() -> ModuleType:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # of copying the one-kilobyte card
    import mlflow
    import mlflow.pyfunc
    import mlflow.pytorch

    return mlflow
