"""The workshop's door to data: prepare it for a sweep, check it, describe it, divide it, convert it."""

from sweep.workshop.data.caches import held_cache
from sweep.workshop.data.directions import directed_classes
from sweep.workshop.data.prepare import PreparedData, prepare_data
from sweep.workshop.data.recognise import RecognisedData, recognise_data

__all__ = [
    "PreparedData",
    "RecognisedData",
    "directed_classes",
    "held_cache",
    "prepare_data",
    "recognise_data",
]
