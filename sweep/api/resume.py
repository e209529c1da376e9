"""Goes on with a sweep that was stopped or cut, or that is to have more trials."""

import time
from collections.abc import Collection, Mapping

from sweep import wiring
from sweep.api.ground import on_firm_ground
from sweep.api.report import RunReport
from sweep.api.run import swept
from sweep.catalog import unknown
from sweep.errors import InputError
from sweep.orchestrator.stopping import StopRequest, listening
from sweep.paths import Home
from sweep.ports import Observer
from sweep.records import Status
from sweep.wiring import ALLOWANCES, Resumption, read_stored


def resume(
    name: str,
    observer: Observer,
    *,
    environ: Mapping[str, str],
    home: str | None = None,
    trials: int | None = None,
    extra: int | None = None,
    allow: Collection[str] = (),
    again: Collection[Status] = (),
    changes: Mapping[str, object] | None = None,
) -> RunReport:
    """Bring a sweep to the number of trials that were asked for, whatever ended it before.

    Every trial that was cut is tried again in its slot, with its parameters and seed, from its last epoch.

    Args:
        name: of a sweep of this home.
        observer: looks on.
        environ: the environment, for addresses that hold a password.
        home: where the sweep lies; None for the environment's or `mlruns/`.
        trials: slots in total; None for as many as before.
        extra: slots beside those there were.
        allow: what may have changed since, of "space", "data" and "code".
        again: statuses whose slots are tried again as well.
        changes: further keys of the config that may differ this time, e.g. `workers`.

    Returns:
        What came of the sweep as a whole.

    Raises:
        InputError: there is no such sweep, it is running, or something has changed since.
        UnavailableError: a database, server or disk cannot be used.
        KeyboardInterrupt: a signal before the first trial.
    """
    began = time.monotonic()
    for word in allow:
        if word not in ALLOWANCES:
            raise InputError(unknown("--allow", word, ALLOWANCES))
    where = Home.at(home)
    stored = read_stored(where, name)
    given = dict(changes or {}) | {"trials": _slots(stored.settings["trials"], trials, extra)}
    loaded = stored.loaded(given, home=where, environ=environ)
    stop = StopRequest()
    resumption = Resumption(stored=stored, allow=allow, again=again)
    with (
        listening(stop),
        on_firm_ground(where, observer),
        wiring.opened(loaded, observer=observer, stop=stop, resumption=resumption) as desk,
    ):
        return swept(desk, observer=observer, stop=stop, began=began)


def _slots(before: int, trials: int | None, extra: int | None) -> int:
    if trials is not None and extra is not None:
        raise InputError("--trials and --extra: one of them; --trials counts all slots, --extra further ones")
    if extra is not None and extra < 1:
        raise InputError(f"--extra: {extra} is below the smallest allowed value 1")
    if trials is not None and trials < before:
        raise InputError(
            f"--trials {trials}: the sweep has {before} slots already; give at least that, or leave it out"
        )
    return trials if trials is not None else before + (extra or 0)
