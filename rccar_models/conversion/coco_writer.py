"""Writes COCO: annotations/instances_<split>.json, and the images in images/<split>/.

Boxes and outlines stay as the source has them, run-length codes too. Of a mask, each connected region becomes
an object with a run-length code. Ignored pixels become a crowd with a box and no outline: what only a box
tells of is ignored where no outline lies. Where that box covers background, this is outlined as a crowd too.
Source of the layout: https://cocodataset.org/#format-data (object detection).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.conversion.places import Place
from rccar_models.conversion.regions import mask_regions, run_length_code
from rccar_models.conversion.target import Labels, Source, Written
from rccar_models.formats.labelling import filled
from rccar_models.samples import IGNORE_ID, UNSPLIT, Frame, Region, Thing

# Digits of a pixel: finer than any label, and shares of YOLO come back to all six digits.
_DIGITS = 6

Entry = dict[str, object]


class CocoWriter:
    """Writes annotation files.

    Args:
        root: folder that is written.
        source: what is read.
    """

    def __init__(self, root: Path, source: Source) -> None:
        self._root = root
        self._source = source
        # Category 0 is the background, where it has to be named at all.
        self._first = 0 if source.is_painted and (source.has_ground or source.adds_ground) else 1

    def write(self, place: Place, frame: Frame) -> Labels:
        """Describe the objects of one frame.

        Args:
            place: where.
            frame: its image is in place already.

        Returns:
            Annotations without their ids; crowds are not counted.
        """
        del place
        if self._source.is_painted and frame.mask is not None:
            entries = tuple(self._of_mask(frame.mask))
        else:
            height, width = frame.image.shape[:2]
            entries = tuple(self._of_thing(thing, width=width, height=height) for thing in frame.things)
        return Labels(n_objects=sum(not entry["iscrowd"] for entry in entries), entries=entries)

    def finish(self, written: Sequence[Written]) -> tuple[str, ...]:
        """Write one annotation file for each split.

        Args:
            written: all frames.

        Returns:
            Names of the categories in order of id.
        """
        folder = self._root / "annotations"
        folder.mkdir(exist_ok=True)
        categories = self._categories(written)
        for split in dict.fromkeys(one.place.split for one in written):
            kept = [one for one in written if one.place.split == split]
            called = "default" if split == UNSPLIT else split
            content = {
                "info": {"description": f"written by sweep data convert, split {called}"},
                "licenses": [],
                "images": [_image(one, number) for number, one in enumerate(kept, start=1)],
                "annotations": list(_numbered(kept)),
                "categories": categories,
            }
            text = json.dumps(content, ensure_ascii=False, allow_nan=False)
            (folder / f"instances_{called}.json").write_text(text, encoding="utf-8")
        return tuple(str(category["name"]) for category in categories)

    def _categories(self, written: Sequence[Written]) -> list[Entry]:
        numbered = [(self._first + class_id, name) for class_id, name in enumerate(self._source.names)]
        if self._first == 0:
            # Without need it is left away: it would be a class of detection that nothing shows.
            used = any(entry["category_id"] == 0 for one in written for entry in one.entries)
            unseen = self._source.has_ground and not any(0 in one.ids for one in written)
            numbered = numbered if used or unseen else numbered[1:]
        return [{"id": number, "name": name, "supercategory": ""} for number, name in numbered]

    def _of_thing(self, thing: Thing, *, width: int, height: int) -> Entry:
        x1, y1, x2, y2 = thing.box
        box = [_rounded(number) for number in (x1, y1, x2 - x1, y2 - y1)]
        return {
            "category_id": self._first + thing.class_id,
            "bbox": box,
            "area": _rounded(_area(thing, width=width, height=height)),
            "segmentation": _plain(thing.region),
            "iscrowd": int(thing.is_crowd),
        }

    def _of_mask(self, mask: NDArray[np.uint8]) -> Iterator[Entry]:
        height, width = mask.shape
        ground = {0} if self._first == 0 else set()
        for region in mask_regions(mask, leaving_out={IGNORE_ID, *ground}):
            yield {
                "category_id": self._first + region.class_id,
                "bbox": _xywh(region.box),
                "area": int(region.window.sum()),
                "segmentation": region.code(width=width, height=height),
                "iscrowd": 0,
            }
        is_covered = np.zeros(mask.shape, bool)
        for region in mask_regions(mask, leaving_out=set(range(IGNORE_ID))):
            x1, y1, x2, y2 = map(int, region.box)
            is_covered[y1:y2, x1:x2] = True
            yield self._crowd(box=_xywh(region.box), area=int(region.window.sum()), region=[])
        guarded = is_covered & (mask == 0)
        if ground and guarded.any():
            rows, columns = np.nonzero(guarded)
            x1, y1, x2, y2 = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            box = _xywh((float(x1), float(y1), float(x2), float(y2)))
            yield self._crowd(box=box, area=int(guarded.sum()), region=run_length_code(guarded), category=0)

    def _crowd(self, *, box: list[float], area: int, region: object, category: int | None = None) -> Entry:
        category = min(1, self._first + len(self._source.names) - 1) if category is None else category
        return {"category_id": category, "bbox": box, "area": area, "segmentation": region, "iscrowd": 1}


def _image(written: Written, number: int) -> Entry:
    width, height = written.size
    return {"id": number, "file_name": written.file_name, "width": width, "height": height}


def _numbered(kept: Sequence[Written]) -> Iterator[Entry]:
    number = 0
    for image, one in enumerate(kept, start=1):
        for entry in one.entries:
            number += 1
            yield {"id": number, "image_id": image, **entry}


def _rounded(number: float) -> float:
    return round(float(number), _DIGITS)


def _xywh(box: tuple[float, float, float, float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]


def _plain(region: Region) -> object:
    """An outline as JSON holds it."""
    if isinstance(region, Mapping):
        counts = region["counts"]
        return {
            "size": region["size"],
            "counts": counts.decode("ascii") if isinstance(counts, bytes) else counts,
        }
    return [[_rounded(number) for number in polygon] for polygon in region]


def _area(thing: Thing, *, width: int, height: int) -> float:
    """Pixels that an outline encloses, of the box if there is none."""
    if isinstance(thing.region, Mapping):
        return float(filled(thing.region, width=width, height=height).sum())
    if not thing.region:
        x1, y1, x2, y2 = thing.box
        return (x2 - x1) * (y2 - y1)
    return sum(_enclosed(np.asarray(polygon, np.float64).reshape(-1, 2)) for polygon in thing.region)


def _enclosed(ring: NDArray[np.float64]) -> float:
    """The shoelace formula."""
    x, y = ring[:, 0], ring[:, 1]
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)
