"""Signals as a request that the loop reads: once is a wish to end cleanly, twice means now."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

NOW = "now"
"""What a stop file says if running trials are not waited for."""

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether somebody asked the sweep to stop, and how urgently.

    While nobody reads it (data is decoded, a model is packaged) there is nothing to end cleanly: then a
    signal interrupts at once. So does a repeated one while this process itself trains: the loop would read
    it only at the end of the epoch.

    Somebody in another terminal leaves a file instead (`sweep stop`); the loop looks for it every turn.

    Args:
        file: what they leave, None if nobody can; its text `now` makes the wish urgent.

    Attributes:
        signal_number: SIGINT, SIGTERM or SIGHUP, None as long as nobody asked.
        n_asked: signals so far: Python loses the interruption that strikes in a `__del__` or a callback.
        urgent: whether the wish was repeated.
        is_read: whether the loop of trials runs, which reads it every turn.
        is_interrupting: whether a repeated wish interrupts what this process does.
        is_left_file: whether the wish came by the file.
        on_heard: called at the first wish while this process trains, when the loop would hear of it only at
            the end of the epoch.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.is_left_file = False
        self.signal_number: int | None = None
        self.n_asked = 0
        self.urgent = False
        self.is_read = False
        self.is_interrupting = False
        self.on_heard: Callable[[], None] | None = None

    def ask(self, signal_number: int) -> None:
        """Ask the sweep to stop; asking again makes it urgent.

        Args:
            signal_number: SIGINT, SIGTERM or SIGHUP.

        Raises:
            KeyboardInterrupt: nobody reads requests now, or not soon enough for a repeated one; its argument
                is the signal's number.
        """
        self.n_asked += 1
        self.urgent = self.signal_number is not None
        self.signal_number = self.signal_number or signal_number
        if not self.is_read or (self.urgent and self.is_interrupting):
            raise KeyboardInterrupt(signal_number)
        # Elsewhere the handler may have interrupted somebody who is printing: there the loop says it.
        if self.is_interrupting and self.on_heard is not None:
            self.on_heard()

    def look(self) -> None:
        """Take in a wish that somebody left in the file; it counts as SIGTERM."""
        if self.file is None or not self.file.exists():
            return
        wants_now = self.file.read_text(encoding="utf-8", errors="replace").strip() == NOW
        if self.signal_number is None:
            self.signal_number, self.is_left_file = signal.SIGTERM, True
        self.urgent = self.urgent or wants_now

    def heed(self) -> None:
        """End what is being done if somebody asked: for what has nothing to end cleanly.

        Raises:
            KeyboardInterrupt: somebody did; its argument is the signal's number.
        """
        self.look()
        if self.signal_number is not None:
            raise KeyboardInterrupt(self.signal_number)

    def let_interrupt(self, may: bool) -> None:
        """Say whether a repeated wish may interrupt this process where it is.

        Args:
            may: True while it trains, False while it writes down what came of it.
        """
        self.is_interrupting = may
        # A wish that came while the trial was being started: the loop would say it only after the trial.
        if may and self.signal_number is not None and self.on_heard is not None:
            self.on_heard()

    @property
    def is_from_keyboard(self) -> bool:
        """Whether it was Ctrl-C."""
        return self.signal_number == signal.SIGINT

    @property
    def why(self) -> str:
        """For people: `interrupted by SIGINT`; empty if nobody asked."""
        if self.is_left_file:
            return "stopped by `sweep stop`"
        return f"interrupted by {signal.Signals(self.signal_number).name}" if self.signal_number else ""

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP, 0 if nobody asked."""
        return 128 + self.signal_number if self.signal_number else 0


@contextmanager
def listening(stop: StopRequest) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into requests; the former handlers come back at the end.

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

    former = {number: signal.signal(number, heard) for number in HEARD}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
