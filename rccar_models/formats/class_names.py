"""Class names from `classes.txt` or `class_names.txt`: a line is "id name", or a name, in order of id."""

import hashlib
import posixpath
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_table import read_entries
from rccar_models.formats.files import name_of, read_text
from rccar_models.formats.tree import Tree

BACKGROUND = "background"
BACKGROUND_NAMES = frozenset({BACKGROUND, "_background_"})
"""How labelling tools call what nothing outlines, in lower case."""


# Sets whose ids have gaps (labelIds of Cityscapes, parts of larger sets) leave fewer in a row unused.
_FAR_IDS = 20

_FILES = ("classes.txt", "class_names.txt")  # the second is what LabelMe's exporters write


def class_file(tree: Tree, folders: Sequence[str]) -> Path | None:
    """Find the file that names the classes.

    Args:
        tree: the data set.
        folders: of labels, where it may lie; the likeliest first.

    Returns:
        `classes.txt` of a folder, else of the data set's root, else of such a folder deeper, else anywhere;
        in the last two only where all that are found say the same. Else `class_names.txt` likewise; None
        without one.
    """
    found = (_found(tree, folders, file) for file in _FILES)
    return next((path for path in found if path is not None), None)


def _found(tree: Tree, folders: Sequence[str], file: str) -> Path | None:
    anywhere = [name for name in tree.named(".txt") if posixpath.basename(name) == file]
    for place in (*(f"{folder}/{file}" for folder in folders), file):
        if place in anywhere:
            return tree.path(place)
    for ending in (*(f"/{folder}/{file}" for folder in folders), ""):
        found = [tree.path(name) for name in anywhere if name.endswith(ending)]
        if len({read_text(path, root=tree.root) for path in found}) == 1:
            return found[0]
    return None


def read_class_names(path: Path, *, root: Path, background: bool) -> tuple[str, ...]:
    """Read class names in order of their ids.

    Args:
        path: the file.
        root: folder of the data set, for messages.
        background: whether ids may start at 1; id 0 is then called "background".

    Returns:
        At least one name.

    Raises:
        DataError: the file is empty, names an id or a class twice, or leaves an id out.
    """
    where = name_of(path, root)
    names: dict[int, str] = {}
    known: set[str] = set()
    faults: list[Fault] = []
    for position, entry in enumerate(read_entries(path, root=root)):
        class_id = position if entry.id is None else entry.id
        if class_id in names:
            twice = f"id {class_id} stands twice; give each class its own id"
            faults.append(Fault(Rule.ANNOTATION, twice, file=where, line=entry.line))
        elif entry.name in known:
            twice = f"class {entry.name!r} stands twice; give each class its own name"
            faults.append(Fault(Rule.ANNOTATION, twice, file=where, line=entry.line))
        else:
            names[class_id] = entry.name
            known.add(entry.name)
    if background and names and 0 not in names:
        names[0] = "background"
    faults += gaps(names, where)
    if faults:
        raise DataError(str(root), faults)
    return tuple(names[class_id] for class_id in sorted(names))


def gaps(ids: Collection[int], where: str) -> list[Fault]:
    """Check that ids run from 0 on.

    Args:
        ids: of the classes.
        where: the file that names them.

    Returns:
        A fault if there are none, or if one is missing.
    """
    if not ids:
        text = "names no class; write one name a line, in order of id"
        return [Fault(Rule.ANNOTATION, text, file=where)]
    highest = max(ids)
    if highest == len(ids) - 1:
        return []
    missing = next(class_id for class_id in count() if class_id not in ids)
    text = f"ids must run from 0 without a gap; {missing} is missing, the highest is {highest}"
    return [Fault(Rule.ANNOTATION, text, file=where)]


def highest_id(counts: Mapping[int, int], n_masks: int) -> int:
    """Judge how many classes masks without names have: a few stray pixels do not make dozens of classes.

    Args:
        counts: in how many masks each class id is found.
        n_masks: there are.

    Returns:
        The highest id that is not far beyond all below it and found in hardly any mask; 0 without ids.
    """
    few = max(n_masks // 50, min(n_masks // 10, 1))  # below ten masks nothing is rare
    highest = 0
    for class_id in sorted(counts):
        is_rare = max(count for other, count in counts.items() if other >= class_id) <= few
        if class_id - highest > _FAR_IDS and is_rare:
            break
        highest = class_id
    return highest


def numbered_names(highest: int) -> tuple[str, ...]:
    """Make names for classes that nobody named.

    Args:
        highest: class id found.

    Returns:
        class_0, class_1, ...
    """
    return tuple(f"class_{class_id}" for class_id in range(highest + 1))


def numbered_span(highest: int) -> str:
    """Say how classes are called that nobody named.

    Args:
        highest: class id found.

    Returns:
        The first name and the last one.
    """
    return f"class_0 to class_{highest}" if highest else "class_0"


def mapping_key(*mappings: Mapping[Any, int | None]) -> str:
    """Identify what labels mean, for the digest: equal files and class names can still be other labels.

    Args:
        mappings: class id of each id, label or colour in the files.

    Returns:
        sha256, 64 hexadecimal digits.
    """
    content = repr([sorted(one.items()) for one in mappings])
    return hashlib.sha256(content.encode()).hexdigest()


def classes_for(names: Sequence[str], task: str) -> tuple[tuple[str, ...], Mapping[int, int]]:
    """Number classes for a task: a mask needs a class for what nothing outlines, the background with id 0.

    Args:
        names: of the classes in order of their ids in the files.
        task: "segmentation" or "detection".

    Returns:
        Class names in order of class id, and the class id of each id in the files. A class called background
        is the background of segmentation.
    """
    if task != "segmentation":
        return tuple(names), {number: number for number in range(len(names))}
    others = [number for number, name in enumerate(names) if name.lower() not in BACKGROUND_NAMES]
    ids = {number: class_id for class_id, number in enumerate(others, start=1)}
    ground = dict.fromkeys(set(range(len(names))) - set(others), 0)
    return (BACKGROUND, *(names[number] for number in others)), ids | ground
