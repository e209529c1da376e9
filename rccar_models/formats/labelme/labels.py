"""Label files of LabelMe and of its percent variant: one JSON file for each image, read strictly."""

import base64
import binascii
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import name_of
from rccar_models.formats.json_files import read_json
from rccar_models.formats.labelme.percent import percent_shape, shares_fault
from rccar_models.formats.labelme.shapes import Entry, Shape, labelme_shape, shown

MAX_MIB = 64
"""Larger files are refused: a picture of 48 MiB fits into one as base64, and no outline needs more."""

PEEKED_BYTES = 2**16
"""As much of a file is looked at to recognise it."""

_OTHERS = frozenset({"annotations", "categories", "images", "tasks"})  # keys of COCO and Label Studio
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[\[\]{}]', re.DOTALL)
_VALUE = re.compile(r"\s*:\s*(\[\s*[{\]]|.)?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What one label file holds.

    Args:
        shapes: those without faults, in file order.
        is_percent: whether their corners are in percent of the image, not in pixels.
        n_entries: shapes with and without faults.
        size: (width, height) of the image in pixels, None if the file does not say.
        image_path: as the file names its image, with forward slashes; empty if it does not.
        picture: the image itself as base64; empty if it is not in the file.
    """

    shapes: tuple[Shape, ...] = ()
    is_percent: bool = False
    n_entries: int = 0
    size: tuple[int, int] | None = None
    image_path: str = ""
    picture: str = ""

    def decoded_picture(self) -> bytes:
        """Decode the image that is in the file.

        Returns:
            A picture file's content; untrusted.

        Raises:
            LabelError: it is not base64.
        """
        text = "".join(self.picture.split())
        try:
            return base64.b64decode(re.sub("^data:[^,]{,100},", "", text), validate=True)
        except (binascii.Error, ValueError) as error:
            text = f"imageData is not base64 ({error}); add the image file, or save again"
            raise LabelError(text, Rule.UNREADABLE_IMAGE) from error


def looks_like_drawing(path: Path) -> bool:
    """Recognise a label file by the keys at its beginning, also if it is damaged or very long.

    Args:
        path: a JSON file.

    Returns:
        False also if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            text = file.read(PEEKED_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    keys = dict(_top_keys(text))
    is_list = {key for key, start in keys.items() if start in {"[{", "[]"}}
    return not _OTHERS & keys.keys() and ("imageData" in keys or bool(is_list & {"shapes", "labels"}))


def _top_keys(text: str) -> list[tuple[str, str]]:
    """The keys of the outermost object, each with how its value begins."""
    depth = 0
    keys: list[tuple[str, str]] = []
    for token in _TOKEN.finditer(text):
        if token[1] is None:
            depth += 1 if token[0] in "[{" else -1
        elif depth == 1 and (value := _VALUE.match(text, token.end())):
            keys.append((token[1], "".join((value[1] or "").split())))
    return keys


def read_drawing(path: Path, *, root: Path) -> tuple[Drawing, list[Fault]]:
    """Read a label file.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its content without faulty shapes, and the faults.

    Raises:
        DataError: it is not strict JSON, too large, or no label file.
    """
    where = name_of(path, root)
    content = read_json(path, root=root, max_mib=MAX_MIB)
    if not isinstance(content, dict):
        fault = f"is {shown(content)}, not a LabelMe object with shapes"
        raise DataError(str(root), [Fault(Rule.ANNOTATION, fault, file=where)])
    key = "labels" if "shapes" not in content and "labels" in content else "shapes"
    entries = content.get(key)
    if not isinstance(entries, list):
        fault = f"{key} is {shown(entries)}, not a list; a frame without objects has an empty one"
        raise DataError(str(root), [Fault(Rule.ANNOTATION, fault, file=where)])
    shapes, faults = _shapes(entries, key)
    try:
        size = _size(content)
    except LabelError as error:
        size = None
        faults.append(error)
    drawing = Drawing(
        shapes=tuple(shapes),
        is_percent=key == "labels",
        n_entries=len(entries),
        size=size,
        image_path=image_path(content),
        picture=picture(content),
    )
    return drawing, [fault.at(file=where) for fault in faults]


def _shapes(entries: list[object], key: str) -> tuple[list[Shape], list[LabelError]]:
    shapes: list[Shape] = []
    faults: list[LabelError] = []
    make = percent_shape if key == "labels" else labelme_shape
    for number, entry in enumerate(entries):
        where = f"{key}[{number}]"
        try:
            if not isinstance(entry, dict):
                raise LabelError(f"is {shown(entry)}, not an object; remove it")
            shapes.append(make(entry, where))
        except LabelError as error:
            name = entry.get("label") if isinstance(entry, dict) else None
            called = f" ({name[:40]})" if isinstance(name, str) else ""
            faults.append(error.of(f"{where}{called}"))
    unit_fault = shares_fault(shapes, key)
    return shapes, faults + ([unit_fault] if unit_fault else [])


def _size(content: Entry) -> tuple[int, int] | None:
    width, height = content.get("imageWidth"), content.get("imageHeight")
    if width is None or height is None:
        return None
    if _is_side(width) and _is_side(height):
        return int(str(width)), int(str(height))
    said = f"imageWidth and imageHeight are {shown(width)} and {shown(height)}"
    raise LabelError(f"{said}, not a size in pixels; write that of the image")


def _is_side(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**6


def image_path(content: Entry) -> str:
    """Read how a label file names its image.

    Args:
        content: of the file.

    Returns:
        A path with forward slashes; empty if there is none.
    """
    value = content.get("imagePath") or content.get("image") or ""
    return posixpath.normpath(value.replace("\\", "/")) if isinstance(value, str) and value else ""


def picture(content: Entry) -> str:
    """Read the image that is in a label file.

    Args:
        content: of the file.

    Returns:
        base64, not checked; empty if there is none.
    """
    value = content.get("imageData")
    return value if isinstance(value, str) else ""
