"""The dashboard: `streamlit run sweep/dashboard/app.py`, or `sweep ui`, which also starts the pages beside.

Its environment says where to look: SWEEP_HOME, SWEEP_STORAGE, SWEEP_TRACKING_URI; SWEEP_UI_OPTUNA and
SWEEP_UI_MLFLOW are the addresses that it links to.
"""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from sweep.dashboard import elements, sidebar
from sweep.dashboard.language import Words
from sweep.dashboard.places import places_in
from sweep.dashboard.screens import compare, overview, pictures, registry, sweep
from sweep.dashboard.sources import Source, open_source
from sweep.dashboard.visit import Visit
from sweep.errors import SweepError

ICON = Path(__file__).with_name("icon.png")
"""A file: one of Streamlit's own symbols would be fetched from the network."""

LOG = logging.getLogger("sweep.dashboard")

SCREENS: dict[str, tuple[Callable[[Visit], None], str]] = {
    "overview": (overview.show, ":material/list_alt:"),
    "sweep": (sweep.show, ":material/monitoring:"),
    "compare": (compare.show, ":material/compare_arrows:"),
    "pictures": (pictures.show, ":material/image:"),
    "registry": (registry.show, ":material/workspace_premium:"),
}


def main() -> None:
    """Draw the page that is open."""
    st.set_page_config(page_icon=ICON, layout="wide")
    words = sidebar.language()
    pages = {
        name: st.Page(
            partial(_draw, name),
            title=words(f"{name}.menu"),
            icon=icon,
            url_path=name,
            default=name == "overview",
        )
        for name, (_, icon) in SCREENS.items()
    }
    page = st.navigation(list(pages.values()))
    st.session_state["_pages"], st.session_state["_words"] = pages, words
    page.run()


def _draw(name: str) -> None:
    words: Words = st.session_state["_words"]
    try:
        task = sidebar.task(words)
        source = open_source(places_in())
        is_live = sidebar.rest(words, places_in())
        if source is None:
            _say_empty(words, name)
            return
        _say_troubles(source, words)
        show, _ = SCREENS[name]
        pages = st.session_state["_pages"]
        show(Visit(words=words, task=task, source=source, pages=pages, is_live=is_live))
    except SweepError as error:
        elements.trouble(str(error))
    except Exception:
        # The page's roof: a traceback belongs into the log.
        LOG.exception("the page %s could not be drawn", name)
        elements.trouble(words("broken"))


def _say_empty(words: Words, name: str) -> None:
    elements.title(words(f"{name}.title"))
    elements.note(words("empty.home"))
    st.code("sweep run --task segmentation --trials 20", language=None)


def _say_troubles(source: Source, words: Words) -> None:
    for why in filter(None, (source.runs.trouble, source.trouble)):
        elements.warning(words("stale", why=why))


main()
