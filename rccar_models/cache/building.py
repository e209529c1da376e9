"""Building the cache: every frame is read, checked, resized and stored once, on all cores.

A cache is built beside its final place and renamed when it is complete. Its folder is called by what is in
it, so an existing one is used without decoding a frame.
"""

import errno
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from rccar_models.cache.digest import combined, fingerprints_of, leak_warnings, n_threads
from rccar_models.cache.frames import SplitStore, StoredFrame
from rccar_models.cache.stored import (
    FORMAT_NUMBER,
    CacheInfo,
    read_info,
    write_boxes,
    write_info,
    write_names,
)
from rccar_models.errors import DataError
from rccar_models.samples import DataIndex

Progress = Callable[[int, int], None]
Frames = Mapping[str, Sequence[StoredFrame]]

_JUDGED = ("train", "val")

SPARE_BYTES = 64 * 2**20
"""What must stay free beside the frames: databases and checkpoints are written to the same disk."""


def prepare(
    index: DataIndex, *, image_size: tuple[int, int], cache_root: Path, progress: Progress | None = None
) -> CacheInfo:
    """Build the cache of a data set, or find it built.

    Args:
        index: the data set.
        image_size: (width, height) of cached frames in pixels.
        cache_root: where caches lie; made if missing.
        progress: told (done, total) frames, in the caller's thread.

    Returns:
        The cache.

    Raises:
        DataError: frames are unreadable or faulty (all of them are named), or nothing is labelled in train
            or val; no cache is left behind.
        OSError: the disk is full or closed to us.
    """
    tell = progress or (lambda _done, _total: None)
    fingerprints = fingerprints_of(index)
    digest = combined(index, fingerprints)
    folder = cache_root / _key(digest, index.task, image_size)
    info = _complete(folder)
    if info is None:
        cache_root.mkdir(parents=True, exist_ok=True)
        # A second process waits here, then finds the cache built.
        with FileLock(cache_root / f".{folder.name}.lock"):
            info = _complete(folder) or _build(
                index, digest=digest, size=image_size, folder=folder, progress=tell
            )
    n_frames = sum(info.counts.values())
    tell(n_frames, n_frames)
    warnings = (*map(str, index.warnings), *leak_warnings(fingerprints), *info.warnings)
    return replace(info, source=index.source, warnings=warnings)


def _key(digest: str, task: str, size: tuple[int, int]) -> str:
    content = json.dumps([digest, task, size, FORMAT_NUMBER])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _complete(folder: Path) -> CacheInfo | None:
    try:
        return read_info(folder)
    except DataError:  # missing, or damaged and to be built again
        return None


def _build(
    index: DataIndex, *, digest: str, size: tuple[int, int], folder: Path, progress: Progress
) -> CacheInfo:
    beside = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(beside, ignore_errors=True)  # left by a process that was killed
    try:
        _check_room(index, size, cache_root=folder.parent)
        beside.mkdir()
        frames = _store(index, size=size, folder=beside, progress=progress)
        write_info(beside, _described(index, frames, digest=digest, size=size, folder=folder))
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return read_info(folder)


def _check_room(index: DataIndex, size: tuple[int, int], *, cache_root: Path) -> None:
    """Refuse before the first frame is decoded what will not fit on the disk."""
    n_channels = 4 if index.task == "segmentation" else 3
    needed = sum(map(len, index.splits.values())) * size[0] * size[1] * n_channels
    free = shutil.disk_usage(cache_root).free
    if needed + SPARE_BYTES > free:
        raise OSError(
            errno.ENOSPC,
            f"the frames take {needed / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free (of which "
            f"{SPARE_BYTES / 2**20:.0f} MiB stay for databases); free some, clear old caches with "
            "`sweep data cache --clear`, choose a smaller --image-size, or another --home",
        )


def _store(index: DataIndex, *, size: tuple[int, int], folder: Path, progress: Progress) -> Frames:
    """Store all frames; all faults together are one error."""
    n_frames = sum(map(len, index.splits.values()))
    frames: dict[str, list[StoredFrame]] = {split: [] for split in index.splits}
    done = 0
    with ThreadPoolExecutor(n_threads()) as pool:
        for split, samples in index.splits.items():
            store = SplitStore(
                folder,
                split,
                n_frames=len(samples),
                size=size,
                n_classes=len(index.classes),
                with_masks=index.task == "segmentation",
            )
            for frame in pool.map(store.put, range(len(samples)), samples):
                frames[split].append(frame)
                done += 1
                progress(done, n_frames)
            store.flush()
            write_names(folder, split, [frame.name for frame in frames[split]])
            if index.task == "detection":
                boxes, labels = zip(*((frame.boxes, frame.labels) for frame in frames[split]), strict=True)
                write_boxes(folder, split, boxes, labels)
    unread = [fault for stored in frames.values() for frame in stored for fault in frame.faults]
    faults = unread or _without_labels(index, frames, size)
    if faults:
        raise DataError(index.source, faults)
    return frames


