"""Classes of Pascal VOC: its 20 names, its colours, and the `labelmap.txt` that CVAT writes.

A line of `labelmap.txt` is "name:r,g,b:parts:actions".
Sources: VOC2012 development kit, function VOClabelcolormap;
https://docs.cvat.ai/docs/dataset_management/formats/format-smask.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import BACKGROUND, BACKGROUND_NAMES
from rccar_models.formats.files import filled_lines, name_of
from rccar_models.formats.tree import Tree

Colour = tuple[int, int, int]

VOC_NAMES = (
    BACKGROUND,
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train"),
    "tvmonitor",
)
"""In order of the ids in masks."""

IGNORED_NAMES = frozenset({"ignored", "ignore", "void"})
"""How a labelmap calls what counts nowhere, in lower case."""

_COLOUR = re.compile(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})")
_BLACK = re.compile(r"0+\s*,\s*0+\s*,\s*0+")


def voc_colour(class_id: int) -> Colour:
    """The colour of a class id in masks of Pascal VOC.

    Args:
        class_id: 0..255.

    Returns:
        Red, green and blue: the bits of the id, three at a time, from the highest bit of each channel down.
    """
    red = green = blue = 0
    for bit in range(8):
        triple = class_id >> 3 * bit
        red |= (triple & 1) << 7 - bit
        green |= (triple >> 1 & 1) << 7 - bit
        blue |= (triple >> 2 & 1) << 7 - bit
    return red, green, blue


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelmap:
    """A `labelmap.txt`.

    Args:
        names: in file order, which is the order of ids in masks without colours.
        colours: of names; one that has none has its colour of Pascal VOC.
        first_id: of the first name in masks without colours: 1 where no line is that of the background.
    """

    names: tuple[str, ...]
    colours: Mapping[str, Colour]
    first_id: int = 0

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of what can be boxed: neither background nor ignored."""
        return tuple(name for name in self.names if name.lower() not in BACKGROUND_NAMES | IGNORED_NAMES)


def find_labelmap(tree: Tree) -> Path | None:
    """Find the `labelmap.txt` of a data set.

    Args:
        tree: the data set.

    Returns:
        The one nearest to the root, None without one.
    """
    found = [name for name in tree.named(".txt") if name.rpartition("/")[2].lower() == "labelmap.txt"]
    return tree.path(min(found, key=lambda name: name.count("/"))) if found else None


def read_labelmap(path: Path, *, root: Path) -> Labelmap:
    """Read a `labelmap.txt`.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its names and colours.

    Raises:
        DataError: a line is no entry, a name or colour stands twice, or there is none.
    """
    where = name_of(path, root)
    colours: dict[str, Colour] = {}
    faults: list[Fault] = []
    lines = [(number, line) for number, line in filled_lines(path, root=root) if not line.startswith("#")]
    first_id = 0 if _has_ground([line for _, line in lines]) else 1
    for number, line in lines:
        try:
            name, colour = _entry(line, class_id=first_id + len(colours))
            _check_new(name, colour, colours)
        except LabelError as error:
            faults.append(error.at(file=where, line=number))
            continue
        colours.setdefault(name, colour)
    if not colours and not faults:
        text = "names no class; write a line 'name:r,g,b::' for each"
        faults.append(Fault(Rule.ANNOTATION, text, file=where))
    if faults:
        raise DataError(str(root), faults)
    return Labelmap(names=tuple(colours), colours=colours, first_id=first_id)


def names_ground(names: Sequence[str]) -> bool:
    """Tell whether names in order of id have one for id 0 of Pascal VOC, the background.

    Args:
        names: of classes.

    Returns:
        False if none is called background, and the first is not what counts nowhere.
    """
    lowered = [name.lower() for name in names]
    return not BACKGROUND_NAMES.isdisjoint(lowered) or not IGNORED_NAMES.isdisjoint(lowered[:1])


def _has_ground(lines: Sequence[str]) -> bool:
    parts = [_parts(line) for line in lines]
    return names_ground([name for name, _ in parts]) or any(_BLACK.fullmatch(text) for _, text in parts)


def _parts(line: str) -> tuple[str, str]:
    """Name and colour as they are written."""
    name, _, rest = line.partition(":")
    return name.strip(), rest.partition(":")[0].strip()


def _entry(line: str, *, class_id: int) -> tuple[str, Colour]:
    name, text = _parts(line)
    if not name:
        raise LabelError(f"{line[:80]!r} names no class; write 'name:r,g,b::'")
    if not text:
        return name, voc_colour(class_id % 256)
    match = _COLOUR.fullmatch(text)
    if match is None or max(map(int, match.groups())) > 255:
        raise LabelError(f"colour {text[:80]!r} is not red, green, blue from 0 to 255; write 'name:r,g,b::'")
    return name, (int(match[1]), int(match[2]), int(match[3]))


def _check_new(name: str, colour: Colour, colours: Mapping[str, Colour]) -> None:
    if name in colours:
        raise LabelError(f"class {name!r} stands twice; give each class its own name")
    if colour in colours.values():
        raise LabelError(f"colour {colour} stands twice; give each class its own colour")
