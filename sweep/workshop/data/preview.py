"""A sheet of labelled frames for the office."""

from pathlib import Path

from rccar_models.formats import scan_best
from rccar_models.inspection.preview import Preview, preview_sheet
from sweep.workshop.data.errors import Progress, check_task, data_errors, unheard
from sweep.workshop.data.picture_files import picture_file

__all__ = ["Preview", "preview"]


def preview(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    n: int = 12,
    split: str = "all",
    seed: int = 0,
    out: Path = Path("preview.png"),
    progress: Progress = unheard,
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
    check_task(task)
    file = picture_file(out)
    with data_errors(f"{source} or the picture {file}"):
        index = scan_best(source, task, format_name)
        return preview_sheet(index, file, n=n, split=split, seed=seed, progress=progress)
