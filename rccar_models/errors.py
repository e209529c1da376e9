"""Errors of the workshop: each says what is wrong, where, and how to mend it."""

from collections.abc import Sequence


class RccarModelsError(Exception):
    """Root of all errors that this package raises on purpose."""


class UnknownNameError(RccarModelsError):
    """A name (model, task, format, option) that this package does not know."""


def showable(line: str) -> str:
    """Make a message fit to be shown: what it quotes from a file may be of any length and of any characters.

    Args:
        line: the message.

    Returns:
        At most 2,000 characters, all of which can be written to a file.
    """
    cut = line if len(line) <= 2000 else f"{line[:1500]} ... {line[-400:]}"
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")


class DataError(RccarModelsError):
    """A data set that cannot be used; all faults found are listed together.

    Args:
        where: the data set, as the user named it.
        faults: one line each: file (and line or object), what is wrong, how to mend it.
    """

    SHOWN = 20

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        self.where = where
        self.faults = tuple(map(showable, faults))
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{where}: {count}", *(f"  {fault}" for fault in self.faults[: self.SHOWN])]
        hidden = len(self.faults) - self.SHOWN
        if hidden > 0:
            lines.append(f"  ... and {hidden} more")
        super().__init__("\n".join(lines))


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
