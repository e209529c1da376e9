"""All sweeps of a task at a glance."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit.column_config import Column, NumberColumn, ProgressColumn

from sweep.dashboard import elements, formats
from sweep.dashboard.language import Words
from sweep.dashboard.visit import CHOSEN, Visit
from sweep.views.overview import OtherLine, SweepLine, other_runs

LOOK_S = 5.0


def show(visit: Visit) -> None:
    """Draw the page.

    Args:
        visit: who looks at what.
    """
    words = visit.words
    elements.title(words("overview.title"), below=words("overview.below", task=words(f"task.{visit.task}")))
    is_running = any(line.state == "running" for line in visit.sweeps())
    st.fragment(partial(_live, visit), run_every=LOOK_S if visit.is_live and is_running else None)()
    _others(visit)


def _live(visit: Visit) -> None:
    visit.source.look()
    lines, words = visit.sweeps(), visit.words
    if not lines:
        elements.note(words("empty.sweeps", task=words(f"task.{visit.task}")))
        st.code(f"sweep run --task {visit.task} --trials 20", language=None)
        return
    elements.cards(_facts(visit, lines))
    elements.heading(words("overview.sweeps"), below=words("overview.click"))
    cells = elements.table(
        [_row(line, words) for line in lines],
        columns=_columns(words),
        key="overview-sweeps",
        choose="single-cell",
    )
    if cells:
        st.session_state[CHOSEN] = lines[cells[0]].run_id
        st.switch_page(visit.pages["sweep"])


def _facts(visit: Visit, lines: Sequence[SweepLine]) -> list[tuple[str, str]]:
    words = visit.words
    n_trials = sum(sum(line.counts.values()) for line in lines)
    champion = next((line.champion for line in visit.source.models if line.task == visit.task), None)
    facts = [
        (words("overview.n_sweeps"), str(len(lines))),
        (words("overview.n_running"), str(sum(line.state == "running" for line in lines))),
        (words("overview.n_trials"), str(n_trials)),
    ]
    if champion is not None:
        short = formats.short_metric(champion.metric, visit.task)
        facts.append((words("overview.champion", metric=short), formats.figure(champion.value)))
    return facts


def _columns(words: Words) -> dict[str, object]:
    return {
        "name": Column(words("column.sweep"), pinned=True, width="medium"),
        "state": Column(words("column.state"), width=95),
        "share": ProgressColumn(words("column.progress"), format="percent", min_value=0.0, max_value=1.0),
        "best": NumberColumn(words("column.best"), format="%.4f", width="small"),
        "metric": Column(words("column.metric"), width=70),
        "gain": NumberColumn(words("column.gain"), format="%+.4f", width="small"),
        "champion": Column(words("column.champion"), width=110),
        "trials": Column(words("column.trials"), width=85),
        "began": Column(words("column.began"), width=140),
        "data": Column(words("column.data"), width="small"),
    }


def _row(line: SweepLine, words: Words) -> dict[str, object]:
    return {
        "name": line.name,
        "state": words.known("state", line.state),
        "share": line.share_closed,
        "best": line.best_value,
        "metric": formats.short_metric(line.metric, line.task),
        "gain": line.gain,
        "champion": words("overview.is_champion") if line.is_champion else "",
        "trials": f"{line.n_closed}/{line.n_slots}",
        "began": formats.moment(line.began_ms),
        "data": line.data,
    }


def _others(visit: Visit) -> None:
    words = visit.words
    found = other_runs(visit.source.runs.all(), task=visit.task)
    if not found:
        return
    elements.heading(words("overview.others"), below=words("overview.others_below"))
    columns: dict[str, object] = {
        "name": Column(words("column.run"), pinned=True, width="medium"),
        "state": Column(words("column.state"), width=95),
        "value": NumberColumn(words("column.value"), format="%.4f", width="small"),
        "metric": Column(words("column.metric"), width=70),
        "model": Column(words("column.model"), width="medium"),
        "source": Column(words("column.source"), width="medium"),
        "began": Column(words("column.began"), width=140),
    }
    elements.table([_other(line, words) for line in found], columns=columns, key="overview-others")


def _other(line: OtherLine, words: Words) -> dict[str, object]:
    return {
        "name": line.name,
        "state": words.known("state", line.state),
        "value": line.value,
        "metric": formats.short_metric(line.metric, line.task),
        "model": line.model,
        "source": line.source,
        "began": formats.moment(line.began_ms),
    }
