"""The loop: offer -> ask -> submit; pump: report -> verdict, result -> tell. Nothing here is heavy.

The coordinator owns every terminal state: a worker only says how far it came.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sweep.history import PastTrial
from sweep.orchestrator.board import Board, Running, with_ending
from sweep.orchestrator.checkpoints import CheckpointKeeper, progress_of
from sweep.orchestrator.endings import Ending, announcement, ending, overdue
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Executor, Observer, Results, Searcher, Tracker
from sweep.records import (
    Action,
    EpochReport,
    Event,
    Status,
    SweepPlan,
    TrialResult,
    TrialSpec,
    Verdict,
)

PUMP_S = 0.2
GRACE_S = 10.0  # what a running trial gets to end its epoch after a stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a sweep ended.

    Args:
        plan: of the sweep.
        trials: every trial that was started, in the order of their ends.
        ending: why no further trial was started.
        kept: trials whose checkpoints are on disk, the best first.
    """

    plan: SweepPlan
    trials: Results
    ending: Ending
    kept: Results


class Orchestrator:
    """Runs all trials of a sweep.

    Args:
        plan: what all trials have in common.
        searcher: knows what to try and what to prune.
        executor: where trials run.
        tracker: mirrors everything.
        observer: looks on.
        stop: whether somebody asked to end.
        board: of a sweep that is resumed; None for a fresh one.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        *,
        plan: SweepPlan,
        searcher: Searcher,
        executor: Executor,
        tracker: Tracker,
        observer: Observer,
        stop: StopRequest,
        board: Board | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._searcher = searcher
        self._executor = executor
        self._tracker = tracker
        self._observer = observer
        self._stop = stop
        self._clock = clock
        self._board = board or Board(plan)
        self._keeper = CheckpointKeeper(objective=plan.objective, keep=plan.keep, root=Path(plan.folder))
        for spec, result in self._board.finished:
            self._keeper.take_in(spec, result)
        self._noted: set[str] = set()
        self._announced: set[str] = set()
        self._began = clock()

    def run(self) -> Outcome:
        """Run until every slot is closed or something ends the sweep earlier.

        Returns:
            Every trial and why it ended; no trial is left running.
        """
        self._began = self._clock()
        if self._board.n_earlier:
            self._observer.sweep_resumed(self._board.closed, len(self._board.retries))
        self._stop.is_read = True
        self._stop.on_heard = self._hear
        try:
            decided = self._until_ended()
        finally:
            self._stop.is_read = False
            self._stop.on_heard = None
        return Outcome(
            plan=self._plan,
            trials=tuple(self._board.finished),
            ending=decided,
            kept=self._keeper.kept,
        )

    def _until_ended(self) -> Ending:
        decided: Ending | None = None
        while True:
            self._stop.look()
            # An ending stays decided: results that still come in must not reopen the sweep.
            if decided is None or self._stop.signal_number is not None:
                decided = self._ending()
            if decided is None:
                self._start_trials()
            elif not self._board.running:
                return decided
            else:
                self._announce(decided)
                if decided.cancels:
                    self._cancel_running(Status.STOPPED, decided.why)
            self._cancel_overdue()
            self._executor.pump(self._handle, PUMP_S)
            self._searcher.settle()

    def _hear(self) -> None:
        decided = self._ending()
        if decided is not None:
            self._announce(decided)

    def _announce(self, decided: Ending) -> None:
        """Say once what happens to the running trials; a signal is news even after another ending."""
        kind = "ending" if self._stop.signal_number is None else "signal"
        if kind not in self._announced:
            self._announced.add(kind)
            self._observer.ending(announcement(decided, self._stop))

    def _ending(self) -> Ending | None:
        return ending(self._board, stop=self._stop, elapsed_s=self._clock() - self._began)

    def settle(self) -> None:
        """Have the searcher write down what it can, as the loop does; for those who read the study then."""
        self._searcher.settle()

    def _start_trials(self) -> None:
        while self._board.has_open_slots and (offer := self._executor.offer()) is not None:
            asked = self._ask()
            if asked is None:
                return
            spec = dataclasses.replace(
                asked, n_threads=offer.n_threads, device=offer.device, worker=offer.worker
            )
            now = self._clock()
            self._board.running[spec.trial_uid] = Running(PastTrial(spec), now, now)
            self._tracker.started(spec)
            self._observer.trial_started(spec)
            self._executor.submit(spec)

    def _ask(self) -> TrialSpec | None:
        if self._board.retries:
            crashed = self._board.retries.popleft()
            asked = self._searcher.ask(crashed.slot, same=crashed)
            return asked and dataclasses.replace(asked, resume_from=progress_of(crashed))
        spec = self._searcher.ask(self._board.next_slot)
        if spec is None:
            self._board.exhausted = True
        else:
            self._board.next_slot += 1
        return spec

    def _handle(self, event: Event) -> Verdict | None:
        if isinstance(event, EpochReport):
            return self._judge(event)
        if isinstance(event, TrialResult) and event.trial_uid in self._board.running:
            self._finish(event)
        return None

    def _judge(self, report: EpochReport) -> Verdict:
        action = self._action(report)
        return Verdict(
            trial_uid=report.trial_uid,
            attempt=report.attempt,
            action=action,
            run_until_epoch=report.epoch + 1,
        )

    def _action(self, report: EpochReport) -> Action:
        running = self._board.running.get(report.trial_uid)
        if running is None:
            return Action.STOP  # its slot was closed without it
        metric = self._plan.objective.metric
        if not math.isfinite(report.metrics.get(metric, math.nan)):
            running.cancelled = (
                Status.FAILED,
                f"nan_metric: {metric} is not a number after epoch {report.epoch}",
            )
            return Action.STOP
        self._note(running, report)
        prune = self._searcher.report(report)
        self._tracker.progress(report)
        self._observer.epoch(report)
        if report.epoch >= running.spec.until_epoch:
            return Action.CONTINUE  # it is trained to its end: nothing would be saved by cutting it
        # Asked here too: the inline executor trains a whole trial within one turn of the loop.
        self._stop.look()
        self._cancel_overdue()
        decided = self._ending()
        if decided is not None and decided.cancels and running.cancelled is None:
            self._announce(decided)
            running.cancelled = (Status.STOPPED, decided.why)
        if running.cancelled is not None:
            return Action.STOP
        return Action.PRUNE if prune else Action.CONTINUE

    def _finish(self, said: TrialResult) -> None:
        running = self._board.running.pop(said.trial_uid)
        result = _sound(with_ending(running.past.with_progress(said), running.cancelled))
        self._board.take_in(running.spec, result)
        if result.value is not None and math.isfinite(result.value):
            # By what the sweep ranks: MLflow itself shows the last epoch of a metric.
            self._tracker.measured(result.trial_uid, {f"best_{self._plan.objective.metric}": result.value})
        # The sweep's own file first: what it holds, a resume completes elsewhere.
        self._tracker.finished(result)
        self._searcher.tell(result)
        self._keeper.take_in(running.spec, result)
        self._tracker.sweep_progress(self._so_far())
        self._observer.trial_finished(running.spec, result)
        self._warn_once(result)

    def _warn_once(self, result: TrialResult) -> None:
        """Fifty trials that cannot fetch the same weights are one piece of news."""
        for note in result.notes:
            if note not in self._noted:
                self._noted.add(note)
                self._observer.notice(note)

    def _so_far(self) -> dict[str, float]:
        counts = {f"trials_{status.value}": 0.0 for status in (Status.COMPLETE, Status.PRUNED, Status.FAILED)}
        for _, result in self._board.finished:
            name = f"trials_{result.status.value}"
            counts[name] = counts.get(name, 0.0) + 1.0
        best = self._board.best
        return counts | ({f"best_{name}": value for name, value in best[1].metrics.items()} if best else {})

    def _cancel_running(self, status: Status, why: str) -> None:
        for uid, running in self._board.running.items():
            if running.cancelled is None:
                running.cancelled = (status, why)
            self._executor.cancel(uid, grace_s=0.0 if self._stop.urgent else GRACE_S, reason=why)

    def _note(self, running: Running, report: EpochReport) -> None:
        now = self._clock()
        if running.past.last is not None:
            self._board.slowest_epoch_s = max(self._board.slowest_epoch_s, now - running.heard)
        running.heard = now
        running.past.take(report)

    def _cancel_overdue(self) -> None:
        now = self._clock()
        for uid, running in self._board.running.items():
            reason = overdue(self._board, running, now) if running.cancelled is None else None
            if reason is not None:
                running.cancelled = (Status.FAILED, reason)
                self._executor.cancel(uid, grace_s=GRACE_S, reason=reason)


def _sound(result: TrialResult) -> TrialResult:
    if result.status is not Status.COMPLETE or (result.value is not None and math.isfinite(result.value)):
        return result
    return dataclasses.replace(
        result, status=Status.FAILED, value=None, reason="nan_metric: the objective is not a finite number"
    )
