"""All sweeps of a task, a line each, and the runs of other programs. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sweep.logged_run import LoggedRun
from sweep.views.naming import HEADLINE, is_maximised, model_of, task_of

CLOSED = frozenset({"complete", "pruned", "infeasible", "failed"})
"""A slot whose last attempt ended so is not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLine:
    """A sweep.

    Args:
        run_id: of its own run; where that was deleted it is the one that its trials name.
        name: of the sweep.
        uid: unique over all sweeps, which its name is not; empty where no run says it.
        trial_uid: of one of its trials, empty if it has none: tells the sweep where its uid is not known.
        task: "segmentation" or "detection".
        state: "running", "complete", "stopped" or "failed".
        reason: why it ended.
        metric: logged name of the objective.
        maximise: whether larger is better.
        n_slots: trials asked for.
        n_closed: slots that have come to their end; a retry is not counted twice.
        counts: trials by state, retries too.
        best_value: of the best complete trial, None if there is none.
        best_run_id: its run.
        best_trial: its run's name.
        default_value: how the default configuration did, None if that is not known.
        gain: of the best over the default; positive is better.
        model: registered model and version that came of it, `NAME/VERSION`; empty if none did.
        is_champion: whether that is in Production now.
        kept: why no model came of it; empty if one did.
        data: where the data came from.
        digest: of the data.
        sampler: its name.
        pruner: its name.
        began_ms: milliseconds since 1970.
        ended_ms: likewise, 0 while it runs.
    """

    run_id: str
    name: str
    uid: str = ""
    trial_uid: str = ""
    task: str = ""
    state: str = ""
    reason: str = ""
    metric: str = ""
    maximise: bool = True
    n_slots: int = 0
    n_closed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    best_value: float | None = None
    best_run_id: str = ""
    best_trial: str = ""
    default_value: float | None = None
    gain: float | None = None
    model: str = ""
    is_champion: bool = False
    kept: str = ""
    data: str = ""
    digest: str = ""
    sampler: str = ""
    pruner: str = ""
    began_ms: int = 0
    ended_ms: int = 0

    @property
    def share_closed(self) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, self.n_closed / self.n_slots) if self.n_slots else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLine:
    """A run that belongs to no sweep.

    Args:
        run_id: MLflow's.
        name: run name.
        task: empty if it does not say.
        model: likewise.
        state: its status in small letters.
        metric: logged name of what it is judged by; empty if it has none of the known ones.
        value: the last of it, None if there is none.
        source: the program that logged it.
        user: who did.
        began_ms: milliseconds since 1970.
        ended_ms: likewise, 0 while it runs.
    """

    run_id: str
    name: str
    task: str = ""
    model: str = ""
    state: str = ""
    metric: str = ""
    value: float | None = None
    source: str = ""
    user: str = ""
    began_ms: int = 0
    ended_ms: int = 0


def overview(
    runs: Iterable[LoggedRun], *, task: str | None = None, champions: Collection[str] = ()
) -> tuple[SweepLine, ...]:
    """Sum up every sweep.

    Args:
        runs: all.
        task: only sweeps of this one; None for all.
        champions: registered models in Production, `NAME/VERSION`.

    Returns:
        The latest first.
    """
    all_runs = tuple(runs)
    parents = {run.run_id: run for run in all_runs if run.kind == "sweep"}
    trials: dict[str, list[LoggedRun]] = defaultdict(list)
    for run in all_runs:
        if run.kind == "trial":
            trials[parent_of(run)].append(run)
    lines = (
        _line(parents.get(run_id), trials.get(run_id, []), run_id=run_id, champions=champions)
        for run_id in {**parents, **trials}
    )
    wanted = (line for line in lines if task is None or line.task == task)
    return tuple(sorted(wanted, key=lambda line: (-line.began_ms, line.name)))


def other_runs(runs: Iterable[LoggedRun], *, task: str | None = None) -> tuple[OtherLine, ...]:
    """List the runs of other programs.

    Args:
        runs: all.
        task: only runs of this one, and those that do not say theirs; None for all.

    Returns:
        The latest first.
    """
    found = (_other(run) for run in runs if not run.kind and not run.sweep)
    wanted = (line for line in found if task is None or line.task in {task, ""})
    return tuple(sorted(wanted, key=lambda line: (-line.began_ms, line.name)))


def parent_of(run: LoggedRun) -> str:
    """Find the sweep of a trial.

    Args:
        run: a trial's.

    Returns:
        Id of the sweep's own run; the sweep's name where the trial does not say.
    """
    return run.tags.get("mlflow.parentRunId", "") or run.sweep


def trial_value(run: LoggedRun, metric: str) -> float | None:
    """Read how a trial did.

    Args:
        run: its run.
        metric: logged name of the objective.

    Returns:
        The objective at its best epoch, or at the last one so far; None where there is none, or it is NaN.
    """
    found = run.metrics.get(f"best_{metric}", run.metrics.get(metric, math.nan))
    return None if math.isnan(found) else found


