"""Lists that say which frame is in which split: `splits/train.txt`, one relative path a line.

A line may be relative to the data set, to the list, to the folder above it or to the folder of images; with
or without suffix; with slashes of either kind. It is looked up among the images of the data set, and never
followed.
"""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import PICTURE_SUFFIXES, filled_lines
from rccar_models.formats.splits import SPELLINGS
from rccar_models.formats.tree import Tree
from rccar_models.samples import SPLITS

FOLDERS = ("splits", "imagesets/main", "imagesets/segmentation", "imagesets")
"""Folders that hold such lists, in lower case, the first one found counts."""

# Pascal VOC's lists of one class carry whether it is in the image.
_FLAG = re.compile(r"\s+(-1|0|1)$")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Frames by split.

    Args:
        splits: names of images, in order.
        warnings: what the user should know.
        faults: of the lists.
    """

    splits: Mapping[str, Sequence[str]]
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def list_files(tree: Tree, folders: Sequence[str] = FOLDERS) -> Mapping[str, Sequence[str]]:
    """Find the lists of a data set.

    Args:
        tree: the data set.
        folders: where they may lie, in lower case, at any depth.

    Returns:
        Files by split: several where the parts of a data set have lists of their own. Empty without lists.
    """
    for wanted in folders:
        found: dict[str, list[str]] = {}
        for name in tree.named(".txt"):
            where, _, file = name.lower().rpartition("/")
            if where == wanted or where.endswith(f"/{wanted}"):
                for split in SPLITS:
                    if _without_suffix(file) in SPELLINGS[split]:
                        found.setdefault(split, []).append(name)
        if found:
            return {split: found[split] for split in SPLITS if split in found}
    return {}


def listed_frames(
    tree: Tree, images: Sequence[str], others: Sequence[str] = (), folders: Sequence[str] = FOLDERS
) -> Division | None:
    """Divide images by the lists of a data set.

    Args:
        tree: the data set.
        images: names of all images.
        others: pictures that are frames only if a list names them by their whole name.
        folders: where lists may lie.

    Returns:
        Images by split in the order of the lists; None if the data set has no lists.
    """
    lists = list_files(tree, folders)
    return frames_in_lists(tree, lists, images, others) if lists else None


def frames_in_lists(
    tree: Tree, lists: Mapping[str, Sequence[str]], images: Sequence[str], others: Sequence[str] = ()
) -> Division:
    """Divide images by given lists.

    Args:
        tree: the data set.
        lists: files by split.
        images: names of all images.
        others: pictures that are frames only if a list names them by their whole name.

    Returns:
        Images by split in the order of the lists.
    """
    faults: list[Fault] = []
    splits: dict[str, list[str]] = {split: [] for split in lists}
    parts: dict[str, Mapping[str, str | None]] = {}
    for split, file in ((split, file) for split, files in lists.items() for file in files):
        part = posixpath.dirname(posixpath.dirname(file))
        if part not in parts:
            parts[part] = _known(images, others, below=part)
        found, missing = _read_list(tree, file, parts[part])
        splits[split] += found
        faults += missing
    used = {name for names in splits.values() for name in names}
    n_unused = len(set(images) - used)
    unused = Fault(Rule.NOTE, f"{n_unused} images stand in no split list and are not used")
    return Division(splits=splits, warnings=(unused,) if n_unused else (), faults=tuple(faults))


def listed_twice(splits: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    """Find images that stand in two splits, or twice in one.

    Args:
        splits: names of images by split.

    Yields:
        A fault each time that an image comes again.
    """
    first: dict[str, str] = {}
    for split, name in ((split, name) for split, names in splits.items() for name in names):
        other = first.get(name)
        first.setdefault(name, split)
        if other == split:
            yield Fault(Rule.DUPLICATE_IMAGE, f"{name} is twice in {split}; keep one line")
        elif other is not None:
            text = f"{name} is in {other} and in {split}; keep it in one of them"
            yield Fault(Rule.LEAKED_IMAGE, text)


def _read_list(tree: Tree, file: str, known: Mapping[str, str | None]) -> tuple[list[str], list[Fault]]:
    """The images that a list names, and its faults."""
    try:
        lines = filled_lines(tree.path(file), root=tree.root)
    except DataError as error:
        return [], list(error.faults)
    images: list[str] = []
    faults: list[Fault] = []
    for number, line in lines:
        spellings = (line, _FLAG.sub("", line))
        image = next((found for one in spellings if (found := _find(known, one, tree=tree, file=file))), None)
        if image is None:
            text = f"there is no image {line[:200]!r}; correct the line or remove it"
            faults.append(Fault(Rule.MISSING_SPLIT, text, file=file, line=number))
        else:
            images.append(image)
    return images, faults


def _known(images: Sequence[str], others: Sequence[str], *, below: str) -> Mapping[str, str | None]:
    """Images by all names that a list may call them by; where parts have lists of their own, by part."""
    part = [image for image in images if image.startswith(f"{below}/")]
    # A whole path means its file, whatever other path ends like it.
    whole = {name: image for image in [*others, *images] for name in (_composed(image), image)}
    return {**_by_key(others, any_end=False), **_by_key(part or images, any_end=True), **whole}


def _by_key(images: Iterable[str], *, any_end: bool) -> dict[str, str | None]:
    """Images by their path, or any end of it, with and without suffix; None where two share one."""
    known: dict[str, str | None] = {}
    for image in images:
        parts = _composed(image).split("/")
        for start in range(len(parts) if any_end else 1):
            name = "/".join(parts[start:])
            for key in (name, _without_suffix(name)):
                known[key] = image if known.get(key, image) == image else None
    return known


def _find(known: Mapping[str, str | None], line: str, *, tree: Tree, file: str) -> str | None:
    if line in known:  # on Linux a name may hold a back-slash
        return known[line]
    name = line.replace("\\", "/")
    for prefix in (f"{tree.root.resolve().as_posix()}/", f"{tree.root.absolute().as_posix()}/"):
        name = name.removeprefix(prefix)
    places = (known.get(place) for place in _places(_composed(name), file))
    return next((found for found in places if found is not None), None)


def _places(name: str, file: str) -> Iterator[str]:
    """Names that a line of a list may mean, the likeliest first."""
    if _ABSOLUTE.match(name):
        # Written on another machine: its last folders may still say which image is meant.
        parts = [part for part in name.split("/") if part]
        yield from ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
        return
    folder = posixpath.dirname(file)
    spellings = [name]
    if name.startswith("data/"):  # darknet's own folder, which its exports leave out
        spellings.append(name.removeprefix("data/"))
    if posixpath.splitext(name)[1].lower() in PICTURE_SUFFIXES | {".json", ".txt", ".xml"}:
        spellings.append(_without_suffix(name))
    for spelling in spellings:
        # Where the parts of a data set have lists of their own, lines are meant below that part.
        for base in (posixpath.dirname(folder), folder, ""):
            place = posixpath.normpath(posixpath.join(base, spelling))
            if not place.startswith("../"):
                yield place


def _without_suffix(name: str) -> str:
    return posixpath.splitext(name)[0]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
