"""A sweep's study for its figures: where its folder says that it is, else where one looks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sweep.errors import InputError, SweepError
from sweep.paths import Home
from sweep.redaction import redacted
from sweep.wiring.stored import HIDDEN, read_stored

if TYPE_CHECKING:
    from sweep.searching.plots import StudyPlots


def lies_here(name: str, *, uid: str, home: str | None = None) -> bool:
    """Say whether a sweep that MLflow knows is the one of that name in a home.

    Several homes may share a server, and a sweep may have been removed and one of its name made anew.

    Args:
        name: of the sweep.
        uid: its own, empty if it is not known: then the name decides.
        home: where to look; None for the environment's or `mlruns/`.

    Returns:
        Whether its folder is there.
    """
    try:
        stored = read_stored(Home.at(home), name)
    except InputError:
        return False
    return not uid or stored.uid == uid


def open_study_plots(
    name: str,
    *,
    uid: str = "",
    trial_uid: str = "",
    home: str | None = None,
    storage: str | None = None,
) -> "StudyPlots":
    """Read the study of a sweep for its figures.

    Args:
        name: of the sweep.
        uid: its own, since a home or storage may hold another one of that name; empty for any.
        trial_uid: of one of its trials, for a sweep or study without a uid; likewise.
        home: where it lies; None for the environment's or `mlruns/`.
        storage: Optuna's storage that whoever looks has named; None for none.

    Returns:
        Its figures.

    Raises:
        InputError: no storage that could be meant has its study, or can be read; the message says why.
    """
    # Importing Optuna takes a third of a second: not before somebody wants its figures.
    from sweep.searching.plots import open_plots

    reasons = []
    for address in dict.fromkeys(_addresses(name, Home.at(home), storage)):
        if HIDDEN in address:
            reasons.append(
                f"the sweep used {address}; passwords are stored nowhere, so give the address again: "
                "SWEEP_STORAGE=... sweep ui"
            )
            continue
        try:
            return open_plots(address, name, uid=uid, trial_uid=trial_uid)
        except SweepError as error:
            reasons.append(str(error))
    raise InputError("\n".join(reasons))


def _addresses(name: str, home: Home, given: str | None) -> Iterator[str]:
    try:
        used = str(read_stored(home, name).settings.get("storage") or home.optuna_url)
    except InputError:  # its folder is gone, or on another machine
        used = ""
    if used and not (given and used == redacted(given)):
        yield used
    if given:
        yield given
    yield home.optuna_url
