"""What was read of MLflow's runs, kept in a SQLite file of our own between processes.

It holds nothing that cannot be read again: a file that is damaged or of another format is thrown away, and
one that cannot be written is done without.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from sweep.logged_run import Curve, LoggedRun

T = TypeVar("T")

FORMAT = 1
BUSY_TIMEOUT_S = 5.0
KEYS_A_QUERY = 500

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE runs (run_id TEXT PRIMARY KEY, read_ms INTEGER NOT NULL, payload TEXT NOT NULL)",
    "CREATE TABLE curves (run_id TEXT, metric TEXT, mark TEXT NOT NULL, payload TEXT NOT NULL, "
    "PRIMARY KEY (run_id, metric)) WITHOUT ROWID",
)
_DELETE_RUN = "DELETE FROM runs WHERE run_id = ?"
_DELETE_CURVES = "DELETE FROM curves WHERE run_id = ?"
_PUT_RUN = (
    "INSERT INTO runs VALUES (?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET "
    "read_ms = excluded.read_ms, payload = excluded.payload WHERE excluded.read_ms >= read_ms"
)
_PASSING = ("locked", "busy", "readonly", "read-only", "unable to open", "disk is full", "disk i/o")


@dataclass(frozen=True, slots=True)
class Shelved:
    """A run as it was read.

    Args:
        run: it.
        payload: the same as JSON, equal for equal runs.
        read_ms: when it was asked for, milliseconds since 1970.
    """

    run: LoggedRun
    payload: str
    read_ms: int

    @classmethod
    def of(cls, run: LoggedRun, *, read_ms: int) -> "Shelved":
        """Put a run on the shelf.

        Args:
            run: it.
            read_ms: when it was asked for.

        Returns:
            Both and its payload.
        """
        return cls(run, json.dumps(asdict(run), sort_keys=True), read_ms)


@dataclass(frozen=True, slots=True)
class Contents:
    """All runs of a file.

    Args:
        made_ms: of the experiment they belong to.
        full_ms: when all runs were read last; 0 if never, and then there are none here.
        runs: by id.
    """

    made_ms: int = 0
    full_ms: int = 0
    runs: dict[str, Shelved] = field(default_factory=dict)


class ShelfFile:
    """The file; every call opens it anew, so that several threads and processes may use it.

    Args:
        path: it; its folder is made at the first write. None to keep nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def contents(self) -> Contents:
        """Read all runs.

        Returns:
            Them; nothing of a file that is missing, unfinished, damaged or of another format.
        """
        if self._path is None or not self._path.is_file():
            return Contents()
        return self._done(_contents, Contents())

    def curves(self, marks: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Curve]:
        """Read curves.

        Args:
            marks: by run and metric: what a stored one must be marked with.

        Returns:
            Those that are there.
        """
        if self._path is None or not marks or not self._path.is_file():
            return {}
        return self._done(lambda connection: _curves(connection, marks), {})

    def replace(self, runs: Iterable[Shelved], *, read_ms: int, made_ms: int, full_ms: int) -> bool:
        """Write all runs that there are; only from then on the file counts as filled.

        Args:
            runs: all of them.
            read_ms: when they were asked for; what another process read later stays beside them.
            made_ms: as in `Contents`.
            full_ms: likewise.

        Returns:
            Whether they are in the file now; if not, nothing of it has changed.
        """
        rows = _rows(runs)
        ids = {run_id for run_id, _, _ in rows}

        def write(connection: sqlite3.Connection) -> None:
            older = connection.execute("SELECT run_id FROM runs WHERE read_ms <= ?", (read_ms,))
            gone = [(run_id,) for (run_id,) in older.fetchall() if run_id not in ids]
            connection.executemany(_DELETE_RUN, gone)
            connection.executemany(_DELETE_CURVES, gone)
            connection.executemany(_PUT_RUN, rows)
            meta = [("made_ms", made_ms), ("full_ms", full_ms)]
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta)

        return self._write(write)

    def keep(self, runs: Iterable[Shelved], *, gone: Iterable[str] = ()) -> bool:
        """Write what has changed.

        Args:
            runs: new or changed ones; one that another process read later stays.
            gone: ids of deleted ones.

        Returns:
            Whether it is in the file now; if not, nothing of it has changed.
        """
        rows = _rows(runs)
        ids = [(run_id,) for run_id in gone]
        if not rows and not ids:
            return True

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_DELETE_RUN, ids)
            connection.executemany(_DELETE_CURVES, ids)
            connection.executemany(_PUT_RUN, rows)

        return self._write(write)

    def keep_curves(self, curves: Mapping[tuple[str, str], tuple[str, Curve]]) -> None:
        """Write curves.

        Args:
            curves: by run and metric, each with its mark.
        """
        rows = [
            (run_id, metric, mark, json.dumps([curve.steps, curve.values]))
            for (run_id, metric), (mark, curve) in curves.items()
        ]
        if rows:
            self._write(
                lambda connection: connection.executemany(
                    "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?)", rows
                )
            )

    def clear(self) -> None:
        """Throw the file away."""
        if self._path is not None:
            for end in ("-wal", "-shm", ""):
                with suppress(OSError):
                    self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _write(self, action: Callable[[sqlite3.Connection], object]) -> bool:
        def at_once(connection: sqlite3.Connection) -> bool:
            connection.execute("BEGIN IMMEDIATE")
            action(connection)
            connection.execute("COMMIT")
            return True

        return self._path is None or self._done(at_once, False)

    def _done(self, action: Callable[[sqlite3.Connection], T], default: T) -> T:
        if self._path is None:
            return default
        for _ in range(2):
            try:
                with _opened(self._path) as connection:
                    return action(connection)
            except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
                if isinstance(error, sqlite3.OperationalError) and _is_passing(error):
                    return default
                self.clear()
            except OSError:
                return default
        return default


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Names of runs and paths are nobody else's business; -wal and -shm take the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        _check_tables(connection)
        yield connection


