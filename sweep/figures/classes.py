"""How one model or several do class by class: bars, or a radar where the classes are few."""

import math
from collections.abc import Mapping

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from sweep.evaluation import Evaluation
from sweep.figures.theme import CATEGORIES, distinct, nothing_to_show, themed

FEWEST_SPOKES = 3
"""A radar of fewer classes has no area."""
CLASS_CHARS, SPOKE_CHARS, RUN_CHARS = 20, 10, 40
"""How long names may be: of classes beside bars and around a radar, of runs in a legend."""


def class_bars(evaluations: Mapping[str, Evaluation], figure: str) -> go.Figure:
    """Draw a figure of each class as bars, a colour a run.

    Args:
        evaluations: by the name to show.
        figure: short name, e.g. `iou` or `map_50`.

    Returns:
        Classes in id order; one in which a figure is not defined has no bar.
    """
    frame = _frame(evaluations, figure)
    if frame.empty:
        return nothing_to_show(_missing(evaluations, figure))
    n_classes = frame["class"].nunique()
    drawn = px.bar(
        frame,
        x="value",
        y="class",
        color="run",
        barmode="group",
        orientation="h",
        text="shown",
        hover_data={"n_true": True, "shown": False, "value": ":.4f"},
        color_discrete_sequence=CATEGORIES,
        category_orders={"class": list(dict.fromkeys(frame["class"]))},
    )
    drawn.update_traces(textposition="outside", cliponaxis=False, textfont_size=11)
    drawn.update_xaxes(title_text=figure, range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1])
    drawn.update_yaxes(title_text="")
    drawn.update_layout(legend_title_text="", showlegend=len(evaluations) > 1)
    n_bars = n_classes * len(evaluations)
    return themed(drawn, f"{figure} of each class", height_px=160 + 18 * n_bars + 14 * n_classes)


def class_radar(evaluations: Mapping[str, Evaluation], figure: str) -> go.Figure:
    """Draw a figure of each class as a radar, a line a run.

    Args:
        evaluations: by the name to show.
        figure: short name, e.g. `iou` or `map_50`.

    Returns:
        Bars where there are fewer than three classes.
    """
    frame = _frame(evaluations, figure, class_chars=SPOKE_CHARS)
    if frame["class"].nunique() < FEWEST_SPOKES:
        return class_bars(evaluations, figure)
    drawn = px.line_polar(
        frame,
        r="value",
        theta="class",
        color="run",
        line_close=True,
        markers=True,
        color_discrete_sequence=CATEGORIES,
    )
    drawn.update_polars(radialaxis={"range": [0, 1], "nticks": 5, "tickfont": {"size": 10}})
    drawn.update_layout(legend_title_text="", margin={"l": 70, "r": 70})
    return themed(drawn, f"{figure} of each class", height_px=440)


def _frame(
    evaluations: Mapping[str, Evaluation], figure: str, *, class_chars: int = CLASS_CHARS
) -> pd.DataFrame:
    runs = dict(zip(evaluations, distinct(list(evaluations), RUN_CHARS, keeps_end=True), strict=True))
    names = list(dict.fromkeys(one.name for found in evaluations.values() for one in found.classes))
    classes = dict(zip(names, distinct(names, class_chars), strict=True))
    rows = [
        {
            "run": runs[name],
            "class": classes[one.name],
            "value": value,
            "shown": f"{value:.2f}",
            "n_true": one.n_true,
        }
        for name, evaluation in evaluations.items()
        for one in evaluation.classes
        if (value := one.figures.get(figure)) is not None and math.isfinite(value)
    ]
    return pd.DataFrame(rows, columns=["run", "class", "value", "shown", "n_true"])


def _missing(evaluations: Mapping[str, Evaluation], figure: str) -> str:
    reasons = [evaluation.reason for evaluation in evaluations.values() if evaluation.reason]
    known = sorted({name for one in evaluations.values() for each in one.classes for name in each.figures})
    if not evaluations or reasons:
        return f"Classes: no evaluation{': ' + reasons[0] if reasons else ' yet'}"
    return f"Classes: no class has a {figure}" + (f"; there is {', '.join(known)}" if known else "")
