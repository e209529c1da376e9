"""Which detections find a true box, as COCO matches them.

Within an image and a class, detections choose in order of their score; each takes the free true box that
it overlaps most, if that is at least the limit. A threshold on the score keeps the first of that order, so
one matching serves every threshold.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# COCO's slack, so that an overlap of exactly 0.5 counts in spite of rounding.
EPSILON = 1e-10


class Boxes(Protocol):
    """Boxes of one image: see `ImageBoxes`."""

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) xyxy."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,)."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """(N,)."""


def is_true_positive(predicted: Boxes, true: Boxes, *, iou: float = 0.5) -> NDArray[np.bool_]:
    """Tell which detections of one image are right.

    Args:
        predicted: N detections.
        true: M true boxes.
        iou: overlap that is enough.

    Returns:
        (N,) True where the detection found a true box of its class that no better one had taken.
    """
    right = np.zeros(len(predicted.boxes), bool)
    if not len(predicted.boxes) or not len(true.boxes):
        return right
    overlap = box_iou(predicted.boxes, true.boxes)
    overlap[predicted.labels[:, None] != true.labels[None, :]] = 0
    enough = min(iou, 1 - EPSILON)
    hopeful = np.flatnonzero((overlap >= enough).any(axis=1))
    for index in hopeful[np.argsort(-predicted.scores[hopeful], kind="stable")]:
        # Among equals the last one, as COCO does.
        best = overlap.shape[1] - 1 - int(np.argmax(overlap[index, ::-1]))
        if overlap[index, best] >= enough:
            right[index] = True
            overlap[:, best] = 0
    return right


def box_iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Overlap of every box with every other.

    Args:
        first: (N, 4) xyxy.
        second: (M, 4) xyxy, same unit.

    Returns:
        (N, M) in [0, 1]; 0 where the union has no area.
    """
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    sides = np.clip(np.minimum(first[:, None, 2:], second[None, :, 2:]) - corner, 0, None)
    shared = sides.prod(axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    overlap: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap
