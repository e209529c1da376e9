"""Runs class by class: from their evaluations, else from what they logged of each class."""

import re
from collections.abc import Mapping

import streamlit as st

from sweep.dashboard import elements, figure_words
from sweep.dashboard.visit import Visit
from sweep.evaluation import ClassFigures, Evaluation
from sweep.logged_run import LoggedRun

SHOWN = {
    "segmentation": ("iou", "dice", "precision", "recall"),
    "detection": ("f1_50", "precision_50", "recall_50", "map_50", "map"),
}
_LOGGED = re.compile(r"(iou|dice)_(.+)_segmentation")


def show(visit: Visit, runs: Mapping[str, LoggedRun], *, key: str) -> None:
    """Draw bars or a radar of a figure that can be chosen.

    Args:
        visit: who looks at what.
        runs: by the name to show.
        key: of the elements.
    """
    from sweep.figures.classes import class_bars, class_radar

    words = visit.words
    found = {name: evaluated(visit, run) for name, run in runs.items()}
    evaluations = {name: one for name, one in found.items() if one is not None and one.classes}
    known = {figure for one in evaluations.values() for each in one.classes for figure in each.figures}
    figures = [figure for figure in SHOWN[visit.task] if figure in known]
    if not figures:
        elements.note(words("classes.none"))
        return
    left, right = st.columns(2)
    with left:
        figure = st.segmented_control(
            words("classes.figure"), figures, default=figures[0], required=True, key=f"{key}-class-figure"
        )
    with right:
        kind = st.segmented_control(
            words("classes.kind"),
            ("bars", "radar"),
            format_func=lambda one: words(f"classes.{one}"),
            default="bars",
            required=True,
            key=f"{key}-class-kind",
        )
    draw = class_radar if kind == "radar" else class_bars
    figure_words.draw(draw(evaluations, str(figure)), words, key=f"{key}-classes")
    missing = [name for name in runs if name not in evaluations]
    if missing:
        elements.aside(words("classes.missing", names=", ".join(missing)))


def evaluated(visit: Visit, run: LoggedRun) -> Evaluation | None:
    """Find a run's figures by class.

    Args:
        visit: who looks at what.
        run: any.

    Returns:
        Its evaluation, else what its metrics say of each class; None if they say nothing.
    """
    found = visit.source.runs.evaluation(run.run_id)
    return found if found is not None and found.classes else _logged(run)


def _logged(run: LoggedRun) -> Evaluation | None:
    figures: dict[str, dict[str, float]] = {}
    for metric, value in run.metrics.items():
        if match := _LOGGED.fullmatch(metric):
            figures.setdefault(match[2], {})[match[1]] = value
    if not figures:
        return None
    classes = tuple(ClassFigures(name=name, n_true=0, figures=found) for name, found in figures.items())
    return Evaluation(trial_uid="", run_name=run.name, task="segmentation", classes=classes)
