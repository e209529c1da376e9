"""What a sweep teaches: Optuna's figures of its study, curves and lanes of its runs in MLflow."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from sweep.dashboard import elements, figure_words
from sweep.dashboard.studies import open_study
from sweep.dashboard.visit import Visit
from sweep.errors import InputError, SweepError
from sweep.views.lanes import lanes
from sweep.views.overview import SweepLine
from sweep.views.trials import trials_of

if TYPE_CHECKING:
    from sweep.searching.plots import StudyPlots

FEWEST_FOR_CONTOUR = 2


def history(visit: Visit, line: SweepLine) -> None:
    """Draw the objective trial by trial."""
    _draw(visit, line, "history", lambda plots: plots.history())


def importance(visit: Visit, line: SweepLine) -> None:
    """Draw which parameters matter."""
    _draw(visit, line, "importance", lambda plots: plots.importance())


def parallel(visit: Visit, line: SweepLine) -> None:
    """Draw parameters as parallel axes."""
    _draw(visit, line, "parallel", lambda plots: plots.parallel(_chosen(visit, plots, "parallel")))


def slices(visit: Visit, line: SweepLine) -> None:
    """Draw the objective over each parameter."""
    _draw(visit, line, "slice", lambda plots: plots.slices(_chosen(visit, plots, "slice")))


def contour(visit: Visit, line: SweepLine) -> None:
    """Draw the objective over pairs of parameters."""
    _draw(visit, line, "contour", lambda plots: plots.contour(_chosen(visit, plots, "contour", most=2)))


def curves(visit: Visit, line: SweepLine) -> None:
    """Draw the objective by epoch of all trials together."""
    from sweep.figures.curves import NamedCurve, learning_curves

    trials = {run.run_id: run for run in trials_of(visit.source.runs.all(), line.run_id)}
    found = visit.source.runs.curves(trials, [line.metric])
    named = [
        NamedCurve(
            name=trials[curve.run_id].name,
            metric=curve.metric,
            steps=curve.steps,
            values=curve.values,
            state=trials[curve.run_id].state,
        )
        for curve in found
    ]
    elements.aside(visit.words("figure.curves"))
    _show(visit, learning_curves(named, title=visit.words("sweep.tab.curves")), "curves", line)


def timeline(visit: Visit, line: SweepLine) -> None:
    """Draw which worker had what when."""
    from sweep.figures.timeline import WorkerBar, worker_timeline

    trials = trials_of(visit.source.runs.all(), line.run_id)
    bars = [
        WorkerBar(
            worker=_number(bar.worker),
            name=bar.name,
            state=bar.state,
            began_ms=bar.began_ms,
            ended_ms=bar.ended_ms,
        )
        for bar in lanes(trials, now_ms=time.time_ns() // 1_000_000)
    ]
    elements.aside(visit.words("figure.timeline"))
    _show(visit, worker_timeline(bars), "timeline", line)


def _number(worker: str) -> int | None:
    return int(worker) if worker.isdecimal() else None


def _draw(visit: Visit, line: SweepLine, name: str, draw: "Callable[[StudyPlots], object]") -> None:
    """Show a figure of the study, or say why there is none."""
    elements.aside(visit.words(f"figure.{name}"))
    try:
        plots = open_study(visit.places, line)
    except SweepError as error:
        elements.note(visit.words("figure.no_study", why=error))
        return
    try:
        drawn = draw(plots)
    except InputError as error:
        elements.note(str(error))
        return
    _show(visit, drawn, name, line)


def _show(visit: Visit, drawn: object, name: str, line: SweepLine) -> None:
    figure_words.draw(drawn, visit.words, key=f"figure-{name}-{line.run_id}")


def _chosen(visit: Visit, plots: "StudyPlots", name: str, *, most: int = 6) -> list[str] | None:
    """Let parameters be chosen where there is a choice; None for those that matter most."""
    params = list(plots.params)
    if len(params) <= FEWEST_FOR_CONTOUR:
        return None
    picked = st.multiselect(
        visit.words("figure.params"),
        params,
        default=params[:most],
        max_selections=8,
        placeholder=visit.words("filter.any"),
        key=f"params-{name}-{params}",
    )
    return picked or None
