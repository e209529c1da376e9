"""What has been seen of a sweep so far, without any drawing."""

import json
import time
from dataclasses import dataclass, field

from sweep.ports import Results
from sweep.records import EpochReport, Status, SweepRecord, TrialResult, TrialSpec


@dataclass(slots=True)
class _Row:
    spec: TrialSpec
    since: float
    epoch: int = 0
    value: float | None = None


@dataclass(slots=True)
class SweepView:
    """What has been seen so far, without any drawing.

    Args:
        record: of the sweep, None before it starts.
        rows: running trials by trial_uid.
        counts: ended trials by status.
        best: the best complete trial.
        closed_slots: slots that will not be tried again.
        n_earlier: how many of them an earlier process closed.
        since: when the first trial started, monotonic seconds.
        is_ending: whether no further trial will start.
        crashes: dead workers by slot.
        max_retries: attempts after the first at a slot whose worker dies.
    """

    record: SweepRecord | None = None
    rows: dict[str, _Row] = field(default_factory=dict)
    counts: dict[Status, int] = field(default_factory=dict)
    best: tuple[TrialSpec, TrialResult] | None = None
    closed_slots: set[int] = field(default_factory=set)
    n_earlier: int = 0
    since: float = 0.0
    is_ending: bool = False
    crashes: dict[int, int] = field(default_factory=dict)
    max_retries: int = 0

    def started(self, record: SweepRecord) -> None:
        """Begin."""
        self.record, self.since = record, time.monotonic()
        self.max_retries = int(json.loads(record.config or "{}").get("max_retries", 0))

    def resumed(self, closed: Results) -> None:
        """Take in what an earlier process has done."""
        for spec, result in closed:
            self.trial_finished(spec, result)
        self.n_earlier = len(self.closed_slots)

    def trial_started(self, spec: TrialSpec) -> None:
        """Add a row."""
        self.rows[spec.trial_uid] = _Row(spec, time.monotonic())

    def epoch(self, report: EpochReport) -> None:
        """Move a row on."""
        row = self.rows.get(report.trial_uid)
        if row is not None and self.record is not None:
            row.epoch, row.value = report.epoch, report.metrics.get(self.record.objective.metric)

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> bool:
        """Remove a row and count it.

        Returns:
            Whether it is the best so far.
        """
        self.rows.pop(spec.trial_uid, None)
        self.counts[result.status] = self.counts.get(result.status, 0) + 1
        if not self._runs_again(spec, result):
            self.closed_slots.add(spec.slot)
        if self.record is None or result.status is not Status.COMPLETE or result.value is None:
            return False
        standing = self.best[1].value if self.best else None
        if not self.record.objective.better(result.value, standing):
            return False
        self.best = (spec, result)
        return True

    def _runs_again(self, spec: TrialSpec, result: TrialResult) -> bool:
        """Whether its slot is still open: it was stopped, or its worker died for the first times."""
        if result.status in {Status.STOPPED, Status.PAUSED}:
            return True
        if result.status is not Status.FAILED or not result.retryable:
            return False
        self.crashes[spec.slot] = self.crashes.get(spec.slot, 0) + 1
        return self.crashes[spec.slot] <= self.max_retries

    def eta_s(self) -> float | None:
        """Seconds until all slots are closed, at this pace; None before a trial ended and at the end."""
        done = len(self.closed_slots) - self.n_earlier
        if not done or self.record is None or self.is_ending:
            return None
        left = self.record.total_slots - len(self.closed_slots)
        return (time.monotonic() - self.since) / done * max(left, 0)