def _without_labels(index: DataIndex, frames: Frames, size: tuple[int, int]) -> list[str]:
    """Refuse splits in which nothing is labelled: such data trains to a perfect and worthless score."""
    if index.task == "segmentation":
        masks = {split: frames[split] for split in _JUDGED if split in frames}
        return [fault for split, kept in masks.items() for fault in _one_class(index, split, kept, size)]
    empty = [split for split in _JUDGED if split in frames and not sum(_class_counts(index, frames[split]))]
    small = {split: sum(frame.n_small for frame in frames[split]) for split in empty}
    return [
        f"{split}: no box is left at {size[0]}x{size[1]} ({small[split]} are less than a pixel wide or "
        "high); label some, or choose a larger --image-size"
        for split in empty
    ]


def _one_class(
    index: DataIndex, split: str, frames: Sequence[StoredFrame], size: tuple[int, int]
) -> list[str]:
    """Refuse masks of one class and ignored pixels: 255 was most likely meant as the other class."""
    counts = _class_counts(index, frames)
    if not sum(counts):
        return [f"{split}: every pixel of every mask is ignored; label some"]
    if np.count_nonzero(counts) > 1 or sum(counts) == len(frames) * size[0] * size[1]:
        return []
    only = index.classes[int(np.argmax(counts))]
    return [
        f"{split}: masks hold {only!r} and ignored pixels ({index.ignore_id}) only, so any model is perfect; "
        f"label a second class, or name {index.ignore_id} in classes.txt if it is one"
    ]


def _class_counts(index: DataIndex, frames: Sequence[StoredFrame]) -> tuple[int, ...]:
    return tuple(sum(int(frame.class_counts[k]) for frame in frames) for k in range(len(index.classes)))


def _described(
    index: DataIndex, frames: Frames, *, digest: str, size: tuple[int, int], folder: Path
) -> CacheInfo:
    class_counts = {split: _class_counts(index, stored) for split, stored in frames.items()}
    warnings = [
        *_frame_warnings(frames),
        *_small_box_warnings(frames, size),
        *_class_warnings(index, class_counts),
    ]
    return CacheInfo(
        folder=folder,
        digest=digest,
        source=index.source,
        place=_place(index),
        format=index.format,
        task=index.task,
        classes=index.classes,
        ignore_id=index.ignore_id,
        image_size=size,
        counts={split: len(stored) for split, stored in frames.items()},
        class_counts=class_counts,
        warnings=tuple(warnings),
    )


def _place(index: DataIndex) -> str:
    is_drawn = not any(sample.files for kept in index.splits.values() for sample in kept)
    return "" if is_drawn else str(Path(index.source).expanduser().resolve())


def _frame_warnings(frames: Frames) -> list[str]:
    said = [(text, frame.name) for stored in frames.values() for frame in stored for text in frame.warnings]
    counts = Counter(text for text, _ in said)
    first = dict(reversed(said))
    return [f"{count} frames, e.g. {first[text]}: {text}" for text, count in counts.items()]


def _small_box_warnings(frames: Frames, size: tuple[int, int]) -> list[str]:
    stored = [frame for kept in frames.values() for frame in kept]
    n_small = sum(frame.n_small for frame in stored)
    if not n_small:
        return []
    n_boxes = n_small + sum(len(frame.boxes) for frame in stored)
    return [
        f"{n_small} of {n_boxes} boxes are less than a pixel wide or high at {size[0]}x{size[1]} "
        "and were left out; a larger --image-size keeps them"
    ]


def _class_warnings(index: DataIndex, class_counts: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Name classes that cannot be learnt, and those that the metrics leave out."""
    missing = {
        split: [name for name, count in zip(index.classes, class_counts[split], strict=True) if not count]
        for split in _JUDGED
        if split in class_counts
    }
    what = {"train": "cannot be learnt", "val": "are left out of the metrics"}
    warnings = [
        f"classes without a label in {split} {what[split]}: {', '.join(names)}"
        for split, names in missing.items()
        if names
    ]
    if len(index.classes) - len(missing.get("val", [])) == 1 and index.task == "segmentation":
        warnings.append("val holds a single class, so its scores mean nothing")
    return warnings
