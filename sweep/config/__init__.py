"""The config of a sweep: from file, environment and flags, each value with its origin."""

from sweep.config.loading import Loaded, load
from sweep.config.schema import SweepConfig

__all__ = ["Loaded", "SweepConfig", "load"]
