"""YAML files that people write, read strictly: every value keeps its line, and traps are faults.

Only mappings, lists and scalars; no tags, no anchors, no key twice, no second document, at most 1 MB.
Numbers are decimal as in YAML 1.2: PyYAML follows YAML 1.1, where `1e-4` is text, `010` is 8, `1:30` is 90
and `no` is false. Whatever the two versions read differently is refused, with the way to write it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sweep.errors import InputError
from sweep.faults import Fault, input_error

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
"""Search spaces need 5; deeper nesting is a mistake or an attack on the recursion."""

Scalar = bool | int | float | str | None

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(inf|infinity|nan)", re.IGNORECASE)
_YES_OR_NO = re.compile(r"y|yes|on|n|no|off", re.IGNORECASE)
_OTHER_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?|[-+]?0[xob][0-9a-fA-F_]+")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a document.

    Args:
        value: a scalar, a mapping by key, or a list.
        line: from 1; a mapping's value has the line of its key.
        is_faulty: it could not be read, which is among the document's faults; the value is None.
    """

    value: "Scalar | Mapping[str, Entry] | tuple[Entry, ...]"
    line: int
    is_faulty: bool = False

    def line_at(self, path: tuple[str, ...]) -> int:
        """Line of a value inside, as deep as the path can be followed.

        Args:
            path: keys from the outside in.

        Returns:
            The line, from 1.
        """
        if path and isinstance(self.value, Mapping) and path[0] in self.value:
            return self.value[path[0]].line_at(path[1:])
        return self.line


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose top is a mapping.

    Args:
        source: its name in messages.
        entries: by key; none for an empty file.
        faults: of single values and keys, to be shown with what its reader finds.
    """

    source: str
    entries: Mapping[str, Entry]
    faults: tuple[Fault, ...] = ()


def scalar_of(text: str) -> Scalar:
    """Read a plain word as YAML 1.2 does.

    Args:
        text: without quotes.

    Returns:
        A bool, a number, None for nothing, or the text itself.

    Raises:
        ValueError: it could be read in two ways; the message says how to write it.
    """
    if text in {"", "~"} or text.lower() == "null":
        return None
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if _YES_OR_NO.fullmatch(text):
        raise ValueError(f"{text} may mean a truth value or a word; write true or false, or put it in quotes")
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and not re.fullmatch(r"[-+]?[0-9]+", text):
        number = float(text)
        if number in {float("inf"), float("-inf")}:
            raise ValueError(f"{text} is not a finite number")
        return number
    if _OTHER_NUMBER.fullmatch(text):
        raise ValueError(
            f"{text} may be read as another number; write it in plain decimal, or in quotes if it is text"
        )
    return text


def read_document(path: Path, *, shown: str | None = None) -> Document:
    """Read a file whose top is a mapping.

    Args:
        path: the file.
        shown: its name in messages; the path if None.

    Returns:
        Its entries and the faults in them.

    Raises:
        InputError: it cannot be read, or is no YAML mapping.
    """
    source = shown or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{source}: cannot be read: {error.strerror or error}; give an existing file"
        ) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"{source}: larger than {MAX_BYTES:,} bytes; this is no file for settings")
    try:
        return parse_document(raw.decode("utf-8-sig"), source)
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: byte {error.start} is not UTF-8; save the file as UTF-8 text") from error


def parse_document(text: str, source: str) -> Document:
    """Read a text whose top is a mapping.

    Args:
        text: YAML.
        source: its name in messages.

    Returns:
        Its entries and the faults in them.

    Raises:
        InputError: it is no YAML mapping.
    """
    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        raise input_error(source, [_syntax_fault(error)]) from error
    if node is None:
        return Document(source, {})
    faults: list[Fault] = []
    entry = _entry(node, field="", line=_line(node), faults=faults)
    if not isinstance(entry.value, Mapping):
        raise input_error(source, [Fault("", "expected lines of the form 'key: value'", _line(node))])
    return Document(source, entry.value, tuple(faults))


class _StrictLoader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(f"the alias *{event.anchor} is not allowed; write the value out", event)
        if getattr(event, "tag", None):
            raise _refusal(f"the tag {event.tag} is not allowed; write the plain value", event)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", event)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node


def _refusal(text: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _compose(text: str) -> yaml.Node | None:
    loader = _StrictLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _entry(node: yaml.Node, *, field: str, line: int, faults: list[Fault]) -> Entry:
    if isinstance(node, yaml.MappingNode):
        return Entry(dict(_pairs(node, field=field, faults=faults)), line)
    if isinstance(node, yaml.SequenceNode):
        items = (_entry(item, field=field, line=_line(item), faults=faults) for item in node.value)
        return Entry(tuple(items), line)
    quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
    try:
        return Entry(str(node.value) if quoted else scalar_of(node.value), line)
    except ValueError as error:
        faults.append(Fault(field, str(error), _line(node)))
        return Entry(None, line, is_faulty=True)


def _pairs(node: yaml.MappingNode, *, field: str, faults: list[Fault]) -> Iterator[tuple[str, Entry]]:
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(Fault(field, "a key must be a word", _line(key_node)))
            continue
        key = str(key_node.value)
        inner = f"{field}.{key}" if field else key
        if key in lines:
            faults.append(
                Fault(inner, f"written twice, first in line {lines[key]}; keep one", _line(key_node))
            )
            continue
        lines[key] = _line(key_node)
        yield key, _entry(value_node, field=inner, line=lines[key], faults=faults)


def _syntax_fault(error: yaml.YAMLError) -> Fault:
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    mark: yaml.error.Mark | None = getattr(error, "problem_mark", None)
    return Fault("", problem, mark.line + 1, f"column {mark.column + 1}") if mark else Fault("", problem)


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
