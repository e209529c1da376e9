"""Shapes of labelling tools, checked: a name, and the corners of an outline.

LabelMe's `shapes` are in pixels, the earlier tool's `labels` (`percent_json`) in percent of the image.
Source: https://github.com/wkentaro/labelme (label files of versions 3 to 5).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rccar_models.errors import LabelError
from rccar_models.faults import Rule
from rccar_models.formats.json_files import is_unicode

Entry = Mapping[str, object]

RECTANGLE = "rectangle"
POLYGON = "polygon"

# Any label is told from a colour or a size by its length; a text of a megabyte is no name.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One labelled object.

    Args:
        where: what messages call it, e.g. "shapes[2]", counted from 0 as in the file.
        label: as the file has it, without white space around it; numbers as text.
        outline: x, y of each corner in the file's unit, at least three corners.
    """

    where: str
    label: str
    outline: tuple[float, ...]


def labelme_shape(entry: Entry, where: str) -> Shape:
    """Check an entry of LabelMe's `shapes`.

    Args:
        entry: with label, points and shape_type.
        where: what messages call it.

    Returns:
        The shape, in pixels.

    Raises:
        LabelError: it is of a wrong kind, or anything in it is.
    """
    kind = entry.get("shape_type") or POLYGON  # the first versions had only polygons, and did not say so
    points = corners_of(entry.get("points"))
    return Shape(where=where, label=label_of(entry.get("label")), outline=outline_of(kind, points))


def label_of(value: object) -> str:
    """Check the name of a class.

    Args:
        value: a text, or a number as some tools write.

    Returns:
        The name.

    Raises:
        LabelError: it is neither, empty or very long.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise LabelError(f"its label is {shown(value)}, not a name; name its class")
    if not is_unicode(value):
        raise LabelError(f"its label {shown(value)} holds half a character; correct it")
    if len(value) > _LONGEST_NAME:
        raise LabelError(f"its label has {len(value)} letters; name its class")
    return " ".join(value.split())


def corners_of(value: object) -> list[tuple[float, float]]:
    """Check the points of a shape.

    Args:
        value: a list of [x, y].

    Returns:
        x and y of each.

    Raises:
        LabelError: it is something else, or holds what is not a finite number.
    """
    if not isinstance(value, list):
        raise LabelError(f"its points are {shown(value)}, not a list of [x, y]; draw it again or remove it")
    return [_corner(point) for point in value]


def _corner(point: object) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise LabelError(f"its point {shown(point)} is not [x, y]; correct or remove it")
    return number_of(point[0]), number_of(point[1])


def number_of(value: object) -> float:
    """Check a coordinate.

    Args:
        value: a number.

    Returns:
        It.

    Raises:
        LabelError: it is no finite number.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        pass
    raise LabelError(f"its coordinate {shown(value)} is not a finite number; correct or remove it")


def outline_of(kind: object, corners: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Make the outline of a shape.

    Args:
        kind: "polygon" or "rectangle".
        corners: of a rectangle two that lie across from each other, in any order, or all four.

    Returns:
        x, y of each corner.

    Raises:
        LabelError: it is of another kind, or has too few or too many corners.
    """
    if kind == POLYGON:
        if len(corners) < 3:
            text = f"a polygon of {len(corners)} points encloses nothing; draw at least 3"
            raise LabelError(text, Rule.SHORT_POLYGON)
        return tuple(number for corner in corners for number in corner)
    if kind != RECTANGLE:
        raise LabelError(f"shape_type {shown(kind)} is not read; draw it as a polygon or a rectangle")
    if len(corners) == 2:
        (x1, y1), (x2, y2) = corners
        return (x1, y1, x2, y1, x2, y2, x1, y2)
    if len(corners) != 4:
        raise LabelError(f"a rectangle of {len(corners)} points; it has 2 or 4")
    return tuple(number for corner in corners for number in corner)


def shown(value: object) -> str:
    """Say what a value is, in few letters whatever it is.

    Args:
        value: anything.

    Returns:
        Its beginning as Python writes it.
    """
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a number beyond all pixels"
    text = repr(value) if value is not None else "missing"
    return text if len(text) <= 40 else f"{text[:40]}..."
