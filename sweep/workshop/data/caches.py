"""Frame caches of a home, for the office: listed, cleared, held while a sweep runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rccar_models.cache import StoredCache, clear, held, stored_caches
from sweep.paths import Home
from sweep.workshop.data.errors import data_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One cache, as people look at it.

    Args:
        name: of its folder.
        source: the data set as the user named it; empty if the cache is damaged or half built.
        place: absolute path of the data set; empty for drawn data, and where the cache does not say.
        task: what it was read for.
        image_size: (width, height) in pixels, None if it is damaged.
        counts: frames by split.
        digest: of the data set.
        n_bytes: on the disk.
        used_at: seconds since 1970.
        in_use: by a running sweep.
        is_cleared: whether it was removed just now.
    """

    name: str
    source: str
    place: str
    task: str
    image_size: tuple[int, int] | None
    counts: dict[str, int]
    digest: str
    n_bytes: int
    used_at: float
    in_use: bool
    is_cleared: bool = False


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
    cache_root = Home.at(home).cache
    with data_errors(f"the caches in {cache_root}"):
        found = [one for one in stored_caches(cache_root) if _is_of(one, source)]
        return [_entry(one, is_cleared=clearing and clear(one)) for one in found]


@contextmanager
def held_cache(folder: Path) -> Iterator[None]:
    """Keep a cache from being cleared.

    Args:
        folder: of the cache.

    Yields:
        Nothing.

    Raises:
        UnavailableError: the cache cannot be written to, or was cleared a moment ago.
    """
    with ExitStack() as stack:
        with data_errors(f"the frame cache {folder}"):
            stack.enter_context(held(folder))
        yield


def _is_of(cache: StoredCache, source: str | None) -> bool:
    if source is None:
        return True
    if cache.info is None or not cache.info.place:
        return cache.info is not None and source == cache.info.source
    return str(Path(source).expanduser().resolve()) == cache.info.place


def _entry(cache: StoredCache, *, is_cleared: bool) -> CacheEntry:
    info = cache.info
    return CacheEntry(
        name=cache.folder.name,
        source="" if info is None else info.source,
        place="" if info is None else info.place,
        task="" if info is None else info.task,
        image_size=None if info is None else info.image_size,
        counts={} if info is None else dict(info.counts),
        digest="" if info is None else info.digest,
        n_bytes=cache.n_bytes,
        used_at=cache.used_at,
        in_use=cache.in_use,
        is_cleared=is_cleared,
    )
