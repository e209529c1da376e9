"""What is trained on, as pictures: made once for a frame cache, from its frames, and kept beside them.

`python -m sweep.workshop.data.pictures FOLDER` makes them in a process of its own.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.workshop.data.errors import data_errors

PREVIEW, CHART, NUMBERS = "preview.png", "statistics.png", "statistics.json"


def picture_files(folder: Path) -> tuple[Path, ...]:
    """Name the pictures of a cache, made or not.

    Args:
        folder: of the cache.

    Returns:
        The preview, the picture of the statistics, and the statistics as JSON.
    """
    return folder / PREVIEW, folder / CHART, folder / NUMBERS


def cache_pictures(folder: Path) -> tuple[Path, ...]:
    """Draw the frames of a cache and their statistics, or find them drawn.

    Args:
        folder: of the cache.

    Returns:
        The files, as `picture_files` names them.

    Raises:
        InputError: the cache is damaged.
        UnavailableError: the disk is full or read-only.
    """
    files = picture_files(folder)
    with data_errors(f"a picture in {folder}"):
        if not all(file.is_file() for file in files):
            _draw(folder)
    return files


def _draw(folder: Path) -> None:
    # Late: matplotlib takes a second to import, and most sweeps find their pictures drawn.
    from rccar_models.inspection.cached import cached_index
    from rccar_models.inspection.charts import statistics_chart
    from rccar_models.inspection.preview import preview_sheet
    from rccar_models.inspection.statistics import measure

    index = cached_index(folder)
    with _renamed(folder / PREVIEW) as file:
        preview_sheet(index, file)
    height, width = next(kept for kept in index.splits.values() if kept)[0].read().image.shape[:2]
    statistics = measure(index, training_size=(width, height))
    with _renamed(folder / CHART) as file:
        statistics_chart(statistics, file)
    with _renamed(folder / NUMBERS) as file:
        file.write_text(json.dumps(statistics.to_dict()), encoding="utf-8")


@contextmanager
def _renamed(file: Path) -> Iterator[Path]:
    """Write beside, then rename: another sweep may look at the same cache."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        yield beside
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


if __name__ == "__main__":
    os.nice(10)  # trials go first
    cache_pictures(Path(sys.argv[1]))
