"""Files that name classes, perhaps with the colours that stand for them in masks.

`.txt`: "id name" or "name" a line; with a colour "name r g b", "id name r g b", "r g b name" (CamVid's
`label_colors.txt`) or "id r g b name". `.csv`: a header with name and r, g, b (CamVid's `class_dict.csv`), or
with "Pixel Value" and "Class" (Roboflow's `_classes.csv`).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.formats.files import filled_lines, name_of, read_text

Colour = tuple[int, int, int]
"""Red, green and blue, 0..255."""

IGNORED = "__ignore__"
"""LabelMe's label for what counts nowhere; in its lists of names it has no id."""

_MAX_CHARACTERS = 500  # of a line
_MAX_CLASSES = 100_000
_NUMBERED = re.compile(r"(?P<id>\d{1,9})[\s:,]+(?P<name>\S.*)")
_GAP = r"[\s:,;]+"
_RGB = rf"(?P<r>\d{{1,3}}){_GAP}(?P<g>\d{{1,3}}){_GAP}(?P<b>\d{{1,3}})"
_COLOURED = tuple(
    map(
        re.compile,
        (
            rf"(?P<id>\d{{1,9}}){_GAP}(?P<name>\S.*?){_GAP}{_RGB}[:,;]*",
            rf"(?P<name>\S.*?){_GAP}{_RGB}[:,;]*",
            rf"(?P<id>\d{{1,9}}){_GAP}{_RGB}{_GAP}(?P<name>\S.*)",
            rf"{_RGB}{_GAP}(?P<name>\S.*)",
        ),
    )
)

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("pixel value", "id", "class id", "class_id", "index"),
    "name": ("name", "class", "class name", "class_name", "label"),
    "r": ("r", "red"),
    "g": ("g", "green"),
    "b": ("b", "blue"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One class.

    Args:
        line: of the file, from 1.
        id: pixel value in masks of ids, None if the file numbers by order.
        name: as it is written.
        colour: in masks of colours, None if the file has none.
    """

    line: int
    id: int | None
    name: str
    colour: Colour | None = None


def read_entries(path: Path, *, root: Path) -> list[Entry]:
    """Read the classes of a file.

    Args:
        path: `.txt` or `.csv`.
        root: folder of the data set, for messages.

    Returns:
        Classes in file order, perhaps none.

    Raises:
        DataError: it cannot be read, a line has not the form of the others, or a colour is out of range.
    """
    faults: list[LabelError] = []
    if path.suffix.lower() == ".csv":
        entries = _from_table(path, root, faults)
    else:
        lines = filled_lines(path, root=root)
        long = [number for number, line in lines if len(line) > _MAX_CHARACTERS]
        faults += [
            LabelError(f"is longer than {_MAX_CHARACTERS} characters; name one class", line=number)
            for number in long[:1]
        ]
        if len(lines) > _MAX_CLASSES:
            text = f"names {len(lines)} classes, more than the {_MAX_CLASSES} that are read"
            faults.append(LabelError(text))
        entries = [] if faults else _from_lines(lines, faults)
    if faults:
        raise DataError(str(root), [fault.at(file=name_of(path, root)) for fault in faults])
    return entries


def _from_lines(lines: Sequence[tuple[int, str]], faults: list[LabelError]) -> list[Entry]:
    best = max(_COLOURED, key=lambda form: sum(bool(form.fullmatch(line)) for _, line in lines))
    matches = [(number, best.fullmatch(line)) for number, line in lines]
    if 2 * sum(bool(match) for _, match in matches) > len(lines):
        entries = []
        for number, match in matches:
            if match is None:
                text = "has no colour, though other lines have; write name r g b"
                faults.append(LabelError(text, line=number))
            else:
                entries += _entry(number, match.groupdict(), faults)
        return entries
    numbered = [(number, _NUMBERED.fullmatch(line)) for number, line in lines]
    if all(match for _, match in numbered):
        return [
            Entry(line=number, id=int(match["id"]), name=match["name"]) for number, match in numbered if match
        ]
    # LabelMe writes __ignore__ before id 0.
    return [Entry(line=number, id=None, name=line) for number, line in lines if line != IGNORED]


def _from_table(path: Path, root: Path, faults: list[LabelError]) -> list[Entry]:
    try:
        rows = list(csv.reader(read_text(path, root=root).splitlines(), skipinitialspace=True))
    except csv.Error as error:
        faults.append(LabelError(f"not valid CSV ({error})"))
        return []
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    places = {key: header.index(word) for key, words in _COLUMNS.items() for word in words if word in header}
    if "name" not in places or not ({"r", "g", "b"} <= set(places) or "id" in places):
        faults.append(LabelError("the first line must be name,r,g,b or Pixel Value,Class", line=1))
        return []
    entries: list[Entry] = []
    for number, row in enumerate(rows[1:], start=2):
        cells = {key: row[place].strip() for key, place in places.items() if place < len(row)}
        if any(cells.values()):
            entries += _entry(number, cells, faults)
    return entries


def _entry(number: int, cells: Mapping[str, str | None], faults: list[LabelError]) -> list[Entry]:
    """One class, or none and a fault."""
    name, found = cells.get("name") or "", [cells.get(key) for key in ("id", "r", "g", "b")]
    texts = [text for text in found if text is not None]
    if not name or len(name) > _MAX_CHARACTERS:
        faults.append(LabelError(f"has no name of at most {_MAX_CHARACTERS} characters", line=number))
    elif not all(text.isdecimal() and len(text) < 9 for text in texts):
        wrong = next(text for text in texts if not (text.isdecimal() and len(text) < 9))
        faults.append(LabelError(f"{wrong[:80]!r} is not a whole number", line=number))
    elif any(int(text) > 255 for text in found[1:] if text):
        text = f"colour {' '.join(map(str, found[1:]))}; red, green and blue go from 0 to 255"
        faults.append(LabelError(text, line=number))
    else:
        rgb = tuple(int(text) for text in found[1:] if text)
        colour = (rgb[0], rgb[1], rgb[2]) if len(rgb) == 3 else None
        return [Entry(line=number, id=None if found[0] is None else int(found[0]), name=name, colour=colour)]
    return []
