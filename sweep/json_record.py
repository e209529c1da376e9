"""JSON there and back for frozen dataclasses, with the record's kind and a format number."""

import dataclasses
import functools
import json
import types
import typing
from enum import StrEnum
from typing import Any, Self, cast

FORMAT = 1


class Record:
    """JSON there and back for the frozen dataclasses below."""

    def to_json(self) -> str:
        """Write as one line of JSON with the record's kind and format number.

        Returns:
            A line without a line break; NaN and infinity stay as JavaScript writes them.
        """
        body = dataclasses.asdict(self)  # type: ignore[call-overload]
        return json.dumps({"record": type(self).__name__, "format": FORMAT, **body})

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `to_json` wrote.

        Args:
            line: one JSON object.

        Returns:
            The record.

        Raises:
            ValueError: not JSON, another record, or another format number.
        """
        return cls.from_body(json.loads(line))

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Read what `to_json` wrote, once it is no text any more.

        Args:
            body: the JSON object; its kind and format number are taken out.

        Returns:
            The record.

        Raises:
            ValueError: another record, or another format number.
        """
        kind, number = body.pop("record", None), body.pop("format", None)
        if kind != cls.__name__ or number != FORMAT:
            raise ValueError(f"expected {cls.__name__} of format {FORMAT}, found {kind} of format {number}")
        return cast(Self, _built(cls, body))


def _built(kind: Any, body: dict[str, Any]) -> Any:
    hints, plain = _hints(kind)
    return kind(
        **{name: value if name in plain else _value(hints[name], value) for name, value in body.items()}
    )


@functools.cache
def _hints(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of the fields, and which of them stay as JSON has them."""
    hints = typing.get_type_hints(kind)
    return hints, frozenset(name for name, hint in hints.items() if hint in {str, int, float, bool})


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return tuple(_value(args[0], item) for item in value)
    if origin in {types.UnionType, typing.Union}:
        inner = [arg for arg in args if arg is not type(None)]
        return _value(inner[0], value) if len(inner) == 1 else value
    if dataclasses.is_dataclass(hint):
        return _built(hint, value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return value
