"""Classes of a COCO data set: the categories of its annotation files, brought together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.coco.annotations import Category, CocoFile
from rccar_models.formats.files import name_of
from rccar_models.samples import IGNORE_ID

_BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Classes:
    """What the house calls the categories.

    Args:
        names: class names in order of class id.
        ids: class id of each category id.
    """

    names: tuple[str, ...]
    ids: Mapping[int, int]


def agreed_classes(files: Mapping[Path, CocoFile], *, root: Path, task: str) -> Classes:
    """Number the categories that all annotation files together name, in order of category id.

    A super-category that Roboflow writes but nothing uses is no class. Segmentation needs a class for
    what no outline covers: background, id 0.

    Args:
        files: annotation files by path.
        root: folder of the data set, for messages.
        task: "segmentation" or "detection".

    Returns:
        The classes.

    Raises:
        DataError: the files contradict each other, or no category is left.
    """
    faults = list(_contradictions(files, root))
    names = {category.id: category.name for file in files.values() for category in file.categories}
    kept = [category_id for category_id in sorted(names) if category_id not in _unused_parents(files)]
    if not kept:
        faults.append(_fault("no category is named; fill in categories of the annotation files"))
    if task == "segmentation" and len(kept) >= IGNORE_ID:
        text = f"{len(kept)} categories are more than the {IGNORE_ID - 1} that a mask can hold"
        faults.append(_fault(text))
    if faults:
        raise DataError(str(root), faults)
    if task == "segmentation":
        ground = [category_id for category_id in kept if names[category_id].lower() == _BACKGROUND]
        others = [category_id for category_id in kept if category_id not in ground]
        ids = {category_id: number for number, category_id in enumerate(others, start=1)}
        return Classes((_BACKGROUND, *(names[one] for one in others)), {**ids, **dict.fromkeys(ground, 0)})
    return Classes(
        tuple(names[category_id] for category_id in kept),
        {category_id: number for number, category_id in enumerate(kept)},
    )


def _unused_parents(files: Mapping[Path, CocoFile]) -> set[int]:
    categories: set[Category] = {category for file in files.values() for category in file.categories}
    pictures = [picture for file in files.values() for picture in file.pictures]
    used = {one.category for picture in pictures for one in picture.annotations}
    return {
        category.id
        for category in categories
        if category.id not in used
        and any(other.parent == category.name for other in categories if other.id != category.id)
    }


def _contradictions(files: Mapping[Path, CocoFile], root: Path) -> Iterator[Fault]:
    first_by_id: dict[int, tuple[str, str]] = {}
    first_by_name: dict[str, tuple[int, str]] = {}
    for path, file in files.items():
        where = name_of(path, root)
        for category in file.categories:
            name, there = first_by_id.setdefault(category.id, (category.name, where))
            if name != category.name:
                said = f"{name!r} in {there} and {category.name!r} in {where}"
                yield _fault(f"category {category.id} is called {said}; use one name")
                continue
            number, there = first_by_name.setdefault(category.name, (category.id, where))
            if number != category.id:
                said = f"{number} in {there} and {category.id} in {where}"
                yield _fault(f"category {category.name!r} has id {said}; use one id")


def _fault(text: str) -> Fault:
    return Fault(Rule.ANNOTATION, text)
