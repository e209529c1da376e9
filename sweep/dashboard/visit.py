"""What a page is given when it is drawn."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from sweep.dashboard import elements
from sweep.dashboard.language import Words
from sweep.dashboard.places import Places
from sweep.dashboard.sources import Source
from sweep.views.naming import TASKS
from sweep.views.overview import SweepLine, overview
from sweep.views.registry import champions

CHOSEN = "chosen_sweep"
_ASKED = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who looks at what.

    Args:
        words: of the language.
        task: "segmentation" or "detection".
        source: runs and models.
        pages: Streamlit's pages by name, to go from one to another.
        is_live: whether what runs is looked at again and again.
    """

    words: Words
    task: str
    source: Source
    pages: dict[str, Any]
    is_live: bool

    @property
    def places(self) -> Places:
        """Where the sweeps are."""
        return self.source.places

    def sweeps(self) -> tuple[SweepLine, ...]:
        """Sweeps of the task, those that run first, then the latest."""
        return sweep_lines(self.source, self.task)


def sweep_lines(source: Source, task: str) -> tuple[SweepLine, ...]:
    """List the sweeps of a task.

    Args:
        source: runs and models.
        task: of the sweeps.

    Returns:
        Those that run first, then the latest.
    """
    found = _lines(source, source.places, task, source.runs.version, champions(source.models))
    return tuple(sorted(found, key=lambda line: line.state != "running"))


@st.cache_resource(show_spinner=False, max_entries=32)  # shared as they are: nothing in them changes
def _lines(
    _source: Source,
    places: Places,  # noqa: ARG001  part of the key, as is the version: the same runs are summed up once
    task: str,
    version: int,  # noqa: ARG001
    in_production: frozenset[str],
) -> tuple[SweepLine, ...]:
    return overview(_source.runs.all(), task=task, champions=in_production)


def choose_sweep(visit: Visit, *, key: str) -> SweepLine | None:
    """Let one of the sweeps be chosen; the choice holds on every page.

    Args:
        visit: whose.
        key: of the element.

    Returns:
        The sweep; None if there is none, which the page then says.
    """
    lines = {line.run_id: line for line in visit.sweeps()}
    if not lines:
        return None
    if st.session_state.get(key) not in lines:
        wanted = st.session_state.get(CHOSEN) or _run_of(asked_sweep(), lines)
        st.session_state[key] = wanted if wanted in lines else next(iter(lines))
    chosen = st.selectbox(
        visit.words("choose.sweep"),
        list(lines),
        format_func=lambda run_id: _label(lines[run_id], visit.words),
        key=key,
        on_change=_forget_asked,
    )
    st.session_state[CHOSEN] = chosen
    if asked_sweep() and not _run_of(asked_sweep(), lines):
        elements.warning(visit.words("choose.unknown", name=asked_sweep(), shown=lines[chosen].name))
    return lines[chosen]


def asked_sweep() -> str:
    """The sweep of a link `?sweep=NAME`, empty if the address names none."""
    return st.query_params.get(_ASKED, "")


def task_of_sweep(source: Source, name: str) -> str | None:
    """Find the task of a sweep.

    Args:
        source: runs and models.
        name: of the sweep.

    Returns:
        The first task that has such a sweep, None if none has.
    """
    return next((task for task in TASKS if any(one.name == name for one in sweep_lines(source, task))), None)


def _forget_asked() -> None:
    st.query_params.pop(_ASKED, None)


def _run_of(name: str, lines: dict[str, SweepLine]) -> str:
    return next((line.run_id for line in lines.values() if line.name == name), "")


def _label(line: SweepLine, words: Words) -> str:
    state = words.known("state", line.state)
    return f"{line.name} · {state}" + (f" · {line.best_value:.4f}" if line.best_value is not None else "")
