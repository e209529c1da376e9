"""The figures of a report: Optuna's own, and those of the evaluation. What cannot be drawn says why."""

import re
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any

from sweep.errors import SweepError
from sweep.evaluation import Evaluation
from sweep.redaction import redacted
from sweep.report.material import Figures

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

STUDY = ("history", "importance", "parallel", "slices", "contour", "curves")
TITLE_LINE_PX = 20
"""What `sweep.figures.theme.themed` leaves for a line of a title."""
EVALUATED = {"segmentation": "iou", "detection": "f1_50"}


def figures_of(storage: str, name: str, evaluation: Evaluation) -> Figures:
    """Draw everything that a report shows.

    Args:
        storage: address of Optuna's storage, with its password.
        name: of the sweep.
        evaluation: of the best trial.

    Returns:
        Figures as JSON, and why others are missing.
    """
    found: dict[str, str] = {}
    titles: dict[str, str] = {}
    missing: dict[str, str] = {}

    def take(key: str, draw: Callable[[], "Figure"]) -> None:
        figure = draw()
        if figure.data:
            titles[key] = _title(figure)
            found[key] = _untitled(figure).to_json()
        else:
            missing[key] = _title(figure)

    try:
        from sweep.searching.plots import open_plots

        plots = open_plots(storage, name)
        for key in STUDY:
            take(key, getattr(plots, key))
    except SweepError as error:
        why = f"Optuna's storage could not be read: {redacted(str(error))}"
        missing |= {key: why for key in STUDY if key not in found}
    if evaluation.classes:
        for key, draw in _evaluated(evaluation).items():
            take(key, draw)
    return Figures(by_name=found, titles=titles, missing=missing)


def _evaluated(evaluation: Evaluation) -> dict[str, Callable[[], "Figure"]]:
    from sweep.figures.classes import class_bars
    from sweep.figures.confusion import confusion_matrix

    name = evaluation.run_name or "the best trial"
    figure = EVALUATED.get(evaluation.task, "iou")
    return {
        "classes": lambda: class_bars({name: evaluation}, figure),
        "confusion": lambda: confusion_matrix(evaluation, normalised=True),
    }


def _title(figure: Any) -> str:
    """A figure without data says in its title what is missing."""
    text = unescape(re.sub(r"<br ?/?>", " ", str(figure.layout.title.text or "")))
    return text.rstrip(".") or "there is nothing to draw"


def _untitled(figure: "Figure") -> "Figure":
    """The page has the title as text of its own, as wide as the page; its lines leave the figure."""
    n_lines = str(figure.layout.title.text or "").count("<br>") + 1
    taken = TITLE_LINE_PX * n_lines
    figure.update_layout(
        title_text="", margin_t=figure.layout.margin.t - taken, height=figure.layout.height - taken
    )
    return figure
