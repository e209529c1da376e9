"""A data set as the rest of the house sees it, whatever format it came in. numpy only, no torch.

Images are uint8 RGB (H, W, 3). Masks are uint8 (H, W), values 0..K-1 or the ignore id. Boxes are xyxy
float32 (N, 4) in pixels, origin top left; labels are int64 (N,) in 0..K-1 (no background class).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "val", "test")
IGNORE_ID = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded frame with its labels, in the size of the source.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 class ids, or None for detection.
        boxes: (N, 4) float32 xyxy in pixels; (0, 4) where there are none.
        labels: (N,) int64 class ids.
        warnings: what the user should know about this frame, each a sentence that is the same for
            every frame it holds for, so that it can be counted.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None = None
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0,), np.int64))
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One frame that can be read.

    Args:
        name: unique within the data set, for messages and pictures; a relative path where there is one.
        read: decodes it; raises DataError naming the file if it is unreadable or mis-sized.
        files: everything `read` depends on (image, mask, label file), for the digest; empty if drawn.
        key: what else identifies its content (a drawn frame's seed and the drawing's version, or the
            annotation where many frames share one annotation file).
    """

    name: str
    read: Callable[[], Frame]
    files: tuple[Path, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIndex:
    """What is in a data set, known before any frame is decoded.

    Args:
        source: as the user named it ("demo", or the folder).
        format: the format's name.
        task: what it was read for.
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, or None if the set declares none.
        splits: samples of "train", "val" and perhaps "test".
        warnings: what the user should know, one line each.
    """

    source: str
    format: str
    task: str
    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Sample, ...]]
    ignore_id: int | None = None
    warnings: tuple[str, ...] = ()
