"""Brings Optuna's figures into a form that a narrow page can hold, and names states as this program does."""

import math
from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go
from optuna.trial import FrozenTrial, TrialState

from sweep.figures.theme import BLUE, FAINT, INK, MARKERS, colour_of

WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
"""How this program calls Optuna's states."""

COLUMNS = 2
GAP = 0.16


def add_other_trials(figure: go.Figure, trials: Sequence[FrozenTrial], *, maximise: bool) -> None:
    """Put pruned, failed and running trials into a history, which Optuna leaves out.

    Args:
        figure: Optuna's; it is changed.
        trials: all of the study.
        maximise: the direction; a trial that did not complete is shown with its best epoch.
    """
    for trace in figure.data:
        is_best = trace.mode == "lines"
        trace.update(name="best so far" if is_best else "complete")
        trace.update(line={"color": INK, "width": 1.4, "shape": "hv"} if is_best else {"color": BLUE})
    shown = [value for trace in figure.data for value in trace.y if math.isfinite(value)]
    reached = {trial.number: _reached(trial, maximise=maximise) for trial in trials}
    shown += [value for value in reached.values() if value is not None]
    floor = min(shown, default=0.0)
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        own = [trial for trial in trials if trial.state is state]
        if not own:
            continue
        word = WORDS[state]
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
    figure.update_xaxes(title_text="trial", rangemode="tozero")


def as_parallel(figure: go.Figure) -> go.Figure:
    """Turn the axes' names, which would overlap on a narrow page.

    Args:
        figure: Optuna's; it is changed.

    Returns:
        The same figure.
    """
    figure.update_xaxes(tickangle=-35, side="bottom", tickfont={"size": 11, "color": INK}, fixedrange=True)
    figure.update_yaxes(automargin=False)
    figure.update_layout(margin={"b": 90, "l": 48})
    _slim_colour_bars(figure)
    return figure


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
    figure.update_xaxes(nticks=5, title_standoff=4)
    return figure


def as_matrix(figure: go.Figure) -> go.Figure:
    """Make the colour bar, ticks and dots of a contour small enough for a narrow page.

    Args:
        figure: Optuna's; it is changed.

    Returns:
        The same figure.
    """
    _slim_colour_bars(figure)
    figure.update_traces(marker={"size": 4, "line": {"width": 0.5}}, selector={"type": "scatter"})
    figure.update_xaxes(
        nticks=4, tickangle=-45, tickfont={"size": 10}, title_font={"size": 11}, title_standoff=2
    )
    figure.update_yaxes(nticks=4, tickfont={"size": 10}, title_font={"size": 11}, title_standoff=2)
    return figure


def as_timeline(figure: go.Figure) -> go.Figure:
    """Name and colour states as everywhere else.

    Args:
        figure: Optuna's; it is changed.

    Returns:
        The same figure.
    """
    words = {state.name: word for state, word in WORDS.items()}
    for trace in figure.data:
        word = words.get(trace.name, trace.name.lower())
        trace.update(name=word, marker={"color": colour_of(word)})
        trace.text = [escape(text, quote=False).replace("&lt;br&gt;", "<br>") for text in trace.text]
        trace.hovertemplate = f"%{{text}}<extra>{word}</extra>"
    figure.update_xaxes(title_text="")
    figure.update_yaxes(title_text="trial")
    return figure


def _half(column: int) -> list[float]:
    return [0.0, 0.47] if column == 0 else [0.53, 1.0]


def _slim_colour_bars(figure: go.Figure) -> None:
    """A colour bar's title beside it would take a third of a narrow page; the figure's own title says it."""
    slim = {
        "thickness": 10,
        "outlinewidth": 0,
        "title": {"text": ""},
        "tickfont": {"size": 10, "color": FAINT},
    }
    for trace in figure.data:
        if trace.type == "contour":
            trace.update(colorbar=slim)
        elif trace.type == "scatter" and trace.marker.showscale:
            trace.marker.update(colorbar=slim)


def _reached(trial: FrozenTrial, *, maximise: bool) -> float | None:
    values = [value for value in trial.intermediate_values.values() if math.isfinite(value)]
    if not values:
        return None
    return max(values) if maximise else min(values)


def _told(trial: FrozenTrial, value: float | None) -> str:
    epoch = max(trial.intermediate_values, default=0)
    said = [WORDS[trial.state], f"after epoch {epoch}" if epoch else "before an epoch ended"]
    said += [] if value is None else [f"best {value:.4g}"]
    reason = escape(str(trial.user_attrs.get("reason", "")))[:160]
    return ", ".join(said) + (f"<br>{reason}" if reason else "")
