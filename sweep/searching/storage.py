"""Optuna's storage: opened once, by the coordinator, before any worker.

SQLite runs in WAL mode, so that optuna-dashboard reads while the sweep writes, and waits 60 s for a
lock. Measured: a trial of 10 reports costs 50 to 240 ms as SQLite comes and 30 ms this way.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sweep.errors import InputError, UnavailableError
from sweep.redaction import redacted

__all__ = ["RDBStorage", "first_line", "open_storage", "storage_errors"]

BUSY_TIMEOUT_S = 60
INIT_TIMEOUT_S = 120  # another process creates the tables


FAULTS = (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError)


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Translate what a database raises while the sweep runs.

    Args:
        doing: what is being done, e.g. "writing trial 7".

    Yields:
        Nothing.

    Raises:
        UnavailableError: the storage is locked, full or gone.
    """
    try:
        yield
    except FAULTS as error:
        raise UnavailableError(f"{doing}: Optuna's storage cannot be used: {first_line(error)}") from error


def open_storage(url: str, *, init_lock: Path) -> RDBStorage:
    """Open Optuna's storage and create its tables if they are missing.

    Args:
        url: SQLAlchemy address, e.g. `sqlite:////home/me/mlruns/optuna.db`.
        init_lock: file locked while tables are created; two processes doing it at once would crash.

    Returns:
        The storage.

    Raises:
        InputError: the address cannot be read or its driver is not installed.
        UnavailableError: the database cannot be opened, or is damaged.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        is_sqlite = make_url(url).get_backend_name() == "sqlite"
        # A server that restarted has closed our connections: ask before each use.
        options: dict[str, Any] = (
            {"connect_args": {"timeout": BUSY_TIMEOUT_S}} if is_sqlite else {"pool_pre_ping": True}
        )
        init_lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(init_lock, timeout=INIT_TIMEOUT_S):
            storage = RDBStorage(url, engine_kwargs=options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise InputError(
            f"--storage {redacted(url)}: not an address SQLAlchemy can open ({redacted(str(error))}); "
            "e.g. sqlite:///mlruns/optuna.db or postgresql+psycopg://user@host/db"
        ) from error
    except (*FAULTS, RuntimeError, OSError, Timeout) as error:
        raise UnavailableError(
            f"Optuna's storage {redacted(url)} cannot be opened: {first_line(error)}; nothing was started. "
            "Check that the folder is writable and the file is an Optuna database"
        ) from error
    if is_sqlite:
        event.listen(storage.engine, "connect", _set_pragmas)
        storage.engine.dispose()  # connections opened before the listener was there
    return storage


def has_study(storage: RDBStorage, name: str) -> bool:
    """Say whether a name is taken.

    Args:
        storage: an open one.
        name: of a study.

    Returns:
        Whether there is a study of this name.

    Raises:
        UnavailableError: the storage is locked, full or gone.
    """
    with storage_errors(f"looking for the study {name}"):
        try:
            storage.get_study_id_from_name(name)
        except KeyError:
            return False
        return True


def first_line(error: BaseException) -> str:
    """The first line of an error's innermost cause.

    Args:
        error: any.

    Returns:
        One line, at most 200 characters.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    return redacted(str(error) or type(error).__name__).splitlines()[0][:200]


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
