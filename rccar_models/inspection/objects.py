"""Labelled objects that cannot be right: flat or outside boxes, outlines that cross themselves.

Boxes and outlines are in pixels of the frame, origin top left. Shapely judges outlines: its predicates are
exact (GEOS), and it names the place of a crossing; a float test of our own would call touching edges crossed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rccar_models.faults import Rule
from rccar_models.formats.labelling import extent
from rccar_models.inspection.findings import Finding
from rccar_models.samples import Frame, Thing

# Labelling tools round to whole pixels, exports to shares of three digits: so much over the edge is no fault.
_TOLERANCE_PX = 1.0
_TOLERANCE_SHARE = 2e-3

# Less overlap of a box with that of its outline is no matter of rounding: one of the two is wrong.
_LEAST_OVERLAP = 0.5


class Place(NamedTuple):
    """Where findings about a frame's objects are.

    Args:
        image: name of the frame.
        labels: name of its label file; the image's where many share one file.
    """

    image: str
    labels: str


def object_findings(frame: Frame, place: Place) -> Iterator[Finding]:
    """Check all objects of a frame.

    Args:
        frame: with the objects as the files have them.
        place: for the findings.

    Yields:
        Findings in file order.
    """
    height, width = frame.image.shape[:2]
    first: dict[object, Thing] = {}
    for thing in frame.things:
        yield from _box_findings(thing, place, width=width, height=height)
        yield from _outline_findings(thing, place)
        other = first.setdefault((thing.class_id, thing.box, str(thing.region)), thing)
        if other is not thing:
            called = other.where or f"line {other.line}"
            yield _finding(Rule.REPEATED_OBJECT, thing, place, f"is the same as {called}; remove one of them")


def _box_findings(thing: Thing, place: Place, *, width: int, height: int) -> Iterator[Finding]:
    x1, y1, x2, y2 = thing.box
    shown = _shown(thing.box)
    if not thing.has_area:
        if not thing.is_crowd:
            which = "is left out of detection" if thing.region else "is left out"
            what = f"the box {shown} has no area and {which}; remove or redraw it"
            yield _finding(Rule.FLAT_BOX, thing, place, what)
        return
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        what = f"the box {shown} lies outside the {width}x{height} picture; remove or redraw it"
        yield _finding(Rule.BOX_OUTSIDE, thing, place, what, is_error=True)
        return
    over = max(-x1, -y1, x2 - width, y2 - height)
    if over > max(_TOLERANCE_PX, _TOLERANCE_SHARE * max(width, height)):
        what = f"the box {shown} reaches {over:.0f} pixels over the edge of the {width}x{height} picture"
        yield _finding(Rule.BOX_PARTLY_OUTSIDE, thing, place, f"{what} and is cut there")


def _outline_findings(thing: Thing, place: Place) -> Iterator[Finding]:
    if thing.n_short_outlines:
        what = "an outline of fewer than three corners encloses nothing and is left out; redraw or remove it"
        yield _finding(Rule.SHORT_POLYGON, thing, place, what, is_error=True)
    if isinstance(thing.region, Mapping):  # a run-length code has no corners
        return
    if thing.region and thing.has_area and not thing.n_short_outlines:
        yield from _contradiction(thing, place)
    for polygon in thing.region:
        crossing = _crossing(polygon)
        if crossing:
            what = f"the outline crosses itself near {crossing}; redraw it, or divide it at the crossing"
            yield _finding(Rule.CROSSING_POLYGON, thing, place, what)


def _contradiction(thing: Thing, place: Place) -> Iterator[Finding]:
    """Find a box that its file writes beside an outline that lies elsewhere."""
    around = extent(thing.region)
    (x1, y1), (x2, y2) = map(max, thing.box[:2], around[:2]), map(min, thing.box[2:], around[2:])
    shared = max(x2 - x1, 0) * max(y2 - y1, 0)
    areas = [(right - left) * (low - top) for left, top, right, low in (thing.box, around)]
    if shared < _LEAST_OVERLAP * (sum(areas) - shared):
        what = (
            f"its box {_shown(thing.box)} is not that of its outline, {_shown(around)}; correct one of them"
        )
        yield _finding(Rule.BOX_OFF_OUTLINE, thing, place, what)


def _shown(box: tuple[float, float, float, float]) -> str:
    x1, y1, x2, y2 = box
    return f"({x1:.0f}, {y1:.0f}) to ({x2:.0f}, {y2:.0f})"


def _crossing(polygon: tuple[float, ...] | list[float] | object) -> str:
    """Where an outline crosses itself; empty if it does not, or only touches itself in a corner."""
    import numpy as np
    import shapely

    outline = shapely.polygons(np.asarray(polygon, np.float64).reshape(-1, 2))
    if shapely.is_valid(outline):
        return ""
    reason = str(shapely.is_valid_reason(outline))
    if not reason.startswith("Self-intersection["):
        return ""
    x, y = (float(number) for number in reason.partition("[")[2].rstrip("]").split()[:2])
    return f"({x:.0f}, {y:.0f})"


def _finding(rule: Rule, thing: Thing, place: Place, text: str, *, is_error: bool = False) -> Finding:
    return Finding(rule, is_error, text, place.labels, thing.line, thing.where)
