"""What changes Production, done beside the page: once, to its end, whatever becomes of the page meanwhile.

A page is drawn again at every click, and a redraw breaks off what the page was doing.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from sweep.api.silent import Silent
from sweep.errors import SweepError

LOG = logging.getLogger("sweep.dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a deed.

    Args:
        kind: "promoted", "kept", "rolled_back", "refused" or "broken".
        values: of the text that says it.
        notes: what should be known besides.
    """

    kind: str
    values: dict[str, str]
    notes: tuple[str, ...] = ()


class Watcher(Silent):
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.doing = ""
        self.notes: list[str] = []

    def notice(self, text: str) -> None:
        """Keep it for the outcome."""
        self.notes.append(text)

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:
        """Keep it for whoever looks."""
        self.doing = f"{text} ({done}/{total})" if total else text


class Clerk:
    """Does one deed at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.watcher = Watcher()
        self.outcome: Outcome | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a deed is being done."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, deed: Callable[[Watcher], Outcome]) -> bool:
        """Do a deed beside the page.

        Args:
            deed: what to do.

        Returns:
            Whether it was begun; another one may be under way.
        """
        with self._lock:
            if self.is_busy:
                return False
            self.watcher, self.outcome = Watcher(), None
            self._thread = threading.Thread(target=self._do, args=(deed,), name="deed", daemon=False)
            self._thread.start()
            return True

    def dismiss(self) -> None:
        """Forget the last outcome."""
        self.outcome = None

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the deed that is being done."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _do(self, deed: Callable[[Watcher], Outcome]) -> None:
        try:
            self.outcome = deed(self.watcher)
        except SweepError as error:
            self.outcome = Outcome(kind="refused", values={"why": str(error)})
        except Exception:
            # The thread's roof: the page says that it went wrong, the log how.
            LOG.exception("a change of Production went wrong")
            self.outcome = Outcome(kind="broken", values={})


@st.cache_resource(show_spinner=False)
def clerk() -> Clerk:
    """The one clerk of this server: who looks from another window sees the same."""
    return Clerk()
