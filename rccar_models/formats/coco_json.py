"""COCO annotation files, read strictly: what the JSON says becomes checked records, or clear faults.

Source of the layout: https://cocodataset.org/#format-data (object detection).
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rccar_models.errors import DataError
from rccar_models.formats.files import name_of, read_text

Entry = Mapping[str, object]
T = TypeVar("T")

Region = Sequence[Sequence[float]] | Mapping[str, object]
"""Polygons (x1, y1, x2, y2, ...) in pixels, or a run-length code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A class as the file names it.

    Args:
        id: in the file.
        name: of the class.
        parent: its super-category, empty if none.
    """

    id: int
    name: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One annotation.

    Args:
        id: as messages call it.
        image: id of its image in the file.
        category: id in the file.
        box: x, y, width, height in pixels.
        is_crowd: a group that is not told apart.
        region: its outline; empty if it has a box only.
    """

    id: object
    image: object
    category: int
    box: tuple[float, ...]
    is_crowd: bool
    region: Region

    @property
    def has_area(self) -> bool:
        """Whether the box has a width and a height above 0."""
        return min(self.box[2:]) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image entry with its annotations.

    Args:
        id: in the file.
        file_name: as the file writes it.
        size: (width, height) in pixels, None if the file does not say.
        things: its annotations in file order.
    """

    id: object
    file_name: str
    size: tuple[int, int] | None
    things: list[Thing] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoFile:
    """What one annotation file holds.

    Args:
        categories: in file order.
        pictures: in file order.
    """

    categories: tuple[Category, ...]
    pictures: tuple[Picture, ...]


def read_coco(path: Path, *, root: Path) -> CocoFile:
    """Read an annotation file.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its content, checked.

    Raises:
        DataError: it is not strict JSON, or entries are missing, of a wrong kind, or refer to nothing.
    """
    where = name_of(path, root)
    content = _strict_json(read_text(path, root=root), where, root)
    faults: list[str] = []
    categories = _records(content, "categories", _category, faults)
    pictures = _records(content, "images", _picture, faults)
    by_id = {picture.id: picture for picture in pictures}
    if len(by_id) < len(pictures):
        faults.append("two images have the same id; give each its own")
    known = {category.id for category in categories}
    for thing in _records(content, "annotations", _thing, faults):
        if thing.image not in by_id:
            faults.append(f"object {thing.id}: image_id {thing.image!r} is not among the images; remove it")
        elif thing.category not in known:
            faults.append(f"object {thing.id}: category_id {thing.category} is not in categories; add it")
        else:
            by_id[thing.image].things.append(thing)
    if faults:
        raise DataError(str(root), [f"{where}: {fault}" for fault in faults])
    return CocoFile(categories=tuple(categories), pictures=tuple(pictures))


def _strict_json(text: str, where: str, root: Path) -> Entry:
    def refuse(constant: str) -> object:
        raise ValueError(constant)

    try:
        content = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        fault = f"{where}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}"
        raise DataError(str(root), [fault]) from error
    except RecursionError as error:
        raise DataError(str(root), [f"{where}: nested too deeply for an annotation file"]) from error
    except ValueError as error:
        line, column = _place_of_constant(text)
        fault = f"{where}:{line}:{column}: {error} is not a number in JSON; correct or remove the entry"
        raise DataError(str(root), [fault]) from error
    if not isinstance(content, dict):
        raise DataError(str(root), [f"{where}: must be an object with images, annotations and categories"])
    return content


def _place_of_constant(text: str) -> tuple[int, int]:
    """Line and column of the first NaN or Infinity outside quotes."""
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|(-?Infinity|NaN)', text):
        if match[1]:
            before = text[: match.start()]
            return before.count("\n") + 1, match.start() - before.rfind("\n")
    return 1, 1


def _records(content: Entry, key: str, make: Callable[[Entry], T], faults: list[str]) -> list[T]:
    """Turn a list of entries into records; what is wrong with an entry goes to the faults."""
    entries = content.get(key)
    if not isinstance(entries, list):
        faults.append(f"{key} is missing or not a list")
        return []
    records: list[T] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            faults.append(f"{key}[{number}] is not an object")
            continue
        try:
            records.append(make(entry))
        except ValueError as error:
            faults.append(f"{key}[{number}] (id {entry.get('id', 'missing')}): {error}")
    return records


def _category(entry: Entry) -> Category:
    parent = entry.get("supercategory")
    name = _text(entry, "name")
    return Category(id=_whole(entry, "id"), name=name, parent=parent if isinstance(parent, str) else "")


def _picture(entry: Entry) -> Picture:
    has_size = entry.get("width") is not None and entry.get("height") is not None
    size = (_whole(entry, "width"), _whole(entry, "height")) if has_size else None
    return Picture(id=_key(entry, "id"), file_name=_text(entry, "file_name"), size=size)


def _thing(entry: Entry) -> Thing:
    box = _numbers(entry.get("bbox"), "bbox")
    if len(box) != 4:
        raise ValueError(f"bbox has {len(box)} numbers instead of x, y, width, height")
    return Thing(
        id=entry.get("id", "without id"),
        image=_key(entry, "image_id"),
        category=_whole(entry, "category_id"),
        box=box,
        is_crowd=entry.get("iscrowd") == 1,
        region=_region(entry.get("segmentation")),
    )


def _region(value: object) -> Region:
    if not value:
        return ()
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        raise ValueError("segmentation is neither a list of polygons nor a run-length code")
    polygons = [_numbers(polygon, "a polygon of segmentation") for polygon in value]
    if any(len(polygon) % 2 for polygon in polygons):
        raise ValueError("a polygon has an odd number of coordinates; it needs x and y of each corner")
    # Fewer than three corners enclose nothing, and pycocotools would take four numbers for a box.
    return tuple(polygon for polygon in polygons if len(polygon) >= 6)


def _numbers(value: object, what: str) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is missing or not a list of numbers")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"{what} holds {number!r}, not a finite number; correct or remove the object")
    return tuple(float(number) for number in value)


def _whole(entry: Entry, key: str) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} is {value!r}, not a whole number")
    return value


def _key(entry: Entry, key: str) -> int | str:
    value = entry.get(key)
    return value if isinstance(value, str) and value else _whole(entry, key)


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is {value!r}, not a text")
    return value
