"""The one place where names become objects. Importing it opens nothing, but imports Optuna."""

from sweep.wiring.addresses import Addresses, addresses_of
from sweep.wiring.checking import CheckedRun, checked_run
from sweep.wiring.desk import Desk, Resumption, opened
from sweep.wiring.differences import ALLOWANCES
from sweep.wiring.owner import is_held
from sweep.wiring.stored import StoredSweep, read_stored, sweep_names

__all__ = [
    "ALLOWANCES",
    "Addresses",
    "CheckedRun",
    "Desk",
    "Resumption",
    "StoredSweep",
    "addresses_of",
    "checked_run",
    "is_held",
    "opened",
    "read_stored",
    "sweep_names",
]
