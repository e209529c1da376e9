"""Curves by epoch: an objective of many trials together, losses of some runs over each other."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from sweep.figures.theme import CATEGORIES, STATES, colour_of, count_along_x, nothing_to_show, themed

MOST_MARKED = 12
"""Epochs of a curve up to which each has a marker."""
_DASHES = {"pruned": "dot", "failed": "dash", "stopped": "dashdot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCurve:
    """A metric of a trial or run by epoch.

    Args:
        name: of the trial or run, as the legend and the pointer show it.
        metric: logged name.
        steps: epochs, ascending.
        values: at each of them; what is not finite leaves a gap.
        state: of the trial: complete, pruned, failed, stopped or running.
    """

    name: str
    metric: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    state: str = ""


def learning_curves(curves: Sequence[NamedCurve], *, title: str) -> go.Figure:
    """Draw a metric of many trials together, coloured by state.

    Args:
        curves: a curve a trial, all of one metric.
        title: of the figure.

    Returns:
        A figure whose legend has an entry a state, and whose pointer names the trial.
    """
    shown = [curve for curve in curves if any(map(math.isfinite, curve.values))]
    if not shown:
        return nothing_to_show(f"{title}: no epoch has ended yet")
    figure = go.Figure()
    # Complete ones last: they lie above the many that were cut.
    for state in sorted({curve.state for curve in shown}, key=_drawn_at):
        figure.add_trace(_lines([curve for curve in shown if curve.state == state], state))
    _label_axes(figure, {curve.metric for curve in shown}, _last(shown))
    figure.update_layout(hovermode="closest", legend={"traceorder": "reversed"})
    return themed(figure, title)


def loss_curves(curves: Sequence[NamedCurve], *, title: str = "Loss by epoch") -> go.Figure:
    """Draw losses of several runs over each other: one colour a run.

    Args:
        curves: `train_loss...` and `val_loss...` of each run.
        title: of the figure.

    Returns:
        A figure with training solid and validation dashed.
    """
    shown = [curve for curve in curves if any(map(math.isfinite, curve.values))]
    if not shown:
        return nothing_to_show(f"{title}: no run has logged a loss")
    names = list(dict.fromkeys(curve.name for curve in shown))
    figure = go.Figure()
    for curve in shown:
        colour = CATEGORIES[names.index(curve.name) % len(CATEGORIES)]
        is_validation = curve.metric.startswith("val")
        figure.add_trace(_line(curve, colour=colour, dash="dash" if is_validation else "solid"))
        figure.data[-1].update(
            legendgroup=curve.name,
            name=f"{escape(curve.name)} {'validation' if is_validation else 'training'}",
        )
    _label_axes(figure, ["loss"], _last(shown))
    return themed(figure, title)


def _lines(curves: Sequence[NamedCurve], state: str) -> go.Scatter:
    """One trace with gaps: a browser takes seconds for hundreds of traces, and none for hundreds of gaps."""
    points = [
        (step, value if math.isfinite(value) else None, _hovered(curve))
        for curve in curves
        for step, value in [*zip(curve.steps, curve.values, strict=True), (curve.steps[-1], math.nan)]
    ]
    steps, values, names = zip(*points, strict=True)
    is_marked = max(len(curve.steps) for curve in curves) <= MOST_MARKED
    return go.Scatter(
        x=steps,
        y=values,
        text=names,
        mode="lines+markers" if is_marked else "lines",
        line={"color": colour_of(state), "dash": _DASHES.get(state, "solid"), "width": 1.6},
        marker={"size": 4},
        opacity=0.85 if state == "complete" else 0.6,
        name=state or escape(curves[0].name),
        legendgroup=state,
        showlegend=True,
        connectgaps=False,
        hovertemplate="%{text}<br>epoch %{x}: %{y:.4g}<extra></extra>",
    )


def _hovered(curve: NamedCurve) -> str:
    return f"{escape(curve.name)} ({curve.state})" if curve.state else escape(curve.name)


def _line(curve: NamedCurve, *, colour: str, dash: str) -> go.Scatter:
    mode = "lines+markers" if len(curve.steps) <= MOST_MARKED else "lines"
    return go.Scatter(
        x=list(curve.steps),
        y=[value if math.isfinite(value) else None for value in curve.values],
        mode=mode,
        line={"color": colour, "dash": dash, "width": 1.6},
        marker={"size": 4},
        hovertemplate=f"{_hovered(curve)}<br>epoch %{{x}}: %{{y:.4g}}<extra></extra>",
    )


def _drawn_at(state: str) -> int:
    order = [*reversed(STATES)]
    return order.index(state) if state in order else -1


def _last(curves: Sequence[NamedCurve]) -> int:
    return max((step for curve in curves for step in curve.steps), default=0)


def _label_axes(figure: go.Figure, metrics: Iterable[str], last_epoch: int) -> None:
    figure.update_xaxes(title_text="epoch")
    count_along_x(figure, last_epoch)
    figure.update_yaxes(title_text=escape(", ".join(sorted(metrics))))
