"""One split on its way into the cache: each frame is read, resized and put into its row."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import Boxes, as_boxes, at_least, scaled
from rccar_models.cache.resizing import resized_image, resized_mask
from rccar_models.cache.stored import images_file, masks_file
from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.samples import Frame, Sample

_SMALLEST_BOX_PX = 1.0


def _no_ids() -> NDArray[np.int64]:
    return np.zeros((0,), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """What is to be said about a frame after it was stored.

    Args:
        name: of the sample.
        boxes: (M, 4) float32 xyxy in pixels of the cache.
        labels: (M,) int64.
        class_counts: (K,) pixels or boxes of each class.
        n_small: boxes left out because they are less than a pixel wide or high now.
        warnings: of the frame.
        faults: why it could not be stored; empty if it was.
    """

    name: str
    boxes: Boxes = field(default_factory=lambda: as_boxes([]))
    labels: NDArray[np.int64] = field(default_factory=_no_ids)
    class_counts: NDArray[np.int64] = field(default_factory=_no_ids)
    n_small: int = 0
    warnings: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


class SplitStore:
    """The files of a split while they are filled; rows may be put from several threads.

    Args:
        folder: where the files are made.
        split: "train", "val" or "test".
        n_frames: rows.
        size: (width, height) of stored frames in pixels.
        n_classes: K.
        with_masks: whether frames carry masks.

    Raises:
        OSError: the disk has no room for them.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        *,
        n_frames: int,
        size: tuple[int, int],
        n_classes: int,
        with_masks: bool,
    ) -> None:
        width, height = size
        self._size = size
        self._n_classes = n_classes
        self._images = _allocated(images_file(folder, split), (n_frames, height, width, 3))
        self._masks = _allocated(masks_file(folder, split), (n_frames, height, width)) if with_masks else None

    def put(self, row: int, sample: Sample) -> StoredFrame:
        """Read a frame and store it.

        Args:
            row: where to.
            sample: what to read.

        Returns:
            What happened; faults of the data do not raise.
        """
        try:
            frame = sample.read()
        except DataError as error:
            return StoredFrame(name=sample.name, faults=error.faults)
        self._images[row] = resized_image(frame.image, self._size)
        if self._masks is None:
            return self._boxed(sample.name, frame)
        if frame.mask is None:
            bare = Fault(Rule.IMAGE_WITHOUT_LABEL, "has no mask", file=sample.name)
            return StoredFrame(name=sample.name, faults=(bare,))
        mask = resized_mask(frame.mask, self._size)
        self._masks[row] = mask
        # Of the 256 possible values the ignore id and whatever lies above the classes count nowhere.
        pixels = np.bincount(mask.ravel(), minlength=256)[: self._n_classes]
        return StoredFrame(name=sample.name, class_counts=pixels, warnings=frame.warnings)

    def _boxed(self, name: str, frame: Frame) -> StoredFrame:
        height, width = frame.image.shape[:2]
        boxes = scaled(frame.boxes, by=(self._size[0] / width, self._size[1] / height))
        kept = at_least(boxes, _SMALLEST_BOX_PX)
        labels = frame.labels[kept]
        return StoredFrame(
            name=name,
            boxes=boxes[kept],
            labels=labels,
            class_counts=np.bincount(labels, minlength=self._n_classes),
            n_small=int(np.count_nonzero(~kept)),
            warnings=frame.warnings,
        )

    def flush(self) -> None:
        """Bring all rows to the disk."""
        for array in (self._images, self._masks):
            if array is not None:
                array.flush()


def _allocated(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a .npy file of zeros whose bytes are taken now: a full disk met later would kill the process."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
