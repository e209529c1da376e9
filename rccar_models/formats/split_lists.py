"""Lists that say which frame is in which split: `splits/train.txt`, one relative path a line."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from rccar_models.formats.files import filled_lines
from rccar_models.formats.splits import SPELLINGS
from rccar_models.formats.tree import Tree
from rccar_models.samples import SPLITS

FOLDERS = ("splits", "imagesets/main", "imagesets/segmentation", "imagesets")
"""Folders that hold such lists, in lower case, the first one found counts."""


def list_files(tree: Tree, folders: Sequence[str] = FOLDERS) -> Mapping[str, str]:
    """Find the lists of a data set.

    Args:
        tree: the data set.
        folders: where they may lie, in lower case, at any depth.

    Returns:
        A file by split; empty if there are none.
    """
    for wanted in folders:
        found: dict[str, str] = {}
        for name in tree.named(".txt"):
            path = PurePosixPath(name)
            where = path.parent.as_posix().lower()
            if where == wanted or where.endswith(f"/{wanted}"):
                for split in SPLITS:
                    if path.stem.lower() in SPELLINGS[split]:
                        found.setdefault(split, name)
        if found:
            return {split: found[split] for split in SPLITS if split in found}
    return {}


def listed_frames(
    tree: Tree, images: Sequence[str], folders: Sequence[str] = FOLDERS
) -> tuple[Mapping[str, list[str]], list[str], int] | None:
    """Divide images by the lists of a data set.

    Args:
        tree: the data set.
        images: names of all images.
        folders: where lists may lie.

    Returns:
        Images by split in the order of the lists, faults, and how many images stand in no list; None if the
        data set has no lists.
    """
    lists = list_files(tree, folders)
    if not lists:
        return None
    known = _by_key(images)
    faults: list[str] = []
    splits: dict[str, list[str]] = {}
    for split, file in lists.items():
        splits[split] = []
        for number, line in filled_lines(tree.path(file), root=tree.root):
            # Pascal VOC's lists carry a -1, 0 or 1 behind the name.
            image = _find(known, line, tree) or _find(known, line.rsplit(maxsplit=1)[0], tree)
            if image is None:
                faults.append(f"{file}:{number}: there is no image {line!r}; correct the line or remove it")
            else:
                splits[split].append(image)
    used = {name for names in splits.values() for name in names}
    return splits, faults, len(set(images) - used)


def _by_key(images: Iterable[str]) -> Mapping[str, str | None]:
    """Names under which a list may call an image; None where two images share one."""
    known: dict[str, str | None] = {}
    for image in images:
        parts = PurePosixPath(unicodedata.normalize("NFC", image)).parts
        for start in range(len(parts)):
            name = "/".join(parts[start:])
            for key in (name, name.removesuffix(PurePosixPath(name).suffix)):
                known[key] = image if known.get(key, image) == image else None
    # A whole path means its file, whatever other path ends like it.
    return known | {unicodedata.normalize("NFC", image): image for image in images}


def _find(known: Mapping[str, str | None], line: str, tree: Tree) -> str | None:
    name = unicodedata.normalize("NFC", line.replace("\\", "/"))
    for prefix in (f"{tree.root.resolve().as_posix()}/", f"{tree.root.as_posix()}/", "./"):
        name = name.removeprefix(prefix)
    if ".." in PurePosixPath(name).parts:
        return None
    return known.get(name)
