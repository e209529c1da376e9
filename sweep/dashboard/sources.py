"""What the pages are drawn from, kept between reruns and shared by all who look."""

import threading
import time
from contextlib import suppress

import streamlit as st

from sweep.api.registry import open_models
from sweep.api.runs import Runs, open_runs
from sweep.dashboard.places import Places
from sweep.errors import InputError, SweepError
from sweep.views.registry import ModelLine, registry_lines

REST_S = 2.0
"""Pages that are redrawn sooner after a look at MLflow do with what it saw."""


class Source:
    """MLflow's runs and models, looked at seldom enough for many pages.

    Args:
        places: where they are.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.runs: Runs = open_runs(home=places.home, tracking_uri=places.tracking_uri)
        self._lock = threading.Lock()
        self._beside: threading.Thread | None = None
        self._looked_s = -REST_S
        self._models: tuple[ModelLine, ...] = ()
        self.knows_models = False
        self.trouble = ""

    def look(self, *, wait: bool = False) -> None:
        """See what is new in MLflow, beside the page: it shows what was known, and is drawn again then.

        Args:
            wait: for the answer, e.g. behind a promotion.

        Raises:
            UnavailableError: nothing was ever read, and cannot be now.
        """
        if wait or not self.runs.is_filled:
            self._look()
        elif not self.is_looking and time.monotonic() - self._looked_s >= REST_S:
            self._beside = threading.Thread(target=self._look_quietly, name="look", daemon=True)
            self._beside.start()

    @property
    def is_looking(self) -> bool:
        """Whether MLflow is being asked, beside."""
        return self._beside is not None and self._beside.is_alive()

    def _look_quietly(self) -> None:
        with suppress(SweepError):  # what was read stays, and `runs.trouble` says why
            self._look()

    def _look(self) -> None:
        with self._lock:
            self.runs.refresh()
            self._look_at_models()
            self._looked_s = time.monotonic()

    @property
    def models(self) -> tuple[ModelLine, ...]:
        """The registered models as they were at the last look."""
        return self._models

    def _look_at_models(self) -> None:
        try:
            registry = open_models(home=self.places.home, tracking_uri=self.places.tracking_uri)
            self._models = registry_lines(registry.all())
        except SweepError as error:
            self.trouble = str(error)
            return
        self.trouble, self.knows_models = "", True


@st.cache_resource(show_spinner=False)
def _opened(places: Places) -> Source:
    return Source(places)


def open_source(places: Places) -> Source | None:
    """Open MLflow, once for all who look.

    Args:
        places: where it is.

    Returns:
        It, as it is now; None if nothing was run there yet.

    Raises:
        UnavailableError: it cannot be used, and nobody has ever looked.
    """
    try:
        source = _opened(places)
    except InputError:
        return None
    source.look()
    return source
