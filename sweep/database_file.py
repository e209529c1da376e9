"""SQLite files: whether one is there, whole, and free to be written. Asked before anything is started.

SQLite itself finds a damaged page only where a query touches it: in the middle of a night, or never. And a
library that is given a file that is not there makes an empty one.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from sweep.errors import UnavailableError

_SCHEME = "sqlite:///"
_DAMAGED = ("malformed", "not a database", "corrupt")
SHOWN_CHARS = 200


def sqlite_file(url: str) -> Path | None:
    """Find the file of a SQLite address.

    Args:
        url: e.g. `sqlite:///mlruns/mlflow.db`.

    Returns:
        Its path, None for any other kind of address.
    """
    if not url.startswith(_SCHEME):
        return None
    return Path(url.removeprefix(_SCHEME).split("?")[0])


def is_fresh(file: Path) -> bool:
    """Say whether a database file is yet to be made.

    Args:
        file: of SQLite.

    Returns:
        True if it is missing or empty.
    """
    return not file.exists() or (file.is_file() and file.stat().st_size == 0)


def check_database(file: Path, *, whose: str, busy_timeout_s: float) -> None:
    """Refuse a file that is damaged, locked or read-only; nothing in it is changed.

    Args:
        file: of SQLite; a fresh one passes.
        whose: for the message, e.g. "MLflow".
        busy_timeout_s: how long to wait for somebody who has it locked.

    Raises:
        UnavailableError: it cannot be used, and why.
    """
    try:
        if is_fresh(file):
            return
        with closing(sqlite3.connect(file, timeout=busy_timeout_s, isolation_level=None)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (OSError, sqlite3.Error) as error:
        why = why_unusable(error, waited_s=busy_timeout_s)
        raise UnavailableError(
            f"{whose}'s database {file} cannot be used: {why}; nothing in it was "
            f"changed. {_mend(file, str(error))}"
        ) from error


def why_unusable(error: BaseException, *, waited_s: float | None = None) -> str:
    """Say what a database's error means.

    Args:
        error: what SQLite raised, or a library that uses it.
        waited_s: how long a lock was waited for, None if that is not known.

    Returns:
        One line.
    """
    said = " ".join((str(error) or type(error).__name__).split())[:SHOWN_CHARS]
    if "database is locked" in said:
        long = "" if waited_s is None else f", also after {waited_s:g} s"
        return f"it is locked by another process{long}"
    if any(word in said for word in _DAMAGED):
        return f"it is damaged ({said})"
    return said


def _mend(file: Path, said: str) -> str:
    if any(word in said for word in _DAMAGED):
        return (
            f"Keep a copy of it and of {file.name}-wal first; then, if it was a database at all: "
            f'sqlite3 COPY .recover | sqlite3 "{file}"'
        )
    if "database is locked" in said:
        return "Wait for the other program, or end it, and start again"
    return "Check that it is a file in a folder that can be written"
