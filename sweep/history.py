"""What a sweep's own files say of the trials it has started: the state from which it is resumed."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from sweep.records import EpochReport, Status, SweepRecord, TrialResult, TrialSpec

CUT = "coordinator_killed"


@dataclass(slots=True)
class PastTrial:
    """A trial of an earlier process.

    Args:
        spec: what it did.
        best: the epoch with the best objective, None if no epoch has one.
        last: the latest epoch, None if none has ended.
        values: the objective by epoch. Of the other epochs nothing is kept: a sweep of 10,000 trials has
            half a million, and goes on with this in memory.
        result: how it ended, None if nobody wrote that down.
        began_ms: when it started, milliseconds since 1970; 0 if that is not known.
        ended_ms: when it ended, likewise.
    """

    spec: TrialSpec
    best: EpochReport | None = None
    last: EpochReport | None = None
    values: dict[int, float] = field(default_factory=dict)
    result: TrialResult | None = None
    began_ms: int = 0
    ended_ms: int = 0

    def take(self, report: EpochReport) -> None:
        """Book an epoch.

        Args:
            report: of this trial; the latest comes last.
        """
        self.last = report
        objective = self.spec.objectives[0]
        value = report.metrics.get(objective.metric)
        if value is None:
            return
        self.values[report.epoch] = value
        if self.best is None or objective.better(value, self.best.metrics[objective.metric]):
            self.best = report

    @property
    def ending(self) -> TrialResult:
        """How it ended; a trial without a result was cut, and may be tried again."""
        if self.result is not None:
            return self.result
        return self.with_progress(
            TrialResult(
                trial_uid=self.spec.trial_uid,
                attempt=self.spec.attempt,
                status=Status.FAILED,
                reason=f"{CUT}: the sweep's process ended in the middle of the trial",
                retryable=True,
            )
        )

    def with_progress(self, result: TrialResult) -> TrialResult:
        """Fill in what a process that died could not say: how far its trial came.

        Args:
            result: the trial's; of a living worker it knows every epoch that was reported.

        Returns:
            The result, with the epochs that were seen if it knows of fewer.
        """
        if self.last is None or result.epochs >= self.last.epoch:
            return result
        result = dataclasses.replace(result, epochs=self.last.epoch, train_time_s=self.last.wall_s)
        if self.best is None:
            return result
        return dataclasses.replace(
            result,
            value=self.best.metrics[self.spec.objectives[0].metric],
            metrics=self.best.metrics,
            best_epoch=self.best.epoch,
        )


@dataclass(slots=True)
class SweepHistory:
    """Everything a sweep's files say.

    Args:
        record: of its latest start, None if there was none.
        trials: by trial_uid, in the order of their starts.
        ended: trial_uids in the order of their ends.
        is_open: whether its latest process did not write down an end.
        began_ms: when it was started first, milliseconds since 1970.
        last_ms: when anything happened last.
        status: how its latest process ended: FINISHED, KILLED or FAILED; empty while it is open.
        why: the same in words.
        notes: tags that its end has, e.g. `sweep.model`.
    """

    record: SweepRecord | None = None
    trials: dict[str, PastTrial] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    is_open: bool = False
    began_ms: int = 0
    last_ms: int = 0
    status: str = ""
    why: str = ""
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def cut(self) -> Sequence[PastTrial]:
        """Trials that nobody ended."""
        return [trial for trial in self.trials.values() if trial.result is None]

    def in_order_of_ends(self) -> Sequence[PastTrial]:
        """All trials; those that were cut come last.

        Returns:
            Them, as a sweep that was never interrupted would have booked them.
        """
        return [*(self.trials[uid] for uid in self.ended), *self.cut]


def named(trials: Sequence[PastTrial], word: str) -> PastTrial | None:
    """Find the trial that a user means.

    Args:
        trials: of a sweep.
        word: its run name as tables show it (`trial-007-r1`), or the number in it: `7` is the latest attempt
            at `trial-007`, whatever Optuna's number of it is.

    Returns:
        The trial, None if there is none.
    """
    word = word.strip()
    if word.isdecimal():
        attempts = [trial for trial in trials if trial.spec.slot == int(word)]
        return max(attempts, key=lambda trial: trial.spec.number, default=None)
    return next((trial for trial in trials if trial.spec.run_name == word), None)
