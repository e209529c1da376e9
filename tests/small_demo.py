"""Some frames of the demo as a cache: real data for tests of training, in a third of a second."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rccar_models.cache import prepare
from rccar_models.formats import open_data
from rccar_models.training import TrainOutcome, TrainRequest, train

SIZES = {"segmentation": (64, 48), "detection": (96, 64)}
OBJECTIVES = {"segmentation": "miou_segmentation", "detection": "map_50_detection"}
MODELS = {"segmentation": "tiny_unet", "detection": "small_ssd"}


def small_cache(task: str, root: Path, *, n_train: int = 10, n_val: int = 5) -> Path:
    """Cache the first frames of the demo."""
    index = open_data("demo", task)
    splits = {"train": index.splits["train"][:n_train], "val": index.splits["val"][:n_val]}
    return prepare(dataclasses.replace(index, splits=splits), image_size=SIZES[task], cache_root=root).folder


def a_request(task: str, cache: Path, folder: Path, **changes: Any) -> TrainRequest:
    values: dict[str, Any] = {
        "task": task,
        "model": MODELS[task],
        "params": {"lr": 1e-2, "batch_size": 4},
        "epochs": 2,
        "data": cache,
        "seed": 5,
        "objective_metric": OBJECTIVES[task],
        "maximise": True,
        "checkpoint": folder / "best.pt",
    }
    return TrainRequest(**(values | changes))


def trained(request: TrainRequest) -> tuple[TrainOutcome, list[Mapping[str, float]]]:
    """Train to the end; also the metrics of every epoch."""
    epochs: list[Mapping[str, float]] = []

    def on_epoch(_: int, metrics: Mapping[str, float]) -> bool:
        epochs.append(dict(metrics))
        return True

    return train(request, on_epoch), epochs


@dataclasses.dataclass(frozen=True)
class Trained:
    """One trained checkpoint, its metrics and a folder for its package."""

    cache: Path
    checkpoint: Path
    metrics: Mapping[str, float]
    folder: Path


def well_trained(task: str, cache: Path, folder: Path) -> Trained:
    request = a_request(task, cache, folder, epochs=6)
    outcome, _ = trained(request)
    return Trained(cache, request.checkpoint, outcome.metrics, folder / "package")
