"""Packaged models judged image by image on one split, so that two of them can be told apart from noise.

Both models are scored by the functions that training uses, on the frames of one cache. A model that was
trained at another size gets these frames resized, and its answers are brought back to their size.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rccar_models import checkpoints
from rccar_models.cache import CachedSplit, resized_image
from rccar_models.datasets.batches import images_to_tensor
from rccar_models.evaluation import BATCH_SIZE
from rccar_models.metrics.detection_tally import DetectionTally
from rccar_models.metrics.tally import Tally
from rccar_models.predictor import Predictor, PredictorCard
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import StepsRequest
from rccar_models.tasks.steps.detection import DetectionSteps

_PIXEL_MAX = 255.0


def why_incomparable(one: PredictorCard, other: PredictorCard) -> str:
    """Say why two models cannot be judged by the same frames.

    Args:
        one: what one model is.
        other: what the other is.

    Returns:
        What differs, one line; empty if nothing does.
    """
    if one.task != other.task:
        return f"it is made for {other.task}"
    if one.classes != other.classes:
        return f"it knows other classes ({', '.join(other.classes)})"
    return ""


def tally(
    predictor: Predictor,
    split: CachedSplit,
    *,
    ignore_id: int | None,
    checkpoint: Path | None = None,
    seed: int = 0,
) -> Tally:
    """Judge a model image by image.

    Args:
        predictor: on the CPU.
        split: with labels of the model's classes, in any size.
        ignore_id: mask value of the split that counts nowhere, None if there is none.
        checkpoint: of a detector: the only one that can tell its validation loss.
        seed: of detectors whose validation loss samples.

    Returns:
        What each image adds to the metrics.

    Raises:
        WeightsError: the checkpoint cannot be used.
    """
    card = predictor.card
    steps = TASKS[card.task].steps(StepsRequest(classes=card.classes, ignore_id=ignore_id))
    height, width = split.images.shape[1:3]
    found = steps.tally(_outputs(predictor, (width, height)), split, batch_size=BATCH_SIZE)
    if not isinstance(found, DetectionTally) or not isinstance(steps, DetectionSteps):
        return found
    losses = None
    if checkpoint is not None:
        network, _ = checkpoints.restore(checkpoint)
        losses = steps.losses(network, split, seed=seed)
    return found.completed(threshold=card.score_threshold or 0.0, losses=losses)


def _outputs(predictor: Predictor, size: tuple[int, int]) -> Callable[[Tensor], Any]:
    """Answers for frames of `size` (width, height)."""
    if size == predictor.card.image_size:
        return predictor.raw_outputs
    return lambda frames: _in_size(predictor, predictor.raw_outputs(_resized(frames, predictor)), size)


def _resized(frames: Tensor, predictor: Predictor) -> Tensor:
    pixels = (frames * _PIXEL_MAX).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    small = [torch.from_numpy(resized_image(image, predictor.card.image_size).copy()) for image in pixels]
    return images_to_tensor(torch.stack(small).numpy(), device=torch.device("cpu"))


def _in_size(predictor: Predictor, outputs: Any, size: tuple[int, int]) -> Any:
    width, height = size
    if predictor.card.task == "segmentation":
        return functional.interpolate(outputs, size=(height, width), mode="bilinear", align_corners=False)
    own_width, own_height = predictor.card.image_size
    scale = torch.tensor([width / own_width, height / own_height] * 2)
    return [{**found, "boxes": found["boxes"] * scale} for found in outputs]
