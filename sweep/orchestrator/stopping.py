"""Signals as a request that the loop reads: once is a wish to end cleanly, twice means now."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody asked the sweep to stop, and how urgently.

    Attributes:
        signal_number: SIGINT or SIGTERM, None as long as nobody asked.
        urgent: whether the wish was repeated.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.urgent = False

    def ask(self, signal_number: int) -> None:
        """Ask the sweep to stop; asking again makes it urgent.

        Args:
            signal_number: SIGINT or SIGTERM.
        """
        self.urgent = self.signal_number is not None
        self.signal_number = self.signal_number or signal_number

    @property
    def why(self) -> str:
        """For people: `interrupted by SIGINT`; empty if nobody asked."""
        return f"interrupted by {signal.Signals(self.signal_number).name}" if self.signal_number else ""

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM, 0 if nobody asked."""
        return 128 + self.signal_number if self.signal_number else 0


@contextmanager
def listening(stop: StopRequest) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into requests; the former handlers come back at the end.

    Args:
        stop: takes the requests.

    Yields:
        Nothing. Outside the main thread (a notebook's) signals stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, _frame: FrameType | None) -> None:
        stop.ask(number)

    former = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
