"""Kinds of settings: how text and numbers from files, environment and flags become values.

Every function takes what stands there and raises ValueError saying what is wrong and how to write it.
"""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from sweep.catalog import near

_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_UNITS_S = (86_400, 3_600, 60, 1)
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")
_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 32, 4096


def text(value: object) -> str:
    """Read text, e.g. a path or an address."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not text; put it in quotes")
    return value


def truth(value: object) -> bool:
    """Read true or false; from the environment also yes and no, on and off, 1 and 0."""
    found = _TRUTH.get(str(value).lower())
    if found is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return found


def whole(low: int, high: int | None = None) -> Callable[[object], int]:
    """Make a reader of whole numbers.

    Args:
        low: smallest allowed.
        high: largest allowed, None for any.

    Returns:
        The reader.
    """

    def read(value: object) -> int:
        number = _number(value)
        if number != int(number):
            raise ValueError(f"{value!r} is not a whole number")
        if number < low:
            raise ValueError(f"{value} is below the smallest allowed value {low}")
        if high is not None and number > high:
            raise ValueError(f"{value} is above the largest allowed value {high}")
        return int(number)

    return read


def real(value: object) -> float:
    """Read a finite number."""
    return float(_number(value))


def positive(value: object) -> float:
    """Read a finite number above 0."""
    number = real(value)
    if number <= 0:
        raise ValueError(f"{value} is not above 0")
    return number


def word(kind: str, known: Callable[[], Iterable[str]]) -> Callable[[object], str]:
    """Make a reader of names.

    Args:
        kind: what is named.
        known: gives all names.

    Returns:
        The reader.
    """

    def read(value: object) -> str:
        names = list(known())
        if value not in names:
            guess = near(str(value), names)
            meant = f"did you mean {guess}? " if guess else ""
            raise ValueError(f"unknown {kind} {str(value)!r}; {meant}known: {', '.join(names)}")
        return str(value)

    return read


def workers(value: object) -> str | int:
    """Read `auto` or a number of processes."""
    if value == "auto":
        return "auto"
    try:
        return whole(1)(value)
    except ValueError as error:
        raise ValueError(f"{error}; write auto, or how many processes, e.g. 2") from error


def device(value: object) -> str:
    """Read `auto`, `cpu`, `cuda` or `cuda:N`."""
    if not isinstance(value, str) or not _DEVICE.fullmatch(value):
        guess = near(str(value), ("auto", "cpu", "cuda", "cuda:0"))
        meant = f"did you mean {guess}? " if guess else ""
        raise ValueError(f"unknown device {str(value)!r}; {meant}known: auto, cpu, cuda, cuda:0")
    return value


def weights(value: object) -> str:
    """Read `default`, `none` or an existing file."""
    named = ("default", "none")
    if not isinstance(value, str) or (value not in named and not Path(value).is_file()):
        guess = near(str(value), named)
        meant = f"did you mean {guess}?" if guess else "write default, none, or an existing file"
        raise ValueError(f"no weights {str(value)!r}; {meant}")
    return value


def image_size(value: object) -> tuple[int, int]:
    """Read `160x120` as (width, height) in pixels."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    sides = (
        tuple(value) if isinstance(value, list | tuple) else tuple(map(int, match.groups())) if match else ()
    )
    if len(sides) != 2 or not all(isinstance(side, int) for side in sides):
        raise ValueError(f"{value!r} is not WIDTHxHEIGHT in pixels, e.g. 160x120")
    width, height = sides
    if not all(SMALLEST_SIDE_PX <= side <= LARGEST_SIDE_PX for side in sides):
        raise ValueError(f"{value}: a side has {SMALLEST_SIDE_PX} to {LARGEST_SIDE_PX} pixels")
    return width, height


def duration_s(value: object) -> float:
    """Read `90s`, `30m`, `1h30m` or a number of seconds."""
    if isinstance(value, str) and value and (match := _DURATION.fullmatch(value.strip().lower())):
        parts = [float(part) if part else 0.0 for part in match.groups()]
        seconds = sum(part * unit for part, unit in zip(parts, _UNITS_S, strict=True))
    else:
        try:
            seconds = real(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a duration; write e.g. 90s, 30m or 1h30m") from error
    if seconds <= 0:
        raise ValueError(f"{value!r} is not a time above 0")
    return seconds


def _number(value: object) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value) if not re.fullmatch(r"[-+]?\d+", value.strip()) else int(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a number") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return value
