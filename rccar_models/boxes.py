"""Boxes as arrays: conversions, clipping, scaling. numpy only.

Boxes are float32 (N, 4) in pixels, origin top left, xyxy unless a name says otherwise; x2 and y2 are
the right and lower edges (not the last pixel), so width is x2 - x1.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float32]


def as_boxes(rows: ArrayLike) -> Boxes:
    """Make a box array of any number of rows, also of none.

    Args:
        rows: N rows of 4 numbers, or an empty list.

    Returns:
        (N, 4) float32; (0, 4) for an empty list.
    """
    return np.asarray(rows, np.float32).reshape(-1, 4)


def xyxy_from_xywh(boxes: ArrayLike) -> Boxes:
    """Convert corner and size (COCO) to two corners.

    Args:
        boxes: (N, 4) left, top, width, height.

    Returns:
        (N, 4) xyxy in the same unit.
    """
    corner, size = np.split(np.asarray(boxes, np.float64).reshape(-1, 4), 2, axis=1)
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def xyxy_from_cxcywh(boxes: ArrayLike) -> Boxes:
    """Convert centre and size (YOLO) to two corners.

    Args:
        boxes: (N, 4) centre x, centre y, width, height.

    Returns:
        (N, 4) xyxy in the same unit.
    """
    centre, size = np.split(np.asarray(boxes, np.float64).reshape(-1, 4), 2, axis=1)
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)


def clipped(boxes: Boxes, *, width: int, height: int) -> Boxes:
    """Cut boxes at the edges of a picture.

    Args:
        boxes: (N, 4) xyxy, pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Returns:
        (N, 4); a box that lies outside gets zero width or height.
    """
    return np.clip(boxes, 0, np.asarray([width, height, width, height], np.float32))


def scaled(boxes: Boxes, *, by: tuple[float, float]) -> Boxes:
    """Stretch boxes together with their picture.

    Args:
        boxes: (N, 4) xyxy, pixels or shares.
        by: factors for x and y.

    Returns:
        (N, 4) float32.
    """
    return (boxes * np.asarray([*by, *by], np.float64)).astype(np.float32)


def at_least(boxes: Boxes, side_px: float) -> NDArray[np.bool_]:
    """Tell which boxes are wide and high enough.

    Args:
        boxes: (N, 4) xyxy, pixels.
        side_px: smallest width and height that counts.

    Returns:
        (N,) True where both sides reach `side_px` and have a positive length.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    large = (sides >= side_px) & (sides > 0)
    return large[:, 0] & large[:, 1]
