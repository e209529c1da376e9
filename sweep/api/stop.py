"""Asks a running sweep to end, from another terminal or program."""

import time
from collections.abc import Callable

from sweep.errors import InputError, UnavailableError
from sweep.orchestrator.stopping import NOW
from sweep.paths import Home, write_text
from sweep.wiring import is_held, read_stored

LOOK_S = 0.2


def stop(
    name: str,
    *,
    home: str | None = None,
    now: bool = False,
    timeout_s: float = 120.0,
    waiting: Callable[[float], None] = lambda _: None,
) -> None:
    """Ask a sweep to end and wait until it has: its trials end their epoch, everything is written down.

    Args:
        name: of a sweep of this home.
        home: where the sweep lies; None for the environment's or `mlruns/`.
        now: end its trials in the middle of an epoch.
        timeout_s: how long to wait for its end.
        waiting: called while it ends, with the seconds since it was asked.

    Raises:
        InputError: there is no such sweep, or it is not running.
        UnavailableError: it has not ended in time; the request stands.
    """
    where = Home.at(home)
    paths = where.sweep(read_stored(where, name).name)
    if not is_held(paths):
        raise InputError(f"sweep {name} is not running; `sweep resume {name}{where.flag}` goes on with it")
    write_text(paths.stop, f"{NOW}\n" if now else "\n")
    since = time.monotonic()
    while is_held(paths):
        if time.monotonic() - since > timeout_s:
            raise UnavailableError(
                f"sweep {name} was asked to stop and has not ended after {timeout_s:g} s; the request "
                f"stands. `sweep stop {name}{where.flag} --now` ends its trials in the middle of an epoch"
            )
        waiting(time.monotonic() - since)
        time.sleep(LOOK_S)
