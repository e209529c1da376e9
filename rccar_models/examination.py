"""A model examined on one split: scores with their interval, classes, confusion, the best and worst frames.

Every number is that of training's own functions, on the same frames in batches of the same size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rccar_models import checkpoints
from rccar_models.cache import CachedSplit, resized_image
from rccar_models.datasets.batches import images_to_tensor
from rccar_models.evaluation import BATCH_SIZE
from rccar_models.export import packable
from rccar_models.judging import tally
from rccar_models.latency import frame_latency_ms
from rccar_models.metrics import segmentation, segmentation_tally
from rccar_models.metrics.bootstrap import CONFIDENCE, N_RESAMPLES, Interval, interval
from rccar_models.metrics.class_figures import (
    ClassFigures,
    object_confusion,
    object_figures,
    pixel_figures,
)
from rccar_models.metrics.detection import best_operating_point, coco_precision, scores_of
from rccar_models.metrics.detection_tally import VAL_LOSS, DetectionTally
from rccar_models.metrics.frame_scores import Chosen, best_and_worst, object_scores, pixel_scores
from rccar_models.metrics.segmentation_tally import SegmentationTally
from rccar_models.metrics.tally import Tally, scores
from rccar_models.predictor import Predictor, PredictorCard
from rccar_models.tasks.definition import StepsRequest
from rccar_models.tasks.steps.detection import DetectionSteps, live_outputs
from rccar_models.thumbnails import thumbnails


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationRequest:
    """What to find out, beside what is always found out.

    Args:
        metric: whose interval is wanted, by logged name.
        seed: of the draws of images, and of detectors whose validation loss samples.
        n_resamples: draws of images.
        confidence: of the interval.
    """

    metric: str
    seed: int = 0
    n_resamples: int = N_RESAMPLES
    confidence: float = CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found out.

    Args:
        card: what the model is.
        scores: every metric by logged name; a detector's validation loss only where its checkpoint is known.
        interval: of the metric that was asked for, None where it cannot be computed.
        classes: figures of each class, in id order.
        confusion: (K, K) pixels, or (K + 1, K + 1) objects; row the true class, column the predicted one.
        n_images: of the split.
        chosen: the best and the worst frames.
        latency_ms: of one frame through the network.
        latency_threads: CPU threads of that.
    """

    card: PredictorCard
    scores: dict[str, float]
    interval: Interval | None
    classes: tuple[ClassFigures, ...]
    confusion: NDArray[np.int64]
    n_images: int
    chosen: tuple[Chosen, ...]
    latency_ms: float
    latency_threads: int


@dataclass(frozen=True, slots=True)
class _Figures:
    scores: dict[str, float]
    classes: tuple[ClassFigures, ...]
    confusion: NDArray[np.int64]
    frame_scores: NDArray[np.float64]
    weights: NDArray[np.int64]


def live_predictor(checkpoint: Path) -> Predictor:
    """Let a checkpoint answer without packaging it.

    Args:
        checkpoint: `best.pt`.

    Returns:
        The model on the CPU; its card names no file.

    Raises:
        WeightsError: the checkpoint cannot be used.
    """
    made = packable(checkpoint)
    outputs: Callable[[Tensor], Any] = made.whole
    return Predictor(made.card, live_outputs(made.whole) if made.card.task == "detection" else outputs)


