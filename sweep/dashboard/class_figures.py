"""Runs class by class: from their evaluations, else from what they logged of each class."""

from collections.abc import Mapping

import streamlit as st

from sweep.dashboard import elements, figure_words
from sweep.dashboard.visit import Visit
from sweep.logged_run import LoggedRun
from sweep.views.best_epoch import curves_of
from sweep.views.logged_classes import LoggedClasses, class_metrics, logged_classes
from sweep.views.naming import HEADLINE

SHOWN = {
    "segmentation": ("iou", "dice", "precision", "recall"),
    "detection": ("f1_50", "precision_50", "recall_50", "map_50", "map"),
}


def show(visit: Visit, runs: Mapping[str, LoggedRun], *, key: str) -> None:
    """Draw bars or a radar of a figure that can be chosen.

    Args:
        visit: who looks at what.
        runs: by the name to show.
        key: of the elements.
    """
    from sweep.figures.classes import class_bars, class_radar

    words = visit.words
    found = {name: _evaluated(visit, run) for name, run in runs.items()}
    evaluations = {name: one.evaluation for name, one in found.items() if one is not None}
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
    last = [name for name, one in found.items() if one is not None and one.is_last]
    if last:
        elements.aside(words("classes.last", names=", ".join(last)))
    missing = [name for name in runs if name not in evaluations]
    if missing:
        elements.aside(words("classes.missing", names=", ".join(missing)))


def _evaluated(visit: Visit, run: LoggedRun) -> LoggedClasses | None:
    """What its evaluation says of each class, else what its metrics do."""
    found = visit.source.runs.evaluation(run.run_id)
    if found is not None and found.classes:
        return LoggedClasses(evaluation=found)
    names = class_metrics(run)
    if not names:
        return None
    curves = visit.source.runs.curves([run.run_id], [*names, HEADLINE[visit.task]])
    return logged_classes(run, curves_of(run.run_id, curves))
