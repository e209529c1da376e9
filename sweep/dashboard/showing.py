"""Shows a page: what is beside it, what it stands on, and what is said where it cannot be drawn."""

import logging
from collections.abc import Callable
from functools import partial

import streamlit as st

from sweep.dashboard import elements, sidebar
from sweep.dashboard.language import Words
from sweep.dashboard.places import Places, places_in
from sweep.dashboard.screens import compare, overview, pictures, registry, sweep
from sweep.dashboard.sources import Source, open_source
from sweep.dashboard.visit import Visit, asked_sweep, task_of_sweep
from sweep.errors import SweepError

LOG = logging.getLogger("sweep.dashboard")

SCREENS: dict[str, tuple[Callable[[Visit], None], str]] = {
    "overview": (overview.show, ":material/list_alt:"),
    "sweep": (sweep.show, ":material/monitoring:"),
    "compare": (compare.show, ":material/compare_arrows:"),
    "pictures": (pictures.show, ":material/image:"),
    "registry": (registry.show, ":material/workspace_premium:"),
}
"""Pages by name, with their symbols in the menu."""


NEWS_S = 0.7
_ASKED = "asked"


def draw(name: str) -> None:
    """Draw a page.

    Args:
        name: of `SCREENS`.
    """
    words = sidebar.language()
    try:
        places = places_in()
        if sidebar.is_task_open() and asked_sweep():
            _turn_to_asked(words, places)
        task = sidebar.task(words)
        is_live = sidebar.rest(words, places)
        with st.spinner(words("reading")):
            source = open_source(places)
        if source is None:
            _say_empty(words, name)
            return
        _say_troubles(source, words)
        show, _ = SCREENS[name]
        pages = st.session_state.get("pages", {})
        show(Visit(words=words, task=task, source=source, pages=pages, is_live=is_live))
        st.fragment(partial(_await_news, source), run_every=NEWS_S if source.is_looking else None)()
    except SweepError as error:
        elements.trouble(str(error))
    except Exception:
        # The page's roof: a traceback belongs into the log.
        LOG.exception("the page %s could not be drawn", name)
        elements.trouble(words("broken"))


def _turn_to_asked(words: Words, places: Places) -> None:
    """A link `?sweep=NAME` opens the task of that sweep."""
    with st.spinner(words("reading")):
        source = open_source(places)
    task = task_of_sweep(source, asked_sweep()) if source is not None else None
    if task is not None:
        sidebar.turn_to(task)


def _await_news(source: Source) -> None:
    """Draw the page again once MLflow has answered; the first time this is called it has just been asked."""
    if st.session_state.get(_ASKED) and not source.is_looking:
        st.session_state[_ASKED] = False
        st.rerun()
    st.session_state[_ASKED] = source.is_looking


def _say_empty(words: Words, name: str) -> None:
    elements.title(words(f"{name}.title"))
    elements.note(words("empty.home"))
    st.code("sweep run --task segmentation --trials 20", language=None)


def _say_troubles(source: Source, words: Words) -> None:
    for why in filter(None, (source.runs.trouble, source.trouble)):
        elements.warning(words("stale", why=why))