def examine(
    predictor: Predictor,
    split: CachedSplit,
    request: ExaminationRequest,
    *,
    ignore_id: int | None,
    checkpoint: Path | None = None,
) -> Examination:
    """Examine a model on a split, on the CPU with the threads that torch has now.

    Args:
        predictor: a packaged model, or a checkpoint's `live_predictor`.
        split: with labels of the model's classes.
        request: what to find out.
        ignore_id: mask value of the split that counts nowhere, None if there is none.
        checkpoint: of a detector: the only one that can tell its validation loss.

    Returns:
        What was found out.

    Raises:
        WeightsError: the checkpoint cannot be used.
    """
    needs_losses = checkpoint if request.metric == VAL_LOSS else None
    tallied = tally(predictor, split, ignore_id=ignore_id, checkpoint=needs_losses, seed=request.seed)
    found = _figures(predictor.card, tallied)
    if checkpoint is not None and isinstance(tallied, DetectionTally):
        found.scores[VAL_LOSS] = _batch_loss(predictor.card, checkpoint, split, seed=request.seed)
    return Examination(
        card=predictor.card,
        scores=found.scores,
        interval=_interval(tallied, request),
        classes=found.classes,
        confusion=found.confusion,
        n_images=tallied.n_images,
        chosen=best_and_worst(found.frame_scores, found.weights, thumbnails(split.images)),
        latency_ms=frame_latency_ms(predictor.raw_outputs, a_frame(predictor, split)),
        latency_threads=torch.get_num_threads(),
    )


def _figures(card: PredictorCard, tallied: Tally) -> _Figures:
    if isinstance(tallied, SegmentationTally):
        return _of_pixels(card, tallied)
    if isinstance(tallied, DetectionTally):
        return _of_objects(card, tallied)
    raise TypeError(f"{card.task}: its tally {type(tallied).__name__} tells nothing of classes")


def _of_pixels(card: PredictorCard, tallied: SegmentationTally) -> _Figures:
    confusions = tallied.confusions
    confusion = confusions.sum(axis=0)
    names = segmentation.metric_safe(card.classes)
    loss = scores(tallied)[segmentation_tally.VAL_LOSS]
    return _Figures(
        scores={
            segmentation_tally.VAL_LOSS: loss,
            **segmentation.scores_of(torch.from_numpy(confusion), names),
        },
        classes=pixel_figures(confusion, card.classes),
        confusion=confusion,
        frame_scores=pixel_scores(confusions),
        weights=confusions.sum(axis=(1, 2)),
    )


def _of_objects(card: PredictorCard, tallied: DetectionTally) -> _Figures:
    predicted, true, threshold = tallied.predicted, tallied.true, card.score_threshold or 0.0
    point = best_operating_point(predicted, true)
    n_classes = len(card.classes)
    return _Figures(
        scores=scores_of(point, coco_precision(predicted, true, n_classes)),
        classes=object_figures(predicted, true, classes=card.classes, threshold=threshold),
        confusion=object_confusion(predicted, true, n_classes=n_classes, threshold=threshold),
        frame_scores=object_scores(predicted, true, threshold=threshold),
        weights=np.array([len(image.labels) for image in true], np.int64),
    )


def _batch_loss(card: PredictorCard, checkpoint: Path, split: CachedSplit, *, seed: int) -> float:
    """As training computes it: a detector's loss of a batch is no mean of its frames' losses."""
    network, info = checkpoints.restore(checkpoint)
    steps = DetectionSteps(StepsRequest(classes=card.classes, ignore_id=info.ignore_id))
    with torch.no_grad():
        return steps.mean_loss(network, split, device=torch.device("cpu"), batch_size=BATCH_SIZE, seed=seed)


def _interval(tallied: Tally, request: ExaminationRequest) -> Interval | None:
    metric = request.metric
    if metric not in tallied.metrics:
        return None
    found = interval(
        lambda counts: tallied.resampled(metric, counts),
        n_images=tallied.n_images,
        seed=request.seed,
        n_resamples=request.n_resamples,
        confidence=request.confidence,
    )
    return found if np.isfinite([found.low, found.high]).all() else None


def a_frame(predictor: Predictor, split: CachedSplit) -> Tensor:
    """Take a real frame to time a network on.

    Args:
        predictor: knows the size of its input.
        split: has frames.

    Returns:
        The one in the middle, (1, 3, H, W) float32 in [0, 1].
    """
    image = resized_image(np.asarray(split.images[len(split.images) // 2]), predictor.card.image_size)
    return images_to_tensor(image[None].copy(), device=torch.device("cpu"))
