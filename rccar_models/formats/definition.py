"""What a data format is to the rest of the house. A new one is one new file here that exports `FORMAT`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rccar_models.formats.tree import Tree
from rccar_models.samples import DataIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatDef:
    """One way data lies on disk.

    Args:
        name: as users write it (`--format coco`).
        tasks: what it can serve.
        recognises: whether a folder looks like it; cheap, reads no image.
        index: lists all samples of a folder for a task, with every fault found; raises DataError only where
            nothing can be listed. Missing splits are checked by the caller.
        text: the layout, one line.
        own_folders: folder of this format's labels by task; where it exists, this format is meant even if
            others fit too.
    """

    name: str
    tasks: tuple[str, ...]
    recognises: Callable[[Tree], bool]
    index: Callable[[Tree, str], DataIndex]
    text: str
    own_folders: Mapping[str, str] = field(default_factory=dict)
