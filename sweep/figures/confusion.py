"""What is taken for what: a confusion matrix."""

from collections.abc import Sequence

import plotly.express as px
import plotly.graph_objects as go

from sweep.evaluation import Evaluation
from sweep.figures.theme import distinct, nothing_to_show, themed

MOST_LABELLED = 12
"""Classes up to which the number stands in each cell."""


def confusion_matrix(evaluation: Evaluation, *, normalised: bool) -> go.Figure:
    """Draw a confusion matrix.

    Args:
        evaluation: of a trial.
        normalised: shares of each true class, else counts (pixels, or objects at IoU 0.5).

    Returns:
        Rows are true classes; one without anything true in it stays empty where shares are asked for.
    """
    if not any(map(any, evaluation.confusion)):
        return nothing_to_show(f"Confusion matrix: {evaluation.reason or 'nothing was evaluated'}")
    cells = [_shares(row) if normalised else [float(count) for count in row] for row in evaluation.confusion]
    names = distinct(evaluation.confusion_names, 14)
    drawn = px.imshow(
        cells,
        x=names,
        y=names,
        color_continuous_scale="Blues",
        zmin=0,
        zmax=1 if normalised else None,
        aspect="auto",
        text_auto=(".2f" if normalised else ".3~s") if len(names) <= MOST_LABELLED else False,
    )
    unit = "share of the true class" if normalised else _unit(evaluation.task)
    number = ".3f" if normalised else ",d"
    drawn.update_traces(
        hovertemplate=f"true %{{y}}<br>predicted %{{x}}<br>%{{z:{number}}} {unit}<extra></extra>",
        textfont_size=10,
        xgap=1,
        ygap=1,
    )
    drawn.update_xaxes(title_text="predicted", tickangle=-45, showgrid=False)
    drawn.update_yaxes(title_text="true", showgrid=False)
    drawn.update_coloraxes(showscale=len(names) > MOST_LABELLED, colorbar_thickness=10)
    return themed(drawn, f"Confusion matrix: {unit}", height_px=200 + 34 * len(names))


def _unit(task: str) -> str:
    return "objects at IoU 0.5" if task == "detection" else "pixels"


def _shares(row: Sequence[int]) -> list[float | None]:
    total = sum(row)
    return [count / total if total else None for count in row]
