"""Frames decoded and resized once, then memory-mapped by every worker and trial. numpy and PIL, no torch."""

from rccar_models.cache.building import prepare
from rccar_models.cache.digest import digest_of
from rccar_models.cache.resizing import fitted_size, resized_image, suggested_size
from rccar_models.cache.shelf import StoredCache, clear, held, stored_caches
from rccar_models.cache.stored import CachedSplit, CacheInfo, open_split, read_info

__all__ = [
    "CacheInfo",
    "CachedSplit",
    "StoredCache",
    "clear",
    "digest_of",
    "fitted_size",
    "held",
    "open_split",
    "prepare",
    "read_info",
    "resized_image",
    "stored_caches",
    "suggested_size",
]
