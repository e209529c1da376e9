"""Brings Optuna's figures into a form that a narrow page can hold, and names states as this program does."""

import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from optuna.trial import FrozenTrial, TrialState
from plotly.colors import label_rgb, unlabel_rgb

from sweep.figures.theme import BLUE, FAINT, INK, MARKERS, VERMILION, colour_of, short

STATES = ("complete", "pruned", "failed", "stopped", "running", "waiting")
"""How this program calls states, in the order of counts; Optuna has none of its own for a stopped trial."""

_WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
# `trial_timeout: not done after 1 s` is of a failure; whoever ends a sweep says so in a sentence.
_FAILURE = re.compile(r"[a-z_]+(:|$)")

MOST_MARKED = 12
"""Epochs of the best trial's curve up to which each has a marker."""

SHADES = 24
"""Of lines by their objective."""
DARKER = 0.8
"""The worst trials' lines are all but white otherwise."""

COLUMNS = 2
GAP = 0.16
# Above the panels: beside them a colour bar takes a quarter of a narrow page.
_BAR = {
    "orientation": "h",
    "x": 0.5,
    "xanchor": "center",
    "y": 1.01,
    "yanchor": "bottom",
    "len": 1.0,
    "thickness": 10,
    "outlinewidth": 0,
    "title": {"text": ""},
    "tickfont": {"size": 10, "color": FAINT},
}


def state_of(trial: FrozenTrial) -> str:
    """Name a trial's state as this program does.

    Args:
        trial: with the reason of its end as an attribute, where it has one.

    Returns:
        One of `STATES`: a trial that somebody ended is stopped, which Optuna counts as failed.
    """
    reason = str(trial.user_attrs.get("reason", ""))
    if trial.state is TrialState.FAIL and reason and not _FAILURE.match(reason):
        return "stopped"
    return _WORDS[trial.state]


def mark_best(figure: go.Figure, best: FrozenTrial) -> None:
    """Put a star onto the best trial of a history.

    Args:
        figure: it is changed.
        best: complete.
    """
    figure.add_trace(
        go.Scatter(
            x=[best.number],
            y=[best.values[0]],
            mode="markers",
            name="best",
            marker={"symbol": "star", "size": 14, "color": VERMILION, "line": {"width": 1, "color": INK}},
            hovertemplate="trial %{x}: best, %{y:.4g}<extra></extra>",
        )
    )