def objective_of(parent: LoggedRun | None, trials: Sequence[LoggedRun]) -> tuple[str, bool]:
    """Find what a sweep optimises.

    Args:
        parent: its own run, None if that was deleted.
        trials: runs of its trials.

    Returns:
        Logged name, and whether larger is better.
    """
    params = parent.params if parent else {}
    named = params.get("objective") or params.get("metric", "")
    if not named:
        # A trial that ended has `best_` of the objective and of nothing else.
        bests = (name for run in trials for name in run.metrics if name.startswith("best_"))
        named = next((name.removeprefix("best_") for name in bests if name != "best_epoch"), "")
    direction = params.get("direction", "")
    maximise = direction != "minimize" if direction else is_maximised(named) is not False
    return named, maximise


def number_of(run: LoggedRun) -> int:
    """Optuna's number of a trial, -1 if it does not say."""
    return _whole(run.tags.get("sweep.trial", ""), -1)


def slot_of(run: LoggedRun) -> int:
    """Slot of a trial, -1 if it does not say."""
    return _whole(run.tags.get("sweep.slot", ""), -1)


def _line(
    parent: LoggedRun | None, trials: Sequence[LoggedRun], *, run_id: str, champions: Collection[str]
) -> SweepLine:
    metric, maximise = objective_of(parent, trials)
    sign = 1.0 if maximise else -1.0
    ranked = [
        (sign * value, -number_of(run), run)
        for run in trials
        if run.state == "complete" and (value := trial_value(run, metric)) is not None
    ]
    best = max(ranked, key=lambda found: found[:2], default=None)
    default = next((sign * found for found, _, run in ranked if slot_of(run) == 0), None)
    about = parent or min(trials, key=lambda run: run.began_ms)
    last = {slot_of(run): run.state for run in sorted(trials, key=number_of)}
    model = about.tags.get("sweep.model", "") if parent else ""
    best_value = sign * best[0] if best else _told(parent, metric)
    return SweepLine(
        run_id=run_id,
        name=about.sweep or about.name,
        uid=parent.tags.get("sweep.uid", "") if parent else "",
        trial_uid=next((uid for run in trials if (uid := run.tags.get("sweep.trial_uid", ""))), ""),
        task=task_of(about),
        state=about.state if parent else _state_of(trials),
        reason=about.tags.get("sweep.reason", "") if parent else "its own run was deleted",
        metric=metric,
        maximise=maximise,
        n_slots=max(_asked(parent), len(last)),
        n_closed=sum(state in CLOSED for state in last.values()),
        counts=dict(Counter(run.state for run in trials)),
        best_value=best_value,
        best_run_id=best[2].run_id if best else "",
        best_trial=best[2].name if best else about.tags.get("sweep.best_run", ""),
        default_value=default,
        gain=None if default is None or best_value is None else sign * (best_value - default),
        model=model,
        is_champion=model in champions,
        kept=about.tags.get("sweep.not_promoted", ""),
        data=about.params.get("data", ""),
        digest=about.params.get("data_digest", ""),
        sampler=about.params.get("sampler", ""),
        pruner=about.params.get("pruner", ""),
        began_ms=about.began_ms,
        ended_ms=about.ended_ms if parent and about.status != "RUNNING" else 0,
    )


def _other(run: LoggedRun) -> OtherLine:
    task = task_of(run)
    metric = HEADLINE.get(task, "")
    if metric not in run.metrics:
        metric = ""
    value = run.metrics.get(metric, math.nan)
    return OtherLine(
        run_id=run.run_id,
        name=run.name,
        task=task,
        model=model_of(run),
        state=run.state,
        metric=metric,
        value=None if math.isnan(value) else value,
        source=run.tags.get("mlflow.source.name", ""),
        user=run.tags.get("mlflow.user", ""),
        began_ms=run.began_ms,
        ended_ms=run.ended_ms if run.status != "RUNNING" else 0,
    )


def _state_of(trials: Sequence[LoggedRun]) -> str:
    return "running" if any(run.status == "RUNNING" for run in trials) else "stopped"


def _told(parent: LoggedRun | None, metric: str) -> float | None:
    """What the sweep's own run says of its best trial, whose run was deleted."""
    value = parent.metrics.get(f"best_{metric}", math.nan) if parent else math.nan
    return None if math.isnan(value) else value


def _asked(parent: LoggedRun | None) -> int:
    # A param cannot change: more trials of a resumed sweep stand in the tag.
    if parent is None:
        return 0
    return _whole(parent.tags.get("sweep.trials", ""), _whole(parent.params.get("trials", ""), 0))


def _whole(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default
