"""One mapping of a search-space file: its keys taken out one by one, every fault kept with its line."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sweep.catalog import unknown
from sweep.documents import Entry, Scalar, scalar_of
from sweep.faults import Fault
from sweep.records import ParamValue

T = TypeVar("T")


class Section:
    """Keys and values of one mapping.

    Args:
        entry: a mapping.
        path: its keys from the outside in, for messages.
        faults: takes what is wrong.
    """

    def __init__(self, entry: Entry, path: tuple[str, ...], faults: list[Fault]) -> None:
        self.path = path
        self.faults = faults
        self._line = entry.line
        self._entries = entry.value if isinstance(entry.value, Mapping) else {}

    def fault(self, key: str, text: str) -> None:
        """Keep a fault.

        Args:
            key: of this section; empty for the section itself.
            text: what is wrong and how to mend it.
        """
        entry = self._entries.get(key)
        field = ".".join((*self.path, key) if key else self.path)
        self.faults.append(Fault(field, text, entry.line if entry else self._line))

    def only(self, known: Iterable[str]) -> None:
        """Fault every key that is not known.

        Args:
            known: all keys there may be.
        """
        names = list(known)
        for key in self._entries:
            if key not in names:
                self.fault(key, unknown("key", key, names))

    def keys(self) -> tuple[str, ...]:
        """All keys, in the order of the file."""
        return tuple(self._entries)

    def entry(self, key: str) -> Entry | None:
        """Take a value as it is.

        Args:
            key: of this section.

        Returns:
            It, or None if there is none or it is empty.
        """
        entry = self._entries.get(key)
        return entry if entry is not None and entry.value is not None else None

    def scalar(self, key: str, check: Callable[[Scalar], T], *, missing: str) -> T | None:
        """Take a single value.

        Args:
            key: of this section.
            check: converts it; raises ValueError saying what is wrong.
            missing: the fault if it is not there; empty if it need not be.

        Returns:
            What `check` made of it; None if it is missing or wrong.
        """
        entry = self.entry(key)
        if entry is None:
            self._missing(key, missing)
            return None
        if isinstance(entry.value, Mapping | tuple):
            self.fault(key, "expected a single value")
            return None
        try:
            return check(entry.value)
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def values(self, key: str, *, missing: str) -> tuple[ParamValue, ...] | None:
        """Take a list of single values; one value alone counts as a list of one.

        Args:
            key: of this section.
            missing: the fault if it is not there.

        Returns:
            The values; None if they are missing or wrong.
        """
        entry = self.entry(key)
        if entry is None:
            self._missing(key, missing)
            return None
        items = entry.value if isinstance(entry.value, tuple) else (entry,)
        if any(item.is_faulty for item in items):
            return None
        scalars = [item.value for item in items if isinstance(item.value, bool | int | float | str)]
        if len(scalars) != len(items) or not scalars:
            self.fault(key, "expected a list of words, numbers, true or false, e.g. [4, 8]")
            return None
        return tuple(scalars)

    def _missing(self, key: str, text: str) -> None:
        entry = self._entries.get(key)
        if text and not (entry and entry.is_faulty):
            self.fault(key, text)


def number(value: Scalar) -> float:
    """Let a number through.

    Args:
        value: of the file.

    Returns:
        The same as a float.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_not_a("number", value))
    return float(value)


def whole(value: Scalar) -> int:
    """Let a whole number through.

    Args:
        value: of the file.

    Returns:
        The same.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(_not_a("whole number", value))
    return value


def truth(value: Scalar) -> bool:
    """Let true and false through.

    Args:
        value: of the file.

    Returns:
        The same.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def word(value: Scalar) -> str:
    """Let text through.

    Args:
        value: of the file.

    Returns:
        The same.

    Raises:
        ValueError: it is a number or a truth value.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; put it in quotes")
    return value


def _not_a(kind: str, value: Scalar) -> str:
    if isinstance(value, str):
        try:
            hint = "; remove the quotes" if isinstance(scalar_of(value), int | float) else ""
        except ValueError:
            hint = ""
        return f"{value!r} is text, not a {kind}{hint}"
    return f"{value!r} is not a {kind}"
