"""Draws again what was drawn before: a trial's parameters from what the storage or a file has of it."""

from collections.abc import Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sweep.records import ParamValue


class Replay:
    """Lets a search space draw again what was drawn before.

    Args:
        drawn: by the name it was drawn under.

    Attributes:
        distributions: what it was drawn from now, as Optuna calls it; wide enough for what was drawn.
    """

    def __init__(self, drawn: Mapping[str, ParamValue]) -> None:
        self.drawn = drawn
        self.distributions: dict[str, BaseDistribution] = {}

    def float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A real number that was drawn."""
        value = float(self.drawn[name])
        self.distributions[name] = FloatDistribution(min(low, value), max(high, value), step=step, log=log)
        return value

    def int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number that was drawn."""
        value = int(self.drawn[name])
        self.distributions[name] = IntDistribution(min(low, value), max(high, value), step=step, log=log)
        return value

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:
        """A choice that was drawn."""
        self.distributions[name] = CategoricalDistribution(choices)
        return self.drawn[name]
