"""Two sweeps side by side, from what their folders hold: databases are not asked."""

from dataclasses import dataclass

from sweep.api.sweeps import SweepView, sweep_view
from sweep.errors import InputError
from sweep.summary import effective_params


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sweeps, and whether their scores may be compared.

    Args:
        sides: the two.
        obstacles: why the scores say nothing about each other; empty if they may be compared.
    """

    sides: tuple[SweepView, SweepView]
    obstacles: tuple[str, ...]

    @property
    def difference(self) -> float | None:
        """How much better the second one's best is; None where that cannot be said."""
        first, second = (side.summary.best for side in self.sides)
        if self.obstacles or first is None or second is None:
            return None
        if first[1].value is None or second[1].value is None:
            return None
        gain = second[1].value - first[1].value
        return gain if self.sides[0].summary.maximise else -gain

    @property
    def parameters(self) -> list[tuple[str, object, object]]:
        """Parameters of the two best trials: name, first, second; None where a trial has none."""
        found = [effective_params(side.summary.best[0]) if side.summary.best else {} for side in self.sides]
        names = dict.fromkeys([*found[0], *found[1]])
        return [(name, found[0].get(name), found[1].get(name)) for name in names]

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`."""
        return {
            "sweeps": [side.to_dict() for side in self.sides],
            "comparable": not self.obstacles,
            "obstacles": list(self.obstacles),
            "difference": self.difference,
        }


def compare(first: str, second: str, *, home: str | None = None) -> Comparison:
    """Put two sweeps side by side.

    Scores are compared only if both come from the same task, metric, data and classes.

    Args:
        first: name of a sweep of this home.
        second: of another one.
        home: where they lie; None for the environment's or `mlruns/`.

    Returns:
        The two, and what keeps their scores from being compared.

    Raises:
        InputError: there is no such sweep, it never started, or both are the same one.
        UnavailableError: its files cannot be read.
    """
    if first == second:
        raise InputError(f"{first} is compared with itself; name two sweeps (`sweep list` shows them)")
    sides = (sweep_view(first, home), sweep_view(second, home))
    return Comparison(sides=sides, obstacles=tuple(_obstacles(*sides)))


def _obstacles(first: SweepView, second: SweepView) -> list[str]:
    one, other = first.record, second.record
    found = []
    if one.task != other.task:
        return [f"other tasks: {one.task} and {other.task}"]
    if one.objective != other.objective:
        found.append(f"other metrics: {one.objective.metric} and {other.objective.metric}")
    if one.classes != other.classes:
        found.append("other classes")
    if one.data_digest != other.data_digest:
        found.append(f"other data: digests {one.data_digest[:12]} and {other.data_digest[:12]}")
    return found
