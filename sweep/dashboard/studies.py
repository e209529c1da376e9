"""Optuna's studies, read once for each state they are in."""

from typing import TYPE_CHECKING

import streamlit as st

from sweep.api.studies import open_study_plots
from sweep.dashboard.places import Places
from sweep.errors import SweepError, UnavailableError
from sweep.views.overview import SweepLine

if TYPE_CHECKING:
    from sweep.searching.plots import StudyPlots


def open_study(places: Places, line: SweepLine) -> "StudyPlots":
    """Read the study of a sweep for its figures.

    Args:
        places: where Optuna's storage is.
        line: the sweep; the study is read again whenever trials of it have ended or begun.

    Returns:
        Its figures.

    Raises:
        InputError: no storage that could be meant has such a study.
        UnavailableError: a file of it cannot be read.
    """
    return _read(places, line.name, line.run_id, sum(line.counts.values()) + line.n_closed)


@st.cache_resource(show_spinner=False, max_entries=16)
def _read(
    places: Places,
    name: str,
    run_id: str,  # noqa: ARG001  of two sweeps with one name the later one has the study
    state: int,  # noqa: ARG001
) -> "StudyPlots":
    try:
        return open_study_plots(name, home=places.home, storage=places.storage)
    except SweepError:
        raise
    except OSError as error:
        raise UnavailableError(f"Optuna's storage cannot be read: {error}") from error
