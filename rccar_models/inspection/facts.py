"""What is to be known of each frame of a data set, read once on all cores: sizes, labels, brightness.

Boxes are xyxy in pixels of the source. Shapes: K classes, M objects. numpy and PIL only.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.boxes import Boxes, as_boxes, clipped
from rccar_models.cache.digest import n_threads
from rccar_models.errors import DataError
from rccar_models.faults import Fault
from rccar_models.samples import DataIndex, Frame, Sample

Progress = Callable[[int, int], None]


def _no_ids() -> NDArray[np.int64]:
    return np.zeros((0,), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """One frame without its pixels.

    Args:
        name: of the sample.
        size: (width, height) in pixels.
        amounts: (K,) pixels (segmentation) or objects (detection) of each class.
        n_ignored: pixels that count nowhere.
        boxes: (M, 4) of its objects, cut at the edges; also for segmentation where labels are outlines.
        labels: (M,) class ids.
        brightness: mean grey value, 0 black to 255 white.
        warnings: of the frame.
        faults: why it cannot be read; everything else is empty then.
    """

    name: str
    size: tuple[int, int] = (0, 0)
    amounts: NDArray[np.int64] = field(default_factory=_no_ids)
    n_ignored: int = 0
    boxes: Boxes = field(default_factory=lambda: as_boxes([]))
    labels: NDArray[np.int64] = field(default_factory=_no_ids)
    brightness: float = 0.0
    warnings: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether there is something to count."""
        return not self.faults


def facts_of(index: DataIndex, progress: Progress | None = None) -> dict[str, list[FrameFacts]]:
    """Read every frame once.

    Args:
        index: the data set, faulty or not.
        progress: told (done, total) frames, in the caller's thread.

    Returns:
        Facts by split, in the order of samples; frames that cannot be read carry their faults.
    """
    tell = progress or (lambda _done, _total: None)
    n_frames = sum(map(len, index.splits.values()))
    facts: dict[str, list[FrameFacts]] = {split: [] for split in index.splits}
    done = 0
    with ThreadPoolExecutor(n_threads()) as pool:
        for split, samples in index.splits.items():
            for found in pool.map(partial(frame_facts, index), samples):
                facts[split].append(found)
                done += 1
                tell(done, n_frames)
    return facts


def frame_facts(index: DataIndex, sample: Sample) -> FrameFacts:
    """Read a frame and count what is in it.

    Args:
        index: the data set it belongs to.
        sample: the frame.

    Returns:
        Its facts, or why it cannot be read.
    """
    try:
        frame = sample.read()
    except DataError as error:
        return FrameFacts(name=sample.name, faults=error.faults)
    height, width = frame.image.shape[:2]
    boxes, labels = _objects(frame)
    amounts, n_ignored = _amounts(index, frame)
    return FrameFacts(
        name=sample.name,
        size=(width, height),
        amounts=amounts,
        n_ignored=n_ignored,
        boxes=boxes,
        labels=labels,
        brightness=float(np.asarray(Image.fromarray(frame.image).convert("L")).mean()),
        warnings=frame.warnings,
    )


def counted_warnings(frames: Sequence[FrameFacts]) -> list[str]:
    """Sum up what frames warn of.

    Args:
        frames: of all splits.

    Returns:
        A line a warning: how many frames, and one of them.
    """
    said = [(text, frame.name) for frame in frames for text in frame.warnings]
    first = dict(reversed(said))
    counts = Counter(text for text, _ in said)
    return [f"{count} frames, e.g. {first[text]}: {text}" for text, count in counts.items()]


def _amounts(index: DataIndex, frame: Frame) -> tuple[NDArray[np.int64], int]:
    n_classes = len(index.classes)
    if frame.mask is None:
        return np.bincount(frame.labels, minlength=n_classes), 0
    pixels = np.bincount(frame.mask.ravel(), minlength=256)
    ignored = 0 if index.ignore_id is None else int(pixels[index.ignore_id])
    return pixels[:n_classes], ignored


def _objects(frame: Frame) -> tuple[Boxes, NDArray[np.int64]]:
    if frame.mask is None:
        return frame.boxes, frame.labels
    told_apart = [thing for thing in frame.things if thing.has_area and not thing.is_crowd]
    height, width = frame.image.shape[:2]
    boxes = clipped(as_boxes([thing.box for thing in told_apart]), width=width, height=height)
    return boxes, np.asarray([thing.class_id for thing in told_apart], np.int64)
