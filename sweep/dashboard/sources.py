"""What the pages are drawn from, kept between reruns and shared by all who look."""

import threading
import time

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
        self._looked_s = 0.0
        self._models: tuple[ModelLine, ...] = ()
        self._of_version = -1
        self.trouble = ""

    def look(self, *, again: bool = False) -> None:
        """See what is new in MLflow.

        Args:
            again: also right after another look, e.g. behind a promotion.

        Raises:
            UnavailableError: nothing was ever read, and cannot be now.
        """
        with self._lock:
            if not again and time.monotonic() - self._looked_s < REST_S:
                return
            self.runs.refresh()
            if again or self._of_version != self.runs.version:
                self._look_at_models()
            self._looked_s = time.monotonic()

    @property
    def models(self) -> tuple[ModelLine, ...]:
        """The registered models as they were at the last look."""
        return self._models

    def _look_at_models(self) -> None:
        version = self.runs.version
        try:
            registry = open_models(home=self.places.home, tracking_uri=self.places.tracking_uri)
            self._models = registry_lines(registry.all())
        except SweepError as error:
            self.trouble = str(error)
            return
        self.trouble, self._of_version = "", version


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
