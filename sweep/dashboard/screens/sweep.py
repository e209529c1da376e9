"""One sweep: how it stands, its trials, and what they teach."""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from sweep.api.studies import lies_here
from sweep.dashboard import elements, formats
from sweep.dashboard.language import Words
from sweep.dashboard.screens import sweep_figures, trial_table
from sweep.dashboard.visit import Visit, choose_sweep
from sweep.paths import Home
from sweep.views.overview import SweepLine

LOOK_S = 3.0
TABS: dict[str, Callable[[Visit, SweepLine], None]] = {
    "history": sweep_figures.history,
    "trials": trial_table.show,
    "curves": sweep_figures.curves,
    "importance": sweep_figures.importance,
    "parallel": sweep_figures.parallel,
    "slice": sweep_figures.slices,
    "contour": sweep_figures.contour,
    "timeline": sweep_figures.timeline,
    "failures": trial_table.failures,
}


def show(visit: Visit) -> None:
    """Draw the page.

    Args:
        visit: who looks at what.
    """
    words = visit.words
    elements.title(words("sweep.title"), below=words("sweep.below"))
    line = choose_sweep(visit, key="sweep-choice")
    if line is None:
        elements.note(words("empty.sweeps", task=words(f"task.{visit.task}")))
        return
    is_live = visit.is_live and line.state == "running"
    st.fragment(partial(_live, visit, line.run_id), run_every=LOOK_S if is_live else None)()


def _live(visit: Visit, run_id: str) -> None:
    visit.source.look()
    line = next((line for line in visit.sweeps() if line.run_id == run_id), None)
    if line is None:
        elements.note(visit.words("sweep.gone"))
        return
    _header(visit, line)
    names = {visit.words(f"sweep.tab.{name}"): name for name in TABS}
    tabs = st.tabs(list(names), key=f"sweep-tabs-{visit.words.language}", on_change="rerun")
    for tab, name in zip(tabs, names.values(), strict=True):
        if tab.open:
            with tab:
                TABS[name](visit, line)


def _header(visit: Visit, line: SweepLine) -> None:
    words = visit.words
    metric = formats.short_metric(line.metric, line.task)
    ended_ms = line.ended_ms or (time.time_ns() // 1_000_000 if line.state == "running" else 0)
    lasted = (ended_ms - line.began_ms) / 1000 if ended_ms else None
    elements.cards(
        [
            (words("sweep.state"), words.known("state", line.state)),
            (words("sweep.trials"), f"{line.n_closed}/{line.n_slots}"),
            (words("sweep.best", metric=metric), formats.figure(line.best_value)),
            (words("sweep.gain"), formats.gain(line.gain)),
            (words("sweep.lasted"), formats.duration(lasted, words)),
        ]
    )
    if line.state == "running":
        st.progress(line.share_closed)
    elements.aside("\n".join([*_said(line, words), *_beyond(visit, line)]))


def _beyond(visit: Visit, line: SweepLine) -> list[str]:
    """The winner's parameters, and the file that tells all."""
    said = []
    best = next((one for one in trial_table.lines_of(visit, line) if one.is_best), None)
    if best is not None:
        params = {"model_name": best.model, **best.params} if best.model else best.params
        told = ", ".join(f"{name} = {formats.setting(value)}" for name, value in params.items())
        said.append(visit.words("sweep.best_params", params=told))
    if lies_here(line.name, uid=line.uid, home=visit.places.home):
        report = Home.at(visit.places.home).sweep(line.name).report
        if report.is_file():
            said.append(visit.words("sweep.report", path=str(report)))
    return said


def _said(line: SweepLine, words: Words) -> list[str]:
    counts = ", ".join(f"{n} {words.known('state', state)}" for state, n in sorted(line.counts.items()))
    said = [words("sweep.counts", counts=counts)] if counts else []
    if line.reason and line.state != "running":
        said.append(words("sweep.ended", why=line.reason))
    if line.best_trial:
        said.append(words("sweep.best_trial", trial=line.best_trial))
    if line.is_champion:
        said.append(words("sweep.in_production", model=line.model))
    elif line.model:
        said.append(words("sweep.registered", model=line.model))
    if line.kept:
        said.append(words("sweep.not_promoted", why=line.kept))
    return said
