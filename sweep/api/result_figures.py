"""Figures of a sweep's own records: curves of all trials, lanes of its workers."""

from typing import TYPE_CHECKING

from sweep.api.result_tables import state_of
from sweep.api.sweeps import SweepView
from sweep.errors import InputError
from sweep.figures.curves import NamedCurve, learning_curves
from sweep.figures.timeline import WorkerBar, worker_timeline

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


def trial_curves(view: SweepView, curves: "pd.DataFrame", metric: str) -> "Figure":
    """Draw a metric by epoch of all trials.

    Args:
        view: the sweep.
        curves: of its trials.
        metric: logged name.

    Returns:
        Curves coloured by state, named by trial.

    Raises:
        InputError: no trial logged such a metric.
    """
    from sweep.catalog import unknown

    known = sorted(set(curves["metric"]))
    if known and metric not in known:
        raise InputError(unknown("metric", metric, known))
    own = dict(iter(curves[curves["metric"] == metric].groupby("trial")))
    named = [
        NamedCurve(
            name=trial.spec.run_name,
            metric=metric,
            steps=tuple(int(epoch) for epoch in own[trial.spec.number]["epoch"]),
            values=tuple(float(value) for value in own[trial.spec.number]["value"]),
            state=state_of(view, trial),
        )
        for trial in view.trials
        if trial.spec.number in own
    ]
    return learning_curves(named, title=f"Learning curves: {metric} by epoch")


def lanes(view: SweepView, *, now_ms: int) -> "Figure":
    """Draw which worker trained what, and when.

    Args:
        view: the sweep.
        now_ms: where bars of running trials end.

    Returns:
        A lane a worker.
    """
    bars = [
        WorkerBar(
            worker=trial.spec.worker,
            name=trial.spec.run_name,
            state=(state := state_of(view, trial)),
            began_ms=trial.began_ms,
            ended_ms=trial.ended_ms or (now_ms if state == "running" else view.last_ms),
        )
        for trial in view.trials
    ]
    return worker_timeline(bars)
