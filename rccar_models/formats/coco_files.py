"""Where the files of a COCO data set lie: annotation files by split, and the images that they name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.formats.files import name_of
from rccar_models.formats.splits import SPELLINGS, split_folder

_ROBOFLOW = "_annotations.coco.json"
_PLAIN = re.compile(r"(?:instances_)?((train|valid|validation|val|test)\d*)\.json")


@dataclass(frozen=True, slots=True)
class Annotated:
    """One annotation file.

    Args:
        path: the file.
        folders: where its images may lie, the likeliest first.
    """

    path: Path
    folders: tuple[Path, ...]


def has_annotations(root: Path) -> bool:
    """Tell whether a folder holds annotation files of either layout.

    Args:
        root: the folder.

    Returns:
        True if there is at least one.
    """
    return any(_roboflow(root, split) for split in SPELLINGS) or bool(_plain(root))


def annotation_files(root: Path) -> Mapping[str, Annotated]:
    """Find the annotation file of each split.

    Args:
        root: the data set.

    Returns:
        Files by split.

    Raises:
        DataError: a split has several.
    """
    found: dict[str, Annotated] = {}
    faults: list[str] = []
    for split, path, called in _plain(root):
        if split in found:
            other = name_of(found[split].path, root)
            faults.append(f"{other} and {name_of(path, root)} both describe {split}; keep one of them")
        words = (called, *SPELLINGS[split])
        folders = [root / "images" / word for word in words] + [root / word for word in words]
        found[split] = Annotated(path, (*folders, root / "images", root))
    for split in SPELLINGS:
        if beside := _roboflow(root, split):
            found[split] = Annotated(beside, (beside.parent,))
    if faults:
        raise DataError(str(root), faults)
    return {split: found[split] for split in SPELLINGS if split in found}


def _roboflow(root: Path, split: str) -> Path | None:
    folder = split_folder(root, split)
    return folder / _ROBOFLOW if folder and (folder / _ROBOFLOW).is_file() else None


def _plain(root: Path) -> list[tuple[str, Path, str]]:
    """Split, file, and the file's name without `instances_` and suffix."""
    matches = [(path, _PLAIN.fullmatch(path.name)) for path in sorted((root / "annotations").glob("*.json"))]
    return [
        (split, path, match[1])
        for path, match in matches
        if match
        for split, words in SPELLINGS.items()
        if match[2] in words
    ]
