"""A lock on a database server: one process for a sweep, whichever machine and home it runs from.

The lock file of a home ends at its disk. Where two homes (one copied from the other) share a PostgreSQL
server, the second process would end the trials of the first. An advisory lock belongs to a connection: a
holder that dies frees it, and where the server itself restarts it is taken again at once.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from sweep.errors import InputError
from sweep.searching.storage import engine_options, opening_errors

LOOK_S = 2.0  # how soon a lost connection is noticed
# A machine that vanished says no farewell: without these PostgreSQL keeps its lock for two hours.
FAREWELL = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")


@contextmanager
def held_on_server(url: str, *, uid: str, name: str) -> Iterator[None]:
    """Be the one process that runs a sweep on a database server; a file of SQLite needs no such lock.

    Args:
        url: of Optuna's storage.
        uid: of the sweep.
        name: of the sweep.

    Yields:
        Nothing.

    Raises:
        InputError: another process has it, or the address cannot be read.
        UnavailableError: the server cannot be used.
    """
    with opening_errors(url):
        backend = make_url(url).get_backend_name()
        lock = _Lock(url, key=key_of(uid or name)) if backend == "postgresql" else None
        is_taken = lock is None or lock.take()
    if lock is None:
        yield
        return
    if not is_taken:
        lock.leave()
        raise InputError(
            f"sweep {name} is running elsewhere on this database: another machine or a copy of this home has "
            f"it. Wait for its end, or end it there with `sweep stop {name}`; nothing was changed"
        )
    keeper = threading.Thread(target=lock.keep, name="server-lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        lock.is_over.set()
        keeper.join()
        lock.leave()


def key_of(uid: str) -> int:
    """The number PostgreSQL knows a sweep's lock by, the same in every process.

    Args:
        uid: of the sweep.

    Returns:
        64 bits with a sign.
    """
    return int.from_bytes(hashlib.sha256(f"sweep {uid}".encode()).digest()[:8], "big", signed=True)


class _Lock:
    """An advisory lock on a connection of its own."""

    def __init__(self, url: str, *, key: int) -> None:
        options = engine_options("postgresql") | {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
        del options["pool_pre_ping"]
        self._engine = create_engine(url, **options)
        self._key = key
        self._connection: Connection | None = None
        self.is_over = threading.Event()

    def take(self) -> bool:
        """Connect and take the lock; False if another connection has it."""
        connection = self._engine.connect()
        self._connection = connection
        for setting in FAREWELL:
            connection.execute(text(f"SET {setting}"))
        return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}))

    def keep(self) -> None:
        """Take it again whenever the connection was lost, until it is over."""
        is_held = True
        while not self.is_over.wait(LOOK_S):
            try:
                if is_held and self._connection is not None:
                    self._connection.execute(text("SELECT 1"))
                    continue
                self.leave()
                is_held = self.take()
            except SQLAlchemyError:
                is_held = False

    def leave(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None
