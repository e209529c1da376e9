"""Statistics of a data set for the office: measured, and drawn."""

from pathlib import Path

from rccar_models.formats import scan_best
from rccar_models.inspection.statistics import (
    GONE_PX,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
    SplitStatistics,
    measure,
)
from rccar_models.overlays import short_name
from sweep.config import kinds
from sweep.errors import InputError
from sweep.workshop.data.errors import Progress, check_task, data_errors, unheard
from sweep.workshop.data.picture_files import picture_file

__all__ = [
    "GONE_PX",
    "TINY_PX",
    "ClassStatistics",
    "DataStatistics",
    "ObjectStatistics",
    "SplitStatistics",
    "short_name",
    "statistics",
]


def statistics(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    image_size: str | None = None,
    out: Path | None = None,
    progress: Progress = unheard,
) -> DataStatistics:
    """Count what is in a data set, faulty or not, and draw it if wanted.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for the one it serves best.
        format_name: overrides recognition.
        image_size: of frames in training, e.g. "160x120"; None for a longer side of 160 pixels.
        out: PNG to write, None for no picture.
        progress: told (done, total) frames.

    Returns:
        Its statistics; what cannot be read is among its faults.

    Raises:
        InputError: a name or size is wrong, nothing in the data can be listed, or no frame can be read.
        UnavailableError: the folder cannot be read, or the picture not written.
    """
    check_task(task)
    file = None if out is None else picture_file(out)
    size = _size(image_size)
    with data_errors(source):
        index = scan_best(source, task, format_name)
        found = measure(index, training_size=size, progress=progress)
    if file is not None:
        _draw(found, file)
    return found


def _draw(found: DataStatistics, file: Path) -> None:
    from rccar_models.inspection.charts import statistics_chart  # matplotlib: a second to import

    with data_errors(f"the picture {file}"):
        statistics_chart(found, file)


def _size(text: str | None) -> tuple[int, int] | None:
    try:
        return None if text is None else kinds.image_size(text)
    except ValueError as error:
        raise InputError(f"--image-size: {error}") from error
