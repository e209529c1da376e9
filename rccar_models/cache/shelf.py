"""All caches of a home: what lies there, how large it is, who uses it, and how to clear it."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rccar_models.cache.stored import CacheInfo, read_info
from rccar_models.errors import DataError

_IN_USE = ".in-use"
_BUILDING = ".building"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCache:
    """One cache on disk.

    Args:
        folder: of the cache.
        info: what is in it, None if it is damaged, of another version, or was left half built.
        n_bytes: what it takes on the disk.
        used_at: when frames were last taken from it, seconds since 1970.
        in_use: whether a sweep holds it now, or a process builds it.
    """

    folder: Path
    info: CacheInfo | None
    n_bytes: int
    used_at: float
    in_use: bool


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Mark a cache as in use: until the end nobody clears it.

    Args:
        folder: of the cache.

    Yields:
        Nothing. A process that dies lets go by itself.
    """
    with (folder / _IN_USE).open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_SH)
        (folder / _IN_USE).touch()
        yield


def stored_caches(cache_root: Path) -> tuple[StoredCache, ...]:
    """List all caches of a home.

    Args:
        cache_root: where caches lie; may be missing.

    Returns:
        The last used first.
    """
    if not cache_root.is_dir():
        return ()
    found = [_described(folder) for folder in cache_root.iterdir() if folder.is_dir()]
    return tuple(sorted(found, key=lambda one: one.used_at, reverse=True))


def clear(cache: StoredCache) -> bool:
    """Remove a cache.

    Args:
        cache: to remove; frames that a process has mapped stay readable for it.

    Returns:
        False if a sweep holds it now or it is being built: then it stays.

    Raises:
        OSError: the folder cannot be removed.
    """
    try:
        with FileLock(_build_lock(cache.folder), timeout=0):
            if _is_locked(cache.folder / _IN_USE):
                return False
            # Renamed first: whoever looks while it is removed finds none rather than half of one.
            doomed = cache.folder.with_name(f".{cache.folder.name.lstrip('.')}.{time.time_ns()}.cleared")
            cache.folder.rename(doomed)
    except Timeout:
        return False
    # The lock's empty file stays: a process that waits for it must not wait for a file that is gone.
    shutil.rmtree(doomed)
    return True


def _build_lock(folder: Path) -> Path:
    name = folder.name.removesuffix(_BUILDING)
    return folder.with_name(f".{name.lstrip('.')}.lock")


def _described(folder: Path) -> StoredCache:
    try:
        info = read_info(folder)
    except DataError:
        info = None
    files = [path.stat() for path in folder.iterdir() if path.is_file()]
    # Blocks, not lengths: the files are allocated before they are filled.
    n_bytes = sum(found.st_blocks * 512 for found in files)
    used_at = max((found.st_mtime for found in files), default=folder.stat().st_mtime)
    return StoredCache(folder=folder, info=info, n_bytes=n_bytes, used_at=used_at, in_use=_is_held(folder))


def _is_held(folder: Path) -> bool:
    return _is_locked(_build_lock(folder) if folder.name.endswith(_BUILDING) else folder / _IN_USE)


def _is_locked(path: Path) -> bool:
    """Whether another process, or another opening in this one, holds a lock on a file."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
