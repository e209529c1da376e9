"""Where frames go: their names in the data set that is written."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rccar_models.formats.folders import IMAGE_FOLDERS, LABEL_FOLDERS
from rccar_models.formats.splits import SPELLINGS
from rccar_models.samples import UNSPLIT, DataIndex, Sample

_LAYOUT = {*IMAGE_FOLDERS, *LABEL_FOLDERS, *(word for words in SPELLINGS.values() for word in words)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one frame goes.

    Args:
        split: "train", "val" or "test", or `UNSPLIT`.
        stem: below the folder of its split, with forward slashes, without suffix.
    """

    split: str
    stem: str

    def below(self, folder: str) -> str:
        """The name without suffix in a folder that is divided by split, e.g. images/train/a."""
        return f"{folder}/{self.stem}" if self.split == UNSPLIT else f"{folder}/{self.split}/{self.stem}"


def places_of(index: DataIndex) -> tuple[list[tuple[Sample, Place]], int]:
    """Name all frames.

    Args:
        index: the data set.

    Returns:
        Frames with their places, in order, and how many had to be renamed because another one has their name.
        Folders that only say split, images or labels are left away; others, such as those of a drive, stay.
    """
    found: list[tuple[Sample, Place]] = []
    taken: set[tuple[str, str]] = set()
    n_renamed = 0
    for split, samples in index.splits.items():
        for sample in samples:
            plain, *others = _stems(sample.name)
            stem = next(stem for stem in _candidates(plain, others) if (split, _key(stem)) not in taken)
            n_renamed += stem != plain
            taken.add((split, _key(stem)))
            found.append((sample, Place(split=split, stem=stem)))
    return found, n_renamed


def _stems(name: str) -> tuple[str, str]:
    """The name without the folders of the layout, and one that keeps them all in the file's name."""
    parts = [part.lstrip(".") or "_" for part in PurePosixPath(name).parts if part not in {"/", ".."}]
    *folders, file = parts
    file = PurePosixPath(file).stem
    kept = [folder for folder in folders if folder.lower() not in _LAYOUT]
    return "/".join([*kept, file]), "_".join([*folders, file])


def _candidates(plain: str, others: Sequence[str]) -> Iterator[str]:
    yield plain
    yield from others
    number = 2
    while True:
        yield f"{plain}_{number}"
        number += 1


def _key(stem: str) -> str:
    # Names that differ in case or in the form of an accent are one file on some disks.
    return unicodedata.normalize("NFC", stem).casefold()
