"""What `sweep data ...` does, for the command line and notebooks."""

from pathlib import Path

from sweep.paths import Home
from sweep.workshop.data import CacheEntry, list_caches

__all__ = ["CacheEntry", "caches"]


def caches(
    *, home: str | Path | None = None, source: str | None = None, clearing: bool = False
) -> list[CacheEntry]:
    """List the frame caches of a home, and remove them if wanted.

    Args:
        home: where sweeps keep everything; None for SWEEP_HOME, or `mlruns` without it.
        source: only the caches of this data set.
        clearing: whether to remove those that no sweep uses.

    Returns:
        The last used first.

    Raises:
        UnavailableError: a folder cannot be read or removed.
    """
    return list_caches(Home.at(home).cache, source=source, clearing=clearing)
