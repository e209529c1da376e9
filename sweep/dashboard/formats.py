"""Numbers, times and durations as plain text, the same in both languages but for their words."""

import datetime
import math

from sweep.dashboard.language import Words
from sweep.views.trials import as_number

NOTHING = "–"


def figure(value: float | None) -> str:
    """A score, as a cell or a card shows it."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"
    return f"{value:.3g}"


def gain(value: float | None) -> str:
    """A difference with its sign."""
    return NOTHING if value is None else f"{round(value, 4) + 0.0:+.4f}"  # no -0.0000


def setting(value: str) -> str:
    """A parameter as MLflow has it, numbers to four digits."""
    number = as_number(value)
    return f"{number:.4g}" if math.isfinite(number) else value


def moment(at_ms: int) -> str:
    """A time in UTC, to the minute; a dash for 0."""
    if not at_ms:
        return NOTHING
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def duration(seconds: float | None, words: Words) -> str:
    """How long something took, with one or two units.

    Args:
        seconds: None if that is not known.
        words: of the language.

    Returns:
        E.g. "1 min 56 s".
    """
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return words("time.seconds", s=f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}")
    minutes = round(seconds) // 60
    if minutes < 60:
        return words("time.minutes", m=minutes, s=round(seconds) % 60)
    return words("time.hours", h=minutes // 60, m=minutes % 60)


def short_metric(name: str, task: str) -> str:
    """A metric without its task: `miou_segmentation` is `miou`."""
    return name.removesuffix(f"_{task}")
