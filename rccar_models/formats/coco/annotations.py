"""COCO annotation files, read strictly: what the JSON says becomes checked records, or clear faults.

Source of the layout: https://cocodataset.org/#format-data (object detection).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.coco.fields import Entry, key_of, numbers_of, shown, text_of, whole_of
from rccar_models.formats.files import name_of
from rccar_models.formats.json_files import read_json
from rccar_models.formats.labelling import extent
from rccar_models.samples import Region, Thing

T = TypeVar("T")

_NOUNS = {"categories": "category", "images": "image", "annotations": "object"}


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
class Annotation:
    """One annotation.

    Args:
        id: as messages call it.
        image: id of its image in the file.
        category: id in the file.
        box: x, y, width, height in pixels.
        is_crowd: a group that is not told apart.
        region: its outline; empty if it has a box only.
        n_short_outlines: polygons of fewer than three corners, which are not in `region`.
        has_attributes: as Datumaro writes them.
    """

    id: object
    image: object
    category: int
    box: tuple[float, ...]
    is_crowd: bool
    region: Region
    n_short_outlines: int = 0
    has_attributes: bool = False

    def thing(self, class_id: int) -> Thing:
        """Make the object of it.

        Args:
            class_id: of its category in the data set.

        Returns:
            The object, its box with two corners.
        """
        x, y, width, height = self.box
        return Thing(
            where=f"object {self.id}",
            class_id=class_id,
            box=(x, y, x + width, y + height),
            region=self.region,
            is_crowd=self.is_crowd,
            n_short_outlines=self.n_short_outlines,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image entry with its annotations.

    Args:
        id: in the file.
        file_name: as the file writes it.
        size: (width, height) in pixels, None if the file does not say.
        annotations: of it, in file order.
    """

    id: object
    file_name: str
    size: tuple[int, int] | None
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoFile:
    """What one annotation file holds.

    Args:
        categories: in file order.
        pictures: in file order.
        n_same_ids: annotations whose id another one before them has.
        n_told_apart: crowds that were taken for single objects.
    """

    categories: tuple[Category, ...]
    pictures: tuple[Picture, ...]
    n_same_ids: int = 0
    n_told_apart: int = 0


def read_coco(path: Path, *, root: Path) -> tuple[CocoFile, list[Fault]]:
    """Read an annotation file.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its content without faulty entries, and a fault for each entry that is missing, of a wrong kind, or
        refers to nothing.

    Raises:
        DataError: it is not strict JSON.
    """
    where = name_of(path, root)
    content = read_json(path, root=root)
    if not isinstance(content, dict):
        text = "must be an object with images, annotations and categories"
        raise DataError(str(root), [Fault(Rule.ANNOTATION, text, file=where)])
    faults: list[LabelError] = []
    categories = _records(content, "categories", _category, faults)
    pictures = _records(content, "images", _picture, faults)
    by_id = {picture.id: picture for picture in pictures}
    if len(by_id) < len(pictures):
        faults += _same_ids(pictures)
    known = {category.id for category in categories}
    annotations = _records(content, "annotations", _annotation, faults)
    images, names = _written_ids(content, "images"), _written_ids(content, "categories")
    for one in annotations:
        if one.image in by_id and one.category in known:
            by_id[one.image].annotations.append(one)
        else:
            faults += _dangling(one, images, names)
    file = CocoFile(
        categories=tuple(categories), pictures=tuple(pictures), n_same_ids=_n_same_ids(annotations)
    )
    return file, [fault.at(file=where) for fault in faults]


def _written_ids(content: Entry, key: str) -> set[object] | None:
    """Ids of all entries of a list, the faulty ones too; None if the list is missing."""
    entries = content.get(key)
    if not isinstance(entries, list):
        return None
    ids = (entry.get("id") for entry in entries if isinstance(entry, dict))
    return {one for one in ids if isinstance(one, int | float | str)}


