"""Where the files of a COCO data set lie: annotation files by split, and the images that they name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.formats.files import name_of
from rccar_models.formats.splits import SPELLINGS, split_folder
from rccar_models.samples import UNSPLIT

_ROBOFLOW = "_annotations.coco.json"
_PLAIN = re.compile(r"(?:instances_)?((train|valid|validation|val|test)\d*)\.json")

# Of undivided sets: CVAT writes instances_default.json, Label Studio result.json, Roboflow the first one.
_UNDIVIDED = re.compile(r"(?:_?annotations(?:\.coco)?|instances(?:_default|_all)?|result|coco)\.json")


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
    return any(_roboflow(root, split) for split in SPELLINGS) or bool(_plain(root) or _undivided(root))


def annotation_files(root: Path) -> Mapping[str, Annotated]:
    """Find the annotation file of each split, or the one of an undivided set.

    Args:
        root: the data set.

    Returns:
        Files by split; by `UNSPLIT` if there is one for all frames and none of a split.

    Raises:
        DataError: a split has several, or several may be the one for all frames.
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
    undivided = [] if found or faults else _undivided(root)
    if len(undivided) > 1:
        names = " and ".join(name_of(path, root) for path in undivided)
        faults.append(f"{names} may each describe all frames; keep one of them")
    if faults:
        raise DataError(str(root), faults)
    if undivided:
        (path,) = undivided
        return {UNSPLIT: Annotated(path, (root / "images", root / "images" / "default", path.parent, root))}
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


def _undivided(root: Path) -> list[Path]:
    """Files that may describe all frames."""
    paths = [path for folder in (root / "annotations", root) for path in sorted(folder.glob("*.json"))]
    return [path for path in paths if _UNDIVIDED.fullmatch(path.name) and path.is_file()]
