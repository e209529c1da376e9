"""Which frames a model does best and worst on. Shapes: N frames, K classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.metrics.class_figures import above
from rccar_models.metrics.detection import ImageBoxes
from rccar_models.metrics.matching import is_true_positive

N_BEST, N_WORST = 4, 8
# Mean difference of thumbnails in grey levels; each is tried where the one before leaves too few frames.
# Measured: frames of camvid-small ten apart differ by 15, of trashcar-yolo and the drawn demo by 26 and more.
UNLIKE_LEVELS = (18.0, 16.0, 14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0, 0.0)
BEST, WORST = "best", "worst"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A frame to be shown.

    Args:
        index: in its split.
        group: "best" or "worst".
        rank: from 1 within its group.
        score: of this frame alone.
    """

    index: int
    group: str
    rank: int
    score: float


def pixel_scores(confusions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean IoU of each frame over the classes that occur in its truth or answer.

    Args:
        confusions: (N, K, K) pixels of each frame.

    Returns:
        (N,) in [0, 1]; NaN where no pixel counts.
    """
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    union = confusions.sum(axis=2) + confusions.sum(axis=1) - hits
    occurs = union > 0
    iou = np.divide(hits, union, out=np.zeros(hits.shape), where=occurs)
    n_classes = occurs.sum(axis=1)
    means: NDArray[np.float64] = np.full(len(iou), np.nan)
    np.divide(iou.sum(axis=1), n_classes, out=means, where=n_classes > 0)
    return means


def object_scores(
    predicted: Sequence[ImageBoxes], true: Sequence[ImageBoxes], *, threshold: float
) -> NDArray[np.float64]:
    """F1 at IoU 0.5 of each frame; 1 where there are neither objects nor boxes.

    Args:
        predicted: detections per frame.
        true: true boxes per frame.
        threshold: smallest score that counts.

    Returns:
        (N,) in [0, 1].
    """
    scores = []
    for found, wanted in zip((above(image, threshold) for image in predicted), true, strict=True):
        n_boxes = len(found.labels) + len(wanted.labels)
        scores.append(2 * int(is_true_positive(found, wanted).sum()) / n_boxes if n_boxes else 1.0)
    return np.asarray(scores, np.float64)


def best_and_worst(
    scores: NDArray[np.float64], weights: NDArray[np.int64], looks: NDArray[np.uint8] | None = None
) -> tuple[Chosen, ...]:
    """Choose frames to be shown, none of them twice and, where there are others, no two that look alike.

    Args:
        scores: (N,); frames of NaN are never chosen.
        weights: (N,) how much there is to see; of equal scores more comes first.
        looks: (N, 16, 16, 3) uint8 RGB, thumbnails; None chooses by score alone.

    Returns:
        Four of the best, then eight of the worst, the worst first; of fewer than twelve one third and two
        thirds. Of frames that look alike the best or worst one stands for all, as long as there are others
        that are better or worse than the median.
    """
    known = np.flatnonzero(~np.isnan(scores)).tolist()
    n_best = min(N_BEST, -(-len(known) // 3))
    median = float(np.median(scores[known])) if known else 0.0
    falling = sorted(known, key=lambda index: (-scores[index], -weights[index], index))
    better = [index for index in falling if scores[index] > median]
    best = _unlike(better if len(better) >= n_best else falling[:n_best], n_best, looks)
    rising = sorted(known, key=lambda index: (scores[index], -weights[index], index))
    left = [index for index in rising if index not in best]
    worst = _unlike([index for index in left if scores[index] <= median] or left, N_WORST, looks)
    worst += [index for index in left if index not in worst][: N_WORST - len(worst)]
    return tuple(
        Chosen(index, group, rank, float(scores[index]))
        for group, members in ((BEST, best), (WORST, worst))
        for rank, index in enumerate(members, start=1)
    )


def _unlike(ranked: Sequence[int], n: int, looks: NDArray[np.uint8] | None) -> list[int]:
    """The first n of them that differ in look, in their order."""
    if looks is None:
        return list(ranked[:n])
    taken: list[int] = []
    for levels in UNLIKE_LEVELS:
        for index in ranked:
            if len(taken) < n and index not in taken and _nearest(looks, index, taken) >= levels:
                taken.append(index)
    return [index for index in ranked if index in taken]


def _nearest(looks: NDArray[np.uint8], index: int, others: Sequence[int]) -> float:
    """Grey levels to the one that looks most like it."""
    if not others:
        return np.inf
    apart = np.abs(looks[others].astype(np.int16) - looks[index])
    return float(apart.mean(axis=(1, 2, 3)).min())
