"""Optuna's studies, read once for each state they are in."""

import time
from typing import TYPE_CHECKING

import streamlit as st

from sweep.api.studies import open_study_plots
from sweep.dashboard.places import Places
from sweep.errors import SweepError, UnavailableError
from sweep.views.overview import SweepLine

if TYPE_CHECKING:
    from sweep.searching.plots import StudyPlots

State = tuple[object, ...]

LIVE_S = 15
"""What runs reports epochs that MLflow's counts do not show: it is read again after this time."""
SETTLED_S = 60
"""Behind a sweep's end Optuna's storage may still be told of it."""


def open_study(places: Places, line: SweepLine) -> "StudyPlots":
    """Read the study of a sweep for its figures.

    Args:
        places: where Optuna's storage is.
        line: the sweep; the study is read again whenever it or its trials are in another state, and every
            `LIVE_S` while it runs.

    Returns:
        Its figures.

    Raises:
        InputError: no storage that could be meant has its study.
        UnavailableError: a file of it cannot be read.
    """
    return _read(places, line.name, line.uid, line.trial_uid, state_of(line, now_s=time.time()))


def state_of(line: SweepLine, *, now_s: float) -> State:
    """Say what a study that was read is right for.

    Args:
        line: the sweep.
        now_s: the present, seconds since 1970.

    Returns:
        The same as long as the study need not be read again.
    """
    is_live = line.state == "running" or now_s - line.ended_ms / 1000 < SETTLED_S
    turn = int(now_s // LIVE_S) if is_live else 0
    return (line.run_id, tuple(sorted(line.counts.items())), line.n_closed, line.state, line.ended_ms, turn)


@st.cache_resource(show_spinner=False, max_entries=16)
def _read(
    places: Places,
    name: str,
    uid: str,
    trial_uid: str,
    state: State,  # noqa: ARG001  part of the key
) -> "StudyPlots":
    try:
        return open_study_plots(name, uid=uid, trial_uid=trial_uid, home=places.home, storage=places.storage)
    except SweepError:
        raise
    except OSError as error:
        raise UnavailableError(f"Optuna's storage cannot be read: {error}") from error
