"""What every format that can be written has in common."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rccar_models.conversion.places import Place
from rccar_models.samples import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a writer has to know of the data set that is read.

    Args:
        names: class names in id order.
        is_painted: labels are masks, not objects.
        has_ground: class 0 is a background that the files name.
        adds_ground: class 0 is a background that no file names.
    """

    names: tuple[str, ...]
    is_painted: bool
    has_ground: bool = False
    adds_ground: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written of one frame.

    Args:
        place: where.
        file_name: of the image below the folder of its split, with suffix.
        size: (width, height) in pixels.
        n_objects: written.
        n_outlined: objects of the source that have an outline.
        n_things: objects of the source.
        ids: class ids seen in its mask.
        entries: what the writer needs at the end.
        losses: what the format cannot hold, counted.
        is_copied: whether the image has the bytes of the source.
    """

    place: Place
    file_name: str
    size: tuple[int, int]
    n_objects: int = 0
    n_outlined: int = 0
    n_things: int = 0
    ids: frozenset[int] = frozenset()
    entries: tuple[Mapping[str, object], ...] = ()
    losses: Counter[str] = field(default_factory=Counter)
    is_copied: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a writer made of one frame's labels; see `Written`."""

    n_objects: int = 0
    entries: tuple[Mapping[str, object], ...] = ()
    losses: Counter[str] = field(default_factory=Counter)


class Writer(Protocol):
    """Writes one format into a folder."""

    def write(self, place: Place, frame: Frame) -> Labels:
        """Write the labels of one frame; called from several threads at once."""
        ...

    def finish(self, written: Sequence[Written]) -> tuple[str, ...]:
        """Write what all frames share; returns the classes of the written set."""
        ...
