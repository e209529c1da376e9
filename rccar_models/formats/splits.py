"""Train, val and test: how folders and lists may spell them, and what must be there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rccar_models.faults import Fault, Rule
from rccar_models.samples import SPLITS, UNSPLIT

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "val": ("val", "valid", "validation"),
    "test": ("test",),
}
"""How folders and lists of a split may be called."""

REQUIRED = ("train", "val")


def split_folder(parent: Path, split: str) -> Path | None:
    """Find the folder of a split.

    Args:
        parent: holds the folders of all splits.
        split: "train", "val" or "test".

    Returns:
        The folder, None if there is none.
    """
    return next((parent / word for word in SPELLINGS[split] if (parent / word).is_dir()), None)


MEND = (
    "put the images into folders called train and val, or list them in splits/train.txt and splits/val.txt "
    "(`sweep data split` writes these lists)"
)


def split_faults(counts: Mapping[str, int], known: Iterable[Fault] = ()) -> list[Fault]:
    """Check that the required splits are there and that every split holds something.

    Args:
        counts: frames of each split found, of `UNSPLIT` alone where nothing divides them.
        known: faults found before: a split whose own file cannot be read is missing for that reason.

    Returns:
        The faults.
    """
    explained = {split for fault in known for split in _splits_lost(fault)}
    if set(counts) == {UNSPLIT}:
        return [_missing(f"nothing divides its {counts[UNSPLIT]} frames into train and val; {MEND}")]
    found = ", ".join(f"{split} {counts[split]}" for split in SPLITS if split in counts) or "none"
    absent = [split for split in REQUIRED if split not in {*counts, *explained}]
    missing = [_missing(f"no {split} split (frames found: {found}); {MEND}") for split in absent]
    empty = [
        _missing(f"the {split} split is empty (frames found: {found}); put images into it{or_remove}")
        for split, count in counts.items()
        if not count and split not in explained
        for or_remove in ("" if split in REQUIRED else " or remove it",)
    ]
    return missing + empty


def _splits_lost(fault: Fault) -> Iterator[str]:
    """Splits whose annotation file or list a fault is about, as a whole or by a line."""
    if fault.rule in {Rule.ANNOTATION, Rule.MISSING_SPLIT} and fault.file and not fault.object:
        words = set(re.split(r"[^a-z]+", fault.file.lower()))
        yield from (split for split in SPLITS if words & set(SPELLINGS[split]))


def _missing(text: str) -> Fault:
    return Fault(Rule.MISSING_SPLIT, text)
