"""Regions that Label Studio's annotations are made of: rectangles, polygons and brush strokes.

Coordinates are percent of the image's width and height. A rectangle is turned clockwise about its top left
corner, in pixels.
Sources: https://labelstud.io/guide/task_format, https://docs.humansignal.com/templates/image_bbox.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rccar_models.errors import LabelError
from rccar_models.faults import Rule
from rccar_models.formats.json_files import is_unicode
from rccar_models.formats.label_studio.brush import covered
from rccar_models.formats.labelling import extent
from rccar_models.samples import Region, Thing

Entry = Mapping[str, object]

GEOMETRIES = frozenset(
    {"rectangle", "polygon", "brush", "ellipse", "keypoint", "vector", "bitmask", "cuboid"}
)
"""Types of results that outline something without naming it."""

_NAMED = frozenset({"rectanglelabels", "polygonlabels", "brushlabels", "labels"})
_LOWEST, _HIGHEST = -100.0, 200.0  # percent; further out nothing is drawn by accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One region.

    Args:
        where: what messages call it.
        label: name of its class.
        rectangle: x, y, width, height in percent; empty if it is none.
        rotation_deg: of the rectangle.
        outline: x1, y1, x2, y2, ... in percent; empty if it is no polygon.
        brush: code of a brush stroke; empty if it is none.
        size: width and height in pixels of the image that was labelled, None if unknown.
    """

    where: str
    label: str
    rectangle: tuple[float, ...] = ()
    rotation_deg: float = 0.0
    outline: tuple[float, ...] = ()
    brush: bytes = b""
    size: tuple[int, int] | None = None

    @property
    def is_turned(self) -> bool:
        """Whether it is a rectangle that does not stand upright."""
        return bool(self.rectangle) and self.rotation_deg % 90 != 0

    @property
    def is_box(self) -> bool:
        """Whether it is an upright rectangle, which outlines nothing."""
        return bool(self.rectangle) and not self.is_turned

    @property
    def is_flat(self) -> bool:
        """Whether it is a rectangle without width or height."""
        return bool(self.rectangle) and min(self.rectangle[2:]) <= 0

    def thing(self, class_id: int, *, width: int, height: int) -> Thing:
        """Bring it into pixels.

        Args:
            class_id: of its label.
            width: of the image, pixels.
            height: of the image, pixels.

        Returns:
            The object; an upright rectangle has a box only.

        Raises:
            LabelError: it is a brush stroke whose code is faulty or made for another size.
        """
        if self.is_box and not self.rotation_deg:
            x, y, w, h = self.rectangle
            box = (x / 100 * width, y / 100 * height, (x + w) / 100 * width, (y + h) / 100 * height)
            return Thing(where=self.where, class_id=class_id, box=box)
        try:
            region = self._region(width=width, height=height)
        except LabelError as error:
            raise LabelError(f"{error.text}; draw it again", error.rule, object=self.where) from error
        box = extent(region)
        return Thing(where=self.where, class_id=class_id, box=box, region=() if self.is_box else region)

    def _region(self, *, width: int, height: int) -> Region:
        if self.brush:
            return covered(self.brush, width=width, height=height)
        if self.rectangle:
            return (_corners(self.rectangle, self.rotation_deg, width=width, height=height),)
        scale = (width / 100, height / 100)
        return (tuple(value * scale[position % 2] for position, value in enumerate(self.outline)),)


def _corners(
    rectangle: tuple[float, ...], rotation_deg: float, *, width: int, height: int
) -> tuple[float, ...]:
    """The corners of a turned rectangle in pixels, from its top left one on."""
    x, y, w, h = (value / 100 * side for value, side in zip(rectangle, (width, height) * 2, strict=True))
    angle = math.radians(rotation_deg)
    along, down = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    steps = ((0, 0), (w, 0), (w, h), (0, h))
    return tuple(
        start + a * along[axis] + b * down[axis] for a, b in steps for axis, start in enumerate((x, y))
    )


