"""Streamlit, and beside it what the first page would wait for: `python -m sweep.dashboard.server run APP`.

Streamlit runs the app when somebody opens it. Importing MLflow, Optuna and Plotly and reading all runs takes
seconds; they are over by the time that a browser is there.
"""

import logging
import sys
import threading
import time

from sweep.dashboard.places import places_in

LOG = logging.getLogger("sweep.dashboard")
PATIENCE_S = 60.0
POLL_S = 0.05


def warm() -> None:
    """Read and draw what pages share; what goes wrong here is said by the page that needs it."""
    try:
        _warm()
    except Exception:
        # The thread's roof: nobody has asked for anything yet.
        LOG.debug("nothing could be read beforehand", exc_info=True)


def _warm() -> None:
    import plotly.graph_objects  # noqa: F401  takes half a second, whichever page needs it first
    from streamlit.runtime import Runtime

    import sweep.searching.plots  # noqa: F401  likewise
    from sweep.dashboard.showing import SCREENS  # noqa: F401  likewise
    from sweep.dashboard.sources import open_source
    from sweep.dashboard.studies import open_study
    from sweep.dashboard.visit import sweep_lines
    from sweep.views.naming import TASKS

    until = time.monotonic() + PATIENCE_S
    while not Runtime.exists() and time.monotonic() < until:  # its caches are not there before
        time.sleep(POLL_S)
    places = places_in()
    if (source := open_source(places)) is None:
        return
    for task in TASKS:
        for line in sweep_lines(source, task)[:1]:
            plots = open_study(places, line)
            for draw in (plots.history, plots.importance, plots.parallel, plots.slices, plots.contour):
                draw()


def main() -> None:
    """Start both."""
    # Streamlit is whole before the thread begins: two threads that import it at once find parts of it.
    from streamlit.web.cli import main as streamlit

    threading.Thread(target=warm, name="warm", daemon=True).start()
    streamlit(sys.argv[1:], prog_name="streamlit")


if __name__ == "__main__":
    main()
