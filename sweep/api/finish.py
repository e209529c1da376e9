"""After the last trial: package the best one in a worker, log, register, promote, and sum up.

Where a step fails or is interrupted, the trials' results stand: they are on their way to MLflow before the
best model is packaged, and the report says what is missing and why.
"""

import shutil
import time
from pathlib import Path

from sweep import promotion, wiring
from sweep.api.report import RunReport
from sweep.errors import SweepError
from sweep.orchestrator.orchestrator import Outcome
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import write_text
from sweep.ports import Champion, Observer
from sweep.records import PackageRequest, PackageResult, TrialResult, TrialSpec
from sweep.summary import Summary, summarise, trial_table
from sweep.wiring import Desk

DELIVERY_S = 60.0
TOLERANCE = 1e-4


def finish(desk: Desk, outcome: Outcome, *, observer: Observer, stop: StopRequest, began: float) -> RunReport:
    """Bring a sweep to its end.

    Args:
        desk: everything that is open.
        outcome: how the trials ended.
        observer: told what is being done.
        stop: a signal, while trials ran or since, also means: no packaging, no promotion.
        began: when the run began, monotonic seconds.

    Returns:
        What came of it.
    """
    summary = summarise(desk.plan, outcome.trials, outcome.ending.why)
    _log_files(desk, outcome)
    try:
        champion, kept = _champion(desk, summary, observer=observer, stop=stop)
    except KeyboardInterrupt:
        champion, kept = None, f"{stop.why} before the best model was in Production"
    desk.scribe.sweep_finished(
        status=_status(summary, stop), why=outcome.ending.why, tags=_tags(summary, champion, kept)
    )
    observer.phase("writing to MLflow")
    delivered = desk.scribe.close(DELIVERY_S)
    for note in desk.registry.notes:
        observer.notice(note)
    for refusal in desk.scribe.refusals:
        observer.notice(f"MLflow refused: {refusal}")
    if delivered and champion is not None and not desk.scribe.refusals:
        _tidy(desk)
    shown = wiring.addresses_of(desk.config, desk.home).shown()
    return RunReport(
        summary=summary,
        home=desk.home.root,
        tracking_uri=shown.tracking_uri,
        storage=shown.storage,
        champion=champion,
        kept=kept,
        elapsed_s=time.monotonic() - began,
        spool=None if delivered else desk.paths.spool,
        signal_exit=stop.exit_code,
    )


def _tidy(desk: Desk) -> None:
    """What has arrived in MLflow need not lie on disk twice."""
    shutil.rmtree(desk.paths.trials, ignore_errors=True)
    shutil.rmtree(desk.paths.package, ignore_errors=True)


def _champion(
    desk: Desk, summary: Summary, *, observer: Observer, stop: StopRequest
) -> tuple[Champion | None, str]:
    if stop.signal_number is not None:
        return None, "the sweep was interrupted"
    if summary.best is None:
        return None, "no trial completed"
    spec, result = summary.best
    if result.checkpoint is None:
        return None, f"the trainer {spec.trainer} makes no model"
    observer.phase("packaging the best model")
    package = _packaged(desk, spec, result)
    if package.reason:
        observer.notice(f"the best model could not be packaged: {package.reason}")
        return None, f"packaging failed: {package.reason}"
    _log_picture(desk, spec, package)
    _compare(desk, result, package, observer=observer)
    observer.phase("registering the best model")
    try:
        champion = _promoted(desk, spec, package)
    except SweepError as error:
        observer.notice(
            f"the best model is kept in {package.model_folder}, but is not in Production: {error}"
        )
        return None, str(error)
    desk.scribe.measured(
        spec.trial_uid, {f"registered_{name}": value for name, value in package.metrics.items()}
    )
    return champion, "" if desk.config.promote else "--no-promote was given"


def _promoted(desk: Desk, spec: TrialSpec, package: PackageResult) -> Champion:
    return promotion.promote_best(
        desk.registry,
        package=package,
        spec=spec,
        run_id=desk.scribe.wait_for_run(spec.trial_uid, DELIVERY_S),
        model=desk.model_name,
        promote=desk.config.promote,
    )


def _packaged(desk: Desk, spec: TrialSpec, result: TrialResult) -> PackageResult:
    return desk.orchestrator.package(
        PackageRequest(
            trial_uid=spec.trial_uid,
            spec=spec,
            checkpoint=str(result.checkpoint),
            folder=str(desk.paths.package),
        )
    )


def _compare(desk: Desk, result: TrialResult, package: PackageResult, *, observer: Observer) -> None:
    """The registered model is scored in fp32 on a CPU; training may have been scored on a GPU."""
    metric = desk.plan.objective.metric
    again, logged = package.metrics[metric], result.metrics[metric]
    if abs(again - logged) > TOLERANCE:
        observer.notice(f"the packaged model's {metric} is {again:.4f} on a CPU, {logged:.4f} was logged")


def _log_picture(desk: Desk, spec: TrialSpec, package: PackageResult) -> None:
    if package.picture:
        desk.scribe.artifact(spec.trial_uid, Path(package.picture), "pictures")
        desk.scribe.artifact(None, Path(package.picture), "pictures")


def _log_files(desk: Desk, outcome: Outcome) -> None:
    write_text(desk.paths.table, trial_table(outcome.trials))
    desk.scribe.artifact(None, desk.paths.table, "")
    for spec, result in outcome.kept:
        if result.checkpoint is not None and Path(result.checkpoint).exists():
            for file in sorted(Path(result.checkpoint).parent.glob("best.*")):
                desk.scribe.artifact(spec.trial_uid, file, "checkpoints")


def _status(summary: Summary, stop: StopRequest) -> str:
    if stop.signal_number is not None:
        return "KILLED"
    return "FINISHED" if summary.best is not None else "FAILED"


def _tags(summary: Summary, champion: Champion | None, kept: str) -> dict[str, str]:
    tags = {}
    if summary.best is not None:
        tags["sweep.best_trial"] = str(summary.best[0].number)
        tags["sweep.best_run"] = summary.best[0].run_name
    if champion is not None:
        tags["sweep.model"] = f"{champion.name}/{champion.version}"
    if kept:
        tags["sweep.not_promoted"] = kept
    return tags
