"""What runs score at their best epoch, which is that of the checkpoint they keep. Pure.

MLflow gives the last value of a metric with a run; that of an earlier epoch stands in its curve.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sweep.evaluation import Evaluation
from sweep.logged_run import Curve, LoggedRun
from sweep.views.naming import HEADLINE, task_of

Curves = Mapping[str, Curve]
"""Of one run, by logged name."""

_ONCE = re.compile(r"^(best_.*|trials_\w+|n_parameters|train_time_s|system/.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochValue:
    """A metric of a run.

    Args:
        value: of it.
        is_last: whether it is of the last epoch, for want of the best one; never of what is logged once.
    """

    value: float
    is_last: bool = False


def is_by_epoch(metric: str) -> bool:
    """Say whether a metric may have a value an epoch.

    Args:
        metric: logged name.

    Returns:
        False for what a run has one of, and for measurements of the machine.
    """
    return _ONCE.match(metric) is None


def curves_of(run_id: str, curves: Iterable[Curve]) -> Curves:
    """Pick the curves of a run.

    Args:
        run_id: MLflow's.
        curves: of any runs.

    Returns:
        Those of this one, by logged name.
    """
    return {curve.metric: curve for curve in curves if curve.run_id == run_id}


def best_epoch(run: LoggedRun, curves: Curves) -> int | None:
    """Find a run's best epoch.

    Args:
        run: any.
        curves: of it, as many as there are.

    Returns:
        What it says, else the first one with the best of what runs of its task are judged by; None where
        neither is known.
    """
    told = run.metrics.get("best_epoch", math.nan)
    if math.isfinite(told):
        return int(told)
    curve = curves.get(HEADLINE.get(task_of(run), ""))
    if curve is None:
        return None
    points = zip(curve.steps, curve.values, strict=True)
    pairs = [(value, -step) for step, value in points if not math.isnan(value)]
    return -max(pairs)[1] if pairs else None


def value_at(run: LoggedRun, metric: str, *, curve: Curve | None, epoch: int | None) -> EpochValue | None:
    """Read a metric at a run's best epoch.

    Args:
        run: any.
        metric: logged name.
        curve: of it, None where it could not be read.
        epoch: the run's best, None if that is not known.

    Returns:
        The value then, else the last one; None where the run lacks the metric.
    """
    if curve is not None and epoch in curve.steps:
        return EpochValue(value=curve.values[curve.steps.index(epoch)])
    if metric not in run.metrics:
        return None
    was_logged_once = not is_by_epoch(metric) or (curve is not None and len(curve.steps) == 1)
    return EpochValue(value=run.metrics[metric], is_last=not was_logged_once)


def checkpoint_scores(
    run: LoggedRun, metrics: Iterable[str], *, evaluation: Evaluation | None, curves: Curves
) -> dict[str, float]:
    """Say how the checkpoint that a trial keeps does.

    Args:
        run: the trial's.
        metrics: logged names.
        evaluation: of the checkpoint, None if there is none.
        curves: of the metrics, as many as there are.

    Returns:
        By logged name: what the evaluation found, else what was logged at the best epoch; a metric of which
        only the last epoch is known is left out.
    """
    measured = {} if evaluation is None or evaluation.reason else evaluation.scores
    epoch = best_epoch(run, curves)
    found = {}
    for metric in metrics:
        at_best = value_at(run, metric, curve=curves.get(metric), epoch=epoch)
        if metric in measured:
            found[metric] = measured[metric]
        elif f"best_{metric}" in run.metrics:
            found[metric] = run.metrics[f"best_{metric}"]
        elif at_best is not None and not at_best.is_last:
            found[metric] = at_best.value
    return found
