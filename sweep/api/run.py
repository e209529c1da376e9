"""The path of a sweep, from a config to a report."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from sweep import wiring
from sweep.api.data_pictures import data_pictures
from sweep.api.finish import finish
from sweep.api.ground import on_firm_ground
from sweep.api.report import RunReport
from sweep.api.results import SweepResults
from sweep.api.silent import Silent
from sweep.config import Loaded, load
from sweep.orchestrator.stopping import StopRequest, listening
from sweep.paths import Home
from sweep.ports import Observer
from sweep.wiring import CheckedRun


def load_config(
    flags: Mapping[str, object], *, environ: Mapping[str, str], config_file: Path | None = None
) -> Loaded:
    """Resolve a config: default < file < environment < flag.

    Args:
        flags: what was given on the command line or by the caller.
        environ: the environment, for `SWEEP_...`.
        config_file: YAML with the same keys.

    Returns:
        The config, each value with its origin.

    Raises:
        InputError: all faults of all sources together.
    """
    return load(flags, environ, config_file)


def check(loaded: Loaded) -> CheckedRun:
    """Say what a run would do, and check what can be checked without databases or decoding.

    Args:
        loaded: the config.

    Returns:
        Every setting as it takes effect, the search space, and what the data is.

    Raises:
        InputError: space, `--set`, metric, data, device or name are wrong; the message lists every fault.
        UnavailableError: the data cannot be read.
    """
    return wiring.checked_run(loaded)


def run(loaded: Loaded, observer: Observer) -> RunReport:
    """Run a sweep: data, trials, the best model, promotion.

    Args:
        loaded: the config.
        observer: looks on.

    Returns:
        What came of it; a signal that ended it is in `signal_exit`.

    Raises:
        InputError: something the user gave is wrong; nothing was started.
        UnavailableError: a database, server or disk cannot be used.
        KeyboardInterrupt: a signal before the first trial, or while the last of it is written to MLflow; its
            argument is the number.
    """
    began = time.monotonic()
    stop = StopRequest()
    with (
        listening(stop),
        on_firm_ground(Home.at(loaded.config.home), observer),
        wiring.opened(loaded, observer=observer, stop=stop) as desk,
    ):
        return swept(desk, observer=observer, stop=stop, began=began)


def swept(desk: wiring.Desk, *, observer: Observer, stop: StopRequest, began: float) -> RunReport:
    """Run the trials that are open, then package and promote the best of all.

    Args:
        desk: everything that is open.
        observer: looks on.
        stop: whether somebody asked to end.
        began: when the command began, monotonic seconds.

    Returns:
        What came of it.
    """
    desk.scribe.sweep_started(desk.record)
    observer.sweep_started(desk.record)
    with data_pictures(desk, observer=observer, stop=stop):
        outcome = desk.orchestrator.run()
    return finish(desk, outcome, observer=observer, stop=stop, began=began)


def run_sweep(*, observer: Observer | None = None, **flags: object) -> SweepResults:
    """Run a sweep from Python, with the flags of `sweep run` as keywords.

    The environment's `SWEEP_...` count as they do on the command line; a keyword beats them.

    Args:
        observer: looks on; nothing is printed without one.
        flags: `task="segmentation"`, `trials=20`, `data="./track"`, ...; underscores for dashes.

    Returns:
        What came of it: the best trial, all trials as a frame, figures; and all that a `RunReport` has.

    Raises:
        InputError: a flag, file or data set is wrong; nothing was started.
        UnavailableError: a database, server or disk cannot be used.
    """
    report = run(load_config(flags, environ=os.environ), observer or Silent())
    return SweepResults(report.summary.name, home=report.home, run=report)
