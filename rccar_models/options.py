"""Options a trainer or a model accepts: name, kind, range and default, without torch.

The search space is checked against these, so a misspelt or out-of-range parameter is found before
the first trial, and a sampled parameter can never be silently ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rccar_models.errors import OptionError, UnknownNameError

OptionValue = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be set.

    Args:
        name: as users write it in a search space.
        default: used where nothing is set; its type is the option's kind.
        low: smallest allowed value of a number, inclusive.
        high: largest allowed value of a number, inclusive.
        choices: allowed values of a text option; empty for numbers.
        task: the one task it belongs to, or None if all tasks share it.
        text: what it does, one line.
    """

    name: str
    default: OptionValue
    text: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    task: str | None = None

    def fault_of(self, value: object) -> str | None:
        """Say what is wrong with a value.

        Args:
            value: what a user or a sampler wants to set.

        Returns:
            A sentence, or None if the value is fine.
        """
        if isinstance(self.default, str):
            known = ", ".join(self.choices)
            return None if value in self.choices else f"{value!r} is not one of {known}"
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else f"{value!r} is not true or false"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{value!r} is not a number"
        if isinstance(self.default, int) and value != int(value):
            return f"{value!r} is not a whole number"
        if self.low is not None and not value >= self.low:
            return f"{value!r} is below the smallest allowed value {self.low:g}"
        if self.high is not None and not value <= self.high:
            return f"{value!r} is above the largest allowed value {self.high:g}"
        return None


def resolve(options: Mapping[str, Option], values: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Fill in defaults and check every value.

    Args:
        options: the accepted options by name.
        values: what is set.

    Returns:
        A value for every option, of the default's kind: 8.0 becomes 8 where the default is an int.

    Raises:
        UnknownNameError: a value has no option of its name.
        OptionError: a value is outside its option's range.
    """
    unknown = sorted(set(values) - set(options))
    if unknown:
        raise UnknownNameError(f"unknown option {unknown[0]!r}; known: {', '.join(sorted(options))}")
    resolved: dict[str, OptionValue] = {}
    for name, option in options.items():
        value = values.get(name, option.default)
        fault = option.fault_of(value)
        if fault:
            raise OptionError(f"{name}: {fault}")
        resolved[name] = type(option.default)(value)
    return resolved
