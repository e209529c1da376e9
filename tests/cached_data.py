"""Data sets in memory and their caches, for tests of the frame cache."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rccar_models.cache import (
    CachedSplit,
    CacheInfo,
    open_split,
    prepare,
)
from rccar_models.samples import DataIndex, Frame, Sample


def masked(*masks: Sequence[Sequence[int]], **changes: object) -> DataIndex:
    """Frames in memory, one for each mask, in train and val alike."""

    def sample(split: str, number: int) -> Sample:
        mask = np.asarray(masks[number], np.uint8)
        image = np.full((*mask.shape, 3), number, np.uint8)
        return Sample(
            name=f"{split}/{number}", read=lambda: Frame(image=image, mask=mask), key=f"{split} {number}"
        )

    splits = {
        split: tuple(sample(split, number) for number in range(len(masks))) for split in ("train", "val")
    }
    index = DataIndex(
        source="in memory",
        format="test",
        task="segmentation",
        classes=("floor", "road"),
        ignore_id=255,
        splits=splits,
    )
    return dataclasses.replace(index, **changes)  # type: ignore[arg-type]


def boxed(*boxes: Sequence[float], size: tuple[int, int] = (40, 20)) -> DataIndex:
    """One frame with these boxes of class 0, in train and val alike."""
    rows = np.asarray(boxes, np.float32).reshape(-1, 4)
    frame = Frame(
        image=np.zeros((size[1], size[0], 3), np.uint8), boxes=rows, labels=np.zeros(len(rows), np.int64)
    )
    splits = {split: (Sample(name=split, read=lambda: frame, key=split),) for split in ("train", "val")}
    return DataIndex(source="in memory", format="test", task="detection", classes=("cone",), splits=splits)


def built(index: DataIndex, root: Path, size: tuple[int, int] = (8, 6)) -> CacheInfo:
    return prepare(index, image_size=size, cache_root=root)


def train(info: CacheInfo) -> CachedSplit:
    return open_split(info.folder, "train")


def left_in(root: Path) -> list[str]:
    return (
        sorted(path.name for path in root.iterdir() if not path.name.endswith(".lock"))
        if root.exists()
        else []
    )
