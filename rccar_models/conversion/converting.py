"""From any format that can be read to one that can be written: decoded once, written beside, renamed."""

import difflib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rccar_models.cache.digest import n_threads
from rccar_models.conversion.coco_writer import CocoWriter
from rccar_models.conversion.mask_writer import MaskWriter
from rccar_models.conversion.picture_files import REWRITTEN, write_picture
from rccar_models.conversion.places import Place, places_of
from rccar_models.conversion.source import MEND, source_of
from rccar_models.conversion.target import Source, Writer, Written
from rccar_models.conversion.yolo_writer import YoloWriter
from rccar_models.errors import DataError, LabelError, UnknownNameError
from rccar_models.faults import Fault
from rccar_models.formats import FORMATS
from rccar_models.formats.tree import tree_of
from rccar_models.samples import DataIndex, Sample

TARGETS = ("mask_folder", "coco", "yolo")
"""Formats that can be written."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written.

    Args:
        folder: of the new data set.
        format: of it.
        task: what the source was to be read for.
        source_format: of the source.
        counts: frames by split.
        n_objects: boxes and outlines written; 0 for masks.
        classes: names that were written, in id order.
        n_copied: images whose bytes are those of the source.
        warnings: what the user should know, also what the format cannot hold.
    """

    folder: Path
    format: str
    task: str
    source_format: str
    counts: Mapping[str, int]
    n_objects: int
    classes: tuple[str, ...]
    n_copied: int
    warnings: tuple[str, ...]


def convert(
    source: str,
    *,
    to: str,
    out: Path,
    task: str | None = None,
    format_name: str | None = None,
    progress: Progress | None = None,
) -> Converted:
    """Write a data set in another format; the source stays as it is.

    Args:
        source: "demo", or a folder.
        to: one of `TARGETS`.
        out: folder that is made; must be missing or empty, and outside the source.
        task: what to read the source for; None for masks if masks are wanted, else objects if there are any.
        format_name: of the source, None to recognise it.
        progress: told (done, total) frames.

    Returns:
        What was written.

    Raises:
        UnknownNameError: `to` or the format is unknown.
        DataError: the source is faulty (all faults are listed), has nothing that the target holds, or `out`
            cannot be used.
        OSError: the disk is full or read-only.
    """
    if to not in TARGETS:
        near = difflib.get_close_matches(to, TARGETS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownNameError(f"cannot write the format {to!r}{hint} (--to takes {', '.join(TARGETS)})")
    _check_out(out, source)
    index, described = source_of(source, to=to, task=task, format_name=format_name)
    frames, n_renamed = places_of(index)
    with _written_beside(out) as part:
        writer = _writer(part, described, to=to, task=task)
        written = _write_all(frames, writer, part, progress, source=source)
        _check_outlines(written, described, source=source, to=to)
        classes = writer.finish(written)
    losses = sum((one.losses for one in written), Counter[str]())
    return Converted(
        folder=out,
        format=to,
        task=task or index.task,
        source_format=index.format,
        counts={split: len(samples) for split, samples in index.splits.items()},
        n_objects=sum(one.n_objects for one in written) if to != "mask_folder" else 0,
        classes=classes,
        n_copied=sum(one.is_copied for one in written),
        warnings=(*map(str, index.warnings), *_left_behind(index, task), *_notes(written, losses, n_renamed)),
    )


def _check_out(out: Path, source: str) -> None:
    home, target = Path(source).expanduser().resolve(), out.resolve()
    if home.is_dir() and target.is_relative_to(home):
        raise DataError(
            str(out), [f"lies in the data set {source}, which stays as it is; give a folder elsewhere"]
        )
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise DataError(str(out), ["exists and is no folder; give the name of a new folder"])
    if out.is_dir() and any(out.iterdir()):
        raise DataError(str(out), ["exists and is not empty; give a new folder, or remove it first"])


@contextmanager
def _written_beside(out: Path) -> Iterator[Path]:
    """A folder that takes its name only when all is written."""
    part = out.parent / f".{out.name}.part"
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir(parents=True)
    try:
        yield part
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _writer(part: Path, described: Source, *, to: str, task: str | None) -> Writer:
    if to == "mask_folder":
        return MaskWriter(part, described)
    if to == "coco":
        return CocoWriter(part, described)
    return YoloWriter(part, described, boxes_only=task == "detection")


def _write_all(
    frames: Sequence[tuple[Sample, Place]],
    writer: Writer,
    part: Path,
    progress: Progress | None,
    *,
    source: str,
) -> list[Written]:
    """Write all frames on all cores, in order.

    Raises:
        DataError: frames cannot be read; all of them are named.
    """
    written: list[Written] = []
    faults: list[Fault] = []
    with ThreadPoolExecutor(n_threads()) as pool:
        try:
            outcomes = pool.map(partial(_write_or_faults, writer, part), *zip(*frames, strict=True))
            for done, outcome in enumerate(outcomes, start=1):
                if isinstance(outcome, Written):
                    written.append(outcome)
                else:
                    faults += outcome
                if progress:
                    progress(done, len(frames))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if faults:
        raise DataError(source, faults)
    return written


def _write_or_faults(writer: Writer, part: Path, sample: Sample, place: Place) -> Written | tuple[Fault, ...]:
    try:
        return _write(writer, part, sample, place)
    except DataError as error:
        return error.faults
    except LabelError as error:  # an outline that is none
        return (error.at(file=sample.name),)


def _write(writer: Writer, part: Path, sample: Sample, place: Place) -> Written:
    frame = sample.read()
    path, is_copied = write_picture(sample, frame.image, part / place.below("images"))
    labels = writer.write(place, frame)
    height, width = frame.image.shape[:2]
    return Written(
        place=place,
        file_name=f"{place.stem}{path.suffix}",
        size=(width, height),
        n_objects=labels.n_objects,
        n_things=len(frame.things),
        n_outlined=sum(bool(thing.region) for thing in frame.things),
        ids=frozenset() if frame.mask is None else frozenset(np.unique(frame.mask).tolist()),
        entries=labels.entries,
        losses=labels.losses + Counter(frame.warnings),
        is_copied=is_copied,
    )


def _check_outlines(written: Sequence[Written], described: Source, *, source: str, to: str) -> None:
    """Refuse masks of objects that have boxes only: they would be ignored everywhere."""
    n_things = sum(one.n_things for one in written)
    if to != "mask_folder" or described.is_painted or any(one.n_outlined for one in written):
        return
    what = f"none of its {n_things} objects has an outline"
    raise DataError(source, [f"{what}; {MEND}"])


def _left_behind(index: DataIndex, task: str | None) -> Iterator[str]:
    """Say that masks stay behind where a format has them beside its boxes, and boxes were read by choice."""
    masks = FORMATS[index.format].own_folders.get("segmentation", "")
    is_chosen = task is None and index.task == "detection"
    if is_chosen and masks and tree_of(Path(index.source).expanduser()).has_folder(masks):
        yield f"the masks in {masks} are not converted, the boxes are; --task segmentation takes them instead"


def _notes(written: Sequence[Written], losses: Counter[str], n_renamed: int) -> Iterator[str]:
    yield from (f"{count} {what}" for what, count in losses.items() if count)
    n_rewritten = sum(not one.is_copied for one in written)
    if n_rewritten:
        yield f"{n_rewritten} {REWRITTEN}"
    if n_renamed:
        yield f"{n_renamed} images were renamed, because another one of their split has the same name"
