"""What a sweep stands on: a home that can be written, with room, that nobody else can read."""

from collections.abc import Iterator
from contextlib import contextmanager

from sweep import disk
from sweep.paths import Home
from sweep.ports import Observer


@contextmanager
def on_firm_ground(home: Home, observer: Observer) -> Iterator[None]:
    """Check the home, keep what is written there private, and explain a disk that fills up.

    Args:
        home: of the sweep.
        observer: told if the home lies on a network.

    Yields:
        Nothing.

    Raises:
        UnavailableError: the home cannot be written, or its disk is full.
    """
    with disk.private_files(), disk.full_disk_explained(home.root):
        disk.check_place(home.root)
        if kind := disk.network_system(home.root):
            observer.notice(
                f"{home.root} lies on a network file system ({kind}): SQLite's locks are not reliable there. "
                "Use it from one machine only, or name a PostgreSQL server with --storage and --tracking-uri"
            )
        yield
