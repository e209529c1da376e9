"""What `sweep data ...` does, for the command line and notebooks."""

from collections.abc import Callable
from pathlib import Path

from sweep import catalog
from sweep.config import kinds
from sweep.errors import InputError
from sweep.paths import Home
from sweep.workshop.data import CacheEntry, list_caches
from sweep.workshop.data import check as checking
from sweep.workshop.data import convert as converting
from sweep.workshop.data.check import DataCheck, DataFinding, RuleFindings
from sweep.workshop.data.convert import ConvertedData
from sweep.workshop.data.preview import Preview, data_preview
from sweep.workshop.data.split import DividedData, divide_data
from sweep.workshop.data.stats import (
    GONE_PX,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
    SplitStatistics,
    data_statistics,
    draw_statistics,
    short_name,
)

__all__ = [
    "GONE_PX",
    "TINY_PX",
    "CacheEntry",
    "ClassStatistics",
    "ConvertedData",
    "DataCheck",
    "DataFinding",
    "DataStatistics",
    "DividedData",
    "ObjectStatistics",
    "Preview",
    "RuleFindings",
    "SplitStatistics",
    "caches",
    "check_data",
    "convert_data",
    "preview",
    "short_name",
    "split_data",
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


def check_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> DataCheck:
    """Find what is wrong with a data set before anything is trained on it.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for all that it can.
        format_name: overrides recognition.
        progress: told (done, total) frames.

    Returns:
        All findings, by rule; errors must be mended before training.

    Raises:
        InputError: the folder is missing, or a name is unknown.
        UnavailableError: the folder cannot be read.
    """
    _check_task(task)
    return checking.check_data(source, task=task, format_name=format_name, progress=progress)


def convert_data(
    source: str,
    *,
    to: str,
    out: str | Path,
    task: str | None = None,
    format_name: str | None = None,
    progress: Progress = lambda _done, _total: None,
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
    _check_task(task)
    return converting.convert_data(
        source, to=to, out=Path(out).expanduser(), task=task, format_name=format_name, progress=progress
    )


def split_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    val: float = 0.2,
    test: float = 0.1,
    by: str = "auto",
    gap: int | None = None,
    seed: int = 0,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> DividedData:
    """Divide a data set by drive or time block, and write `splits/*.txt` into it; nothing else is changed.

    Args:
        source: folder of the data set.
        task: what to read it for; None for detection where there are boxes or outlines, else segmentation.
        format_name: overrides recognition.
        val: share of all frames.
        test: share of all frames, 0 for none.
        by: "drive", "block", or "auto" for drives where they can be divided and else blocks.
        gap: frames left out at each cut of a drive at least; None for 2. Look-alikes always are.
        seed: of all chance.
        force: divide again what is divided already; earlier lists are kept as `*.txt.bak`.
        dry_run: write nothing.
        progress: told (done, total) frames.

    Returns:
        What was done.

    Raises:
        InputError: a name or share is wrong, or the data is faulty, divided already, or cannot be divided.
        UnavailableError: the disk is full or read-only.
    """
    _check_task(task)
    return divide_data(
        source,
        task=task,
        format_name=format_name,
        val=val,
        test=test,
        by=by,
        gap=gap,
        seed=seed,
        force=force,
        dry_run=dry_run,
        progress=progress,
    )


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


def preview(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    n: int = 12,
    split: str = "all",
    seed: int = 0,
    out: Path = Path("preview.png"),
    progress: Progress = lambda _done, _total: None,
) -> Preview:
    """Draw frames of a data set, faulty or not, with their labels.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for the one it serves best.
        format_name: overrides recognition.
        n: frames, at most.
        split: to choose them from; "all" for any.
        seed: of the choice.
        out: PNG to write.
        progress: told (done, at most) frames read.

    Returns:
        What is on the sheet, and what could not be read.

    Raises:
        InputError: a name is wrong, nothing in the data can be listed, or no frame can be read.
        UnavailableError: the folder cannot be read, or the picture not written.
    """
    _check_task(task)
    return data_preview(
        source,
        task=task,
        format_name=format_name,
        n=n,
        split=split,
        seed=seed,
        file=_png(out),
        progress=progress,
    )


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
