"""The trials of one sweep, a line each, and filters over them. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweep.logged_run import LoggedRun
from sweep.views.naming import model_of, short_params
from sweep.views.overview import number_of, objective_of, parent_of, slot_of, trial_value

_SAME_FOR_ALL = ("task_type", "common_epochs", "segmentation_model_name", "detection_model_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """A trial.

    Args:
        run_id: MLflow's.
        name: run name.
        trial_uid: of the trial.
        number: Optuna's, -1 if it does not say.
        slot: -1 if it does not say.
        seed: None if it does not say.
        retry_of: trial_uid of the failed attempt before; empty if there was none.
        state: "running", "complete", "pruned", "stopped", "failed" or "infeasible".
        reason: why it did not complete.
        worker: that trained it; empty if it does not say.
        model: model name.
        params: further parameters by users' names.
        value: the objective at its best epoch, at the last one while it runs; None where there is none.
        best_epoch: None if it is not known.
        n_parameters: likewise.
        began_ms: milliseconds since 1970.
        ended_ms: likewise, 0 while it runs.
        duration_s: from start to end, None while it runs.
        is_best: whether it is the sweep's best complete trial; of equal ones the first.
    """

    run_id: str
    name: str
    trial_uid: str = ""
    number: int = -1
    slot: int = -1
    seed: int | None = None
    retry_of: str = ""
    state: str = ""
    reason: str = ""
    worker: str = ""
    model: str = ""
    params: dict[str, str] = field(default_factory=dict)
    value: float | None = None
    best_epoch: int | None = None
    n_parameters: int | None = None
    began_ms: int = 0
    ended_ms: int = 0
    duration_s: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFilter:
    """Which trials are wanted; what is left empty lets all through.

    Args:
        states: any of them.
        models: any of them.
        ranges: smallest and largest number of a parameter by users' name, None for no end; trials whose
            parameter is missing or no number are left out.
        lowest: smallest value; trials without one are left out.
        highest: largest value; likewise.
        text: words that all occur in the name, state, reason, model or parameters, in any case.
    """

    states: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    lowest: float | None = None
    highest: float | None = None
    text: str = ""


def trials_of(runs: Iterable[LoggedRun], sweep: str) -> tuple[LoggedRun, ...]:
    """Find the trials of a sweep.

    Args:
        runs: all.
        sweep: id of its own run (`SweepLine.run_id`): two homes may have sweeps of one name.

    Returns:
        Their runs, by number.
    """
    found = (run for run in runs if run.kind == "trial" and parent_of(run) == sweep)
    return tuple(sorted(found, key=lambda run: (number_of(run), run.began_ms)))


def trial_lines(runs: Iterable[LoggedRun], sweep: str) -> tuple[TrialLine, ...]:
    """List the trials of a sweep.

    Args:
        runs: all.
        sweep: id of its own run (`SweepLine.run_id`).

    Returns:
        By number.
    """
    all_runs = tuple(runs)
    trials = trials_of(all_runs, sweep)
    parent = next((run for run in all_runs if run.run_id == sweep), None)
    metric, maximise = objective_of(parent, trials)
    sign = 1.0 if maximise else -1.0
    complete = [
        (sign * value, -number_of(run), run.run_id)
        for run in trials
        if run.state == "complete" and (value := trial_value(run, metric)) is not None
    ]
    best = max(complete, default=(0.0, 0, ""))[2]
    return tuple(_line(run, metric, is_best=run.run_id == best) for run in trials)


def filtered(lines: Iterable[TrialLine], wanted: TrialFilter) -> tuple[TrialLine, ...]:
    """Keep the trials that are wanted.

    Args:
        lines: of a sweep.
        wanted: which.

    Returns:
        Those, in the same order.
    """
    return tuple(line for line in lines if _is_wanted(line, wanted))


def numeric_params(lines: Iterable[TrialLine]) -> dict[str, tuple[float, float]]:
    """Find the parameters that can be filtered by a range.

    Args:
        lines: of a sweep.

    Returns:
        Smallest and largest number by users' name, of parameters that are a number in every trial that
        has them.
    """
    found: dict[str, list[float]] = {}
    for line in lines:
        for name, text in line.params.items():
            found.setdefault(name, []).append(as_number(text))
    return {
        name: (min(numbers), max(numbers))
        for name, numbers in found.items()
        if all(math.isfinite(number) for number in numbers)
    }


def as_number(text: str) -> float:
    """Read a param as a number.

    Args:
        text: as MLflow has it.

    Returns:
        The number, NaN if it is none.
    """
    try:
        return float(text)
    except ValueError:
        return math.nan


def _line(run: LoggedRun, metric: str, *, is_best: bool) -> TrialLine:
    has_ended = run.status != "RUNNING" and run.ended_ms > 0
    seed = as_number(run.tags.get("sweep.seed", run.params.get("seed", "")))
    return TrialLine(
        run_id=run.run_id,
        name=run.name,
        trial_uid=run.tags.get("sweep.trial_uid", ""),
        number=number_of(run),
        slot=slot_of(run),
        seed=int(seed) if math.isfinite(seed) else None,
        retry_of=run.tags.get("sweep.retry_of", ""),
        state=run.state,
        reason=run.tags.get("sweep.reason", ""),
        worker=run.tags.get("sweep.worker", ""),
        model=model_of(run),
        params=short_params(run, without=_SAME_FOR_ALL),
        value=trial_value(run, metric),
        best_epoch=_count(run, "best_epoch"),
        n_parameters=_count(run, "n_parameters"),
        began_ms=run.began_ms,
        ended_ms=run.ended_ms if has_ended else 0,
        duration_s=max(0, run.ended_ms - run.began_ms) / 1000 if has_ended else None,
        is_best=is_best,
    )


def _count(run: LoggedRun, metric: str) -> int | None:
    found = run.metrics.get(metric, math.nan)
    return int(found) if math.isfinite(found) else None


def _is_wanted(line: TrialLine, wanted: TrialFilter) -> bool:
    if wanted.states and line.state not in wanted.states:
        return False
    if wanted.models and line.model not in wanted.models:
        return False
    if not _is_between(line.value, wanted.lowest, wanted.highest):
        return False
    for name, (low, high) in wanted.ranges.items():
        if not _is_between(as_number(line.params.get(name, "")), low, high):
            return False
    return _has_words(line, wanted.text)


def _is_between(value: float | None, low: float | None, high: float | None) -> bool:
    if low is None and high is None:
        return True
    if value is None or math.isnan(value):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _has_words(line: TrialLine, text: str) -> bool:
    params = (f"{name}={value}" for name, value in line.params.items())
    said = " ".join((line.name, line.state, line.reason, line.model, *params)).casefold()
    return all(word in said for word in text.casefold().split())
