"""The workshop's door to data: prepare it for a sweep, check it, describe it, divide it, convert it."""

from sweep.workshop.data.caches import CacheEntry, held_cache, list_caches
from sweep.workshop.data.prepare import PreparedData, prepare_data
from sweep.workshop.data.recognise import RecognisedData, recognise_data

__all__ = [
    "CacheEntry",
    "PreparedData",
    "RecognisedData",
    "held_cache",
    "list_caches",
    "prepare_data",
    "recognise_data",
]
