"""Frames looked at once: what checks need of each is kept, the pixels are dropped.

Threads, not processes: PIL, hashlib and numpy let other threads run while they work, and nothing is copied
between processes (benchmarks/data_check.py holds the figures). Shapes: K classes, N boxes.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.boxes import Boxes, as_boxes
from rccar_models.cache.digest import n_threads
from rccar_models.errors import DataError
from rccar_models.faults import Rule
from rccar_models.formats.decoding import TURNED, decoded_once
from rccar_models.formats.files import name_of
from rccar_models.formats.labelling import OUTSIDE
from rccar_models.inspection.findings import Finding, as_finding
from rccar_models.inspection.hashing import picture_hash
from rccar_models.inspection.objects import Place, object_findings
from rccar_models.samples import DataIndex, Frame, Sample

THUMBNAIL_PX = 16
"""Side of the small picture that is kept of every frame, to tell whether two look the same."""

Progress = Callable[[int, int], None]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a frame looks like.

    Args:
        content: digest of its pixels; equal pictures have equal ones, whatever file they lie in.
        hash: perceptual, 64 bits.
        thumbnail: (16, 16, 3) uint8 RGB.
    """

    content: bytes
    hash: np.uint64
    thumbnail: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFrame:
    """A frame without its pixels.

    Args:
        name: of the sample.
        split: it is in.
        findings: about it alone.
        size: (width, height) in pixels; zeros if it cannot be read.
        look: None if it cannot be read.
        amounts: (K,) pixels (segmentation) or objects (detection) of each class.
        n_ignored: pixels that count nowhere.
        boxes: (N, 4) xyxy in pixels.
        has_outlines: whether some object is more than a box.
    """

    name: str
    split: str
    findings: tuple[Finding, ...]
    size: tuple[int, int] = (0, 0)
    look: Look | None = None
    amounts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    n_ignored: int = 0
    boxes: Boxes = field(default_factory=lambda: as_boxes([]))
    has_outlines: bool = False


def see_frames(indexes: Sequence[DataIndex], progress: Progress) -> Iterator[tuple[SeenFrame, ...]]:
    """Decode all frames on all cores, a few at a time.

    Args:
        indexes: the data set as one task or several have it, all with the same frames.
        progress: told (done, total), in the caller's thread.

    Yields:
        Each frame as each task has it, in the order of splits and samples; its picture is decoded once.
    """
    splits = [split for split, kept in indexes[0].splits.items() for _ in kept]
    samples = [[sample for kept in index.splits.values() for sample in kept] for index in indexes]
    work = partial(_seen_by_all, indexes)
    frames = _parallel(work, list(zip(splits, *samples, strict=True)), n_threads())
    for done, seen in enumerate(frames, start=1):
        yield seen
        progress(done, len(splits))


def _seen_by_all(
    indexes: Sequence[DataIndex], frame: tuple[str, *tuple[Sample, ...]]
) -> tuple[SeenFrame, ...]:
    split, *samples = frame
    seen: list[SeenFrame] = []
    with decoded_once():
        for index, sample in zip(indexes, samples, strict=True):
            look = seen[0].look if seen else None  # the picture is the same for every task
            seen.append(_seen(index, split, sample, look))
    return tuple(seen)


def _parallel(work: Callable[[_In], _Out], items: list[_In], n_workers: int) -> Iterator[_Out]:
    """Map in order, with no more than four items a worker under way: memory does not grow with the set."""
    waiting = iter(items)
    with ThreadPoolExecutor(n_workers) as pool:
        under_way = [pool.submit(work, item) for item in islice(waiting, 4 * n_workers)]
        while under_way:
            yield under_way.pop(0).result()
            under_way += [pool.submit(work, item) for item in islice(waiting, 1)]


def _seen(index: DataIndex, split: str, sample: Sample, look: Look | None) -> SeenFrame:
    try:
        frame = sample.read()
    except DataError as error:
        findings = (as_finding(fault, is_error=True, file=sample.name) for fault in error.faults)
        return SeenFrame(name=sample.name, split=split, findings=tuple(findings))
    height, width = frame.image.shape[:2]
    amounts, n_ignored = _amounts(index, frame)
    return SeenFrame(
        name=sample.name,
        split=split,
        findings=(*_warned(frame, sample), *object_findings(frame, _place(index, sample))),
        size=(width, height),
        look=look or look_of(frame.image),
        amounts=amounts,
        n_ignored=n_ignored,
        boxes=frame.boxes,
        has_outlines=any(thing.region for thing in frame.things),
    )


def look_of(image: NDArray[np.uint8]) -> Look:
    """Keep of a picture what tells whether another looks the same.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        Its look.
    """
    # Processors have instructions for SHA-1, and nobody gains from two pictures made to collide.
    digest = hashlib.sha1(repr(image.shape).encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(image).data)
    picture = Image.fromarray(image)
    small = picture.resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX)
    return Look(content=digest.digest(), hash=picture_hash(picture), thumbnail=np.asarray(small))


def _warned(frame: Frame, sample: Sample) -> Iterator[Finding]:
    for text in frame.warnings:
        if text == OUTSIDE:  # every such box is a finding of its own
            continue
        rule = Rule.EXIF_ROTATION if text == TURNED else Rule.NOTE
        yield Finding(rule, False, text, sample.name)


def _place(index: DataIndex, sample: Sample) -> Place:
    """Label files are the second of a sample's files, if it has one of its own."""
    labels = (
        name_of(sample.files[1], Path(index.source).expanduser()) if len(sample.files) > 1 else sample.name
    )
    return Place(sample.name, labels)


def _amounts(index: DataIndex, frame: Frame) -> tuple[NDArray[np.int64], int]:
    n_classes = len(index.classes)
    if frame.mask is None:
        return np.bincount(frame.labels, minlength=n_classes), 0
    pixels = np.bincount(frame.mask.ravel(), minlength=256)
    n_ignored = 0 if index.ignore_id is None else int(pixels[index.ignore_id])
    return pixels[:n_classes], n_ignored
