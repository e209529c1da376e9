"""Any runs side by side: losses, metrics, parameters, classes."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.column_config import Column

from sweep.dashboard import class_figures, elements, figure_words, formats
from sweep.dashboard.visit import CHOSEN, Visit
from sweep.logged_run import LoggedRun
from sweep.views.best_epoch import is_by_epoch
from sweep.views.comparison import ComparisonTable, comparison
from sweep.views.naming import HEADLINE, task_of
from sweep.views.overview import parent_of, trial_value

MOST = 12
"""Runs beside one another that can still be told apart."""
N_AT_FIRST = 3
OTHERS = ""


def show(visit: Visit) -> None:
    """Draw the page.

    Args:
        visit: who looks at what.
    """
    words = visit.words
    elements.title(words("compare.title"), below=words("compare.below"))
    runs = [run for run in visit.source.runs.all() if run.kind != "sweep" and task_of(run) == visit.task]
    if not runs:
        elements.note(words("empty.runs", task=words(f"task.{visit.task}")))
        return
    chosen = _choose(visit, runs)
    if not chosen:
        elements.note(words("compare.choose_some"))
        return
    names = {name for run in chosen for name in run.metrics}
    curves = visit.source.runs.curves([run.run_id for run in chosen], sorted(filter(is_by_epoch, names)))
    table = comparison(chosen, curves, known=visit.source.runs.all())
    titles = _titles(table)
    for doubt in table.doubts:
        elements.warning(words(f"compare.doubt.{doubt.replace(' ', '_')}"))
    _losses(visit, table, titles)
    _metrics(visit, table, titles)
    _params(visit, table, titles)
    elements.heading(words("compare.classes"), below=words("compare.classes_below"))
    class_figures.show(visit, dict(zip(titles, chosen, strict=True)), key="compare")


def _choose(visit: Visit, runs: Sequence[LoggedRun]) -> list[LoggedRun]:
    words = visit.words
    sweeps = {line.run_id: line.name for line in visit.sweeps()}
    groups = dict.fromkeys(_group(run, sweeps) for run in reversed(runs))
    picked = st.multiselect(
        words("compare.sweeps"),
        list(groups),
        format_func=lambda group: sweeps.get(group, words("compare.others")),
        placeholder=words("compare.all_sweeps"),
        key=f"compare-sweeps-{visit.task}",
    )
    by_id = {run.run_id: run for run in runs if not picked or _group(run, sweeps) in picked}
    metric = HEADLINE[visit.task]
    key = f"compare-runs-{visit.task}"
    kept = [run_id for run_id in st.session_state.get(f"{key}-kept", _first(visit)) if run_id in by_id]
    if key not in st.session_state:
        st.session_state[key] = kept
    st.session_state[key] = [run_id for run_id in st.session_state[key] if run_id in by_id]
    chosen = st.multiselect(
        words("compare.runs"),
        list(by_id),
        format_func=lambda run_id: _label(by_id[run_id], metric),
        placeholder=words("compare.runs_hint"),
        max_selections=MOST,
        key=key,
    )
    st.session_state[f"{key}-kept"] = chosen
    return [by_id[run_id] for run_id in chosen]


def _group(run: LoggedRun, sweeps: Mapping[str, str]) -> str:
    parent = parent_of(run)
    return parent if parent in sweeps else OTHERS


def _first(visit: Visit) -> list[str]:
    """The best trials of the latest sweeps, the chosen one's first."""
    lines = sorted(visit.sweeps(), key=lambda line: line.run_id != st.session_state.get(CHOSEN))
    return [line.best_run_id for line in lines if line.best_run_id][:N_AT_FIRST]


def _label(run: LoggedRun, metric: str) -> str:
    value = trial_value(run, metric)
    name = f"{run.sweep} / {run.name}" if run.sweep else run.name
    return name if value is None else f"{name} · {value:.4f}"


def _titles(table: ComparisonTable) -> list[str]:
    """A column each; two runs of one name are told apart by their ids."""
    names = [head.name or head.run_id[:8] for head in table.heads]
    return [
        name if names.count(name) == 1 else f"{name} ({head.run_id[:6]})"
        for name, head in zip(names, table.heads, strict=True)
    ]


def _losses(visit: Visit, table: ComparisonTable, titles: Sequence[str]) -> None:
    from sweep.figures.curves import NamedCurve, loss_curves

    words = visit.words
    elements.heading(words("compare.losses"), below=words("compare.losses_below"))
    if not table.losses:
        elements.note(words("compare.no_losses"))
        return
    names = dict(zip([head.run_id for head in table.heads], titles, strict=True))
    for pair in table.losses:
        found = visit.source.runs.curves(names, [pair.train, pair.validation])
        curves = [
            NamedCurve(name=names[curve.run_id], metric=curve.metric, steps=curve.steps, values=curve.values)
            for curve in found
        ]
        figure_words.draw(
            loss_curves(curves, title=words("compare.losses")), words, key=f"compare-{pair.train}"
        )


def _metrics(visit: Visit, table: ComparisonTable, titles: Sequence[str]) -> None:
    words = visit.words
    elements.heading(words("compare.metrics"), below=words("compare.metrics_below"))
    rows = []
    for row in table.metrics:
        cells = {
            title: words("compare.last", value=shown) if is_last else f"★ {shown}" if best else shown
            for title, shown, is_last, best in zip(
                titles, map(formats.figure, row.values), row.is_last, row.best, strict=True
            )
        }
        better = (
            "" if row.maximise is None else words("compare.larger" if row.maximise else "compare.smaller")
        )
        rows.append({"": formats.short_metric(row.name, visit.task), "better": better} | cells)
    columns = {"": Column(words("column.metric"), pinned=True), "better": Column(words("column.better"))}
    elements.table(rows, columns=columns | _columns(titles), key="compare-metrics")


def _params(visit: Visit, table: ComparisonTable, titles: Sequence[str]) -> None:
    words = visit.words
    elements.heading(words("compare.params"), below=words("compare.params_below"))
    rows = [
        {"": row.name, "differs": "≠" if row.differs else "="}
        | {title: value or formats.NOTHING for title, value in zip(titles, row.values, strict=True)}
        for row in table.params
    ]
    columns = {
        "": Column(words("column.param"), pinned=True),
        "differs": Column(words("column.differs"), width="small"),
    }
    elements.table(rows, columns=columns | _columns(titles), key="compare-params")


def _columns(titles: Sequence[str]) -> dict[str, object]:
    return {title: Column(title, width="medium") for title in titles}
