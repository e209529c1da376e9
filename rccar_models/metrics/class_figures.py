"""How well each class is told from the others, and what it is taken for.

Figures are left out where they are not defined: the recall of a class that does not occur, the precision of
one that is never answered, all of one that is neither. Shapes: K classes, N images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.metrics.detection import ImageBoxes, coco_precision, mean_of_known
from rccar_models.metrics.matching import EPSILON, box_iou, is_true_positive

OVERLAP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """One class.

    Args:
        name: of the class.
        n_true: pixels or objects of it.
        figures: by short name, in [0, 1].
    """

    name: str
    n_true: int
    figures: dict[str, float]


def pixel_figures(confusion: NDArray[np.int64], classes: Sequence[str]) -> tuple[ClassFigures, ...]:
    """Judge each class of a segmentation.

    Args:
        confusion: (K, K) pixels: row the true class, column the predicted one.
        classes: names in id order.

    Returns:
        `iou`, `dice`, `precision` and `recall` of each.
    """
    hits, true, found = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        ClassFigures(
            name=name,
            n_true=int(true[label]),
            figures=_defined(
                iou=(hits[label], true[label] + found[label] - hits[label]),
                dice=(2 * hits[label], true[label] + found[label]),
                precision=(hits[label], found[label]),
                recall=(hits[label], true[label]),
            ),
        )
        for label, name in enumerate(classes)
    )


def object_figures(
    predicted: Sequence[ImageBoxes], true: Sequence[ImageBoxes], *, classes: Sequence[str], threshold: float
) -> tuple[ClassFigures, ...]:
    """Judge each class of a detection.

    Args:
        predicted: detections per image.
        true: true boxes per image.
        classes: names in id order.
        threshold: smallest score that counts for `precision_50`, `recall_50` and `f1_50`.

    Returns:
        Those three at IoU 0.5, and COCO's `map_50` and `map`, of each.
    """
    shown = [above(image, threshold) for image in predicted]
    right = [is_true_positive(found, wanted) for found, wanted in zip(shown, true, strict=True)]
    n_classes = len(classes)
    n_right = _counts([image.labels[hits] for image, hits in zip(shown, right, strict=True)], n_classes)
    n_found = _counts([image.labels for image in shown], n_classes)
    n_true = _counts([image.labels for image in true], n_classes)
    precision = coco_precision(predicted, true, n_classes)
    figures = []
    for label, name in enumerate(classes):
        counted = _defined(
            precision_50=(n_right[label], n_found[label]),
            recall_50=(n_right[label], n_true[label]),
            f1_50=(2 * n_right[label], n_found[label] + n_true[label]),
        )
        if n_true[label]:
            counted["map_50"] = mean_of_known(precision[:1, :, label])
            counted["map"] = mean_of_known(precision[:, :, label])
        figures.append(ClassFigures(name=name, n_true=int(n_true[label]), figures=counted))
    return tuple(figures)


def object_confusion(
    predicted: Sequence[ImageBoxes], true: Sequence[ImageBoxes], *, n_classes: int, threshold: float
) -> NDArray[np.int64]:
    """Count what objects are taken for.

    Detections choose in order of their score, whatever their class: each takes the free object that it
    overlaps most, if that is at least 0.5.

    Args:
        predicted: detections per image.
        true: true boxes per image.
        n_classes: K.
        threshold: smallest score that counts.

    Returns:
        (K + 1, K + 1) objects: row the true class, column the predicted one; the last row holds boxes without
        an object, the last column objects that were not found.
    """
    counts = np.zeros((n_classes + 1, n_classes + 1), np.int64)
    for found, wanted in zip((above(image, threshold) for image in predicted), true, strict=True):
        taken = _taken(found, wanted)
        for label, index in zip(found.labels, taken, strict=True):
            counts[n_classes if index < 0 else wanted.labels[index], label] += 1
        for index in set(range(len(wanted.labels))) - set(taken):
            counts[wanted.labels[index], n_classes] += 1
    return counts


def above(image: ImageBoxes, threshold: float) -> ImageBoxes:
    """Leave out what users do not see.

    Args:
        image: detections.
        threshold: smallest score that stays.

    Returns:
        The others.
    """
    stays = image.scores >= threshold
    return ImageBoxes(image.boxes[stays], image.labels[stays], image.scores[stays])


def _taken(found: ImageBoxes, wanted: ImageBoxes) -> list[int]:
    """The object that each detection takes, -1 for none."""
    taken = [-1] * len(found.labels)
    if not len(wanted.labels):
        return taken
    overlap = box_iou(found.boxes, wanted.boxes)
    for index in np.argsort(-found.scores, kind="stable").tolist():
        best = int(np.argmax(overlap[index]))
        if overlap[index, best] >= OVERLAP - EPSILON:
            taken[index] = best
            overlap[:, best] = 0.0
    return taken


def _counts(labels: Sequence[NDArray[np.int64]], n_classes: int) -> NDArray[np.int64]:
    return np.bincount(np.concatenate([np.zeros(0, np.int64), *labels]), minlength=n_classes)


def _defined(**shares: tuple[int, int]) -> dict[str, float]:
    """Part by whole, without those that have no whole."""
    return {name: float(part / whole) for name, (part, whole) in shares.items() if whole}
