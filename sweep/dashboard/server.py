"""Streamlit, and before it what the first page would wait for: `python -m sweep.dashboard.server run APP`.

Streamlit runs the app when somebody opens it. Importing MLflow, Optuna and Plotly and reading all runs takes
seconds; they are over before the server answers, so that nobody meets them in front of an empty page.
"""

import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sweep.dashboard.places import places_in

APP = Path(__file__).with_name("app.py")
GUARDED = Path(__file__).with_name("served.py")
LOG = logging.getLogger("sweep.dashboard")
HEAD_START_S = 20.0
"""A server of MLflow that answers slowly is not waited for: pages say themselves what they wait for."""


def warm() -> None:
    """Read and draw what pages share; what goes wrong here is said by the page that needs it."""
    try:
        _warm()
    except Exception:
        # The thread's roof: nobody has asked for anything yet.
        LOG.debug("nothing could be read beforehand", exc_info=True)


def _warm() -> None:
    import plotly.graph_objects  # noqa: F401  takes half a second, whichever page needs it first

    import sweep.searching.plots  # noqa: F401  likewise
    from sweep.dashboard.showing import SCREENS  # noqa: F401  likewise
    from sweep.dashboard.sources import open_source
    from sweep.dashboard.studies import open_study
    from sweep.dashboard.visit import sweep_lines
    from sweep.views.naming import TASKS

    places = places_in()
    if (source := open_source(places)) is None:
        return
    for task in TASKS:
        for line in sweep_lines(source, task)[:1]:
            plots = open_study(places, line)
            for draw in (plots.history, plots.importance, plots.parallel, plots.slices, plots.contour):
                draw()


def main() -> None:
    """Warm up, then start."""
    # Streamlit is whole before the thread begins: two threads that import it at once find parts of it.
    import streamlit as st
    from streamlit.web.cli import main as streamlit

    warming = threading.Thread(target=warm, name="warm", daemon=True)
    warming.start()
    warming.join(HEAD_START_S)
    streamlit(guarded(sys.argv[1:]) if hasattr(st, "App") else sys.argv[1:], prog_name="streamlit")


def guarded(words: Sequence[str]) -> list[str]:
    """Put the guard before the app.

    Args:
        words: of Streamlit's command line.

    Returns:
        The same, with the guarded app instead of the app alone.
    """
    return [str(GUARDED) if word == str(APP) else word for word in words]


if __name__ == "__main__":
    main()
