"""The best model of a sweep: packaged in a worker, registered, judged, and put into Production or not.

Where a step fails the trials' results stand, and what is missing is said with its reason.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sweep import promotion
from sweep.api.weights import best_weights
from sweep.errors import SweepError
from sweep.executors.alone import judge_alone
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Champion, Observer
from sweep.promotion import Decision
from sweep.provenance import who
from sweep.records import PackageRequest, PackageResult, TrialResult, TrialSpec
from sweep.summary import Summary, Trials, why_none_completed
from sweep.wiring import Desk
from sweep.wiring.parts import limits_of

DELIVERY_S = 60.0
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class BestModel:
    """What became of a sweep's best model.

    Args:
        champion: its registered version, None if it was not registered.
        kept: why it is not in Production, empty if it is.
        decision: of the gate, None if it was not asked.
    """

    champion: Champion | None = None
    kept: str = ""
    decision: Decision | None = None


def put_forward(
    desk: Desk, trials: Trials, summary: Summary, *, observer: Observer, stop: StopRequest
) -> BestModel:
    """Package the best model in a worker, register it, and put it into Production if the gate lets it.

    Args:
        desk: everything that is open.
        trials: all that ended.
        summary: says which is best.
        observer: told what is being done, and what should be known.
        stop: whether somebody asked to end, before it is in Production.

    Returns:
        What became of it; what goes wrong is part of that.

    Raises:
        KeyboardInterrupt: somebody asked to end; its argument is the signal's number.
    """
    if summary.best is None:
        return BestModel(kept=why_none_completed(trials))
    spec, result = summary.best
    if result.checkpoint is None:
        return BestModel(kept=f"the trainer {spec.trainer} makes no model")
    try:
        candidate = promotion.registered_candidate(desk.registry, desk.model_name, spec.trial_uid)
        if candidate is None:
            package = _packaged(desk, spec, result, observer=observer)
            if package.reason:
                observer.notice(f"the best model could not be packaged: {package.reason}")
                return BestModel(kept=f"packaging failed: {package.reason}")
            candidate = _candidate(desk, spec, package)
        stop.heed()
        observer.phase("registering and judging the best model")
        found = _promoted(desk, candidate, spec, result)
    except SweepError as error:
        observer.notice(f"the best model is kept in {desk.paths.package}, but is not in Production: {error}")
        return BestModel(kept=str(error))
    for note in found.decision.notes if found.decision else ():
        observer.notice(note)
    kept = "" if found.champion.promoted else found.why or "--no-promote was given"
    return BestModel(champion=found.champion, kept=kept, decision=found.decision)


def _candidate(desk: Desk, spec: TrialSpec, package: PackageResult) -> promotion.Candidate:
    return promotion.Candidate(
        model=desk.model_name,
        package=package,
        spec=spec,
        run_id=desk.scribe.wait_for_run(spec.trial_uid, DELIVERY_S),
    )


def _promoted(
    desk: Desk, candidate: promotion.Candidate, spec: TrialSpec, result: TrialResult
) -> promotion.Promotion:
    return promotion.promote_best(
        desk.registry,
        candidate,
        promotion.Question(
            spec=spec,
            by=who(),
            sweep=desk.plan.name,
            checkpoint=str(result.checkpoint or ""),
            limits=limits_of(desk.config),
        ),
        judge=partial(judge_alone, log=desk.paths.logs / "gate.log"),
        promote=desk.config.promote,
    )


def _packaged(desk: Desk, spec: TrialSpec, result: TrialResult, *, observer: Observer) -> PackageResult:
    observer.phase("packaging the best model")
    package = desk.errands.package(
        PackageRequest(
            trial_uid=spec.trial_uid,
            spec=spec,
            checkpoint=str(best_weights(desk, spec, result)),
            folder=str(desk.paths.package),
        )
    )
    if not package.reason:
        _log_picture(desk, spec, package)
        _compare(desk, result, package, observer=observer)
        scores = {f"registered_{name}": value for name, value in package.metrics.items()}
        desk.scribe.measured(spec.trial_uid, scores)
    return package


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
