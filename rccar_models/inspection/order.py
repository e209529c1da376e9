"""File order as people number their frames: drives, and the neighbours of a frame in its drive."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rccar_models.formats.splits import SPELLINGS

_NUMBER = re.compile(r"\d+")
# Roboflow exports `road_12.jpg` as `road_12_jpg.rf.0a1b....jpg`.
_EXPORT = re.compile(r"_(jpe?g|png|bmp)\.rf\.[0-9a-f]+$", re.IGNORECASE)
_SPLIT_WORDS = frozenset(word for words in SPELLINGS.values() for word in words)


@dataclass(frozen=True, slots=True, order=True)
class Numbered:
    """The name of a frame taken apart.

    Args:
        drive: folders but those of splits, and the file's name up to its last number; empty for `0012.jpg`.
        number: the last one of the file's name.
    """

    drive: str
    number: int


def numbered(name: str) -> Numbered | None:
    """Take the name of a frame apart.

    Args:
        name: with forward slashes.

    Returns:
        Drive and number; None if the file's name has no number.
    """
    path = PurePosixPath(name)
    stem = _EXPORT.sub("", path.stem)
    found = list(_NUMBER.finditer(stem))
    if not found:
        return None
    folders = [part for part in path.parts[:-1] if part.lower() not in _SPLIT_WORDS]
    return Numbered("/".join([*folders, stem[: found[-1].start()]]), int(found[-1][0]))


def drives_of(names: Sequence[str]) -> Mapping[str, list[int]]:
    """Sort frames into drives.

    Args:
        names: of all frames.

    Returns:
        Positions in `names` by drive, in order of their numbers. Drives in which a number stands twice are
        left out: the numbers start anew in each split and say nothing.
    """
    drives: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for position, name in enumerate(names):
        found = numbered(name)
        if found is not None:
            drives[found.drive].append((found.number, position))
    ordered = {drive: sorted(frames) for drive, frames in drives.items()}
    return {
        drive: [position for _, position in frames]
        for drive, frames in ordered.items()
        if len({number for number, _ in frames}) == len(frames)
    }
