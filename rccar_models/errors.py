"""Errors of the workshop: each says what is wrong, where, and how to mend it."""

from collections.abc import Sequence
from typing import Self

from rccar_models.faults import Fault, Rule


class RccarModelsError(Exception):
    """Root of all errors that this package raises on purpose."""


class UnknownNameError(RccarModelsError):
    """A name (model, task, format, option) that this package does not know."""


class LabelError(RccarModelsError):
    """One thing in a label file that is wrong, met where nobody knows the file; whoever does says where.

    Args:
        text: what is wrong, and how to mend it.
        rule: what it is about.
        line: of the file, from 1, if it is known already.
        object: in the file, e.g. "object 7", if it is known already.
    """

    def __init__(
        self, text: str, rule: Rule = Rule.ANNOTATION, *, line: int | None = None, object: str = ""
    ) -> None:
        super().__init__(text)
        self.text = text
        self.rule = rule
        self.line = line
        self.object = object

    def of(self, object: str) -> Self:
        """Say what it is a part of.

        Args:
            object: in the file, e.g. "task 3".

        Returns:
            The error, of a part of that object.
        """
        inner = ": ".join(part for part in (object, self.object) if part)
        return type(self)(self.text, self.rule, line=self.line, object=inner)

    def at(self, *, file: str, line: int | None = None, object: str = "") -> Fault:
        """Say where it is.

        Args:
            file: below the data set.
            line: of the file, from 1.
            object: in the file; what is known of it already is a part of it.

        Returns:
            The fault.
        """
        return Fault(self.rule, self.text, file=file, line=line or self.line, object=self.of(object).object)


class DataError(RccarModelsError):
    """A data set that cannot be used; all faults found are listed together.

    Args:
        where: the data set, as the user named it.
        faults: what is wrong; a text alone is about the set as a whole.
    """

    SHOWN = 20

    def __init__(self, where: str, faults: Sequence[Fault | str]) -> None:
        self.where = where
        self.faults = tuple(
            Fault(Rule.LAYOUT, fault) if isinstance(fault, str) else fault for fault in faults
        )
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{where}: {count}", *(f"  {fault}" for fault in self.faults[: self.SHOWN])]
        hidden = len(self.faults) - self.SHOWN
        if hidden > 0:
            lines.append(f"  ... and {hidden} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[Self], tuple[str, tuple[Fault, ...]]]:
        """Cross between processes whole: by itself an exception is made anew of its message alone."""
        return type(self), (self.where, self.faults)


class WrongTaskError(DataError):
    """A data set whose format is not for the task."""


class AmbiguousLayoutError(DataError):
    """A data set in which the labels of several formats serve a task; the user has to choose."""


class ShapeError(RccarModelsError):
    """A tensor or array whose shape or dtype is not the documented one."""


class OptionError(RccarModelsError):
    """A training or model option with a value outside its range."""


class WeightsError(RccarModelsError):
    """A weights file that cannot be read or does not fit the model."""


class NonFiniteLossError(RccarModelsError):
    """The training or validation loss became NaN or infinite."""


class PackageError(RccarModelsError):
    """A packaged model folder that is incomplete, altered or of an unknown format."""
