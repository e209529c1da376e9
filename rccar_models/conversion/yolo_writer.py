"""Writes YOLO: images/<split>/NAME.jpg, labels/<split>/NAME.txt, data.yaml and classes.txt.

A line is "class cx cy w h", or "class x1 y1 x2 y2 x3 y3 ..." where the object has an outline, in shares
of the image with six digits. Source: https://docs.ultralytics.com/datasets/segment and /detect.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from rccar_models.conversion.outlines import Ring, cut_to_picture, joined, traced
from rccar_models.conversion.places import Place
from rccar_models.conversion.regions import mask_regions
from rccar_models.conversion.target import Labels, Source, Written
from rccar_models.formats.labelling import filled
from rccar_models.samples import IGNORE_ID, UNSPLIT, Frame, Region, Thing

CUT = "objects reached over the edge of the image and were cut there"
OUTSIDE = "objects without area inside the image were left out"
JOINED = "objects of several parts or with holes became one outline, its parts joined by lines without width"
CROWD = "crowds were left out (YOLO has no crowds)"
CROWD_OUTLINE = "crowds became plain objects (YOLO has no crowds)"
OUTLINE = "objects lost their outline, because boxes were asked for (--task detection)"
OWN_BOX = "objects had a box of their own; with an outline YOLO takes the box around that"
IGNORED = "images have ignored pixels (255), which became background (YOLO cannot ignore)"
BARE = (
    "objects have a box but no outline, among others that have one; "
    "where a training tool wants one kind only, convert with --task detection"
)

# By so many pixels a box may differ from its outline before anybody is told: exports round to whole pixels.
_SAME_BOX_PX = 1.0


class YoloWriter:
    """Writes label files.

    Args:
        root: folder that is written.
        source: what is read.
        boxes_only: write boxes even where there are outlines.
    """

    def __init__(self, root: Path, source: Source, *, boxes_only: bool) -> None:
        self._root = root
        self._source = source
        self._boxes_only = boxes_only
        self._drops_ground = source.is_painted and (source.has_ground or source.adds_ground)

    def write(self, place: Place, frame: Frame) -> Labels:
        """Write the label file of one frame.

        Args:
            place: where.
            frame: its objects or its mask.

        Returns:
            How many lines, and what could not be held.
        """
        losses: Counter[str] = Counter()
        if self._source.is_painted and frame.mask is not None:
            lines = self._of_mask(frame.mask, losses)
        else:
            lines = self._of_things(frame, losses)
        path = self._root / f"{place.below('labels')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return Labels(n_objects=len(lines), losses=losses)

    def finish(self, written: Sequence[Written]) -> tuple[str, ...]:
        """Write `data.yaml` and `classes.txt`.

        Args:
            written: all frames.

        Returns:
            Class names in order of id.
        """
        names = self._source.names[self._drops_ground :]
        splits = [split for split in dict.fromkeys(one.place.split for one in written) if split != UNSPLIT]
        content = {split: f"images/{split}" for split in splits} | {"names": dict(enumerate(names))}
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        (self._root / "data.yaml").write_text(text, encoding="utf-8")
        (self._root / "classes.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return tuple(names)

    def _of_mask(self, mask: NDArray[np.uint8], losses: Counter[str]) -> list[str]:
        height, width = mask.shape
        losses[IGNORED] += bool((mask == IGNORE_ID).any())
        lines: list[str] = []
        for region in mask_regions(mask, leaving_out={IGNORE_ID, *([0] if self._drops_ground else [])}):
            class_id = region.class_id - self._drops_ground
            if self._boxes_only:
                lines.append(_box_line(class_id, region.box, width=width, height=height))
                continue
            rings = traced(region.window)
            losses[JOINED] += len(rings) > 1
            ring = np.add(joined(rings), (region.x, region.y))
            lines.append(_line(class_id, ring / (width, height)))
        losses[OUTLINE] += len(lines) if self._boxes_only else 0
        return lines

    def _of_things(self, frame: Frame, losses: Counter[str]) -> list[str]:
        height, width = frame.image.shape[:2]
        lines: list[str] = []
        n_bare = n_outlined = 0
        for thing in frame.things:
            if thing.is_crowd:
                is_left_out = self._boxes_only or not thing.region
                losses[CROWD if is_left_out else CROWD_OUTLINE] += 1
                if is_left_out:
                    continue
            if thing.region and not self._boxes_only:
                n_outlined += 1
                line = _outlined(thing, losses, width=width, height=height)
            else:
                n_bare += not thing.region
                losses[OUTLINE] += bool(thing.region)
                line = _boxed(thing, losses, width=width, height=height)
            if line is None:
                losses[OUTSIDE] += 1
            else:
                lines.append(line)
        losses[BARE] += n_bare if n_outlined else 0
        return lines


def _boxed(thing: Thing, losses: Counter[str], *, width: int, height: int) -> str | None:
    x1, y1, x2, y2 = thing.box
    left, right = np.clip([x1, x2], 0, width).tolist()
    upper, lower = np.clip([y1, y2], 0, height).tolist()
    if right <= left or lower <= upper:
        return None
    losses[CUT] += max(left - x1, upper - y1, x2 - right, y2 - lower) > _SAME_BOX_PX
    return _box_line(thing.class_id, (left, upper, right, lower), width=width, height=height)


def _outlined(thing: Thing, losses: Counter[str], *, width: int, height: int) -> str | None:
    ring, n_parts = _ring(thing.region, width=width, height=height)
    if ring is None:
        return None
    losses[JOINED] += n_parts > 1
    around = np.concatenate([ring.min(axis=0), ring.max(axis=0)])
    losses[OWN_BOX] += bool(np.abs(around - np.asarray(thing.box)).max() > _SAME_BOX_PX)
    inside = cut_to_picture(ring, width=width, height=height)
    if len(inside) < 3:
        return None
    losses[CUT] += bool(inside is not ring and np.abs(_bounds(inside) - around).max() > _SAME_BOX_PX)
    return _line(thing.class_id, inside / (width, height))


def _bounds(ring: Ring) -> NDArray[np.float64]:
    return np.concatenate([ring.min(axis=0), ring.max(axis=0)])


def _ring(region: Region, *, width: int, height: int) -> tuple[Ring | None, int]:
    """An outline as one ring, and of how many rings it is made; None if it encloses nothing."""
    if isinstance(region, Mapping):
        rings = traced(filled(region, width=width, height=height))
        return (joined(rings) if rings else None), len(rings)
    rings = [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in region]
    if len(rings) == 1:
        return rings[0], 1
    whole = joined(rings)
    # Where parts overlap, joining them would make a hole of what both cover.
    pixels = filled(region, width=width, height=height)
    if (filled([whole.ravel().tolist()], width=width, height=height) != pixels).any():
        rings = traced(pixels)
        return (joined(rings) if rings else None), len(rings)
    return whole, len(rings)


def _box_line(class_id: int, box: tuple[float, float, float, float], *, width: int, height: int) -> str:
    x1, y1, x2, y2 = box
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return _line(class_id, np.asarray(shares))


def _line(class_id: int, shares: NDArray[np.float64]) -> str:
    return " ".join([str(class_id), *(f"{share:.6f}" for share in shares.ravel().tolist())])
