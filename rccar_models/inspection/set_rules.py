"""Faults of a data set as a whole: classes that are missing, sizes that differ, boxes that vanish.

Shapes: K classes, N boxes.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import scaled
from rccar_models.cache.resizing import fitted_size
from rccar_models.faults import Rule
from rccar_models.formats.class_names import BACKGROUND_NAMES
from rccar_models.inspection.findings import Finding
from rccar_models.inspection.frames import SeenFrame
from rccar_models.samples import DataIndex

# Left and right, without accents, in the languages of the teams that we know of.
_SIDES = frozenset(
    word
    for words in (
        ("left", "right"),
        ("sol", "sag", "sola", "saga", "solda", "sagda", "soldan", "sagdan"),
        ("links", "rechts", "linke", "rechte"),
        ("gauche", "droite", "izquierda", "derecha", "sinistra", "destra", "esquerda", "direita"),
    )
    for word in words
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Fewer pixels show no shape, and a stride of 4 or 8 steps over them.
_SMALL_PX = 4


def class_findings(index: DataIndex, frames: Sequence[SeenFrame]) -> Iterator[Finding]:
    """Check that every class can be learnt and judged.

    Args:
        index: the data set.
        frames: all of it.

    Yields:
        Findings in order of class.
    """
    if _takes_a_class_for_ignored(index):
        return
    amounts = _amounts(index, frames)
    total = np.sum(list(amounts.values()), axis=0)
    if not total.any():  # nothing is labelled at all, which is told elsewhere
        return
    for class_id, name in enumerate(index.classes):
        if name.lower() in BACKGROUND_NAMES:
            continue
        if not total[class_id]:
            text = f"class {name!r} (id {class_id}) has no label anywhere; label it, or take its name out"
            yield Finding(Rule.UNUSED_CLASS, False, text, subject=name)
            continue
        for split, found in amounts.items():
            if found.any() and not found[class_id]:
                text = _absent(name, class_id, split)
                yield Finding(Rule.ABSENT_CLASS, False, text, subject=f"{name} in {split}")
    if index.task == "segmentation" and np.count_nonzero(total) == 1:
        only = index.classes[int(total.argmax())]
        text = f"every labelled pixel is {only!r}, so any model scores 1.0; label a second class"
        yield Finding(Rule.ONE_CLASS, False, text)


def name_findings(classes: Sequence[str]) -> Iterator[Finding]:
    """Find classes that know left from right.

    Args:
        classes: their names.

    Yields:
        One finding, or none.
    """
    found = directed_classes(classes)
    if found:
        swaps = f"{', '.join(found)}: mirroring swaps left and right"
        text = f"{swaps}, so the flip augmentation must stay 0: run sweeps with --set flip=0"
        yield Finding(Rule.DIRECTED_CLASS, False, text)


def directed_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Choose the classes whose names know left from right.

    Args:
        classes: their names.

    Returns:
        Those with a word for a side, in order.
    """
    return tuple(name for name in classes if _SIDES & set(words_of(name)))


def words_of(name: str) -> list[str]:
    """Take the words of a class name apart: "TurnLeft", "turn-left" and "turn_left2" have the same.

    Args:
        name: of a class.

    Returns:
        Words in lower case without accents.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isascii())
    return [word.lower() for word in _WORD.findall(plain)]


def frame_findings(index: DataIndex, frames: Sequence[SeenFrame]) -> Iterator[Finding]:
    """Check that frames hold something.

    Args:
        index: the data set.
        frames: all of it.

    Yields:
        Findings: masks that are ignored wholly, and how many frames have no object.
    """
    readable = [frame for frame in frames if frame.look is not None]
    if index.task == "segmentation":
        if not _takes_a_class_for_ignored(index):
            yield from _ignored(readable)
        return
    empty = [frame for frame in readable if not frame.amounts.any()]
    if empty and len(empty) == len(readable):
        text = f"none of {len(readable)} frames has an object; label some"
        yield Finding(Rule.NO_OBJECTS, True, text)
    elif empty:
        text = f"{len(empty)} of {len(readable)} frames have no object; good as negatives, if that is meant"
        yield Finding(Rule.NO_OBJECTS, False, f"{text}, e.g. {empty[0].name}")


def size_findings(frames: Sequence[SeenFrame], *, long_side_px: int) -> Iterator[Finding]:
    """Check sizes of frames and, at the training size, of boxes.

    Args:
        frames: all of the data set.
        long_side_px: longer side of a training frame.

    Yields:
        Findings.
    """
    sizes = Counter(frame.size for frame in frames if frame.look is not None)
    if len(sizes) > 1:
        shown = ", ".join(f"{count} of {size[0]}x{size[1]}" for size, count in sizes.most_common(4))
        more = f" and {len(sizes) - 4} sizes more" if len(sizes) > 4 else ""
        text = f"frames have {len(sizes)} sizes: {shown}{more}; all are stretched to one size for training"
        yield Finding(Rule.MIXED_SIZES, False, text)
    yield from _tiny(frames, sizes, long_side_px)


def _takes_a_class_for_ignored(index: DataIndex) -> bool:
    """Whether 255 most likely is the second class: then it is not that labels or frames are for nothing."""
    return any(fault.rule is Rule.ONE_CLASS for fault in index.faults)


def _amounts(index: DataIndex, frames: Sequence[SeenFrame]) -> Mapping[str, NDArray[np.int64]]:
    amounts = {split: np.zeros(len(index.classes), np.int64) for split in index.splits}
    for frame in frames:
        if frame.look is not None:
            amounts[frame.split] += frame.amounts
    return amounts


def _absent(name: str, class_id: int, split: str) -> str:
    what = {
        "train": "cannot be learnt",
        "val": "is left out of the metrics that choose the best model",
    }.get(split, "is left out of its metrics")
    return f"class {name!r} (id {class_id}) has no label in {split} and {what}; divide anew or label some"


def _ignored(frames: Sequence[SeenFrame]) -> Iterator[Finding]:
    ignored = [frame for frame in frames if not frame.amounts.any() and frame.n_ignored]
    every = len(ignored) == len(frames)
    for frame in ignored:
        text = "every pixel is ignored, so the frame teaches nothing; label it or remove it"
        yield Finding(Rule.ALL_IGNORED, every, text, frame.name)


def _tiny(
    frames: Sequence[SeenFrame], sizes: Counter[tuple[int, int]], long_side_px: int
) -> Iterator[Finding]:
    held = [frame for frame in frames if len(frame.boxes)]
    if not held:
        return
    size = _trained(sizes, long_side_px)
    # Stretched as for the cache, so that all count the same boxes.
    boxes = np.concatenate(
        [scaled(one.boxes, by=(size[0] / one.size[0], size[1] / one.size[1])) for one in held]
    )
    smallest = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
    n_small = int((smallest < _SMALL_PX).sum())
    if n_small:
        width, height = size
        text = (
            f"{n_small} of {len(smallest)} boxes are less than {_SMALL_PX} pixels wide or high at "
            f"{width}x{height}, the default of a CPU sweep ({int((smallest < 1).sum())} less than one, "
            "and left out); a larger --image-size keeps them"
        )
        yield Finding(Rule.TINY_BOX, False, text)


def _trained(sizes: Counter[tuple[int, int]], long_side_px: int) -> tuple[int, int]:
    return fitted_size(sizes.most_common(1)[0][0], long_side_px)
