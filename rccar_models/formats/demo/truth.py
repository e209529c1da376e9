"""Masks and boxes of a drawn scene, from the labels that its canvas carries.

Labels are of the canvas, which is larger than the frame by a whole factor, the oversampling. Each object
has a label of its own; nearer objects were painted later and hide what lies behind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMALLEST_PX = 3
"""Smaller boxes are left out: nobody could tell what is in them."""

SMALLEST_SHARE = 0.35
"""Of an object must be visible, or its box would name something that is hidden."""


@dataclass(frozen=True, slots=True)
class Painted:
    """An object on the canvas.

    Args:
        label: its own label.
        kind: its class in the mask.
        area: canvas pixels before nearer things hid some of them.
    """

    label: int
    kind: int
    area: int


def mask_of(labels: Image.Image, objects: Sequence[Painted], *, oversampling: int) -> NDArray[np.uint8]:
    """Turn labels into classes.

    Args:
        labels: of the canvas; what belongs to no object is a class already.
        objects: what was painted.
        oversampling: canvas pixels along one pixel of the frame.

    Returns:
        (H, W) uint8 class ids, in the size of the frame.
    """
    classes = np.arange(256, dtype=np.uint8)
    for painted in objects:
        classes[painted.label] = painted.kind
    return classes[_seen(labels, oversampling)]


def boxes_of(
    labels: Image.Image, objects: Sequence[Painted], *, oversampling: int
) -> list[tuple[int, tuple[int, int, int, int]]]:
    """Put a box around what can be seen of each object that can be seen well enough.

    Args:
        labels: of the canvas.
        objects: what was painted.
        oversampling: canvas pixels along one pixel of the frame.

    Returns:
        Kind and box (xyxy, pixels of the frame) of each.
    """
    seen = _seen(labels, oversampling)
    boxes: list[tuple[int, tuple[int, int, int, int]]] = []
    for painted in objects:
        visible = seen == painted.label
        n_visible = np.count_nonzero(visible)
        if n_visible and n_visible * oversampling**2 >= SMALLEST_SHARE * painted.area:
            x1, y1, x2, y2 = box = _box_of(visible)
            if min(x2 - x1, y2 - y1) >= SMALLEST_PX:
                boxes.append((painted.kind, box))
    return boxes


def _seen(labels: Image.Image, oversampling: int) -> NDArray[np.uint8]:
    return np.asarray(labels)[::oversampling, ::oversampling]


def _box_of(visible: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
