"""After the last trial: write down what is known, put the best model forward, and sum up.

Where a step fails or is interrupted, the trials' results stand: they are on their way to MLflow before the
best model is packaged, and the report says what is missing and why.
"""

import shutil
import time
from pathlib import Path

from sweep import wiring
from sweep.api import evaluating
from sweep.api.best_model import DELIVERY_S, BestModel, put_forward
from sweep.api.evaluating import evaluate_best
from sweep.api.noting import note_down
from sweep.api.report import RunReport
from sweep.api.reporting import report_at_end, warmed_up
from sweep.orchestrator.orchestrator import Outcome
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import write_text
from sweep.ports import Observer
from sweep.summary import Summary, summarise, trial_table, why_doubtful
from sweep.wiring import Desk


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
    if doubt := why_doubtful(desk.plan, outcome.trials):
        observer.notice(doubt)
    warming = warmed_up(desk) if desk.config.report and summary.best and summary.best[1].checkpoint else None
    best = BestModel(kept="the sweep was interrupted")
    try:
        stop.look()
        if stop.signal_number is None:
            best = put_forward(desk, outcome.trials, summary, observer=observer, stop=stop)
    except KeyboardInterrupt:
        best = BestModel(kept=f"{stop.why} before the best model was in Production")
    evaluate_best(desk, outcome.kept, observer=observer, stop=stop)
    status, tags = _status(summary, stop), _tags(summary, best)
    report = None
    if desk.config.report and not stop.urgent:
        if warming is not None:
            warming.join()
        report = report_at_end(desk, status=status, why=outcome.ending.why, tags=tags, observer=observer)
    desk.scribe.sweep_finished(status=status, why=outcome.ending.why, tags=tags)
    n_asked = stop.n_asked
    observer.phase("writing to MLflow")
    delivered = desk.scribe.close(DELIVERY_S, give_up=lambda: stop.n_asked > n_asked)
    for note in desk.registry.notes:
        observer.notice(note)
    for refusal in desk.scribe.refusals:
        observer.notice(f"MLflow refused: {refusal}")
    note_down(desk, outcome, summary, best, observer=observer)
    if delivered and not desk.scribe.refusals:
        evaluating.tidy(desk)
        if best.champion is not None:
            _tidy(desk)
    shown = wiring.addresses_of(desk.config, desk.home).shown()
    return RunReport(
        summary=summary,
        home=desk.home.root,
        tracking_uri=shown.tracking_uri,
        storage=shown.storage,
        champion=best.champion,
        kept=best.kept,
        decision=best.decision,
        elapsed_s=time.monotonic() - began,
        spool=None if delivered else desk.paths.spool,
        report=report,
        signal_exit=stop.exit_code,
        is_resumed=desk.is_resumed,
    )


def _tidy(desk: Desk) -> None:
    """What has arrived in MLflow need not lie on disk twice."""
    shutil.rmtree(desk.paths.trials, ignore_errors=True)
    shutil.rmtree(desk.paths.package, ignore_errors=True)
    shutil.rmtree(desk.paths.fetched, ignore_errors=True)


def _log_files(desk: Desk, outcome: Outcome) -> None:
    write_text(desk.paths.table, trial_table(outcome.trials))
    desk.scribe.artifact(None, desk.paths.table, "")
    for spec, result in outcome.kept:
        if result.checkpoint is not None and Path(result.checkpoint).exists():
            for file in sorted(Path(result.checkpoint).parent.glob("best.*")):
                desk.scribe.artifact(spec.trial_uid, file, "checkpoints")
    kept = {spec.trial_uid for spec, _ in outcome.kept}
    for trial_uid in sorted(desk.scribe.having("checkpoints") - kept):
        desk.scribe.remove(trial_uid, "checkpoints")  # beaten since an earlier process logged it


def _status(summary: Summary, stop: StopRequest) -> str:
    if stop.signal_number is not None:
        return "KILLED"
    return "FINISHED" if summary.best is not None else "FAILED"


def _tags(summary: Summary, best: BestModel) -> dict[str, str]:
    tags = {}
    if summary.best is not None:
        tags["sweep.best_trial"] = str(summary.best[0].number)
        tags["sweep.best_run"] = summary.best[0].run_name
    if best.champion is not None:
        tags["sweep.model"] = f"{best.champion.name}/{best.champion.version}"
    if best.decision is not None:
        tags["sweep.gate_why"] = best.decision.evidence.why
    # Written where it is empty, too: a sweep that goes on may have said why before.
    return tags | {"sweep.not_promoted": best.kept}
