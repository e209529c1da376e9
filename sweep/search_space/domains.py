"""What a parameter may be: a fixed value, one of some choices, or a range of real or whole numbers.

Every kind draws itself, names the points it adds to a grid, and writes itself as the YAML it came from.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from sweep.records import ParamValue

Real = float
Whole = int
"""The protocol below has methods called `float` and `int`, which hide the types of that name."""


class Draw(Protocol):
    """Draws values by name; an Optuna trial is adapted to it."""

    def float(self, name: str, low: Real, high: Real, *, step: Real | None = None, log: bool = False) -> Real:
        """Draw a real number in [low, high]."""

    def int(self, name: str, low: Whole, high: Whole, *, step: Whole = 1, log: bool = False) -> Whole:
        """Draw a whole number in [low, high]."""

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:
        """Draw one of the choices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """One value that is never drawn.

    Args:
        value: of every trial.
    """

    value: ParamValue

    @property
    def default(self) -> ParamValue:
        """The value."""
        return self.value

    def draw(self, name: str, draw: Draw) -> ParamValue:  # noqa: ARG002 (one interface for all kinds)
        """Give the value; nothing is drawn."""
        return self.value

    def points(self) -> tuple[ParamValue, ...]:
        """The one point of a grid."""
        return (self.value,)

    def stated(self) -> tuple[tuple[str, ParamValue], ...]:
        """Values the user stated, by key."""
        return (("", self.value),)

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file."""
        return {"type": "fixed", "value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of some values.

    Args:
        choices: all different.
        default: one of them.
    """

    choices: tuple[ParamValue, ...]
    default: ParamValue

    def draw(self, name: str, draw: Draw) -> ParamValue:
        """Draw a value under a name."""
        return draw.categorical(name, self.choices)

    def points(self) -> tuple[ParamValue, ...]:
        """Every choice, in the order of the file."""
        return self.choices

    def stated(self) -> tuple[tuple[str, ParamValue], ...]:
        """Values the user stated, by key."""
        return tuple(("choices", choice) for choice in self.choices)

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file."""
        return {"type": "categorical", "choices": list(self.choices), "default": self.default}


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """A real number.

    Args:
        low: smallest value, inclusive.
        high: largest value, inclusive.
        default: of the first trial.
        log: drawn evenly in the logarithm.
        step: drawn from low, low + step, ..., high; None for any number between.
    """

    low: float
    high: float
    default: float
    log: bool = False
    step: float | None = None

    def draw(self, name: str, draw: Draw) -> ParamValue:
        """Draw a value under a name."""
        return draw.float(name, self.low, self.high, step=self.step, log=self.log)

    def points(self) -> tuple[ParamValue, ...]:
        """Every step; without a step low, the middle (geometric if log) and high."""
        if self.step is not None:
            n_steps = round((self.high - self.low) / self.step)
            inner = (float(f"{self.low + self.step * index:.12g}") for index in range(n_steps))
            return (*inner, self.high)
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return tuple(dict.fromkeys((self.low, middle, self.high)))

    def stated(self) -> tuple[tuple[str, ParamValue], ...]:
        """Values the user stated, by key."""
        return (("low", self.low), ("high", self.high), ("default", self.default))

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file."""
        return {"type": "float", **_range_dict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntRange:
    """A whole number.

    Args:
        low: smallest value, inclusive.
        high: largest value, inclusive.
        default: of the first trial.
        log: drawn evenly in the logarithm.
        step: drawn from low, low + step, ..., high.
    """

    low: int
    high: int
    default: int
    log: bool = False
    step: int = 1

    def draw(self, name: str, draw: Draw) -> ParamValue:
        """Draw a value under a name."""
        return draw.int(name, self.low, self.high, step=self.step, log=self.log)

    def points(self) -> tuple[ParamValue, ...]:
        """Every step; with log low, the geometric middle and high."""
        if self.log:
            return tuple(dict.fromkeys((self.low, round(math.sqrt(self.low * self.high)), self.high)))
        return tuple(range(self.low, self.high + 1, self.step))

    def stated(self) -> tuple[tuple[str, ParamValue], ...]:
        """Values the user stated, by key."""
        return (("low", self.low), ("high", self.high), ("default", self.default))

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file."""
        return {"type": "int", **_range_dict(self)}


Domain = Fixed | Choice | FloatRange | IntRange


def _range_dict(domain: FloatRange | IntRange) -> dict[str, object]:
    body: dict[str, object] = {"low": domain.low, "high": domain.high, "default": domain.default}
    if domain.log:
        body["log"] = True
    if domain.step not in {None, 1} or (isinstance(domain, FloatRange) and domain.step is not None):
        body["step"] = domain.step
    return body
