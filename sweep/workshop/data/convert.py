"""Data sets written in another format, for the office."""

from dataclasses import dataclass
from pathlib import Path

from rccar_models.conversion import convert
from sweep.workshop.data.errors import Progress, check_task, data_errors, unheard


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
    out: str | Path,
    task: str | None = None,
    format_name: str | None = None,
    progress: Progress = unheard,
) -> ConvertedData:
    """Write a data set in another format; the source stays as it is.

    Args:
        source: "demo" or a folder.
        to: mask_folder, coco or yolo.
        out: folder that is made; must be missing or empty, and outside the source.
        task: what to read the source for; None for masks if masks are wanted, else objects if there are any.
        format_name: of the source; recognised otherwise.
        progress: told (done, total) frames.

    Returns:
        What was written, and what the format cannot hold.

    Raises:
        InputError: a name is unknown, the source is faulty (every fault is listed) or holds nothing for the
            target, or `out` is taken.
        UnavailableError: the disk is full or read-only.
    """
    check_task(task)
    folder = Path(out).expanduser()
    with data_errors(str(folder)):
        found = convert(source, to=to, out=folder, task=task, format_name=format_name, progress=progress)
    return ConvertedData(
        folder=str(folder),
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
