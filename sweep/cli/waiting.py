"""Says what is being done while a command takes its time: on a terminal only, and gone when it is done."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sweep.api.silent import Silent
from sweep.cli.literal import literal, say


class Waiting(Silent):
    """An observer that turns a wheel beside what is being done.

    Args:
        status: of Rich; None shows nothing but notices.
    """

    def __init__(self, status: Status | None = None) -> None:
        self._status = status

    def notice(self, text: str) -> None:
        """A line on the error stream."""
        say(f"note: {text}", err=True)

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:
        """Beside the wheel, with how far it is."""
        if self._status is not None:
            count = f" ({done}/{total})" if total else ""
            self._status.update(Text(literal(f"{text}{count}")))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        if self._status is not None:
            self._status.stop()
        yield
        if self._status is not None:
            self._status.start()


@contextmanager
def waiting(text: str, *, quiet: bool = False) -> Iterator[Waiting]:
    """Show that something is being done.

    Args:
        text: what, e.g. "asking MLflow".
        quiet: whether the user wants none of it, or a machine reads.

    Yields:
        The observer, to say what comes next.
    """
    if quiet or not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield Waiting()
        return
    with Console(stderr=True).status(Text(literal(text))) as status:
        yield Waiting(status)
