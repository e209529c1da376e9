"""The one place where names become objects. Importing it opens nothing, but imports Optuna."""

from sweep.wiring.addresses import Addresses, addresses_of
from sweep.wiring.checking import CheckedRun, checked_run
from sweep.wiring.desk import Desk, opened

__all__ = ["Addresses", "CheckedRun", "Desk", "addresses_of", "checked_run", "opened"]
