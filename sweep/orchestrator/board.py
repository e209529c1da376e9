"""The state of a sweep in memory: which slots are open, what runs, how everything ended."""

import dataclasses
from collections import deque
from dataclasses import dataclass, field

from sweep.records import EpochReport, Status, SweepPlan, TrialResult, TrialSpec


@dataclass(slots=True)
class Running:
    """A trial that a worker has.

    Args:
        spec: what it does.
        since: when it started, seconds of the orchestrator's clock.
        cancelled: status and reason it will get when it ends, None if nobody cancelled it.
        best: its best epoch so far.
        last: its latest epoch.
    """

    spec: TrialSpec
    since: float
    cancelled: tuple[Status, str] | None = None
    best: EpochReport | None = None
    last: EpochReport | None = None

    def take_in(self, report: EpochReport) -> None:
        """Note an epoch.

        Args:
            report: with a finite objective.
        """
        objective, self.last = self.spec.objectives[0], report
        standing = self.best.metrics[objective.metric] if self.best else None
        if objective.better(report.metrics[objective.metric], standing):
            self.best = report

    def with_progress(self, result: TrialResult) -> TrialResult:
        """Fill in what a worker that died could not say: how far its trial came.

        Args:
            result: the trial's; of a living worker it knows every epoch that was reported.

        Returns:
            The result, with the epochs that were seen if it knows of fewer.
        """
        if self.last is None or self.best is None or result.epochs >= self.last.epoch:
            return result
        return dataclasses.replace(
            result,
            value=self.best.metrics[self.spec.objectives[0].metric],
            metrics=self.best.metrics,
            best_epoch=self.best.epoch,
            epochs=self.last.epoch,
            train_time_s=self.last.wall_s,
        )


@dataclass(slots=True)
class Board:
    """Everything the loop knows.

    Args:
        plan: of the sweep.
        next_slot: the first slot nobody has asked for.
        exhausted: whether the space has no further point (a grid's end).
        retries: crashed attempts that will be tried again.
        running: by trial_uid.
        finished: in the order of their ends.
        failures_in_row: slots that failed for good since the last trial that did not fail.
        n_failed: slots that failed for good.
        since_better: trials that ended for good since the best one.
        best: the best complete trial.
    """

    plan: SweepPlan
    next_slot: int = 0
    exhausted: bool = False
    retries: deque[TrialSpec] = field(default_factory=deque)
    running: dict[str, Running] = field(default_factory=dict)
    finished: list[tuple[TrialSpec, TrialResult]] = field(default_factory=list)
    failures_in_row: int = 0
    n_failed: int = 0
    since_better: int = 0
    best: tuple[TrialSpec, TrialResult] | None = None

    @property
    def has_open_slots(self) -> bool:
        """Whether there is something left to start."""
        return bool(self.retries) or (self.next_slot < self.plan.n_slots and not self.exhausted)

    def take_in(self, spec: TrialSpec, result: TrialResult) -> None:
        """Book a trial's end.

        Args:
            spec: the trial.
            result: its final result.
        """
        self.finished.append((spec, result))
        if result.status is Status.FAILED and result.retryable and spec.attempt < self.plan.max_retries:
            self.retries.append(spec)
            return  # its slot is still open: it says nothing about the search
        if result.status is Status.FAILED:
            self.failures_in_row += 1
            self.n_failed += 1
        elif result.status in {Status.COMPLETE, Status.PRUNED}:
            self.failures_in_row = 0
        if self._is_better(result):
            self.best, self.since_better = (spec, result), 0
        else:
            self.since_better += 1

    def _is_better(self, result: TrialResult) -> bool:
        if result.status is not Status.COMPLETE or result.value is None:
            return False
        standing = self.best[1].value if self.best else None
        return self.plan.objective.better(result.value, standing)


def with_ending(result: TrialResult, cancelled: tuple[Status, str] | None) -> TrialResult:
    """The result a cancelled trial gets in place of what its worker said.

    Args:
        result: what the worker said.
        cancelled: status and reason of the cancellation, None if nobody cancelled it.

    Returns:
        The result unchanged if nobody cancelled, or if the trial completed or was pruned before it heard.
    """
    if cancelled is None or result.status in {Status.COMPLETE, Status.PRUNED}:
        return result
    status, reason = cancelled
    return dataclasses.replace(result, status=status, reason=reason, retryable=False)
