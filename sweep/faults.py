"""Faults of an input, gathered so that a user sees all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweep.errors import InputError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Args:
        field: what it is about, e.g. "lr.low"; empty for the whole input.
        text: what is wrong, with the value, and how to mend it.
        line: of the field in a file, from 1; 0 if it is in no file.
        place: where else the field stands, e.g. "flag --trials", or the column.
    """

    field: str
    text: str
    line: int = 0
    place: str = ""

    def __str__(self) -> str:
        place = ", ".join([f"line {self.line}"] * bool(self.line) + [self.place] * bool(self.place))
        where = f"{self.field} ({place})" if self.field and place else self.field or place
        return f"{where}: {self.text}" if where else self.text


def input_error(source: str, faults: Sequence[Fault]) -> InputError:
    """Make one error of all faults.

    Args:
        source: the file, or what else was read.
        faults: at least one, in any order; the same one twice is shown once.

    Returns:
        The error, to be raised, with the faults in the order of lines.
    """
    ordered = sorted(faults, key=lambda fault: fault.line)
    lines = list(dict.fromkeys(str(fault) for fault in ordered))
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    return InputError("\n  ".join([f"{source}: {count}", *lines]))
