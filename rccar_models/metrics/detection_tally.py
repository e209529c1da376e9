"""Matches of every image's boxes, from which F1 and average precision of any draw follow.

Matching is a matter of one image; a draw only decides how often its boxes count. Average precision is
COCO's (101 recalls, the curve at every detection), F1 the best over all score thresholds, as in
`metrics.detection`. Shapes: N images, R resamples, D detections, T limits of overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rccar_models.metrics.detection import MOST_DETECTIONS, ImageBoxes
from rccar_models.metrics.matching import is_true_positive

VAL_LOSS = "val_loss_detection"
F1_50, MAP_50, MAP = "f1_50_detection", "map_50_detection", "map_detection"
OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Detections, best first.

    Args:
        owner: (D,) which image each is of.
        hits: (T, D) whether it found a true box.
        is_last: (D,) whether the next one has a smaller score.
    """

    owner: NDArray[np.int64]
    hits: NDArray[np.bool_]
    is_last: NDArray[np.bool_]


class DetectionTally:
    """See `Tally`.

    Args:
        predicted: detections per image.
        true: true boxes per image.
        n_classes: of the data set, without background.
        threshold: detections of a smaller score are not shown to users.
        losses: N validation losses, one an image; None if they are not known.
    """

    def __init__(
        self,
        predicted: Sequence[ImageBoxes],
        true: Sequence[ImageBoxes],
        *,
        n_classes: int,
        threshold: float = 0.0,
        losses: Sequence[float] | None = None,
    ) -> None:
        self._predicted = predicted
        self._true = true
        self._n_classes = n_classes
        self._threshold = threshold
        self._losses = None if losses is None else np.asarray(losses, np.float64)

    def completed(self, *, threshold: float, losses: Sequence[float] | None) -> "DetectionTally":
        """Add what the detections themselves do not tell.

        Args:
            threshold: detections of a smaller score are not shown to users.
            losses: N validation losses, None if they are not known.

        Returns:
            The tally with them.
        """
        return DetectionTally(
            self._predicted, self._true, n_classes=self._n_classes, threshold=threshold, losses=losses
        )

    @property
    def predicted(self) -> Sequence[ImageBoxes]:
        """Detections per image."""
        return self._predicted

    @property
    def true(self) -> Sequence[ImageBoxes]:
        """True boxes per image."""
        return self._true

    @property
    def metrics(self) -> tuple[str, ...]:
        """Logged names of what it can compute."""
        return (F1_50, MAP_50, MAP, *([] if self._losses is None else [VAL_LOSS]))

    @property
    def n_images(self) -> int:
        """N."""
        return len(self._true)

    @property
    def n_true_classes(self) -> int:
        """Classes of which there is a box."""
        return len(np.unique(np.concatenate([image.labels for image in self._true])))

    @property
    def n_predicted_classes(self) -> int:
        """Classes of which a box is shown to users."""
        shown = [image.labels[image.scores >= self._threshold] for image in self._predicted]
        return len(np.unique(np.concatenate(shown)))

    def resampled(self, metric: str, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute a metric of draws."""
        if metric == VAL_LOSS and self._losses is not None:
            return np.asarray(counts @ self._losses / counts.sum(axis=1))
        if metric == F1_50:
            return self._best_f1(counts)
        return self._mean_precision(counts, len(OVERLAPS) if metric == MAP else 1)

    def _best_f1(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        n_true = counts @ np.array([len(image.boxes) for image in self._true])
        ranked = self._all_ranked
        if not len(ranked.owner):
            return np.zeros(len(counts))
        weights = counts[:, ranked.owner]
        n_found = np.cumsum(weights, axis=1)[:, ranked.is_last]
        n_right = np.cumsum(weights * ranked.hits[0], axis=1)[:, ranked.is_last]
        f1 = 2 * n_right / np.maximum(n_found + n_true[:, None], 1)
        return np.asarray(f1.max(axis=1), np.float64)

    def _mean_precision(self, counts: NDArray[np.int64], n_overlaps: int) -> NDArray[np.float64]:
        sums, n_known = np.zeros(len(counts)), np.zeros(len(counts))
        for label, ranked in enumerate(self._ranked_by_class):
            n_true = counts @ np.array([int((image.labels == label).sum()) for image in self._true])
            weights = counts[:, ranked.owner]
            for row in np.flatnonzero(n_true):
                for hits in ranked.hits[:n_overlaps]:
                    sums[row] += _average_precision(weights[row], hits, int(n_true[row]))
            n_known += n_true > 0
        return np.asarray(sums / np.maximum(n_known * n_overlaps, 1))

    @cached_property
    def _all_ranked(self) -> _Ranked:
        hits = [
            is_true_positive(found, wanted)[None]
            for found, wanted in zip(self._predicted, self._true, strict=True)
        ]
        return _ranked(self._predicted, hits)

    @cached_property
    def _ranked_by_class(self) -> tuple[_Ranked, ...]:
        return tuple(self._ranked_of(label) for label in range(self._n_classes))

    def _ranked_of(self, label: int) -> _Ranked:
        found = [_best_of_class(image, label) for image in self._predicted]
        wanted = [_only(image, image.labels == label) for image in self._true]
        hits = [
            np.stack([is_true_positive(some, all_true, iou=float(overlap)) for overlap in OVERLAPS])
            for some, all_true in zip(found, wanted, strict=True)
        ]
        return _ranked(found, hits)


def _ranked(images: Sequence[ImageBoxes], hits: Sequence[NDArray[np.bool_]]) -> _Ranked:
    scores = np.concatenate([image.scores for image in images])
    owner = np.repeat(np.arange(len(images)), [len(image.scores) for image in images])
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    is_last = np.append(ordered[1:] < ordered[:-1], True)[: len(ordered)]
    return _Ranked(owner[order], np.concatenate(hits, axis=1)[:, order], is_last)


def _average_precision(weights: NDArray[np.int64], hits: NDArray[np.bool_], n_true: int) -> float:
    """Mean precision over COCO's recalls; a detection counts as often as its image was drawn."""
    n_found, n_right = np.cumsum(weights), np.cumsum(weights * hits)
    precision = n_right / np.maximum(n_found, 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(n_right / n_true, RECALLS, side="left")
    reached = at[at < len(envelope)]
    return float(envelope[reached].sum()) / len(RECALLS)


def _best_of_class(image: ImageBoxes, label: int) -> ImageBoxes:
    of_class = _only(image, image.labels == label)
    order = np.argsort(-of_class.scores, kind="stable")[:MOST_DETECTIONS]
    return ImageBoxes(of_class.boxes[order], of_class.labels[order], of_class.scores[order])


def _only(image: ImageBoxes, wanted: NDArray[np.bool_]) -> ImageBoxes:
    return ImageBoxes(image.boxes[wanted], image.labels[wanted], image.scores[wanted])
