"""Optuna's storage: opened once, by the coordinator, before any worker.

SQLite runs in WAL mode, so that optuna-dashboard reads while the sweep writes. A lock is waited for 60 s at
the start; later, as for a server that restarts, `PatientStorage` repeats a write for five minutes.
Measured: a trial of 10 reports costs 50 to 240 ms as SQLite comes and 30 ms this way.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sweep.database_file import check_database, sqlite_file, why_unusable
from sweep.errors import InputError, UnavailableError
from sweep.redaction import redacted
from sweep.searching.patient_storage import PATIENCE_S, PatientStorage

__all__ = ["RDBStorage", "first_line", "open_storage", "storage_errors"]

BUSY_TIMEOUT_S = 60.0
TURN_S = 5.0  # SQLite's own waiting cannot be interrupted: in turns, a second Ctrl-C is heard between them
INIT_TIMEOUT_S = 120  # another process creates the tables
CONNECT_TIMEOUT_S = 5
# Without it a connection to a machine that vanished waits for a quarter of an hour. Milliseconds, of libpq.
ANSWER_TIMEOUT_MS = 30_000


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
        raise UnavailableError(
            f"{doing}: Optuna's storage cannot be used: {redacted(why_unusable(_innermost(error)))}; "
            "everything so far is kept"
        ) from error


def open_storage(
    url: str, *, init_lock: Path, busy_timeout_s: float = BUSY_TIMEOUT_S, patience_s: float = PATIENCE_S
) -> PatientStorage:
    """Open Optuna's storage and create its tables if they are missing.

    Args:
        url: SQLAlchemy address, e.g. `sqlite:////home/me/mlruns/optuna.db`.
        init_lock: file locked while tables are created; two processes doing it at once would crash.
        busy_timeout_s: how long a SQLite file may be locked at the start.
        patience_s: how long a write is repeated while the database is locked or away.

    Returns:
        The storage.

    Raises:
        InputError: the address cannot be read or its driver is not installed.
        UnavailableError: the database cannot be opened, is damaged, or has an older schema.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with opening_errors(url):
        options = engine_options(make_url(url).get_backend_name(), busy_timeout_s)
        if (file := sqlite_file(url)) is not None:
            check_database(file, whose="Optuna", busy_timeout_s=busy_timeout_s)
        init_lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(init_lock, timeout=INIT_TIMEOUT_S):
            return PatientStorage(url, engine_kwargs=options, patience_s=patience_s)


@contextmanager
def opening_errors(url: str) -> Iterator[None]:
    """Translate what a database raises while it is opened.

    Args:
        url: its address.

    Yields:
        Nothing.

    Raises:
        InputError: the address cannot be read or its driver is not installed.
        UnavailableError: the database cannot be opened.
    """
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:  # ValueError: its port
        raise InputError(
            f"--storage {redacted(url)}: not an address SQLAlchemy can open ({redacted(str(error))}); "
            "e.g. sqlite:///mlruns/optuna.db or postgresql+psycopg://user@host/db, "
            "whose driver comes with: pip install 'rccar-sweep[postgres]'"
        ) from error
    except (*FAULTS, RuntimeError, OSError, Timeout) as error:
        raise UnavailableError(_why_closed(redacted(url), error)) from error


def engine_options(backend: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> dict[str, Any]:
    """How a database is connected to.

    Args:
        backend: as SQLAlchemy calls it, e.g. "postgresql".
        busy_timeout_s: how long a SQLite file may be locked at the start.

    Returns:
        Arguments of `create_engine`.
    """
    if backend == "sqlite":
        return {"connect_args": {"timeout": min(busy_timeout_s, TURN_S)}}
    # A server that restarted has closed our connections: ask before each use.
    options: dict[str, Any] = {"pool_pre_ping": True}
    if backend == "postgresql":
        options["connect_args"] = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": ANSWER_TIMEOUT_MS,
        }
    elif backend in {"mysql", "mariadb"}:
        options["connect_args"] = {"connect_timeout": CONNECT_TIMEOUT_S}
    return options


def _why_closed(shown: str, error: BaseException) -> str:
    if "table schema" in str(error):
        return (
            f"Optuna's storage {shown} was written by another version of Optuna; nothing was changed. "
            f"Make a backup, then: optuna storage upgrade --storage {shown}"
        )
    return (
        f"Optuna's storage {shown} cannot be opened: {first_line(error)}; nothing was changed. "
        "Check that the server runs, or that the folder is writable and the file is an Optuna database"
    )


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


def delete_study(storage: RDBStorage, name: str, *, uid: str) -> None:
    """Remove a study with its trials; one that is not there is removed already.

    Args:
        storage: an open one.
        name: of the study.
        uid: of its sweep; a study of another sweep stays. Empty for one of an earlier version.

    Raises:
        UnavailableError: the storage is locked, full or gone.
    """
    with storage_errors(f"removing the study {name}"), suppress(KeyError):
        study_id = storage.get_study_id_from_name(name)
        if not uid or storage.get_study_user_attrs(study_id).get("sweep.uid", uid) == uid:
            storage.delete_study(study_id)


def first_line(error: BaseException) -> str:
    """The first line of an error's innermost cause.

    Args:
        error: any.

    Returns:
        One line, at most 200 characters.
    """
    error = _innermost(error)
    return redacted(str(error) or type(error).__name__).splitlines()[0][:200]


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
