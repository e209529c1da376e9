"""A sweep's report: gathered from its folder, Optuna and MLflow, and written as one HTML file."""

import dataclasses
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from sweep import disk
from sweep.api.evaluating import folder_of
from sweep.api.report_evidence import Evidence, local_evidence, logged_evidence, no_evidence
from sweep.api.report_figures import figures_of
from sweep.api.report_material import material_of
from sweep.api.silent import Silent
from sweep.api.sweeps import SweepView, sweep_view
from sweep.errors import InputError, UnavailableError
from sweep.evaluation import Evaluation
from sweep.paths import Home, write_text
from sweep.ports import Observer
from sweep.redaction import redacted
from sweep.tracking.history import read_history
from sweep.wiring import Addresses, Desk, addresses_of, read_stored

RUN_S = 3.0
"""For a run's id; longer the study does not wait for it either."""


def write_report(
    name: str, *, home: str | None = None, out: Path | None = None, observer: Observer | None = None
) -> Path:
    """Write a sweep's report, of one that runs or has ended.

    Args:
        name: of the sweep.
        home: where it lies; None for the environment's or `mlruns/`.
        out: file to write; None for `report.html` in the sweep's folder.
        observer: told what is being done.

    Returns:
        The file. What could not be found is said in it.

    Raises:
        InputError: there is no such sweep, it never started, or `out` is a folder.
        UnavailableError: the sweep's files cannot be read, or the report cannot be written.
    """
    told = observer or Silent()
    where = Home.at(home)
    told.phase("reading the sweep")
    view = sweep_view(name, str(where.root))
    stored = read_stored(where, name)
    try:
        config = stored.loaded({}, home=where, environ=os.environ).config
        addresses: Addresses | str = addresses_of(config, where)
    except InputError as error:
        addresses = str(error)
    told.phase("asking MLflow for the evaluation of the best trial")
    evidence = _logged(view, where, addresses)
    return written(view, where, addresses=addresses, evidence=evidence, out=out, observer=told)


def warmed_up(desk: Desk) -> threading.Thread:
    """Draw the figures once beside, while workers package and evaluate: the first time costs seconds.

    Args:
        desk: everything that is open.

    Returns:
        The thread that does it.
    """
    storage, name = addresses_of(desk.config, desk.home).storage, desk.plan.name

    def draw() -> None:
        with suppress(Exception):  # who draws the report says what is wrong
            figures_of(storage, name, Evaluation(trial_uid=""))
            import_module("sweep.figures.confusion")
            import_module("sweep.report.page")

    thread = threading.Thread(target=draw, name="report-figures", daemon=True)
    thread.start()
    return thread


def report_at_end(
    desk: Desk, *, status: str, why: str, tags: Mapping[str, str], observer: Observer
) -> Path | None:
    """Write the report of a sweep that is about to end, and log it on the sweep's own run.

    Args:
        desk: everything that is open.
        status: FINISHED, KILLED or FAILED.
        why: of the end.
        tags: that its end will have.
        observer: told what is being done, and what went wrong: that is never an error.

    Returns:
        The file, None if it could not be written.
    """
    name = desk.plan.name
    try:
        _settle(desk)
        view = with_ending(sweep_view(name, str(desk.home.root)), status=status, why=why, tags=tags)
        addresses = addresses_of(desk.config, desk.home)
        evidence = _fresh(desk, view, addresses)
        file = written(view, desk.home, addresses=addresses, evidence=evidence, observer=observer)
    except Exception as error:  # noqa: BLE001  a figure that cannot be drawn must not cost a sweep its end
        told = redacted(" ".join(str(error).split()) or type(error).__name__)
        again = f"sweep report {name}{desk.home.flag}"
        observer.notice(f"the report could not be written: {told}; try again: {again}")
        return None
    desk.scribe.artifact(None, file, "")
    if desk.paths.next_space.exists():
        desk.scribe.artifact(None, desk.paths.next_space, "")
    return file


def _settle(desk: Desk) -> None:
    """Let the last trials arrive in Optuna's storage, which wait for their runs' ids."""
    known = desk.scribe.known_runs
    try:
        for trial in read_history(desk.paths.spool).trials:
            if trial not in known:
                desk.scribe.wait_for_run(trial, RUN_S)
    except UnavailableError:
        pass  # MLflow is down: they are written without
    desk.orchestrator.settle()


def _fresh(desk: Desk, view: SweepView, addresses: Addresses) -> Evidence:
    """What was found out a moment ago; an earlier process's pictures are in MLflow only."""
    best = view.summary.best
    if best is None or best[1].checkpoint is None:
        return _logged(view, desk.home, addresses)
    found = local_evidence(folder_of(desk, best[0]), best[0].trial_uid)
    run_id = desk.scribe.run_id(best[0].trial_uid) or ""
    if found is None:
        return dataclasses.replace(no_evidence(best[0].trial_uid, "it could not be evaluated"), run_id=run_id)
    if found.pictures:
        return dataclasses.replace(found, run_id=run_id)
    return _logged(view, desk.home, addresses)


def written(
    view: SweepView,
    home: Home,
    *,
    addresses: Addresses | str,
    evidence: Evidence,
    observer: Observer,
    out: Path | None = None,
) -> Path:
    """Write the report of a sweep that was looked at, and the narrowed search space beside it.

    Args:
        view: the sweep.
        home: where it lies.
        addresses: of the databases, or why they are not known.
        evidence: how the best trial does.
        observer: told what is being done.
        out: file to write; None for the one in the sweep's folder.

    Returns:
        The file.

    Raises:
        InputError: `out` is a folder.
        UnavailableError: it cannot be written.
    """
    from sweep.report.page import html_of, page_of

    file = out or home.sweep(view.name).report
    if file.is_dir():
        raise InputError(f"--out {file}: is a folder; name a file in it, e.g. {file / 'report.html'}")
    observer.phase("drawing the figures of the report")
    material = material_of(view, home, addresses=addresses, evidence=evidence)
    observer.phase("writing the report")
    try:
        with disk.private_files():
            if material.next.yaml:
                write_text(home.sweep(view.name).next_space, material.next.yaml)
            write_text(file, html_of(page_of(material)))
    except OSError as error:
        raise UnavailableError(
            f"the report {file} cannot be written: {error}; name another place with --out"
        ) from error
    return file


def _logged(view: SweepView, home: Home, addresses: Addresses | str) -> Evidence:
    best = view.summary.best
    if best is None:
        return no_evidence("", "no trial completed")
    spec, result = best
    if result.checkpoint is None:
        return no_evidence(spec.trial_uid, f"the trainer {spec.trainer} makes no model")
    if isinstance(addresses, str):
        return no_evidence(spec.trial_uid, addresses)
    return logged_evidence(home.root, addresses.tracking_uri, spec.trial_uid)


def with_ending(view: SweepView, *, status: str, why: str, tags: Mapping[str, str]) -> SweepView:
    """A sweep that is about to end, as it will be.

    Args:
        view: as it stands while its process still has it.
        status: FINISHED, KILLED or FAILED.
        why: of its end.
        tags: that its end will have.

    Returns:
        The same sweep, ended.
    """
    state = {"FINISHED": "done", "KILLED": "stopped"}.get(status, "failed")
    summary = dataclasses.replace(view.summary, why_ended=why)
    return dataclasses.replace(view, state=state, why=why, notes=dict(tags), summary=summary)
