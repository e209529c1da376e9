"""What came of a sweep, as numbers: counts, the best trial, and its gain over the default configuration."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from sweep.records import ParamValue, Status, SweepPlan, SweepRecord, TrialResult, TrialSpec

Trials = Sequence[tuple[TrialSpec, TrialResult]]
MOST_REASONS = 3
ALIKE_FROM = 3  # two equal trials are chance, e.g. of a coarse metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A sweep in numbers.

    Args:
        name: of the sweep.
        task: "segmentation" or "detection".
        metric: logged name of the objective.
        maximise: whether larger is better.
        n_slots: trials asked for.
        counts: trials by final status; retries count too.
        why_ended: one line.
        best: the best complete trial, None if none completed.
        default: how the space's default configuration did, None if it never ended.
        slots: the last attempts of all slots by final status.
        n_again: attempts beside them: their slots were tried again.
        ahead: the best of the trials that were stopped or cut, where it is better than the best complete one.
        all_failed: every trial, where all of them failed; else none.
    """

    name: str
    task: str
    metric: str
    maximise: bool
    n_slots: int
    counts: dict[str, int]
    why_ended: str
    best: tuple[TrialSpec, TrialResult] | None
    default: tuple[TrialSpec, TrialResult] | None
    slots: dict[str, int] = field(default_factory=dict)
    n_again: int = 0
    ahead: tuple[TrialSpec, TrialResult] | None = None
    all_failed: Trials = ()

    @property
    def ahead_told(self) -> str:
        """Whose end came too early, e.g. `trial-002 was ahead (0.6972 at epoch 4 of 12) when it was stopped`.

        Empty if no trial that was stopped or cut was better than the best complete one.
        """
        if self.ahead is None:
            return ""
        spec, result = self.ahead
        end = "stopped" if result.status is Status.STOPPED else "cut"
        at = f"{result.value:.4f} at epoch {result.best_epoch} of {spec.until_epoch}"
        led = f"was ahead ({at})" if self.best is not None else f"had {at}"
        return f"{spec.run_name} {led} when it was {end}"

    @property
    def counted(self) -> str:
        """The counts as people read them, e.g. `8 complete, 2 pruned; 1 attempt ran again`."""
        counts = ", ".join(f"{number} {status}" for status, number in self.slots.items() if number)
        again = f"; {self.n_again} attempt{'s' if self.n_again > 1 else ''} ran again" if self.n_again else ""
        return f"{counts}{again}"

    @property
    def gain(self) -> float | None:
        """Improvement of the objective over the default configuration; positive is better.

        None where one of the two has no value, or where they were scored on different data: a sweep that was
        resumed with `--allow data`.
        """
        if self.best is None or self.default is None or self.best[0].digest != self.default[0].digest:
            return None
        best, default = self.best[1].value, self.default[1].value
        if best is None or default is None:
            return None
        return best - default if self.maximise else default - best

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            Plain values; `best` and `default` hold name, value, parameters and metrics.
        """
        return {
            "name": self.name,
            "task": self.task,
            "metric": self.metric,
            "maximise": self.maximise,
            "trials": self.n_slots,
            "counts": self.counts,
            "slots": self.slots,
            "run_again": self.n_again,
            "why_ended": self.why_ended,
            "best": _described(self.best),
            "default": _described(self.default),
            "gain": self.gain,
        }


def summarise(
    plan: SweepPlan | SweepRecord, trials: Trials, why_ended: str, *, unended: Trials = ()
) -> Summary:
    """Sum up a sweep.

    Args:
        plan: of the sweep, or what was written down of it when it started.
        trials: every trial that ended.
        why_ended: one line.
        unended: trials whose process ended, or that are still running, with what they have reached.

    Returns:
        The numbers.
    """
    complete = [(spec, result) for spec, result in trials if result.status is Status.COMPLETE]
    sign = -1.0 if plan.objective.maximise else 1.0
    best = min(complete, key=lambda pair: (sign * (pair[1].value or 0.0), pair[0].number), default=None)
    last: dict[int, tuple[TrialSpec, TrialResult]] = {}
    for spec, result in trials:
        if spec.slot not in last or spec.attempt >= last[spec.slot][0].attempt:
            last[spec.slot] = (spec, result)
    return Summary(
        name=plan.name,
        task=plan.task,
        metric=plan.objective.metric,
        maximise=plan.objective.maximise,
        n_slots=plan.n_slots,
        counts=_counts(trials),
        why_ended=why_ended,
        best=best,
        default=next(((spec, result) for spec, result in complete if spec.slot == 0), None),
        slots=_counts(list(last.values())),
        n_again=len(trials) - len(last),
        ahead=_ahead(best, last, unended, maximise=plan.objective.maximise),
        all_failed=tuple(trials) if all(one.status is Status.FAILED for _, one in trials) else (),
    )


def _ahead(
    best: tuple[TrialSpec, TrialResult] | None,
    last: dict[int, tuple[TrialSpec, TrialResult]],
    unended: Trials,
    *,
    maximise: bool,
) -> tuple[TrialSpec, TrialResult] | None:
    """The best of those that a resumed sweep goes on with, if it was better on the same data."""
    open_slots = {spec.slot for spec, _ in unended}
    early = [pair for slot, pair in last.items() if slot not in open_slots]
    early = [(spec, result) for spec, result in early if result.status is Status.STOPPED] + [*unended]
    sign = 1.0 if maximise else -1.0
    ahead = max(
        ((spec, result) for spec, result in early if result.value is not None and result.best_epoch),
        key=lambda pair: sign * (pair[1].value or 0.0),
        default=None,
    )
    if ahead is None or best is None:
        return ahead
    is_better = sign * (ahead[1].value or 0.0) > sign * (best[1].value or 0.0)
    return ahead if is_better and ahead[0].digest == best[0].digest else None


def _counts(trials: Trials) -> dict[str, int]:
    counts = {status.value: 0 for status in (Status.COMPLETE, Status.PRUNED, Status.FAILED, Status.STOPPED)}
    for _, result in trials:
        counts[result.status.value] = counts.get(result.status.value, 0) + 1
    return counts


def why_doubtful(plan: SweepPlan | SweepRecord, trials: Trials) -> str:
    """Say why the ranking of a sweep means nothing.

    Args:
        plan: of the sweep, or what was written down of it.
        trials: every trial that ended.

    Returns:
        One line; empty where trials differ, or too few completed to say.
    """
    values = [result.value for _, result in trials if result.status is Status.COMPLETE]
    if len(values) < ALIKE_FROM or len(set(values)) > 1:
        return ""
    return (
        f"all {len(values)} completed trials have the same {plan.objective.metric}, {values[0]}: nothing was "
        "learnt from them. Look at the data (is there a single class?) and at --metric"
    )


def why_none_completed(trials: Trials) -> str:
    """Say why there is no best trial.

    Args:
        trials: every trial that ended, none of them complete.

    Returns:
        E.g. `no completed trial: 12 pruned, 3 failed (nan_loss: ...)`.
    """
    counts: dict[str, int] = {}
    for _, result in trials:
        counts[result.status.value] = counts.get(result.status.value, 0) + 1
    reasons = dict.fromkeys(result.reason for _, result in trials if result.status is Status.FAILED)
    told = f" ({'; '.join(list(filter(None, reasons))[:MOST_REASONS])})" if any(reasons) else ""
    listed = ", ".join(f"{number} {status}" for status, number in counts.items())
    return f"no completed trial: {listed or 'none ended'}{told}"


def effective_params(spec: TrialSpec) -> dict[str, ParamValue]:
    """A trial's parameters with the model's name in front.

    Args:
        spec: the trial.

    Returns:
        By the names users write.
    """
    return {"model_name": spec.model, **spec.params}


def trial_table(trials: Trials) -> str:
    """All trials as CSV.

    Args:
        trials: every trial that ended.

    Returns:
        A header and a line a trial, by trial number; what is not known is empty.
    """
    ordered = sorted(trials, key=lambda pair: pair[0].number)
    params = sorted({name for spec, _ in ordered for name in effective_params(spec)})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "trial",
            "slot",
            "run_name",
            "state",
            "value",
            "best_epoch",
            "train_time_s",
            "n_parameters",
            *params,
            "reason",
        ]
    )
    for spec, result in ordered:
        values = effective_params(spec)
        writer.writerow(
            [
                spec.number,
                spec.slot,
                spec.run_name,
                result.status.value,
                "" if result.value is None else f"{result.value:.6g}",
                result.best_epoch or "",
                f"{result.train_time_s:.3f}" if result.train_time_s else "",
                result.n_parameters or "",
                *(values.get(name, "") for name in params),
                result.reason,
            ]
        )
    return out.getvalue()


def _described(pair: tuple[TrialSpec, TrialResult] | None) -> dict[str, object] | None:
    if pair is None:
        return None
    spec, result = pair
    return {
        "trial": spec.number,
        "run_name": spec.run_name,
        "value": result.value,
        "best_epoch": result.best_epoch,
        "params": effective_params(spec),
        "metrics": result.metrics,
        "n_parameters": result.n_parameters,
    }
