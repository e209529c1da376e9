"""The one place where names become objects. Importing it opens nothing, but imports Optuna."""

from sweep.wiring.addresses import shown_storage_url, shown_tracking_uri, storage_url, tracking_uri
from sweep.wiring.desk import Desk, opened
from sweep.wiring.parts import make_space

__all__ = [
    "Desk",
    "make_space",
    "opened",
    "shown_storage_url",
    "shown_tracking_uri",
    "storage_url",
    "tracking_uri",
]
