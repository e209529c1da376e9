"""A file of events on their way to MLflow, and beside it a journal of what has arrived there.

Both only grow, a line at a time: whatever the moment of a crash, at most the last line is torn, and a
torn line is passed over. A journal line costs the same after 10 trials and after 10,000.
"""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path

from sweep.errors import UnavailableError
from sweep.paths import write_text
from sweep.records import SweepRecord, TrialResult
from sweep.tracking.events import Event, SweepEnd, Told, kind_of

DURABLE = (SweepRecord, TrialResult, SweepEnd)
"""Events that the reader brings to the disk itself, not only to the operating system, before it passes them
on: nobody who trains or decides waits for that. In a power cut the last of them may be lost all the same;
Optuna's storage, which is on the disk before the next trial is told, then says how the trial ended."""


class Spool:
    """The queue between those who tell and the one who writes. One teller and one reader at a time.

    Args:
        path: the spool file; the journal is `PATH.delivered`.

    Attributes:
        run_ids: MLflow's run ids by trial_uid, as far as the journal knows them.
        delivered: bytes of the file that have arrived.
        resumed_at: bytes that were in the file when it was opened.

    Raises:
        UnavailableError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._journal_path = path.with_name(f"{path.name}.delivered")
        self.run_ids: dict[str, str] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(path)
            self._journal = _opened(self._journal_path)
        except OSError as error:
            raise UnavailableError(f"the sweep's spool {path} cannot be written: {error}") from error
        self._size = self.resumed_at = os.fstat(self._file.fileno()).st_size
        self.delivered = self._restored()
        self._must_sync = False

    @property
    def is_empty(self) -> bool:
        """Whether everything has arrived."""
        return self.delivered >= self._size

    def append(self, event: Event) -> None:
        """Add an event; it survives the death of this process.

        Args:
            event: what happened.

        Raises:
            UnavailableError: the disk is full or gone.
        """
        line = event.to_line().encode() + b"\n"
        try:
            _write_whole(self._file, line)
        except OSError as error:
            raise UnavailableError(
                f"the sweep's spool {self._path} cannot be written: {error}; everything so far is kept"
            ) from error
        self._size += len(line)
        self._must_sync = self._must_sync or isinstance(event.told, DURABLE)

    def waiting(self, limit: int) -> tuple[list[Event], int]:
        """Read the oldest events that have not arrived.

        Args:
            limit: how many at most.

        Returns:
            The events, and what `mark` takes once they have arrived.
        """
        events: list[Event] = []
        if self._must_sync:
            self._must_sync = False
            os.fsync(self._file.fileno())
        with self._path.open("rb") as file:
            end = file.seek(self.delivered)
            while len(events) < limit and (line := file.readline()).endswith(b"\n"):
                end += len(line)
                events.extend(_parsed(line))
        return events, end

    def mark(self, end: int, run_ids: Mapping[str, str]) -> None:
        """Note that events have arrived.

        Args:
            end: as `waiting` gave it.
            run_ids: runs that were made meanwhile, by trial_uid.

        Raises:
            OSError: the disk is full or gone; the events count as not arrived.
        """
        _write_whole(self._journal, json.dumps({"delivered": end, "runs": dict(run_ids)}).encode() + b"\n")
        self.delivered = end

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._journal.close()

    def _restored(self) -> int:
        delivered, self.run_ids = _journal(self._journal_path)
        return delivered if delivered <= self._size else 0


def events_of(path: Path, *, kinds: tuple[type[Told], ...] = (), about: str = "") -> Iterator[Event]:
    """Read all events since a sweep began.

    Args:
        path: its spool file; nobody needs to have it open.
        kinds: what is wanted, everything without them. Other lines are passed over unread, which is most of
            the work: of 10,000 trials half a million lines are epochs.
        about: a trial_uid; lines that do not have it are passed over unread, too.

    Yields:
        Them, in order; none if there is no such file.

    Raises:
        UnavailableError: the file cannot be read.
    """
    names, uid = {kind.__name__.encode() for kind in kinds}, about.encode()
    try:
        with path.open("rb") as file:
            for line in file:
                if uid in line and (not kinds or kind_of(line) in names):
                    yield from _parsed(line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UnavailableError(f"the sweep's spool {path} cannot be read: {error}") from error


def undelivered_bytes(path: Path) -> int:
    """Say how much of a spool MLflow has not taken.

    Args:
        path: of the spool; nobody needs to have it open.

    Returns:
        Bytes; 0 without such a file.
    """
    if not path.exists():
        return 0
    delivered, _ = _journal(path.with_name(f"{path.name}.delivered"))
    size = path.stat().st_size
    return size - delivered if delivered <= size else size


def delivered_runs(path: Path) -> dict[str, str]:
    """Say which runs a spool's events went to.

    Args:
        path: of the spool; nobody needs to have it open.

    Returns:
        MLflow's run ids by trial_uid, as far as the journal knows them.
    """
    return _journal(path.with_name(f"{path.name}.delivered"))[1]


def rewind(path: Path, run_ids: Mapping[str, str]) -> None:
    """Let the next scribe deliver everything again, into the same runs.

    Args:
        path: of the spool; nobody may have it open.
        run_ids: runs that the journal has otherwise, by trial_uid.

    Raises:
        UnavailableError: the journal cannot be written; it is as it was.
    """
    journal = path.with_name(f"{path.name}.delivered")
    line = json.dumps({"delivered": 0, "runs": {**delivered_runs(path), **run_ids}})
    try:
        write_text(journal, line + "\n")
    except OSError as error:
        raise UnavailableError(f"{journal} cannot be written: {error}; it is as it was") from error


def _journal(path: Path) -> tuple[int, dict[str, str]]:
    """Bytes that have arrived, and MLflow's run ids by trial_uid."""
    delivered = 0
    run_ids: dict[str, str] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            body = json.loads(line)
            delivered, runs = int(body["delivered"]), dict(body["runs"])
        except (ValueError, KeyError, TypeError):
            continue  # torn by a crash: those events are written again, which changes nothing
        run_ids |= runs
    return delivered, run_ids


def _opened(path: Path) -> FileIO:
    file = path.open("a+b", buffering=0)  # every write is one system call
    size = file.seek(0, os.SEEK_END)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")  # ends a line that a crash tore
    return file


def _write_whole(file: FileIO, line: bytes) -> None:
    """Append a line or nothing: half a line would spoil the next one, too."""
    size = os.fstat(file.fileno()).st_size
    try:
        # A raw write takes what still fits on the disk, and says so only in what it returns.
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        with suppress(OSError):
            os.ftruncate(file.fileno(), size)
        raise


def _parsed(line: bytes) -> list[Event]:
    try:
        return [Event.from_line(line.decode())]
    except ValueError:
        return []
