"""A data set as the rest of the house sees it, whatever format it came in. numpy only, no torch.

Images are uint8 RGB (H, W, 3). Masks are uint8 (H, W), values 0..K-1 or the ignore id. Boxes are xyxy
float32 (N, 4) in pixels, origin top left; labels are int64 (N,) in 0..K-1 (no background class).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.faults import Fault

SPLITS = ("train", "val", "test")
UNSPLIT = "all"
"""Key of frames that nothing divides into splits yet."""

IGNORE_ID = 255

Region = Sequence[Sequence[float]] | Mapping[str, object]
"""An outline: polygons (x1, y1, x2, y2, ...) in pixels, or a COCO run-length code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One labelled object as its file has it: nothing is clipped or left out yet.

    Args:
        where: what messages call it within its file, e.g. "object 7"; empty if its line says it.
        class_id: 0..K-1 in the classes of the data set (for segmentation 0 is the background).
        box: x1, y1, x2, y2 in pixels of the frame; the outline's extent where the file has no box.
        region: its outline; empty if it has a box only.
        is_crowd: a group that is not told apart: no box, but painted.
        n_short_outlines: of fewer than three corners, which enclose nothing and are not in `region`.
        line: of its file, from 1; None where messages call it by `where`.
    """

    where: str = ""
    class_id: int
    box: tuple[float, float, float, float]
    region: Region = ()
    is_crowd: bool = False
    n_short_outlines: int = 0
    line: int | None = None

    @property
    def has_area(self) -> bool:
        """Whether the box has a width and a height above 0."""
        return self.box[2] > self.box[0] and self.box[3] > self.box[1]


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
        things: the labelled objects as the files have them; empty where labels are masks.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None = None
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0,), np.int64))
    warnings: tuple[str, ...] = ()
    things: tuple[Thing, ...] = ()


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
        splits: samples of "train", "val" and perhaps "test"; of `UNSPLIT` alone where nothing divides them.
        warnings: what the user should know.
        faults: what must be mended before anything is trained on it.
    """

    source: str
    format: str
    task: str
    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Sample, ...]]
    ignore_id: int | None = None
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()
