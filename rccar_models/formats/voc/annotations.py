"""Annotation files of Pascal VOC: one XML file an image, one <object> with a <bndbox> each.

Boxes are xmin, ymin, xmax, ymax in pixels and kept as they are written. The standard counts pixels from 1 and
includes the last one (VOC2012 development kit, section 5.1: "the top-left pixel in the image has coordinates
(1,1)"), but most tools write corners from 0, and nothing in a file tells which was meant. torchvision's
VOCDetection hands the numbers on as well; a file of the standard is thus one pixel off at most.

XML is untrusted: a document type, which is where entities are declared, is refused before it is read, and so
is what is nested deeper or holds more elements than annotations do.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import name_of, read_text

_MAX_DEPTH = 50
_MAX_ELEMENTS = 200_000  # an object takes about a dozen
_FAR = 1e6  # pixels; no picture that is read is as large

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True, kw_only=True)
class VocObject:
    """One <object>.

    Args:
        line: where it starts.
        name: of its class.
        box: xmin, ymin, xmax, ymax in pixels, as written.
        is_difficult: marked as hard to recognise.
    """

    line: int
    name: str
    box: tuple[float, float, float, float]
    is_difficult: bool = False

    @property
    def is_flat(self) -> bool:
        """Whether the box has no width or no height."""
        return self.box[2] <= self.box[0] or self.box[3] <= self.box[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class VocLabels:
    """What one file says.

    Args:
        objects: in file order, those without faults.
        size: width and height of the image in pixels, None where the file does not say.
        picture: the image's name in <filename>, without folders; only ever compared.
    """

    objects: tuple[VocObject, ...] = ()
    size: tuple[int, int] | None = None
    picture: str = ""


def read_voc(path: Path, *, root: Path) -> tuple[VocLabels, list[Fault]]:
    """Read an annotation file.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its labels, and its faults.

    Raises:
        DataError: it cannot be read, or is no XML of Pascal VOC.
    """
    where = name_of(path, root)
    top = _parsed(path, root=root)
    if top.tag != "annotation":
        fault = f"holds <{top.tag[:80]}> instead of <annotation>; export it as Pascal VOC"
        raise DataError(str(root), [Fault(Rule.ANNOTATION, fault, file=where, line=top.line)])
    objects: list[VocObject] = []
    faults: list[Fault] = []
    for element in top.children:
        if element.tag == "object":
            try:
                objects.append(_object(element))
            except LabelError as error:
                faults.append(error.at(file=where, line=element.line))
    try:
        size = _size(top.child("size"))
    except LabelError as error:
        size = None
        faults.append(error.at(file=where))
    picture = top.text_of("filename") or top.text_of("path")
    picture = picture.replace("\\", "/").rpartition("/")[2]
    return VocLabels(objects=tuple(objects), size=size, picture=picture), faults


@dataclass(slots=True, kw_only=True)
class _Element:
    tag: str
    line: int
    text: str = ""
    children: list["_Element"] = field(default_factory=list)

    def child(self, tag: str) -> "_Element | None":
        return next((one for one in self.children if one.tag == tag), None)

    def text_of(self, tag: str) -> str:
        found = self.child(tag)
        return "" if found is None else found.text.strip()


class _RefusedError(LabelError):
    """What no annotation file needs."""


class _Builder:
    """Builds elements from expat's events; what no annotation file needs is refused as it comes."""

    def __init__(self) -> None:
        self.top: _Element | None = None
        self._open: list[_Element] = []
        self._n_elements = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, text: str) -> None:
        """Parse a whole document; raises ExpatError or `_RefusedError`."""
        self._parser.Parse(text, True)

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return self._parser.CurrentLineNumber

    def _doctype(self, *_: object) -> None:
        raise _RefusedError("a document type (<!DOCTYPE) has no place in an annotation; remove it")

    def _start(self, tag: str, _: object) -> None:
        self._n_elements += 1
        if len(self._open) >= _MAX_DEPTH:
            raise _RefusedError("nested too deeply for an annotation file")
        if self._n_elements > _MAX_ELEMENTS:
            raise _RefusedError(f"more than {_MAX_ELEMENTS} elements are too many for one image")
        element = _Element(tag=tag, line=self.line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.top = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        # Only leaves hold values; white space between elements would add up.
        if not self._open[-1].children:
            self._open[-1].text += text


def _parsed(path: Path, *, root: Path) -> _Element:
    where = name_of(path, root)
    builder = _Builder()
    try:
        builder.feed(read_text(path, root=root))
    except expat.ExpatError as error:
        text = f"not valid XML: {expat.ErrorString(error.code)}; correct or export it again"
        line, column = error.lineno, error.offset + 1
        fault = Fault(Rule.ANNOTATION, text, file=where, line=line, column=column)
        raise DataError(str(root), [fault]) from error
    except _RefusedError as error:
        raise DataError(str(root), [error.at(file=where, line=builder.line)]) from error
    if builder.top is None:  # expat itself refuses a file without any element
        fault = Fault(Rule.ANNOTATION, "holds no element; export it again", file=where)
        raise DataError(str(root), [fault])
    return builder.top


def _object(element: _Element) -> VocObject:
    name = element.text_of("name")
    if not name:
        raise LabelError("an <object> without <name>; name its class or remove it")
    bounds = element.child("bndbox")
    if bounds is None:
        turned = " (its <robndbox> is turned, which is not read)" if element.child("robndbox") else ""
        raise LabelError(f"{name}: an <object> without <bndbox>{turned}; draw its box or remove it")
    x1, y1, x2, y2 = (_corner(bounds, tag, name) for tag in _CORNERS)
    return VocObject(
        line=element.line,
        name=name,
        box=(x1, y1, x2, y2),
        is_difficult=element.text_of("difficult").lower() in {"1", "true"},
    )


def _corner(bounds: _Element, tag: str, name: str) -> float:
    if bounds.child(tag) is None:
        raise LabelError(f"{name}: its <bndbox> has no <{tag}>; draw the box again")
    text = bounds.text_of(tag)
    value = _number(text)
    if value is None:
        raise LabelError(
            f"{name}: <{tag}> is {text[:40]!r}, not a finite number; correct or remove the object"
        )
    if abs(value) > _FAR:
        fault = f"{name}: <{tag}> {text[:40]} lies far outside any picture; correct it"
        raise LabelError(fault, Rule.BOX_OUTSIDE)
    return value


def _size(element: _Element | None) -> tuple[int, int] | None:
    """Width and height; tools that do not know them write nothing or 0."""
    if element is None:
        return None
    texts = [element.text_of(tag) or "0" for tag in ("width", "height")]
    values = [_number(text) for text in texts]
    width, height = (None if value is None or value % 1 else int(value) for value in values)
    if width is None or height is None:
        raise LabelError(f"<size> is {'x'.join(texts)[:80]!r}, not whole pixels; correct it")
    return (width, height) if width > 0 and height > 0 else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
