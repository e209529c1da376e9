"""Frames that are to be divided: read once, put in order, and which of them look alike.

Shapes: N frames, K classes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from rccar_models.cache.digest import n_threads
from rccar_models.errors import DataError
from rccar_models.faults import Fault
from rccar_models.formats.folders import IMAGE_FOLDERS
from rccar_models.formats.splits import SPELLINGS
from rccar_models.inspection.alike import levels_apart
from rccar_models.inspection.drives import LIKE_BITS, LIKE_LEVELS
from rccar_models.inspection.frames import Look, look_of
from rccar_models.inspection.hashing import Hashes
from rccar_models.inspection.order import numbered
from rccar_models.samples import DataIndex, Sample

Progress = Callable[[int, int], None]

_LAYOUT = {*IMAGE_FOLDERS, *(word for words in SPELLINGS.values() for word in words)}
# Rows of hashes, and pairs of thumbnails (2 x 12 MiB), compared at once.
_BLOCK_ROWS = 128
_PAIRS_AT_ONCE = 16384

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedFrames:
    """All frames of a data set in file order: drive by drive, within a drive by number.

    Args:
        names: N of the samples.
        drives: N names of drives.
        numbers: (N,) the running number, -1 without one.
        hashes: (N,) perceptual hashes.
        thumbnails: (N, 16, 16, 3) uint8.
        classes: K class names.
        holds: (N, K) whether a frame shows a class.
    """

    names: tuple[str, ...]
    drives: tuple[str, ...]
    numbers: NDArray[np.int64]
    hashes: Hashes
    thumbnails: NDArray[np.uint8]
    classes: tuple[str, ...]
    holds: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    def alike_pairs(self, labels: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Find frames that look alike and are labelled differently.

        Args:
            labels: (N,); may be changed between pairs, which spares comparing what is then labelled the same.
                What is below 0 takes no part.

        Yields:
            (P, 2) positions, the smaller first, some at a time.
        """
        for start in range(0, len(self), _BLOCK_ROWS):
            rows = self.hashes[start : start + _BLOCK_ROWS]
            one, other = np.nonzero(np.bitwise_count(rows[:, None] ^ self.hashes[None, start:]) <= LIKE_BITS)
            near = np.stack([one, other], axis=1)[one < other] + start
            for first in range(0, len(near), _PAIRS_AT_ONCE):
                pairs = near[first : first + _PAIRS_AT_ONCE]
                labelled = labels[pairs]
                pairs = pairs[(labelled[:, 0] != labelled[:, 1]) & (labelled.min(axis=1) >= 0)]
                levels = levels_apart(self.thumbnails[pairs[:, 0]], self.thumbnails[pairs[:, 1]])
                yield pairs[levels <= LIKE_LEVELS]


def ordered_frames(index: DataIndex, progress: Progress | None = None) -> OrderedFrames:
    """Read all frames once, and put them in order.

    Args:
        index: the data set.
        progress: told (done, total), in the caller's thread.

    Returns:
        The frames; memory grows by about 1 KiB a frame.

    Raises:
        DataError: frames cannot be read; all of them are named.
    """
    samples = [sample for kept in index.splits.values() for sample in kept]
    drives = drives_of_names([sample.name for sample in samples])
    order = sorted(range(len(samples)), key=lambda place: (drives[place], _natural(samples[place].name)))
    samples, drives = [samples[place] for place in order], [drives[place] for place in order]
    seen = _read(index, samples, progress)
    found = [numbered(sample.name) for sample in samples]
    return OrderedFrames(
        names=tuple(sample.name for sample in samples),
        drives=tuple(drives),
        numbers=np.asarray([-1 if one is None else one.number for one in found], np.int64),
        hashes=np.asarray([look.hash for look, _ in seen], np.uint64),
        thumbnails=np.stack([look.thumbnail for look, _ in seen]),
        classes=index.classes,
        holds=np.stack([held for _, held in seen]),
    )


def drives_of_names(names: Sequence[str]) -> list[str]:
    """Say which drive each frame is from.

    Args:
        names: of the frames, with forward slashes.

    Returns:
        Folders, without those of the layout, where frames lie in several; else the file's name up to its
        running number. A name without a number is a drive of its own.
    """
    folders = ["/".join(part for part in _folders(name) if part.lower() not in _LAYOUT) for name in names]
    if len(set(folders)) > 1:
        return [f"{folder}/" if folder else "./" for folder in folders]
    return [_prefix(name) for name in names]


def _folders(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts[:-1]


def _prefix(name: str) -> str:
    file = PurePosixPath(name).name
    found = numbered(file)
    return file if found is None else found.drive


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts frame 2 before frame 10, and what is not split or images before the file's name."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name) if part]


def _read(
    index: DataIndex, samples: Sequence[Sample], progress: Progress | None
) -> list[tuple[Look, NDArray[np.bool_]]]:
    seen: list[tuple[Look, NDArray[np.bool_]]] = []
    faults: list[Fault] = []
    waiting = iter(samples)
    with ThreadPoolExecutor(n_threads()) as pool:
        # A few at a time, so that an interrupt ends soon.
        under_way = [pool.submit(_seen, len(index.classes), one) for one in islice(waiting, 4 * n_threads())]
        while under_way:
            found = under_way.pop(0).result()
            under_way += [pool.submit(_seen, len(index.classes), one) for one in islice(waiting, 1)]
            if isinstance(found[0], Look):
                seen.append((found[0], found[1]))
            else:
                faults += found[0]
            if progress:
                progress(len(samples) - len(under_way), len(samples))
    if faults:
        raise DataError(index.source, faults)
    return seen


def _seen(n_classes: int, sample: Sample) -> tuple[Look | tuple[Fault, ...], NDArray[np.bool_]]:
    held = np.zeros(n_classes, bool)
    try:
        frame = sample.read()
    except DataError as error:
        return error.faults, held
    ids = frame.labels if frame.mask is None else np.unique(frame.mask)
    held[ids[ids < n_classes]] = True
    return look_of(frame.image), held
