"""What a data format is to the rest of the house. A new one is one new file here that exports `FORMAT`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rccar_models.samples import DataIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatDef:
    """One way data lies on disk.

    Args:
        name: as users write it (`--format coco`).
        tasks: what it can serve.
        recognises: whether a folder looks like it; cheap, reads no image.
        index: lists all samples of a folder for a task; raises DataError with every fault found.
        text: the layout, one line.
    """

    name: str
    tasks: tuple[str, ...]
    recognises: Callable[[Path], bool]
    index: Callable[[Path, str], DataIndex]
    text: str
