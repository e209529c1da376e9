"""Where the files of a COCO data set lie: annotation files, and the folders of the images that they name.

Some files are known by their names (Roboflow, the COCO project, CVAT); any other JSON file is recognised by
how it begins and ends, so that large ones are not read twice.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from rccar_models.faults import Fault, Rule
from rccar_models.formats.folders import IMAGE_FOLDERS, split_of
from rccar_models.formats.splits import SPELLINGS
from rccar_models.formats.tree import Tree
from rccar_models.samples import UNSPLIT

_ROBOFLOW = "_annotations.coco.json"
_INSTANCES = re.compile(r"instances(_[^/]*)?\.json")
_OTHER_KINDS = re.compile(r"captions|keypoints|panoptic|stuff_|image_info")

_SPLIT_WORD = re.compile(r"(?<![a-z])((train|valid|validation|val|test)\d*)(?![a-z])")
_DEEPEST = 4  # folders above an annotation file
_MANY = 40  # JSON files of one folder: one for each image, not one for all
_PEEKED_BYTES = 2**16
_ANY_TASK = re.compile(rb'"(?:images|annotations|categories)"\s*:\s*\[')
_ANY_ENTRY = re.compile(rb'"(?:image_id|category_id|file_name|supercategory)"\s*:|"images"\s*:\s*\[\s*\]')
_OTHER_TOOLS = re.compile(rb'"(?:shapes|imageData|imagePath)"\s*:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One annotation file.

    Args:
        name: of the file, below the data set.
        split: that it is for; `UNSPLIT` if neither its name nor its folders say so.
        folders: where its images may lie, below the data set, the likeliest first.
    """

    name: str
    split: str
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFiles:
    """The annotation files of a data set.

    Args:
        files: in order of name.
        warnings: what the user should know.
        faults: what must be mended.
    """

    files: tuple[Annotated, ...] = ()
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def annotation_files(tree: Tree) -> AnnotationFiles:
    """Find the annotation files of a data set.

    Args:
        tree: the data set.

    Returns:
        Files with their splits. Where some are for a split, one for all frames repeats them and is left out.
    """
    found = _chosen(tree)
    divided = [one for one in found if one.split != UNSPLIT]
    left_out = [one.name for one in found if one.split == UNSPLIT] if divided else []
    warnings = [
        Fault(Rule.NOTE, f"{name} is for no split and is not used; the files of the splits are")
        for name in left_out
    ]
    kept = divided or found
    return AnnotationFiles(
        files=tuple(kept), warnings=tuple(warnings), faults=tuple(_several_for_a_split(divided))
    )


def _several_for_a_split(files: Sequence[Annotated]) -> Iterator[Fault]:
    first: dict[tuple[str, str], str] = {}
    for one in files:
        place = (one.split, posixpath.dirname(one.name))
        if place in first:
            text = f"{first[place]} and {one.name} both describe {one.split}; keep one of them"
            yield Fault(Rule.ANNOTATION, text)
        first.setdefault(place, one.name)


def _chosen(tree: Tree) -> list[Annotated]:
    """Annotation files: those known by their names, others only if these are for no split."""
    names = [name for name in tree.named(".json") if name.count("/") <= _DEEPEST]
    roboflow = [name for name in names if posixpath.basename(name) == _ROBOFLOW]
    instances = [name for name in names if _INSTANCES.fullmatch(posixpath.basename(name))]
    known = [_annotated(tree, name) for name in roboflow or instances]
    if any(one.split != UNSPLIT for one in known):
        return known
    in_folder = Counter(posixpath.dirname(name) for name in names)
    others = [
        name
        for name in names
        if in_folder[posixpath.dirname(name)] <= _MANY
        and name not in {*roboflow, *instances}
        and not _OTHER_KINDS.search(posixpath.basename(name))
        and _is_coco(tree.path(name))
    ]
    return [*known, *(_annotated(tree, name) for name in others)]


def _is_coco(path: Path) -> bool:
    """Recognise an annotation file by its beginning and end."""
    try:
        with path.open("rb") as file:
            text = file.read(_PEEKED_BYTES)
            if not text.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                return False
            file.seek(max(len(text), path.stat().st_size - _PEEKED_BYTES))
            text += file.read(_PEEKED_BYTES)
    except OSError:  # who reads the data says so
        return False
    return bool(_ANY_TASK.search(text) and _ANY_ENTRY.search(text) and not _OTHER_TOOLS.search(text))


def _annotated(tree: Tree, name: str) -> Annotated:
    where, file = posixpath.split(name)
    word = None if file == _ROBOFLOW else _SPLIT_WORD.search(file.lower())
    if word:
        split = next(split for split, words in SPELLINGS.items() if word[2] in words)
        called = (word[1], *SPELLINGS[split])
    else:
        split = split_of(where.split("/")) or UNSPLIT
        called = ("default", *SPELLINGS.get(split, ()))  # CVAT's folder of an undivided set
    folders = (where, *_image_folders(where, called)) if file == _ROBOFLOW else _image_folders(where, called)
    return Annotated(
        name=name, split=split, folders=tuple(dict.fromkeys(one for one in folders if _is_there(tree, one)))
    )


def _is_there(tree: Tree, folder: str) -> bool:
    return not folder or tree.has_folder(folder)


def _image_folders(where: str, called: Sequence[str]) -> tuple[str, ...]:
    """Folders of images for an annotation file in a folder; also such that do not exist."""
    above = list(dict.fromkeys((posixpath.dirname(where), where, "")))
    marked = [posixpath.join(base, word) for base, word in product(above, (*IMAGE_FOLDERS, "JPEGImages"))]
    split = [posixpath.join(base, word) for base, word in product((*marked, *above), called)]
    return (*split, *marked, *reversed(above))