def add_best_curve(figure: go.Figure, best: FrozenTrial) -> None:
    """Draw the best trial's curve once more, above all others.

    Args:
        figure: of learning curves; it is changed.
        best: complete; without epochs there is nothing to draw.
    """
    points = [point for point in sorted(best.intermediate_values.items()) if math.isfinite(point[1])]
    if not points:
        return
    figure.add_trace(
        go.Scatter(
            x=[step for step, _ in points],
            y=[value for _, value in points],
            mode="lines+markers" if len(points) <= MOST_MARKED else "lines",
            name="best",
            legendgroup="complete",
            line={"color": INK, "width": 3},
            marker={"size": 6},
            hovertemplate=f"trial {best.number} (best)<br>epoch %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    )


def keep_ends_free(figure: go.Figure, first: int, last: int) -> None:
    """Let an axis of trials or epochs begin before its first and end behind its last: no mark is cut.

    Args:
        figure: it is changed.
        first: number on the axis.
        last: likewise.
    """
    room = max(0.5, 0.03 * (last - first))
    figure.update_xaxes(range=[first - room, last + room], rangemode="normal", autorange=False)


def add_other_trials(figure: go.Figure, trials: Sequence[FrozenTrial], *, maximise: bool) -> None:
    """Put pruned, failed, stopped and running trials into a history, which Optuna leaves out.

    Args:
        figure: Optuna's; it is changed.
        trials: all of the study.
        maximise: the direction; a trial that did not complete is shown with its best epoch.
    """
    figure.data = [trace for trace in figure.data if len(trace.x)]  # none of them is infeasible here
    for trace in figure.data:
        is_best = trace.mode != "markers"
        trace.update(name="best so far" if is_best else "complete")
        trace.update(line={"color": INK, "width": 1.4, "shape": "hv"} if is_best else {"color": BLUE})
    shown = [value for trace in figure.data for value in trace.y if math.isfinite(value)]
    reached = {trial.number: _reached(trial, maximise=maximise) for trial in trials}
    shown += [value for value in reached.values() if value is not None]
    floor = min(shown, default=0.0)
    for word in ("pruned", "failed", "stopped", "running"):
        own = [trial for trial in trials if state_of(trial) == word]
        if not own:
            continue
        values = [reached[trial.number] for trial in own]
        figure.add_trace(
            go.Scatter(
                x=[trial.number for trial in own],
                # One without an epoch has no value: its mark lies on the floor, and its text says so.
                y=[floor if value is None else value for value in values],
                text=[_told(trial, value) for trial, value in zip(own, values, strict=True)],
                mode="markers",
                name=word,
                marker={"color": colour_of(word), "symbol": MARKERS.get(word, "circle-open"), "size": 8},
                hovertemplate="trial %{x}: %{text}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="trial")


def as_parallel(figure: go.Figure) -> go.Figure:
    """Turn and cut the names of the axes, which would overlap on a narrow page, and bundle lines of a shade.

    Args:
        figure: Optuna's.

    Returns:
        The same lines in at most `SHADES` traces: a browser takes seconds for a trace a trial.
    """
    figure = go.Figure(_bundled(figure.data), figure.layout)
    figure.update_xaxes(tickangle=-35, tickfont={"size": 11, "color": INK}, fixedrange=True)
    names = [short(text, 20) for text in figure.layout.xaxis.ticktext]
    figure.update_xaxes(ticktext=names)
    figure.for_each_annotation(lambda tick: tick.update(text=short(tick.text, 9)))
    figure.update_traces(
        marker={"showscale": False}, selector={"mode": "markers"}
    )  # the first axis is its scale
    # Plotly hides the name of an axis that would begin left of the figure.
    figure.update_layout(margin={"b": 90, "l": max(48, 6 * len(names[0]))})
    return figure


def _bundled(traces: Sequence[go.Scatter]) -> list[go.Scatter]:
    bundles: dict[int, list[go.Scatter]] = {}
    for line in traces:
        if line.mode == "lines":
            bundles.setdefault(round(line.y[0] * (SHADES - 1)), []).append(line)
    joined = []
    for lines in bundles.values():
        middle = sorted(lines, key=lambda line: line.y[0])[len(lines) // 2]
        middle = go.Scatter(middle)
        middle.line.color = label_rgb([DARKER * part for part in unlabel_rgb(middle.line.color)])
        middle.x = [at for line in lines for at in (*line.x, None)]
        middle.y = [at for line in lines for at in (*line.y, None)]
        middle.customdata = [one for line in lines for one in (*line.customdata, ("", ""))]
        joined.append(middle)
    # The darkest, which are the best, lie above the others.
    joined.sort(key=lambda line: -sum(unlabel_rgb(line.line.color)))
    return [*joined, *(trace for trace in traces if trace.mode != "lines")]


def rows_of(n_panels: int) -> int:
    """Rows that panels take.

    Args:
        n_panels: how many there are.

    Returns:
        At least 1.
    """
    return max(-(-n_panels // COLUMNS), 1)


def as_grid(figure: go.Figure, n_panels: int) -> go.Figure:
    """Lay panels out in two columns; Optuna puts all of them into one row.

    Args:
        figure: Optuna's, with axes x, x2, ...; it is changed.
        n_panels: how many there are.

    Returns:
        The same figure.
    """
    rows = rows_of(n_panels)
    if n_panels > 1:
        height = (1 - GAP * (rows - 1)) / rows if rows > 1 else 1.0
        for index in range(n_panels):
            row, column = divmod(index, COLUMNS)
            top = 1 - row * (height + GAP)
            number = "" if index == 0 else str(index + 1)
            figure.layout[f"xaxis{number}"].domain = _half(column)
            figure.layout[f"yaxis{number}"].update(
                domain=[max(top - height, 0.0), min(top, 1.0)], showticklabels=column == 0, title_text=""
            )
    figure.update_traces(marker={"showscale": False})
    figure.update_xaxes(title_standoff=4)
    for trace in figure.data:
        _ease(figure.layout[_axis("x", trace)], trace.x)
    return figure


def as_matrix(figure: go.Figure) -> go.Figure:
    """Make the colour bar, ticks and dots of a contour small enough for a narrow page.

    Args:
        figure: Optuna's; it is changed.

    Returns:
        The same figure.
    """
    figure.update_traces(colorbar=_BAR, selector={"type": "contour"})
    figure.update_traces(marker={"size": 4, "line": {"width": 0.5}}, selector={"type": "scatter"})
    small = {"tickfont": {"size": 10}, "title_font": {"size": 11}, "title_standoff": 2}
    figure.update_xaxes(tickangle=-45, **small)
    figure.update_yaxes(**small)
    for trace in figure.data:
        if trace.type == "contour" and trace.x is not None:
            _ease(figure.layout[_axis("x", trace)], trace.x)
            _ease(figure.layout[_axis("y", trace)], trace.y)
    figure.update_layout(margin={"t": figure.layout.margin.t + 44})
    return figure


def _half(column: int) -> list[float]:
    return [0.0, 0.47] if column == 0 else [0.53, 1.0]


def _axis(letter: str, trace: Any) -> str:
    return f"{letter}axis{(trace[f'{letter}axis'] or letter).removeprefix(letter)}"


def _ease(axis: Any, values: Sequence[Any]) -> None:
    """Few ticks, and short ones."""
    if axis.type == "category":
        names = list(axis.categoryarray or dict.fromkeys(values))
        axis.update(
            tickmode="array", tickvals=names, ticktext=[short(str(name).strip("'"), 11) for name in names]
        )
    elif axis.type == "log":
        decades = math.log10(max(values) / min(values)) if len(values) else 0
        axis.update(dtick=1 if decades >= 1.3 else "D2", tickformat=".0e")
    else:
        axis.update(nticks=4)


def _reached(trial: FrozenTrial, *, maximise: bool) -> float | None:
    values = [value for value in trial.intermediate_values.values() if math.isfinite(value)]
    if not values:
        return None
    return max(values) if maximise else min(values)


def _told(trial: FrozenTrial, value: float | None) -> str:
    epoch = max(trial.intermediate_values, default=0)
    said = [state_of(trial), f"after epoch {epoch}" if epoch else "before an epoch ended"]
    said += [] if value is None else [f"best {value:.4g}"]
    reason = escape(str(trial.user_attrs.get("reason", "")))[:160]
    return ", ".join(said) + (f"<br>{reason}" if reason else "")
