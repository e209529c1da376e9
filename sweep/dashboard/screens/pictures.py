"""How a trial's model sees: its best and worst frames, what it takes for what, class by class."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.column_config import Column, NumberColumn

from sweep.dashboard import class_figures, elements, figure_words, formats
from sweep.dashboard.visit import Visit, choose_sweep
from sweep.evaluation import FOLDER, Evaluation
from sweep.views.overview import SweepLine
from sweep.views.trials import TrialLine, trial_lines

MOST_LOOKED_AT = 24
"""Best trials that may have an evaluation: a sweep keeps few checkpoints."""


def show(visit: Visit) -> None:
    """Draw the page.

    Args:
        visit: who looks at what.
    """
    words = visit.words
    elements.title(words("pictures.title"), below=words("pictures.below"))
    line = choose_sweep(visit, key="pictures-sweep")
    if line is None:
        elements.note(words("empty.sweeps", task=words(f"task.{visit.task}")))
        return
    complete = _ranked(visit, line)
    found = {
        one.run_id: evaluation
        for one in complete[:MOST_LOOKED_AT]
        if (evaluation := visit.source.runs.evaluation(one.run_id)) is not None
    }
    usable = {run_id: one for run_id, one in found.items() if not one.reason}
    if not usable:
        reasons = sorted({one.reason for one in found.values() if one.reason})
        elements.note("\n".join([words("pictures.none"), *reasons]))
        return
    names = {one.run_id: one for one in complete}
    run_id = st.selectbox(
        words("pictures.trial"),
        list(usable),
        format_func=lambda run_id: f"{names[run_id].name} · {formats.figure(names[run_id].value)}",
        key=f"pictures-trial-{line.run_id}",
    )
    elements.aside(words("pictures.which", n=len(usable), total=len(complete)))
    _one(visit, run_id, usable[run_id])


def _ranked(visit: Visit, line: SweepLine) -> list[TrialLine]:
    lines = trial_lines(visit.source.runs.all(), line.run_id)
    complete = [one for one in lines if one.state == "complete" and one.value is not None]
    return sorted(complete, key=lambda one: one.value or 0.0, reverse=line.maximise)


def _one(visit: Visit, run_id: str, evaluation: Evaluation) -> None:
    words = visit.words
    elements.cards(_facts(visit, evaluation))
    tabs = st.tabs(
        [words(f"pictures.tab.{name}") for name in ("frames", "confusion", "classes")],
        key=f"pictures-tabs-{words.language}",
        on_change="rerun",
    )
    for tab, draw in zip(tabs, (_frames, _confusion, _classes), strict=True):
        if tab.open:
            with tab:
                draw(visit, run_id, evaluation)


def _facts(visit: Visit, evaluation: Evaluation) -> list[tuple[str, str]]:
    words = visit.words
    metric = formats.short_metric(evaluation.metric, evaluation.task)
    facts = [(metric, formats.figure(evaluation.value))]
    if evaluation.low is not None and evaluation.high is not None:
        label = words("pictures.interval", percent=f"{100 * evaluation.confidence:.0f}")
        facts.append((label, f"{evaluation.low:.3f} – {evaluation.high:.3f}"))
    facts.append((words("pictures.n_images"), str(evaluation.n_images)))
    if evaluation.latency_ms is not None:
        facts.append((words("pictures.latency"), f"{evaluation.latency_ms:.1f} ms"))
    if evaluation.image_size:
        facts.append((words("pictures.size"), "×".join(map(str, evaluation.image_size))))
    return facts


def _frames(visit: Visit, run_id: str, evaluation: Evaluation) -> None:
    words = visit.words
    if not evaluation.frames:
        elements.note(words("pictures.no_frames"))
        return
    elements.aside(words(f"pictures.frames_{evaluation.task}"))
    left, right = st.columns(2)
    for place, group in ((left, "best"), (right, "worst")):
        with place:
            elements.heading(words(f"pictures.{group}"))
            for frame in sorted(
                (one for one in evaluation.frames if one.group == group), key=lambda one: one.rank
            ):
                file = visit.source.runs.artifact(run_id, f"{FOLDER}/{frame.picture}")
                caption = words("pictures.frame", name=frame.name, score=f"{frame.score:.3f}")
                if file is None:
                    elements.aside(words("pictures.lost", caption=caption))
                else:
                    elements.picture(file, caption=caption)


def _confusion(visit: Visit, run_id: str, evaluation: Evaluation) -> None:
    from sweep.figures.confusion import confusion_matrix

    words = visit.words
    kind = st.segmented_control(
        words("pictures.confusion_kind"),
        ("normalised", "counts"),
        format_func=lambda one: words(f"pictures.{one}"),
        default="normalised",
        required=True,
        key="confusion-kind",
    )
    elements.aside(words(f"pictures.confusion_{evaluation.task}"))
    drawn = confusion_matrix(evaluation, normalised=kind == "normalised")
    figure_words.draw(drawn, words, key=f"confusion-{run_id}-{kind}")


def _classes(visit: Visit, run_id: str, evaluation: Evaluation) -> None:
    words = visit.words
    figures = [
        name
        for name in class_figures.SHOWN.get(evaluation.task, ())
        if any(name in one.figures for one in evaluation.classes)
    ]
    columns: dict[str, Any] = {
        "name": Column(words("column.class"), pinned=True),
        "n_true": NumberColumn(words(f"column.n_true_{evaluation.task}"), format="localized"),
    } | {name: NumberColumn(name, format="%.4f") for name in figures}
    rows: Sequence[dict[str, object]] = [
        {"name": one.name, "n_true": one.n_true, **one.figures} for one in evaluation.classes
    ]
    elements.aside(words("pictures.classes_below"))
    elements.table(rows, columns=columns, key=f"classes-{run_id}")
    run = visit.source.runs.get(run_id)
    if run is not None:
        class_figures.show(visit, {run.name: run}, key="pictures")
