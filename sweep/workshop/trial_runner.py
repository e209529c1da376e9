"""Runs one trial in a worker: trains, reports every epoch, obeys the verdicts, always ends with a result."""

import contextlib
import dataclasses
import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rccar_models.earlier import LAST, Earlier
from rccar_models.errors import NonFiniteLossError, UnknownNameError
from sweep.records import Action, EpochReport, Status, TrialResult, TrialSpec, Verdict
from sweep.workshop import stand_in, stand_in_progress
from sweep.workshop.failures import Failure, attempt

CHECKPOINT = "best.pt"

_FINAL = {Status.COMPLETE, Status.PRUNED}
_ENDINGS = {Action.PRUNE: Status.PRUNED, Action.STOP: Status.STOPPED, Action.PAUSE: Status.PAUSED}


def run(spec: TrialSpec, report: Callable[[EpochReport], Verdict]) -> TrialResult:
    """Run one trial.

    Args:
        spec: what to train.
        report: takes each epoch's metrics and answers with a verdict. Every epoch is reported, also those
            up to `run_until_epoch`, since its metrics are to be logged.

    Returns:
        How it ended: COMPLETE, PRUNED, STOPPED or PAUSED as the last verdict said, FAILED with a reason of
        `out_of_memory: ...`, `disk_full: ...`, `nan_loss: ...` or `exception: Type: message`. A trial that
        went on from an earlier attempt has the result of the whole: best epoch, metrics, epochs, time. What
        a later attempt could go on from stays in the folder unless the trial is COMPLETE or PRUNED.
    """
    progress = _Progress(spec=spec, report=report)
    trained = attempt(lambda: _train(spec, progress))
    if isinstance(trained, Failure):
        return progress.result(Status.FAILED, reason=trained.reason)
    if progress.ending in _FINAL:
        _clear(Path(spec.folder))
    return dataclasses.replace(
        progress.result(progress.ending),
        checkpoint=trained.checkpoint,
        n_parameters=trained.n_parameters,
        notes=trained.notes,
        weights=trained.weights,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trained:
    checkpoint: str | None = None
    n_parameters: int = 0
    notes: tuple[str, ...] = ()
    weights: str = ""


def _train(spec: TrialSpec, progress: "_Progress") -> _Trained:
    if spec.trainer == "stand_in":
        return _Trained(notes=stand_in.train(spec, progress.take, progress.go_on))
    if spec.trainer == "torch":
        return _train_with_torch(spec, progress)
    raise UnknownNameError(f"unknown trainer {spec.trainer!r}; known: stand_in, torch")


def _train_with_torch(spec: TrialSpec, progress: "_Progress") -> _Trained:
    from rccar_models.training import TrainRequest, train

    checkpoint = Path(spec.folder) / CHECKPOINT
    outcome = train(
        TrainRequest(
            task=spec.task,
            model=spec.model,
            params=spec.params,
            epochs=spec.until_epoch,
            data=Path(spec.data_ref),
            seed=spec.seed,
            device=spec.device,
            n_threads=spec.n_threads,
            weights=spec.weights,
            objective_metric=spec.objectives[0].metric,
            maximise=spec.objectives[0].maximise,
            checkpoint=checkpoint,
            resume_from=Path(spec.resume_from) if spec.resume_from else None,
        ),
        progress.take,
        progress.go_on,
    )
    return _Trained(
        checkpoint=str(checkpoint),
        n_parameters=outcome.n_parameters,
        notes=outcome.notes,
        weights=outcome.weights,
    )


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What a trial has reached so far: the same for a trial that ends well and one that fails."""

    spec: TrialSpec
    report: Callable[[EpochReport], Verdict]
    started_s: float = field(default_factory=time.perf_counter)
    ending: Status = Status.COMPLETE
    epochs: int = 0
    best_epoch: int = 0
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)

    def go_on(self, earlier: Earlier) -> None:
        """Count in what an earlier attempt has done."""
        self.epochs, self.best_epoch = earlier.epochs, earlier.best_epoch
        self.metrics = dict(earlier.metrics)
        self.value = self.metrics[self.spec.objectives[0].metric]
        self.started_s = time.perf_counter() - earlier.train_time_s

    def take(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Report an epoch and say whether to go on."""
        objective = self.spec.objectives[0]
        value = metrics[objective.metric]
        if not math.isfinite(value):
            raise NonFiniteLossError(f"{objective.metric} became {value} in epoch {epoch}")
        self.epochs = epoch
        if objective.better(value, self.value):
            self.best_epoch, self.value, self.metrics = epoch, value, dict(metrics)
        verdict = self.report(
            EpochReport(
                trial_uid=self.spec.trial_uid,
                attempt=self.spec.attempt,
                epoch=epoch,
                metrics=dict(metrics),
                wall_s=self._wall_s(),
                peak_bytes=_peak_bytes(),
            )
        )
        if verdict.action is Action.CONTINUE:
            return True
        self.ending = _ENDINGS[verdict.action]
        return False

    def result(
        self,
        status: Status,
        *,
        reason: str = "",
    ) -> TrialResult:
        """Sum up the trial."""
        return TrialResult(
            trial_uid=self.spec.trial_uid,
            status=status,
            attempt=self.spec.attempt,
            value=self.value,
            metrics=self.metrics,
            best_epoch=self.best_epoch,
            epochs=self.epochs,
            reason=reason,
            train_time_s=self._wall_s(),
        )

    def _wall_s(self) -> float:
        return time.perf_counter() - self.started_s


def _clear(folder: Path) -> None:
    """Remove what an unfinished trial goes on from: this one is not."""
    for name in (LAST, stand_in_progress.LAST):
        with contextlib.suppress(OSError):
            (folder / name).unlink()


def _peak_bytes() -> int:
    """Largest memory this process ever held; it serves many trials, so of the largest of them."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB (getrusage(2))
