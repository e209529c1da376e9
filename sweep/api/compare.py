"""Two sweeps side by side, from what their folders hold: databases are not asked."""

from dataclasses import dataclass
from typing import Any

from sweep.errors import InputError
from sweep.history import SweepHistory
from sweep.paths import Home
from sweep.records import SweepRecord
from sweep.summary import Summary, effective_params, summarise
from sweep.tracking.history import read_history
from sweep.wiring import StoredSweep, is_held, read_stored

SETTINGS = ("data", "image_size", "epochs", "sampler", "pruner", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two.

    Args:
        name: of the sweep.
        state: "running", "ended" or "cut": no process runs it, and none wrote down its end.
        record: of its latest start.
        settings: what it was started with.
        summary: its numbers.
        train_time_s: of all its trials.
    """

    name: str
    state: str
    record: SweepRecord
    settings: dict[str, Any]
    summary: Summary
    train_time_s: float

    def to_dict(self) -> dict[str, object]:
        """JSON-able form."""
        return self.summary.to_dict() | {
            "state": self.state,
            "settings": self.settings,
            "data_digest": self.record.data_digest,
            "classes": list(self.record.classes),
            "train_time_s": round(self.train_time_s, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sweeps, and whether their scores may be compared.

    Args:
        sides: the two.
        obstacles: why the scores say nothing about each other; empty if they may be compared.
    """

    sides: tuple[Side, Side]
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
        InputError: there is no such sweep, or it never started.
        UnavailableError: its files cannot be read.
    """
    where = Home.at(home)
    sides = (_side(where, first), _side(where, second))
    return Comparison(sides=sides, obstacles=tuple(_obstacles(*sides)))


def _side(home: Home, name: str) -> Side:
    stored = read_stored(home, name)
    history = read_history(home.sweep(stored.name).spool)
    if history.record is None:
        raise InputError(f"{name}: it never started a trial; `sweep resume {name}` goes on with it")
    trials = [(past.spec, past.ending) for past in history.in_order_of_ends()]
    return Side(
        name=stored.name,
        state=_state(home, stored, history),
        record=history.record,
        settings={key: stored.settings.get(key) for key in SETTINGS},
        summary=summarise(history.record, trials, ""),
        train_time_s=sum(result.train_time_s for _, result in trials),
    )


def _state(home: Home, stored: StoredSweep, history: SweepHistory) -> str:
    if is_held(home.sweep(stored.name)):
        return "running"
    return "cut" if history.is_open else "ended"


def _obstacles(first: Side, second: Side) -> list[str]:
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
