"""The earlier tool's variant of LabelMe's files: `labels` instead of `shapes`, in percent of the image.

It came from Label Studio, so its entries are spelled in several ways: the class as label, class, name,
category or in a list `polygonlabels`; the points as [x, y] or {"x": .., "y": ..}; a box as x, y, width and
height.
"""

from collections.abc import Mapping, Sequence

from rccar_models.errors import LabelError
from rccar_models.formats.labelme.shapes import (
    POLYGON,
    RECTANGLE,
    Entry,
    Shape,
    corners_of,
    label_of,
    number_of,
    outline_of,
    shown,
)

_NAMES = ("label", "class", "class_name", "className", "name", "category", "title")
_LISTS = ("polygonlabels", "rectanglelabels", "labels", "brushlabels", "keypointlabels", "ellipselabels")
_BOX = ("x", "y", "width", "height")

# Tools round: a percentage may pass the edge by that much.
_TOLERANCE = 0.1


def percent_shape(entry: Entry, where: str) -> Shape:
    """Check an entry of `labels`.

    Args:
        entry: a class, and points or a box.
        where: what messages call it.

    Returns:
        The shape, in percent of the image's width and height.

    Raises:
        LabelError: it is of a wrong kind, anything in it is, or it is not in percent.
    """
    inner = entry.get("value")
    fields = {**entry, **inner} if isinstance(inner, dict) else entry
    label = label_of(_label(fields))
    outline = _outline(fields)
    if max(outline) > 100 + _TOLERANCE:
        raise LabelError(
            f"its coordinate {max(outline):g} is above 100 and looks like pixels; write percent of the "
            "image's width and height, or call the list shapes if all are pixels"
        )
    if min(outline) < -_TOLERANCE:
        raise LabelError(f"its coordinate {min(outline):g} is below 0; percent go from 0 to 100")
    return Shape(where=where, label=label, outline=outline)


def shares_fault(shapes: Sequence[Shape], key: str) -> LabelError | None:
    """Find out whether the coordinates of a file look like shares of the image from 0 to 1.

    Args:
        shapes: all of the file.
        key: of their list.

    Returns:
        What is wrong, None if nothing is.
    """
    numbers = [number for shape in shapes for number in shape.outline]
    if not numbers or not 0 < max(map(abs, numbers)) <= 1:
        return None
    if key != "labels" and all(number.is_integer() for number in numbers):
        return None  # one pixel in the corner
    unit = "percent" if key == "labels" else "pixels"
    text = f"no coordinate is above 1, which looks like shares of the image; write {unit}"
    return LabelError(text, object=key)


def _label(fields: Entry) -> object:
    for key in _LISTS:
        value = fields.get(key)
        if isinstance(value, list):
            if len(value) != 1:
                raise LabelError(f"its {key} name {len(value)} classes; keep one")
            return value[0]
    return next((fields[key] for key in (*_NAMES, *_LISTS) if fields.get(key) is not None), None)


def _outline(fields: Entry) -> tuple[float, ...]:
    points = fields.get("points")
    kind = _kind(fields)
    if points is None and all(key in fields for key in _BOX):
        return _box(fields, kind)
    return outline_of(kind, corners_of(_as_pairs(points)))


def _kind(fields: Entry) -> object:
    """What an entry says to be; without a word a box has its four numbers, and all else is a polygon."""
    said = fields.get("shape_type") or fields.get("type")
    if not isinstance(said, str):
        said = next((key for key in _LISTS if key in fields and key != "labels"), None)
    if said is None:
        return POLYGON if "points" in fields else RECTANGLE
    kind = said.lower().removesuffix("labels")
    return {"bbox": RECTANGLE, "box": RECTANGLE, "rect": RECTANGLE, "": POLYGON}.get(kind, kind)


def _box(fields: Entry, kind: object) -> tuple[float, ...]:
    x, y, width, height = (number_of(fields[key]) for key in _BOX)
    rotation = fields.get("rotation")
    if rotation is not None and rotation != 0:
        raise LabelError(f"it is turned by {shown(rotation)} degrees; draw it as a polygon")
    return outline_of(kind, [(x, y), (x + width, y + height)])


def _as_pairs(points: object) -> object:
    """Points as [x, y], whichever way they are written."""
    if not isinstance(points, list) or not points:
        return points
    if all(isinstance(point, Mapping) and {"x", "y"} <= set(point) for point in points):
        return [[point["x"], point["y"]] for point in points]
    if len(points) % 2 == 0 and all(isinstance(point, int | float) for point in points):
        return [list(pair) for pair in zip(points[::2], points[1::2], strict=True)]
    return points
