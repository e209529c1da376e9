"""Which class a pixel of a mask stands for: by its value, or by its colour where a file says which is whose.

A class called void, ignored or the like counts nowhere; so does the value 255 unless a file gives it a name.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import BACKGROUND, class_file, gaps, mapping_key
from rccar_models.formats.class_table import Colour, Entry, read_entries
from rccar_models.formats.files import name_of, read_text
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID

IGNORED_NAMES = frozenset(
    {"void", "ignore", "ignored", "ignorearea", "ignoredarea", "ignoreregion", "ignoredregion"}
    | {"unlabelled", "unlabeled", "dontcare", "outofroi"}
)
"""Names of classes that count nowhere, in lower case and without blanks, dashes and underscores."""

_FILES = ("class_dict.csv", "class_dict_seg.csv", "_classes.csv", "classes.csv")
_COLOUR_FILES = ("label_colors.txt", "label_colours.txt", "colors.txt", "colours.txt")

_UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskClasses:
    """What pixels mean.

    Args:
        names: of the classes in order of class id.
        ids: class id of each pixel value that is known, `IGNORE_ID` where it counts nowhere.
        colours: class id of each colour that is known; empty if no file says.
        file: that says so, for messages; empty if none does.
        warnings: what the user should know.
    """

    names: tuple[str, ...]
    ids: Mapping[int, int]
    colours: Mapping[Colour, int] = field(default_factory=dict)
    file: str = "classes.txt"
    warnings: tuple[Fault, ...] = ()

    @property
    def key(self) -> str:
        """What identifies the mapping; empty where pixel values are class ids."""
        plain = not self.colours and all(value == class_id for value, class_id in self.ids.items())
        return "" if plain else mapping_key(self.ids, self.colours)

    def of_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn the pixels of a mask into class ids.

        Args:
            pixels: (H, W) values, or (H, W, 3) colours.

        Returns:
            (H, W) uint8 class ids and `IGNORE_ID`.

        Raises:
            LabelError: a value or a colour is unknown, or a grey mask may be read in two ways.
        """
        return self._of_colours(pixels) if pixels.ndim == 3 else self._of_values(pixels)

    def _of_values(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        counts = np.bincount(values.ravel(), minlength=256)
        found = np.flatnonzero(counts).tolist()
        self._check_greys(found)
        table = np.full(256, _UNKNOWN, np.int16)
        table[list(self.ids)] = list(self.ids.values())
        unknown = [value for value in found if table[value] == _UNKNOWN]
        if unknown:
            highest = max(value for value in self.ids if value != IGNORE_ID)
            said = f"class id {unknown[0]} ({counts[unknown[0]]} pixels)"
            known = f"{self.file} names ids" if self.file else "the other masks hold"
            place = "there" if self.file else "in classes.txt"
            raise LabelError(
                f"{said}, but {known} 0 to {highest}; "
                f"correct it, name it {place}, or paint it {IGNORE_ID} to have it ignored",
                Rule.CLASS_OUT_OF_RANGE,
            )
        return table.astype(np.uint8)[values]

    def _check_greys(self, values: Sequence[int]) -> None:
        """Refuse a grey mask whose values are ids and greys of the table with another meaning."""
        greys = {value: self.colours.get((value, value, value)) for value in values}
        if all(self.ids.get(value) == grey for value, grey in greys.items()):
            return
        if None not in greys.values() and all(value in self.ids for value in values):
            raise LabelError(
                f"the grey values {', '.join(map(str, values))} may be ids or colours of {self.file}; "
                "save the mask as RGB if they are colours, or take the colours out of the file"
            )

    def _of_colours(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not self.colours:
            raise LabelError(f"{colours_found([pixels])}; {MEND}", Rule.UNKNOWN_CLASS)
        known = sorted((_packed_colour(colour), class_id) for colour, class_id in self.colours.items())
        codes = np.asarray([code for code, _ in known], np.uint32)
        packed = _packed(pixels)
        places = np.searchsorted(codes, packed).clip(max=len(codes) - 1)
        unknown = codes[places] != packed
        if unknown.any():
            said = colours_found([pixels[unknown][None]])
            text = f"{said} not in {self.file}; name them there, or repaint them"
            raise LabelError(text, Rule.UNKNOWN_CLASS)
        class_ids = np.asarray([class_id for _, class_id in known], np.uint8)
        return np.asarray(class_ids[places], np.uint8)


MEND = (
    "nothing says which class a colour is: write classes.txt with a line 'name r g b' for each, "
    "or save masks of class ids"
)


def colours_found(pictures: Sequence[NDArray[np.uint8]], n_shown: int = 12) -> str:
    """List the colours of masks.

    Args:
        pictures: (H, W, 3) each.
        n_shown: how many of them are named at most.

    Returns:
        "colours 0 0 0 (12 pixels), ..." the most frequent first.
    """
    codes, counts = np.unique(np.concatenate([_packed(one).ravel() for one in pictures]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = [
        f"{codes[place] >> 16} {codes[place] >> 8 & 255} {codes[place] & 255} ({counts[place]} pixels)"
        for place in order[:n_shown]
    ]
    more = f" and {len(codes) - n_shown} more" if len(codes) > n_shown else ""
    return f"{'colours' if len(codes) > 1 else 'colour'} {', '.join(shown)}{more}"


def _packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    wide = pixels.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)


def _packed_colour(colour: Colour) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def named_classes(tree: Tree, folders: Sequence[str]) -> MaskClasses | None:
    """Read what pixels mean from the files of a data set.

    Args:
        tree: the data set.
        folders: of masks, where `classes.txt` may lie.

    Returns:
        None if no file names the classes.

    Raises:
        DataError: a file cannot be read, or contradicts itself or another one.
    """
    text = class_file(tree, folders)
    found = [*([text] if text else []), *_tables(tree)]
    if not found:
        return None
    main = found[0]
    where = name_of(main, tree.root)
    entries = read_entries(main, root=tree.root)
    colour_file = where
    for path in found[1:]:
        if not any(entry.colour for entry in entries):
            colours = {entry.name: entry.colour for entry in read_entries(path, root=tree.root)}
            if any(colours.values()):
                entries = [_coloured(entry, colours) for entry in entries]
                colour_file = name_of(path, tree.root)
    faults = list(_faults(entries, where, colour_file))
    if faults:
        raise DataError(str(tree.root), faults)
    return _mapping(entries, where=colour_file)


def _tables(tree: Tree) -> Iterator[Path]:
    """Files of classes other than `classes.txt`; several of one name, one a split, must say the same."""
    for file in (*_FILES, *_COLOUR_FILES):
        names = [name for name in tree.named(".csv", ".txt") if posixpath.basename(name).lower() == file]
        texts = {read_text(tree.path(name), root=tree.root): name for name in reversed(names)}
        if len(texts) > 1:
            fault = f"{' and '.join(sorted(texts.values())[:2])} name other classes; make them the same"
            raise DataError(str(tree.root), [Fault(Rule.ANNOTATION, fault)])
        yield from (tree.path(name) for name in texts.values())


def _coloured(entry: Entry, colours: Mapping[str, Colour | None]) -> Entry:
    return Entry(line=entry.line, id=entry.id, name=entry.name, colour=colours.get(entry.name))


def _values(entries: Sequence[Entry]) -> list[int]:
    return [number if entry.id is None else entry.id for number, entry in enumerate(entries)]


def _faults(entries: Sequence[Entry], where: str, colour_file: str) -> Iterator[Fault]:
    for line, text in _entry_faults(entries, colour_file):
        yield Fault(Rule.ANNOTATION, text, file=where, line=line)
    ids = set(_values(entries))
    if max(ids, default=0) > IGNORE_ID:
        text = f"id {max(ids)}; a mask holds ids from 0 to 254, merge classes"
        yield Fault(Rule.ANNOTATION, text, file=where)
    yield from gaps({0, *ids} - {IGNORE_ID} if ids else ids, where)


def _entry_faults(entries: Sequence[Entry], colour_file: str) -> Iterator[tuple[int, str]]:
    """Lines and what is wrong with them."""
    values = _values(entries)
    names: set[str] = set()
    ids: set[int] = set()
    colours: dict[Colour, Entry] = {}
    for entry, value in zip(entries, values, strict=True):
        if value in ids:
            yield entry.line, f"id {value} stands twice; give each class its own id"
        elif entry.name in names:
            yield entry.line, f"class {entry.name!r} stands twice; give each class its own name"
        if entry.colour is None and any(one.colour for one in entries):
            yield entry.line, f"class {entry.name!r} has no colour in {colour_file}; add it"
        elif entry.colour in colours and not (_is_ignored(entry) and _is_ignored(colours[entry.colour])):
            said = f"{colours[entry.colour].name!r} and {entry.name!r} have the same colour"
            yield entry.line, f"{said}; give each class its own"
        if entry.colour is not None:
            colours.setdefault(entry.colour, entry)
        ids.add(value)
        names.add(entry.name)


def _is_ignored(entry: Entry) -> bool:
    letters = entry.name.lower()
    return "".join(letter for letter in letters if letter not in " -_'") in IGNORED_NAMES


def _mapping(entries: Sequence[Entry], *, where: str) -> MaskClasses:
    by_value = dict(zip(_values(entries), entries, strict=True))
    names = {value: entry.name for value, entry in by_value.items() if not _is_ignored(entry)}
    if 0 not in by_value:
        names[0] = BACKGROUND
    kept = sorted(names)
    ids = {IGNORE_ID: IGNORE_ID} | dict.fromkeys(by_value, IGNORE_ID)
    ids |= {value: class_id for class_id, value in enumerate(kept)}
    colours = {entry.colour: ids[value] for value, entry in by_value.items() if entry.colour is not None}
    if colours and 0 not in by_value:
        colours.setdefault((0, 0, 0), ids[0])
    ignored = [entry.name for entry in by_value.values() if _is_ignored(entry)]
    said = f"{', '.join(ignored)} counts nowhere ({IGNORE_ID}), as its name says"
    return MaskClasses(
        names=tuple(names[value] for value in kept),
        ids=ids,
        colours=colours,
        file=where,
        warnings=(Fault(Rule.NOTE, said, file=where),) if ignored else (),
    )
