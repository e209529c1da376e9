"""The state of a sweep in memory: which slots are open, what runs, how everything ended."""

import dataclasses
from collections import Counter, deque
from dataclasses import dataclass, field

from sweep.history import CUT, PastTrial
from sweep.records import Status, SweepPlan, TrialResult, TrialSpec


@dataclass(slots=True)
class Running:
    """A trial that a worker has.

    Args:
        past: what it does, and its epochs so far.
        since: when it started, seconds of the orchestrator's clock.
        heard: when it last said something.
        cancelled: status and reason it will get when it ends, None if nobody cancelled it.
    """

    past: PastTrial
    since: float
    heard: float
    cancelled: tuple[Status, str] | None = None

    @property
    def spec(self) -> TrialSpec:
        """What it does."""
        return self.past.spec


@dataclass(slots=True)
class Board:
    """Everything the loop knows.

    Args:
        plan: of the sweep.
        next_slot: the first slot nobody has asked for.
        exhausted: whether the space has no further point (a grid's end).
        retries: attempts that were cut and will be tried again.
        crashes: attempts of a slot that were cut by a crash, by slot.
        running: by trial_uid.
        finished: in the order of their ends.
        n_earlier: how many of them ended in an earlier process of a resumed sweep.
        failures_in_row: slots that failed for good since the last trial that did not fail.
        n_failed: slots that failed for good.
        since_better: trials that ended for good since the best one.
        slowest_epoch_s: the longest epoch so far.
        best: the best complete trial.
    """

    plan: SweepPlan
    next_slot: int = 0
    exhausted: bool = False
    retries: deque[TrialSpec] = field(default_factory=deque)
    crashes: Counter[int] = field(default_factory=Counter)
    running: dict[str, Running] = field(default_factory=dict)
    finished: list[tuple[TrialSpec, TrialResult]] = field(default_factory=list)
    n_earlier: int = 0
    failures_in_row: int = 0
    n_failed: int = 0
    since_better: int = 0
    slowest_epoch_s: float = 0.0
    best: tuple[TrialSpec, TrialResult] | None = None

    @property
    def has_open_slots(self) -> bool:
        """Whether there is something left to start."""
        return bool(self.retries) or (self.next_slot < self.plan.n_slots and not self.exhausted)

    @property
    def closed(self) -> list[tuple[TrialSpec, TrialResult]]:
        """The last attempts of slots that are not tried again."""
        last = {spec.slot: (spec, result) for spec, result in self.finished}
        again = {spec.slot for spec in self.retries}
        return [pair for slot, pair in sorted(last.items()) if slot not in again]

    def take_in(self, spec: TrialSpec, result: TrialResult) -> None:
        """Book a trial's end.

        Args:
            spec: the trial.
            result: its final result.
        """
        self.finished.append((spec, result))
        if result.status in {Status.STOPPED, Status.PAUSED}:
            return  # somebody ended it: that says nothing about the search
        if self.is_crash(result):
            # The end of this process is not the trial's fault, however often it happens.
            self.crashes[spec.slot] += not result.reason.startswith(CUT)
            if self.crashes[spec.slot] <= self.plan.max_retries:
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

    @staticmethod
    def is_crash(result: TrialResult) -> bool:
        """Say whether a trial was cut, so that the same parameters may succeed in a new process.

        Args:
            result: how it ended.

        Returns:
            False if it ended by itself.
        """
        return result.status is Status.FAILED and result.retryable

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
