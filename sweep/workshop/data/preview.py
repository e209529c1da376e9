"""A sheet of labelled frames for the office."""

from collections.abc import Callable
from pathlib import Path

from rccar_models.formats import scan_best
from rccar_models.inspection.preview import Preview, preview_sheet
from sweep.workshop.data.errors import data_errors

__all__ = ["Preview", "data_preview"]


def data_preview(
    source: str,
    *,
    task: str | None,
    format_name: str | None,
    n: int,
    split: str,
    seed: int,
    file: Path,
    progress: Callable[[int, int], None],
) -> Preview:
    """Draw frames of a data set, faulty or not, with their labels.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for the one it serves best.
        format_name: overrides recognition.
        n: frames, at most.
        split: to choose them from; "all" for any.
        seed: of the choice.
        file: PNG to write; its folder is made.
        progress: told (done, at most) frames read.

    Returns:
        What is on the sheet, and what could not be read.

    Raises:
        InputError: nothing in it can be listed, there is no such split, or no frame can be read.
        UnavailableError: the folder cannot be read, or the picture not written.
    """
    with data_errors(f"{source} or the picture {file}"):
        index = scan_best(source, task, format_name)
        return preview_sheet(index, file, n=n, split=split, seed=seed, progress=progress)
