"""What `sweep data ...` does, for the command line and notebooks."""

from collections.abc import Callable
from pathlib import Path

from sweep import catalog
from sweep.config import kinds
from sweep.errors import InputError
from sweep.paths import Home
from sweep.workshop.data import CacheEntry, list_caches
from sweep.workshop.data.stats import (
    GONE_PX,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
    SplitStatistics,
    data_statistics,
    draw_statistics,
)

__all__ = [
    "GONE_PX",
    "TINY_PX",
    "CacheEntry",
    "ClassStatistics",
    "DataStatistics",
    "ObjectStatistics",
    "SplitStatistics",
    "caches",
    "statistics",
]

Progress = Callable[[int, int], None]


def caches(
    *, home: str | Path | None = None, source: str | None = None, clearing: bool = False
) -> list[CacheEntry]:
    """List the frame caches of a home, and remove them if wanted.

    Args:
        home: where sweeps keep everything; None for SWEEP_HOME, or `mlruns` without it.
        source: only the caches of this data set.
        clearing: whether to remove those that no sweep uses.

    Returns:
        The last used first.

    Raises:
        UnavailableError: a folder cannot be read or removed.
    """
    return list_caches(Home.at(home).cache, source=source, clearing=clearing)


def statistics(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    image_size: str | None = None,
    out: Path | None = None,
    progress: Progress = lambda _done, _total: None,
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
    _check_task(task)
    file = None if out is None else _png(out)
    found = data_statistics(
        source, task=task, format_name=format_name, image_size=_size(image_size), progress=progress
    )
    if file is not None:
        draw_statistics(found, file)
    return found


def _check_task(task: str | None) -> None:
    if task is not None:
        catalog.TASKS.get(task)


def _png(out: Path) -> Path:
    if out.suffix.lower() != ".png" or out.is_dir():
        raise InputError(f"--out {out}: a picture is written as PNG; name a file such as {out.stem}.png")
    return out


def _size(text: str | None) -> tuple[int, int] | None:
    try:
        return None if text is None else kinds.image_size(text)
    except ValueError as error:
        raise InputError(f"--image-size: {error}") from error
