"""YOLO label files: one object a line, in shares of the image's width and height.

"class cx cy w h" is a box, "class x1 y1 x2 y2 x3 y3 ..." an outline of three corners or more. In sets for
pose models keypoints follow each box; they look like an outline and are none.
Source: https://docs.ultralytics.com/datasets/segment and /detect and /pose.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.boxes import xyxy_from_cxcywh
from rccar_models.errors import LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import filled_lines, name_of
from rccar_models.formats.labelling import extent
from rccar_models.samples import Thing

# Tools round to six digits, some to three: a share may pass 1 by that much.
_TOLERANCE = 1e-3

_BOX_COLUMNS = 5
_MAX_DIGITS = 6  # of a class id
_SMALLEST_OUTLINE = 7  # class and three corners


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    class_id: int
    shares: tuple[float, ...]

    @property
    def is_flat(self) -> bool:
        """Whether it is a box without width or height."""
        return len(self.shares) == _BOX_COLUMNS - 1 and min(self.shares[2:]) <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The objects of one image.

    Args:
        lines: of the file, those without faults.
        n_with_keypoints: objects whose keypoints were left out.
    """

    lines: tuple[_Line, ...] = ()
    n_with_keypoints: int = 0

    @property
    def n_degenerate(self) -> int:
        """Boxes whose width or height is not above 0: no task learns from them."""
        return sum(line.is_flat for line in self.lines)

    @property
    def n_boxes(self) -> int:
        """Objects that have a box and no outline."""
        return sum(len(line.shares) == _BOX_COLUMNS - 1 for line in self.lines)

    @property
    def highest(self) -> int:
        """Largest class id; 0 if there is no object."""
        return max((line.class_id for line in self.lines), default=0)

    def n_useful(self, task: str) -> int:
        """Count the objects that a task can learn from.

        Args:
            task: "segmentation" needs outlines, "detection" takes all.

        Returns:
            Their number.
        """
        return len(self.lines) - (self.n_boxes if task == "segmentation" else self.n_degenerate)

    def things(self, ids: Mapping[int, int], *, width: int, height: int) -> tuple[Thing, ...]:
        """Bring the objects into pixels.

        Args:
            ids: class id in the data set of each id in the file.
            width: of the image, pixels.
            height: of the image, pixels.

        Returns:
            One for each line.
        """
        return tuple(_thing(line, ids[line.class_id], width=width, height=height) for line in self.lines)


def _thing(line: _Line, class_id: int, *, width: int, height: int) -> Thing:
    if len(line.shares) == _BOX_COLUMNS - 1:
        x1, y1, x2, y2 = map(float, xyxy_from_cxcywh([line.shares])[0])
        box = (x1 * width, y1 * height, x2 * width, y2 * height)
        return Thing(line=line.number, class_id=class_id, box=box)
    outline = tuple(
        share * (width if position % 2 == 0 else height) for position, share in enumerate(line.shares)
    )
    return Thing(line=line.number, class_id=class_id, box=extent((outline,)), region=(outline,))


def read_labels(
    path: Path, *, root: Path, n_classes: int | None, has_keypoints: bool = False
) -> tuple[Labels, list[Fault]]:
    """Read a label file.

    Args:
        path: the file.
        root: folder of the data set, for messages.
        n_classes: number of named classes, None if nobody named them.
        has_keypoints: whether what follows a box are keypoints; they are left out.

    Returns:
        Its objects, and its faults.

    Raises:
        DataError: it cannot be read as text.
    """
    lines: list[_Line] = []
    faults: list[Fault] = []
    n_with_keypoints = 0
    for number, text in filled_lines(path, root=root):
        columns = text.split()
        if has_keypoints and len(columns) >= _SMALLEST_OUTLINE:
            columns = columns[:_BOX_COLUMNS]
            n_with_keypoints += 1
        try:
            _check(columns, n_classes)
        except LabelError as error:
            faults.append(error.at(file=name_of(path, root), line=number))
            continue
        lines.append(_Line(number, int(columns[0]), tuple(map(float, columns[1:]))))
    return Labels(lines=tuple(lines), n_with_keypoints=n_with_keypoints), faults


def _check(columns: list[str], n_classes: int | None) -> None:
    n_columns = len(columns)
    if n_columns == _BOX_COLUMNS + 1 and not any(map(_share_fault, columns[1:])):
        raise LabelError(
            "6 columns look like class cx cy w h confidence, which a model predicted and nobody labelled; "
            "check what it found and remove the last column"
        )
    if n_columns != _BOX_COLUMNS and (n_columns < _SMALLEST_OUTLINE or n_columns % 2 == 0):
        what = f"{n_columns} columns instead of {_BOX_COLUMNS}"
        raise LabelError(f"{what}; write class cx cy w h, or class and x y of at least three corners")
    if not columns[0].isdecimal() or len(columns[0]) > _MAX_DIGITS:
        what = f"class {columns[0][:80]!r} is not a whole number from 0 on"
        raise LabelError(f"{what}; {_id_for(columns[0])}")
    if n_classes is not None and int(columns[0]) >= n_classes:
        what = f"class {columns[0]} is out of range"
        named = f"{n_classes} classes are named, ids 0 to {n_classes - 1}"
        raise LabelError(f"{what}; {named}", Rule.CLASS_OUT_OF_RANGE)
    for column in columns[1:]:
        fault = _share_fault(column)
        if fault:
            raise LabelError(fault)


def _id_for(column: str) -> str:
    """How to mend a class id: pandas and numpy write whole ids as 2.0."""
    whole = re.fullmatch(rf"(\d{{1,{_MAX_DIGITS}}})\.0*", column, re.ASCII)
    return f"write {whole[1]}" if whole else "write the id of the class, its place in the list of names"


def _share_fault(column: str) -> str | None:
    try:
        value = float(column)
    except ValueError:
        return f"{column[:80]!r} is not a number"
    if not math.isfinite(value):
        return f"{column[:80]} is not a finite number; correct or remove the object"
    if value > 1 + _TOLERANCE:
        return f"{column[:80]} is above 1 and looks like pixels; write shares of the image's width and height"
    if value < -_TOLERANCE:
        return f"{column[:80]} is below 0; centre and size are shares from 0 to 1"
    return None