def read_shape(result: Entry, *, where: str) -> Shape | None:
    """Read one result of an annotation.

    Args:
        result: the entry.
        where: what messages call it.

    Returns:
        The region; None if the result tells something else (a choice, a text, a relation).

    Raises:
        LabelError: it is a region of a kind that is not read, or faulty.
    """
    kind = result.get("type")
    if not isinstance(kind, str) or not (kind.endswith("labels") or kind in GEOMETRIES):
        return None
    value = result.get("value")
    if not isinstance(value, dict):
        raise LabelError(f"{kind[:40]} without value; remove it")
    if kind not in _NAMED and kind.endswith("labels"):
        raise LabelError(_refusal(kind))
    label = _label(value, kind)
    if result.get("image_rotation"):
        turned = str(result.get("image_rotation"))[:40]
        raise LabelError(
            f"{label}: drawn on the image turned by {turned} degrees; turn it back and export again"
        )
    size = _size(result)
    if "rle" in value:
        return Shape(where=where, label=label, brush=_brush(value, label), size=size)
    if "points" in value:
        return Shape(where=where, label=label, outline=_outline(value["points"], label), size=size)
    if all(side in value for side in ("x", "y", "width", "height")) and "radiusX" not in value:
        sides = tuple(_percent(value[side], f"{label}: {side}") for side in ("x", "y", "width", "height"))
        rotation = _number(value.get("rotation") or 0, f"{label}: rotation")
        return Shape(where=where, label=label, rectangle=sides, rotation_deg=rotation, size=size)
    raise LabelError(_refusal(kind))


def _refusal(kind: str) -> str:
    what = f"{kind[:40]} is not read (rectangles, polygons and brush strokes are)"
    return f"{what}; remove it, or export as PNG masks or COCO"


def _label(value: Entry, kind: str) -> str:
    labels = value.get(kind) if kind in _NAMED else value.get("labels")
    if not isinstance(labels, list) or not labels:
        raise LabelError(f"{kind} has no label; choose one or remove the region")
    if not all(isinstance(label, str) and label.strip() for label in labels):
        raise LabelError(f"{kind} has the label {labels!r:.80}, which is no text; choose one")
    if not is_unicode("".join(labels)):
        raise LabelError(f"{kind} has the label {labels!r:.80}, which holds half a character; correct it")
    if len(labels) > 1:
        raise LabelError(
            f"{kind} has {len(labels)} labels {labels!r:.80}; an object is of one class, keep one"
        )
    return str(labels[0]).strip()


def _brush(value: Entry, label: str) -> bytes:
    numbers = value["rle"]
    try:
        code = bytes(numbers) if isinstance(numbers, list) else b""
    except (TypeError, ValueError):  # not a byte each
        code = b""
    if value.get("format", "rle") != "rle" or not code:
        raise LabelError(f"{label}: its brush code is not a list of bytes; export as PNG masks or COCO")
    return code


def _outline(points: object, label: str) -> tuple[float, ...]:
    if not isinstance(points, list) or any(
        not isinstance(point, list) or len(point) != 2 for point in points
    ):
        raise LabelError(f"{label}: its points are not pairs of x and y; draw it again")
    if len(points) < 3:
        text = f"{label}: a polygon of {len(points)} points encloses nothing; draw it again"
        raise LabelError(text, Rule.SHORT_POLYGON)
    return tuple(_percent(number, f"{label}: a point") for point in points for number in point)


def _percent(number: object, what: str) -> float:
    value = _number(number, what)
    if not _LOWEST <= value <= _HIGHEST:
        text = f"{what} is {value:g} percent, far outside the image; correct it"
        raise LabelError(text, Rule.BOX_OUTSIDE)
    return value


def _number(number: object, what: str) -> float:
    try:
        value = math.nan if isinstance(number, bool | str) else float(number)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise LabelError(f"{what} is {number!r:.40}, not a finite number; correct or remove it")
    return value


def _size(result: Entry) -> tuple[int, int] | None:
    """Size of the image that was labelled; older exports do not say."""
    given = [result.get(key) for key in ("original_width", "original_height")]
    if any(value is None for value in given):
        return None
    width, height = (_number(value, "original size") for value in given)
    return (round(width), round(height)) if width > 0 and height > 0 else None
