"""Ports of this machine's loopback, where nobody else can reach a server."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from filelock import FileLock, Timeout

from sweep.errors import InputError, UnavailableError
from sweep.serving.own_folder import own_folder

LOOPBACK = "127.0.0.1"
HIGHEST = 65535
STARTING_S = 180.0


@contextmanager
def starting_alone() -> Iterator[None]:
    """Be the one of this user who chooses ports, until his servers listen there.

    Two who start at the same time would choose the same ports; one would take the other's servers for his
    own, and lose them when that one ends.

    Yields:
        Nothing.

    Raises:
        UnavailableError: another one has been starting for long, or the lock cannot be taken.
    """
    file = own_folder() / "ui.lock"
    lock = FileLock(file, timeout=STARTING_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise UnavailableError(
            f"another `sweep ui` has been starting for {STARTING_S:g} s; end it and try again"
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"the lock {file} cannot be taken: {error}; remove it and try again"
        ) from error
    try:
        yield
    finally:
        lock.release()


def free_ports(usual: Sequence[int], first: int | None = None) -> list[int]:
    """Find a free port for each server.

    Args:
        usual: the port of each, where it is free.
        first: of the first one, if the user wants it; the others take the next free ones.

    Returns:
        As many ports, all different.

    Raises:
        InputError: `first` is no port, or another program has it.
    """
    if first is None:
        found: list[int] = []
        for port in usual:
            found.append(port if _is_free(port) and port not in found else _any(found))
        return found
    if not 1 <= first <= HIGHEST:
        raise InputError(f"--port {first}: a port is a number from 1 to {HIGHEST}, e.g. --port 8600")
    if not _is_free(first):
        raise InputError(
            f"--port {first}: another program listens there, or this one may not; take another, "
            "or leave --port away and a free one is found"
        )
    following = (port for port in range(first + 1, HIGHEST + 1) if _is_free(port))
    return [first, *(next(following, None) or _any([first]) for _ in usual[1:])]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection of an earlier one that has yet to fade away is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _any(taken: Sequence[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