def _is_passing(error: sqlite3.OperationalError) -> bool:
    return any(word in str(error).lower() for word in _PASSING)


def _rows(runs: Iterable[Shelved]) -> list[tuple[str, int, str]]:
    return [(one.run.run_id, one.read_ms, one.payload) for one in runs]


def _check_tables(connection: sqlite3.Connection) -> None:
    if _format(connection) == FORMAT:
        return
    connection.execute("BEGIN IMMEDIATE")
    if _format(connection) == FORMAT:  # another process was faster
        connection.execute("ROLLBACK")
        return
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise ValueError("another format")
    for table in _TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _contents(connection: sqlite3.Connection) -> Contents:
    meta = {str(key): int(value) for key, value in connection.execute("SELECT key, value FROM meta")}
    if not meta.get("full_ms"):
        return Contents()
    runs = {}
    for run_id, read_ms, payload in connection.execute("SELECT run_id, read_ms, payload FROM runs"):
        runs[run_id] = Shelved(LoggedRun(**json.loads(payload)), payload, read_ms)
    return Contents(made_ms=meta.get("made_ms", 0), full_ms=meta["full_ms"], runs=runs)


def _curves(
    connection: sqlite3.Connection, marks: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Curve]:
    ids = sorted({run_id for run_id, _ in marks})
    found = {}
    for at in range(0, len(ids), KEYS_A_QUERY):
        some = ids[at : at + KEYS_A_QUERY]
        words = (
            f"SELECT run_id, metric, mark, payload FROM curves WHERE run_id IN ({','.join('?' * len(some))})"
        )
        for run_id, metric, mark, payload in connection.execute(words, some):
            if marks.get((run_id, metric)) == mark:
                steps, values = json.loads(payload)
                found[run_id, metric] = Curve(
                    run_id=run_id, metric=metric, steps=tuple(steps), values=tuple(values)
                )
    return found
