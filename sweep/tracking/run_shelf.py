"""The runs of the experiment `autonomous_vehicle`, of this program and of any other, kept up to date cheaply.

The first time all of them are read. From then on a refresh asks for those that started since, those that
were running, and those that ended since (a resumed sweep's run ends a second time). What that cannot see, a
run deleted or restored, a tag written long after the end, is found by reading all of them now and then, in
a thread beside.
"""

import logging
import threading
import time
from collections.abc import Iterable

from sweep.errors import UnavailableError
from sweep.logged_run import LoggedRun
from sweep.redaction import redacted
from sweep.tracking.run_source import Progress, RunSource
from sweep.tracking.shelf_file import ShelfFile, Shelved

LOG = logging.getLogger("sweep.tracking")
OVERLAP_MS = 60_000
"""Clocks of different machines, and runs that reach MLflow a while after their start."""

FULL_EVERY_S = 60.0
FULL_SHARE = 20
"""Reading all may take a twentieth of the time."""

ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})


class RunShelf:
    """All runs, in memory and in a file.

    Args:
        source: where they come from.
        file: what is kept of them.

    Attributes:
        version: grows whenever a run is new, changed or gone.
        turn: grows with every refresh that did not fail.
        trouble: why the last refresh failed; empty if it did not.
    """

    def __init__(self, source: RunSource, file: ShelfFile) -> None:
        self._source = source
        self._file = file
        self._lock = threading.Lock()
        self._turns = threading.Lock()
        self._taking = threading.Lock()
        self._beside: threading.Thread | None = None
        self._pause_s = FULL_EVERY_S
        contents = file.contents()
        self._runs = contents.runs
        self._made_ms = contents.made_ms
        self._full_ms = contents.full_ms
        self._is_file_behind = False
        self._failed_ms = 0
        self._failure = ""
        self.version = 1 if contents.full_ms else 0
        self.turn = 0
        self.trouble = ""

    @property
    def is_filled(self) -> bool:
        """Whether all runs were read once, now or by an earlier process."""
        return self._full_ms > 0

    def all(self) -> tuple[LoggedRun, ...]:
        """Give all runs.

        Returns:
            In the order of their starts.
        """
        with self._lock:
            found = [shelved.run for shelved in self._runs.values()]
        return tuple(sorted(found, key=lambda run: (run.began_ms, run.run_id)))

    def get(self, run_id: str) -> LoggedRun | None:
        """Give one run.

        Args:
            run_id: MLflow's.

        Returns:
            It, None if there is none.
        """
        with self._lock:
            shelved = self._runs.get(run_id)
        return shelved.run if shelved else None

    def refresh(self, on_progress: Progress | None = None, *, full: bool = False) -> bool:
        """Ask what is new.

        Args:
            on_progress: told of the pages of a first reading, which takes seconds.
            full: read all runs, and wait for it.

        Returns:
            Whether anything differs.

        Raises:
            UnavailableError: nothing was ever read, and cannot be now. Later `trouble` says it instead.
        """
        with self._turns:
            before = self.version
            try:
                if full or not self.is_filled:
                    self._read_all(on_progress)
                else:
                    self._read_news()
                    self._read_all_beside()
                self.trouble = self._failure
                self.turn += 1
            except UnavailableError as error:
                self.trouble = str(error)
                if not self.is_filled:
                    raise
            return self.version != before

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for a reading that goes on beside.

        Args:
            timeout_s: how long, None for as long as it takes.
        """
        if self._beside is not None:
            self._beside.join(timeout_s)

    def _read_news(self) -> None:
        place, asked_ms = self._source.place(), _now_ms()
        if place is None or place.made_ms != self._made_ms:
            self._read_all(None)
            return
        runs = self.all()
        # A clock that is ahead must not hide what starts before its time.
        started = min(max((run.began_ms for run in runs), default=0), asked_ms) - OVERLAP_MS
        ended = min(max((run.ended_ms for run in runs), default=0), asked_ms) - OVERLAP_MS
        found = {run.run_id: run for run in self._source.started_since(started)}
        found |= {run.run_id: run for run in self._source.ended_since(ended)}
        found |= {run.run_id: run for run in self._source.running()}
        left = {run.run_id for run in runs if run.status not in ENDED} - found.keys()
        found |= {run.run_id: run for run in self._source.named(left)}
        self._take(found.values(), gone=left - found.keys(), asked_ms=asked_ms)

    def _read_all(self, on_progress: Progress | None) -> None:
        place, asked_ms = self._source.place(again=True), _now_ms()
        made_ms = place.made_ms if place else 0
        found = {run.run_id: run for run in self._source.all(on_progress)}
        with self._lock:
            missing = {
                run_id
                for run_id, shelved in self._runs.items()
                if run_id not in found and shelved.read_ms < asked_ms
            }
        if made_ms == self._made_ms:
            # A page moves when somebody deletes a run of an earlier one: missing is not yet gone.
            found |= {run.run_id: run for run in self._source.named(missing)}
        self._take(found.values(), gone=missing - found.keys(), asked_ms=asked_ms, made_ms=made_ms)
        self._pause_s = max(FULL_EVERY_S, FULL_SHARE * (_now_ms() - asked_ms) / 1000)

    def _read_all_beside(self) -> None:
        is_busy = self._beside is not None and self._beside.is_alive()
        if is_busy or _now_ms() - max(self._full_ms, self._failed_ms) < self._pause_s * 1000:
            return
        self._beside = threading.Thread(target=self._read_all_quietly, name="runs-beside", daemon=True)
        self._beside.start()

    def _read_all_quietly(self) -> None:
        try:
            self._read_all(None)
            self._failure = ""
        except UnavailableError as error:
            self.trouble = str(error)
        except Exception as error:
            # The thread's roof: nobody else would hear of it, and the runs would grow old in silence.
            LOG.debug("the runs could not be read beside", exc_info=True)
            said = redacted(f"{type(error).__name__}: {error}")
            self._failure = self.trouble = f"reading all runs again: {said}"
            self._failed_ms = _now_ms()

    def _take(
        self,
        found: Iterable[LoggedRun],
        *,
        gone: Iterable[str],
        asked_ms: int,
        made_ms: int | None = None,
    ) -> None:
        """Put runs into memory, then into the file; `made_ms` is of the experiment if these are all."""
        new = [Shelved.of(run, read_ms=asked_ms) for run in found]
        with self._taking:
            with self._lock:
                changed, lost = self._remember(new, gone, asked_ms)
                if made_ms is not None:
                    self._made_ms, self._full_ms = made_ms, asked_ms
                everything = [*self._runs.values()]
            if made_ms is not None or self._is_file_behind:
                is_written = self._file.replace(
                    everything, read_ms=asked_ms, made_ms=self._made_ms, full_ms=self._full_ms
                )
            else:
                is_written = self._file.keep(changed, gone=lost)
            self._is_file_behind = not is_written

    def _remember(
        self, new: Iterable[Shelved], gone: Iterable[str], asked_ms: int
    ) -> tuple[list[Shelved], list[str]]:
        changed, lost = [], []
        for shelved in new:
            known = self._runs.get(shelved.run.run_id)
            if known is not None and known.read_ms > asked_ms:
                continue
            self._runs[shelved.run.run_id] = shelved
            if known is None or known.payload != shelved.payload:
                changed.append(shelved)
        for run_id in gone:
            known = self._runs.get(run_id)  # the other thread may have found it gone as well
            if known is not None and known.read_ms <= asked_ms:
                del self._runs[run_id]
                lost.append(run_id)
        if changed or lost or not self.version:
            self.version += 1
        return changed, lost


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
