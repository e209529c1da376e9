"""Data sets written in another format, for the office."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rccar_models.conversion import convert
from sweep.workshop.data.errors import data_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedData:
    """What was written.

    Args:
        folder: of the new data set.
        format: of it.
        task: that it can be used for at once.
        source: as the user named it.
        source_format: of the source.
        counts: frames by split; of "all" if nothing divides them.
        n_objects: boxes and outlines written; 0 for masks.
        classes: class names in id order.
        n_copied: images whose bytes are those of the source.
        warnings: what the user should know, also what the format cannot hold.
    """

    folder: str
    format: str
    task: str
    source: str
    source_format: str
    counts: dict[str, int]
    n_objects: int
    classes: tuple[str, ...]
    n_copied: int
    warnings: tuple[str, ...]


def convert_data(
    source: str,
    *,
    to: str,
    out: Path,
    task: str | None,
    format_name: str | None,
    progress: Callable[[int, int], None],
) -> ConvertedData:
    """Write a data set in another format.

    Args:
        source: "demo" or a folder.
        to: mask_folder, coco or yolo.
        out: folder that is made.
        task: what to read the source for, None to choose.
        format_name: of the source, None to recognise it.
        progress: told (done, total) frames.

    Returns:
        What was written.

    Raises:
        InputError: the source is faulty (every fault is listed), holds nothing for the target, or `out` is
            taken.
        UnavailableError: the disk is full or read-only.
    """
    with data_errors(str(out)):
        found = convert(source, to=to, out=out, task=task, format_name=format_name, progress=progress)
    return ConvertedData(
        folder=str(out),
        format=found.format,
        task=found.task,
        source=source,
        source_format=found.source_format,
        counts=dict(found.counts),
        n_objects=found.n_objects,
        classes=found.classes,
        n_copied=found.n_copied,
        warnings=found.warnings,
    )
