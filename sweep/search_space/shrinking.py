"""One domain, narrowed to where the best trials lie: on its own scale, on its own steps, never outside."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweep.records import ParamValue
from sweep.search_space.domains import Choice, Domain, Fixed, FloatRange, IntRange

MARGIN = 0.1  # of the old range, on each side
EDGE = 0.05  # of the old range: so near to its end the best lies at the end
SMALLEST_CUT = 0.1  # of the old range: less is not worth a new one
AS_BEFORE = "as before"
TRIES = 3  # a choice that occurs nowhere among the best has had its chance after so many trials


@dataclass(frozen=True, slots=True)
class Found:
    """A domain after a look at its trials.

    Args:
        domain: narrower, or the same with the best trial's value as its default.
        remark: from what to what and why.
        edge: the same where the best lies at an end of the old range; else empty.
    """

    domain: Domain
    remark: str
    edge: str = ""

    @property
    def is_narrower(self) -> bool:
        """Whether the domain was drawn in, or lost choices."""
        return bool(self.remark) and not self.remark.startswith(AS_BEFORE)

    @property
    def edge_is_lower(self) -> bool:
        """Which end that is."""
        return "lower end" in self.edge


def shrunk(domain: FloatRange | IntRange, best: Sequence[float], told: str) -> Found:
    """Narrow a range to the hull of some values, widened by a margin.

    Args:
        domain: the range.
        best: values inside of it, the best trial's first.
        told: whose they are, e.g. "the best 5 of 12 complete trials".

    Returns:
        A range within the old one that is not empty; the old one where little would be cut.
    """
    old_low, old_high = _scaled(domain, domain.low), _scaled(domain, domain.high)
    margin = MARGIN * (old_high - old_low)
    at = [_scaled(domain, value) for value in best]
    edge = _edge(domain, at[0], old_low=old_low, old_high=old_high)
    low = _unscaled(domain, max(old_low, min(at) - margin))
    high = _unscaled(domain, min(old_high, max(at) + margin))
    narrower = _range(domain, low=low, high=high, default=best[0])
    cut = 1 - (_scaled(domain, narrower.high) - _scaled(domain, narrower.low)) / (old_high - old_low)
    if cut < SMALLEST_CUT:
        return Found(with_default(domain, best[0]), f"{AS_BEFORE}: {told} lie all over it", edge)
    before, after = (f"{shown(one.low)} .. {shown(one.high)}" for one in (domain, narrower))
    return Found(narrower, f"from {before} to {after}: there lie {told}", edge)


def chosen(
    domain: Choice, best: Sequence[ParamValue], tries: Mapping[ParamValue, int], told: str, *, fix: bool
) -> Found:
    """Leave out choices that had their chance.

    Args:
        domain: the choices.
        best: those of the best trials, the best one's first.
        tries: how many trials had each.
        told: whose the best are.
        fix: whether a single choice that is left becomes a fixed value.

    Returns:
        The choices that occur among the best, and those that were hardly tried.
    """
    kept = tuple(one for one in domain.choices if one in best or tries[one] < TRIES)
    if len(kept) == len(domain.choices):
        remark = (
            f"{AS_BEFORE}: each is among {told}, or was tried less than {TRIES} times" if kept[1:] else ""
        )
        return Found(with_default(domain, best[0]), remark)
    gone = ", ".join(f"{one} ({n_trials(tries[one])})" for one in domain.choices if one not in kept)
    remark = f"without {gone}: not among {told}"
    if len(kept) == 1 and fix:
        return Found(Fixed(value=kept[0]), remark)
    return Found(Choice(choices=kept, default=best[0]), remark)


def with_default(domain: Domain, value: ParamValue) -> Domain:
    """The same domain with another default.

    Args:
        domain: any; a fixed value stays.
        value: inside of it.

    Returns:
        The domain.
    """
    if isinstance(domain, Choice):
        return dataclasses.replace(domain, default=value)
    if isinstance(domain, IntRange):
        return dataclasses.replace(domain, default=int(value))
    if isinstance(domain, FloatRange):
        return dataclasses.replace(domain, default=float(value))
    return domain


def beyond_edge(domain: FloatRange | IntRange, *, is_lower: bool) -> ParamValue:
    """A value a little outside of a range.

    Args:
        domain: the range.
        is_lower: whether below it, else above.

    Returns:
        The next step, half or twice the end of a log range, or a tenth of the range further.
    """
    sign, end = (-1, domain.low) if is_lower else (1, domain.high)
    if isinstance(domain, IntRange):
        return end + sign * domain.step
    if domain.log:
        return end / 2 if is_lower else end * 2
    return end + sign * (domain.step or MARGIN * (domain.high - domain.low))


def n_trials(number: int) -> str:
    """A number of trials in words."""
    return "1 trial" if number == 1 else f"{number} trials"


def shown(value: ParamValue) -> str:
    """A value as people read it: floats with three significant digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _edge(domain: FloatRange | IntRange, best: float, *, old_low: float, old_high: float) -> str:
    near = EDGE * (old_high - old_low)
    if best - old_low <= near:
        end, limit = "lower", shown(domain.low)
    elif old_high - best <= near:
        end, limit = "upper", shown(domain.high)
    else:
        return ""
    return f"the best is at the {end} end of what was searched ({limit}): consider widening it there"


def _range(
    domain: FloatRange | IntRange, *, low: float, high: float, default: float
) -> FloatRange | IntRange:
    if isinstance(domain, IntRange):
        step = 1 if domain.log else domain.step
        first, last = _steps(domain, step, low=low, high=high)
        ends = (domain.low + step * first, domain.low + step * last)
        return dataclasses.replace(domain, low=ends[0], high=ends[1], default=round(default))
    if domain.step is None:
        low, high = _outwards(domain, low=low, high=high)
        return dataclasses.replace(domain, low=low, high=high, default=default)
    first, last = _steps(domain, domain.step, low=low, high=high)
    bounds = [float(f"{domain.low + domain.step * number:.12g}") for number in (first, last)]
    return dataclasses.replace(domain, low=bounds[0], high=min(bounds[1], domain.high), default=default)


def _steps(domain: FloatRange | IntRange, step: float, *, low: float, high: float) -> tuple[int, int]:
    """First and last step of the new range, counted from the old lower end; never the same one."""
    n_steps = round((domain.high - domain.low) / step)
    first = max(0, math.floor((low - domain.low) / step + 1e-6))
    last = min(n_steps, math.ceil((high - domain.low) / step - 1e-6))
    return (first, last) if first < last else (max(0, first - 1), min(n_steps, last + 1))


def _outwards(domain: FloatRange, *, low: float, high: float) -> tuple[float, float]:
    """Both ends rounded to about two digits, outwards but not outside of the old range."""
    places = 1 - math.floor(math.log10(high - low))
    # The lower end of a log range is small beside its width.
    fine = 1 - math.floor(math.log10(low)) if domain.log else places
    down = math.floor(low * 10.0**fine) / 10.0**fine
    up = math.ceil(high * 10.0**places) / 10.0**places
    return max(domain.low, float(f"{down:.12g}")), min(domain.high, float(f"{up:.12g}"))


def _scaled(domain: FloatRange | IntRange, value: float) -> float:
    return math.log(value) if domain.log else float(value)


def _unscaled(domain: FloatRange | IntRange, value: float) -> float:
    return math.exp(value) if domain.log else value
