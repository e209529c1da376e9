"""The one place where names become objects. Importing it opens nothing, but imports Optuna."""

from sweep.wiring.addresses import Addresses, addresses_of
from sweep.wiring.desk import Desk, opened
from sweep.wiring.parts import make_space

__all__ = ["Addresses", "Desk", "addresses_of", "make_space", "opened"]
