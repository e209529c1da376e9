"""YOLO label files: one object a line, "class cx cy w h" in shares of the image's width and height."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import Boxes, as_boxes, xyxy_from_cxcywh
from rccar_models.formats.files import filled_lines, name_of

# Tools round to six digits, some to three: a share may pass 1 by that much.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The objects of one image.

    Args:
        class_ids: (N,) int64.
        boxes: (N, 4) float32 xyxy, shares of width and height; may pass the edges.
        n_degenerate: objects left out because their width or height is not above 0.
    """

    class_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0,), np.int64))
    boxes: Boxes = field(default_factory=lambda: as_boxes([]))
    n_degenerate: int = 0


def read_labels(path: Path, *, root: Path, n_classes: int | None) -> tuple[Labels, list[str]]:
    """Read a label file.

    Args:
        path: the file.
        root: folder of the data set, for messages.
        n_classes: number of named classes, None if nobody named them.

    Returns:
        Its objects, and one line for each fault.

    Raises:
        DataError: it cannot be read as text.
    """
    ids: list[int] = []
    rows: list[list[float]] = []
    faults: list[str] = []
    n_degenerate = 0
    for number, line in filled_lines(path, root=root):
        columns = line.split()
        fault = _fault(columns, n_classes)
        if fault:
            faults.append(f"{name_of(path, root)}:{number}: {fault}")
            continue
        box = [float(column) for column in columns[1:]]
        if min(box[2:]) <= 0:
            n_degenerate += 1
            continue
        ids.append(int(columns[0]))
        rows.append(box)
    labels = Labels(
        class_ids=np.asarray(ids, np.int64), boxes=xyxy_from_cxcywh(rows), n_degenerate=n_degenerate
    )
    return labels, faults


def _fault(columns: list[str], n_classes: int | None) -> str | None:
    if len(columns) > 5:
        columns_found = f"{len(columns)} columns instead of 5"
        return f"{columns_found}: polygon lines are not supported by this format yet; write class cx cy w h"
    if len(columns) < 5:
        return f"{len(columns)} columns instead of 5; write class cx cy w h"
    if not columns[0].isdecimal():
        return f"class {columns[0]!r} is not a whole number from 0 on"
    if n_classes is not None and int(columns[0]) >= n_classes:
        return f"class {columns[0]} is out of range; {n_classes} classes are named, ids 0 to {n_classes - 1}"
    for column in columns[1:]:
        fault = _share_fault(column)
        if fault:
            return fault
    return None


def _share_fault(column: str) -> str | None:
    try:
        value = float(column)
    except ValueError:
        return f"{column!r} is not a number"
    if not math.isfinite(value):
        return f"{column} is not a finite number; correct or remove the object"
    if value > 1 + _TOLERANCE:
        return f"{column} is above 1 and looks like pixels; write shares of the image's width and height"
    if value < -_TOLERANCE:
        return f"{column} is below 0; centre and size are shares from 0 to 1"
    return None
