"""Who runs a sweep: a lock that ends with the process that holds it, and a note of who that is."""

import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sweep.config import SweepConfig
from sweep.errors import InputError, UnavailableError
from sweep.paths import Home, SweepPaths, write_text
from sweep.searching.server_lock import held_on_server
from sweep.wiring.addresses import addresses_of

LOOK_S = 0.5
"""Whoever looks whether a sweep runs has its lock for an instant (`is_held`): that is nobody who runs it."""
LOOK_POLL_S = 0.02


@contextmanager
def alone(config: SweepConfig, home: Home, *, name: str, uid: str) -> Iterator[None]:
    """Be the one process that runs a sweep, in its home and on its database server.

    Args:
        config: the resolved config, with the addresses.
        home: where the sweep lies.
        name: of the sweep.
        uid: of the sweep.

    Yields:
        Nothing.

    Raises:
        InputError: another process runs it.
        UnavailableError: the folder cannot be written, or the server cannot be used.
    """
    address = addresses_of(config, home).storage
    with held(home.sweep(name), name), held_on_server(address, uid=uid, name=name):
        yield


@contextmanager
def held(paths: SweepPaths, name: str) -> Iterator[None]:
    """Be the one process that runs a sweep, in its home.

    Args:
        paths: of the sweep; its folder is made, and goes again if the sweep has no config at the end.
        name: of the sweep.

    Yields:
        Nothing.

    Raises:
        InputError: another process runs it.
        UnavailableError: the folder cannot be written.
    """
    lock = FileLock(paths.lock, timeout=LOOK_S, poll_interval=LOOK_POLL_S)
    left = _mark(paths.stop)
    try:
        paths.root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"sweep {name} is running{_described(paths)}; wait for its end, end it with "
            f"`sweep stop {name}{Home(paths.root.parents[1]).flag}`, or choose another --name"
        ) from None
    except OSError as error:
        raise UnavailableError(f"the home cannot be written: {error}; choose another with --home") from error
    try:
        if left is not None and _mark(paths.stop) == left:
            paths.stop.unlink(missing_ok=True)  # for an earlier process; one written since is for this one
        write_text(paths.owner, json.dumps(_own()))
        yield
    finally:
        paths.owner.unlink(missing_ok=True)
        if not paths.config.exists():  # a sweep that was not started, or was removed, leaves nothing
            shutil.rmtree(paths.root, ignore_errors=True)
        lock.release()


def is_held(paths: SweepPaths) -> bool:
    """Say whether a process runs a sweep.

    Args:
        paths: of the sweep.

    Returns:
        Whether its lock is held.
    """
    if not paths.lock.exists():
        return False
    lock = FileLock(paths.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def _mark(file: Path) -> tuple[int, int] | None:
    """Tells a file from another one of the same name; None without a file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _own() -> dict[str, object]:
    return {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}


def _described(paths: SweepPaths) -> str:
    try:
        owner = json.loads(paths.owner.read_text(encoding="utf-8"))
        return f" on {owner['host']}, pid {owner['pid']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
