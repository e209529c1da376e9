"""Statistics of a data set for the office: measured, and drawn."""

from collections.abc import Callable
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
from sweep.workshop.data.errors import data_errors

__all__ = [
    "GONE_PX",
    "TINY_PX",
    "ClassStatistics",
    "DataStatistics",
    "ObjectStatistics",
    "SplitStatistics",
    "data_statistics",
    "draw_statistics",
    "short_name",
]


def data_statistics(
    source: str,
    *,
    task: str | None,
    format_name: str | None,
    image_size: tuple[int, int] | None,
    progress: Callable[[int, int], None],
) -> DataStatistics:
    """Count what is in a data set, faulty or not.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for the one it serves best.
        format_name: overrides recognition.
        image_size: (width, height) of frames in training, None for a longer side of 160 pixels.
        progress: told (done, total) frames.

    Returns:
        Its statistics; what cannot be read is among its faults.

    Raises:
        InputError: nothing in it can be listed, or no frame can be read.
        UnavailableError: the folder cannot be read.
    """
    with data_errors(source):
        index = scan_best(source, task, format_name)
        return measure(index, training_size=image_size, progress=progress)


def draw_statistics(statistics: DataStatistics, file: Path) -> None:
    """Draw statistics as one picture.

    Args:
        statistics: of a data set.
        file: PNG to write; its folder is made.

    Raises:
        UnavailableError: it cannot be written.
    """
    from rccar_models.inspection.charts import statistics_chart  # matplotlib: a second to import

    with data_errors(f"the picture {file}"):
        statistics_chart(statistics, file)