def _dangling(
    one: Annotation, images: set[object] | None, categories: set[object] | None
) -> Iterator[LabelError]:
    """Say what an object refers to in vain; of an entry that is there but faulty its own fault is enough."""
    if images is not None and one.image not in images:
        text = f"image_id {shown(one.image)} is not among the images; remove it"
        yield LabelError(text, Rule.LABEL_WITHOUT_IMAGE, object=f"object {shown(one.id)}")
    elif categories is not None and one.category not in categories:
        text = f"category_id {shown(one.category)} is not in categories; add it"
        yield LabelError(text, Rule.UNKNOWN_CLASS, object=f"object {shown(one.id)}")


def _same_ids(pictures: Sequence[Picture]) -> Iterator[LabelError]:
    """Name the images that share an id, of which the last one would get all objects."""
    named: dict[object, list[str]] = defaultdict(list)
    for one in pictures:
        named[one.id].append(one.file_name)
    for key, names in named.items():
        if len(names) > 1:
            text = f"{' and '.join(map(shown, names[:3]))} have the same id; give each its own"
            yield LabelError(text, object=f"image {shown(key)}")


def _n_same_ids(annotations: Sequence[Annotation]) -> int:
    ids = [one.id for one in annotations if isinstance(one.id, int)]
    return len(ids) - len(set(ids))


def _records(content: Entry, key: str, make: Callable[[Entry], T], faults: list[LabelError]) -> list[T]:
    """Turn a list of entries into records; what is wrong with an entry goes to the faults."""
    entries = content.get(key)
    if not isinstance(entries, list):
        faults.append(LabelError(f"{key} is missing or not a list"))
        return []
    records: list[T] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            faults.append(LabelError(f"{key}[{number}] is not an object"))
            continue
        try:
            records.append(make(entry))
        except LabelError as error:
            called = f"{_NOUNS[key]} {shown(entry['id'])}" if "id" in entry else f"{key}[{number}] (no id)"
            faults.append(error.of(called))
    return records


def _category(entry: Entry) -> Category:
    parent = entry.get("supercategory")
    name = text_of(entry, "name")
    return Category(id=whole_of(entry, "id"), name=name, parent=parent if isinstance(parent, str) else "")


def _picture(entry: Entry) -> Picture:
    has_size = entry.get("width") is not None and entry.get("height") is not None
    size = (whole_of(entry, "width"), whole_of(entry, "height")) if has_size else None
    return Picture(id=key_of(entry, "id"), file_name=text_of(entry, "file_name"), size=size)


def _annotation(entry: Entry) -> Annotation:
    region = _region(entry.get("segmentation"))
    box = _box(entry.get("bbox"), region)
    return Annotation(
        id=entry.get("id", "without id"),
        image=key_of(entry, "image_id"),
        category=whole_of(entry, "category_id"),
        box=box,
        is_crowd=entry.get("iscrowd") == 1,
        region=region,
        n_short_outlines=_n_short(entry.get("segmentation")),
        has_attributes=isinstance(entry.get("attributes"), dict),
    )


def _box(value: object, region: Region) -> tuple[float, ...]:
    """The box, that of the outline where the file has none."""
    if not value and region:
        x1, y1, x2, y2 = extent(region)
        return (x1, y1, x2 - x1, y2 - y1)
    box = numbers_of(value, "bbox")
    if len(box) != 4:
        raise LabelError(f"bbox has {len(box)} numbers instead of x, y, width, height")
    return box


def _region(value: object) -> Region:
    if not value:
        return ()
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        raise LabelError("segmentation is neither a list of polygons nor a run-length code")
    polygons = [numbers_of(polygon, "a polygon of segmentation") for polygon in value]
    if any(len(polygon) % 2 for polygon in polygons):
        raise LabelError("a polygon has an odd number of coordinates; it needs x and y of each corner")
    # Fewer than three corners enclose nothing, and pycocotools would take four numbers for a box.
    return tuple(polygon for polygon in polygons if len(polygon) >= 6)


def _n_short(value: object) -> int:
    """Count the polygons that `_region` leaves out."""
    return sum(0 < len(polygon) < 6 for polygon in value) if isinstance(value, list) else 0
