"""A packaged model: frames of any size in, masks or boxes in their own size out.

A package is a folder with `predictor.json` (the card) and the network, either as pt2 (torch.export) or as a
state_dict. Nothing is unpickled. Even so, load only folders whose sha256 you have verified:
`torch.export.load` is not made for hostile files.
"""

import dataclasses
import json
import pickle
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rccar_models.cache import CachedSplit, resized_image
from rccar_models.checkpoints import build_network
from rccar_models.datasets.batches import images_to_tensor
from rccar_models.errors import PackageError, ShapeError
from rccar_models.evaluation import BATCH_SIZE
from rccar_models.models.detectors.labels import Detections
from rccar_models.models.detectors.raw import postprocess
from rccar_models.options import OptionValue
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import StepsRequest
from rccar_models.tasks.steps.detection import live_outputs

FORMAT = 1
CARD = "predictor.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorCard:
    """What a packaged network is, as JSON.

    Args:
        kind: "pt2" or "state_dict".
        file: of the network, relative to the card.
        task: "segmentation" or "detection".
        model: the model's name.
        options: of the model.
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, None if there is none.
        image_size: (width, height) in pixels of the network's input.
        score_threshold: boxes with a smaller score are left out of predictions.
        nms: what follows a detector's raw output; None for everything else.
    """

    kind: str
    file: str
    task: str
    model: str
    options: dict[str, OptionValue]
    classes: tuple[str, ...]
    ignore_id: int | None
    image_size: tuple[int, int]
    score_threshold: float | None = None
    nms: dict[str, float | int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """What a detector found in one frame, best first.

    Args:
        boxes: (N, 4) float32 xyxy in pixels of the frame as it was given.
        labels: (N,) int64 class ids.
        scores: (N,) float32 in [0, 1].
        names: N class names.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    names: tuple[str, ...]


Prediction = NDArray[np.uint8] | Boxes
"""A mask (H, W) of class ids, or boxes."""


class Predictor:
    """Answers for frames, whatever network is inside.

    Args:
        card: what the network is.
        outputs: takes (B, 3, H, W) float32 frames of the card's size; gives logits (B, K, H, W), or one
            dict of detections per frame.
    """

    def __init__(self, card: PredictorCard, outputs: Callable[[Tensor], Any]) -> None:
        self.card = card
        self._outputs = outputs

    def __repr__(self) -> str:
        size = "x".join(map(str, self.card.image_size))
        return f"Predictor({self.card.task}, {self.card.model}, {size}, classes={list(self.classes)})"

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in id order."""
        return self.card.classes

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Find masks or boxes.

        Args:
            images: (H, W, 3) uint8 RGB each, of any size.

        Returns:
            Segmentation: one (H, W) uint8 mask of class ids per frame, in its size. Detection: one `Boxes`
            per frame, without those below the score threshold.

        Raises:
            ShapeError: an image is not (H, W, 3) uint8.
        """
        return [self._predict_one(image) for image in images]

    def raw_outputs(self, frames: Tensor) -> Any:
        """Answer frames of the card's size, without choosing by score.

        Args:
            frames: (B, 3, H, W) float32 RGB in [0, 1].

        Returns:
            Logits (B, K, H, W), or one dict of detections per frame.
        """
        with torch.no_grad():
            return self._outputs(frames)

    def evaluate(self, split: CachedSplit) -> dict[str, float]:
        """Judge the model on a split that was cached in the card's size.

        Args:
            split: with labels.

        Returns:
            The metrics of training by logged name; a detector's lack its validation loss, which only the
            network in training mode can tell.
        """
        steps = TASKS[self.card.task].steps(
            StepsRequest(classes=self.card.classes, ignore_id=self.card.ignore_id)
        )
        return steps.measure(
            self.raw_outputs, split, device=torch.device("cpu"), batch_size=BATCH_SIZE
        ).metrics

    def _predict_one(self, image: NDArray[np.uint8]) -> Prediction:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(f"expected an image (H, W, 3) uint8, found {image.shape} {image.dtype}")
        small = resized_image(image, self.card.image_size)
        outputs = self.raw_outputs(images_to_tensor(small[None].copy(), device=torch.device("cpu")))
        height, width = image.shape[:2]
        if self.card.task == "segmentation":
            logits = functional.interpolate(
                outputs, size=(height, width), mode="bilinear", align_corners=False
            )
            return logits.argmax(1)[0].numpy().astype(np.uint8)
        return self._boxes(outputs[0], scale=(width / small.shape[1], height / small.shape[0]))

    def _boxes(self, found: Detections, *, scale: tuple[float, float]) -> Boxes:
        keep = found["scores"] >= (self.card.score_threshold or 0.0)
        labels = found["labels"][keep].numpy()
        return Boxes(
            boxes=(found["boxes"][keep] * torch.tensor([*scale, *scale])).numpy(),
            labels=labels,
            scores=found["scores"][keep].numpy(),
            names=tuple(self.card.classes[label] for label in labels),
        )


def write_card(card: PredictorCard, file: Path) -> None:
    """Write a card as JSON.

    Args:
        card: what the network is.
        file: `predictor.json`.
    """
    file.write_text(json.dumps({"format": FORMAT, **dataclasses.asdict(card)}, indent=1), encoding="utf-8")


def load_predictor(folder: Path) -> Predictor:
    """Load a package onto the CPU.

    Args:
        folder: written by `export.package`, or an MLflow model folder of ours. Verify its sha256 first.

    Returns:
        The model, ready to answer.

    Raises:
        PackageError: the card or the network is missing, torn or of another format.
        WeightsError: the state_dict does not fit its model.
    """
    card_file = _card_in(folder)
    card = _read_card(card_file)
    network_file = (card_file.parent / card.file).resolve()
    if not network_file.is_relative_to(folder.resolve()) or not network_file.is_file():
        raise PackageError(f"{card_file}: its network {card.file!r} is not in the package; package it again")
    if card.kind == "pt2":
        return Predictor(card, _exported_outputs(card, network_file))
    return Predictor(card, _rebuilt_outputs(card, network_file))


def _card_in(folder: Path) -> Path:
    # Where MLflow puts extra files of a PyTorch model, and artifacts of a model from code.
    for place in (folder, folder / "extra_files", folder / "artifacts" / "predictor"):
        if (place / CARD).is_file():
            return place / CARD
    raise PackageError(f"{folder}: no {CARD} in it; is it the folder of a model that this program packaged?")


def _read_card(file: Path) -> PredictorCard:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        if body.pop("format", None) != FORMAT:
            raise PackageError(
                f"{file}: not a card of format {FORMAT}; package the model again with this version"
            )
        card = PredictorCard(
            **{**body, "classes": tuple(body["classes"]), "image_size": tuple(body["image_size"])}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{file}: not a readable card: {error}") from error
    if card.kind not in {"pt2", "state_dict"} or card.task not in TASKS:
        raise PackageError(f"{file}: kind {card.kind!r} or task {card.task!r} is unknown to this version")
    return card


def _exported_outputs(card: PredictorCard, file: Path) -> Callable[[Tensor], Any]:
    if not zipfile.is_zipfile(file):  # torch would take it for one of its older formats
        raise PackageError(f"{file}: not an exported network, or torn; package it again")
    try:
        network = torch.export.load(file).module()
    except (RuntimeError, ValueError, OSError, KeyError, pickle.UnpicklingError) as error:
        raise PackageError(f"{file}: not a readable exported network: {error}") from error
    nms = card.nms
    if nms is None:
        return network
    return lambda images: postprocess(network(images), nms)


def _rebuilt_outputs(card: PredictorCard, file: Path) -> Callable[[Tensor], Any]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        raise PackageError(f"{file}: not a readable state_dict: {error}") from error
    network = build_network(
        model=card.model,
        options=card.options,
        n_classes=len(card.classes),
        image_size=card.image_size,
        state=state,
    )
    if card.task == "segmentation":
        return network
    return live_outputs(network)
