"""The loop with the inline executor: no process, no database, every decision visible."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.executors.inline import InlineExecutor
from sweep.orchestrator.orchestrator import Orchestrator, Outcome
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Results
from sweep.records import (
    Action,
    EpochReport,
    Job,
    PackageResult,
    Status,
    SweepRecord,
    TrialResult,
    TrialSpec,
    Verdict,
)
from sweep.tracking.memory_tracker import MemoryTracker
from tests.making import MIOU, a_plan, a_result, a_spec

Report = Callable[[EpochReport], Verdict]


class Notebook:
    """An observer that writes down what it was told."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.finished: list[TrialResult] = []
        self.endings: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def phase(self, text: str, done: int = 0, total: int = 0) -> None: ...

    def sweep_started(self, record: SweepRecord) -> None: ...

    def sweep_resumed(self, closed: Results, n_again: int) -> None: ...

    def trial_started(self, spec: TrialSpec) -> None: ...

    def ending(self, text: str) -> None:
        self.endings.append(text)

    def epoch(self, report: EpochReport) -> None: ...

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:
        self.finished.append(result)


class ListSearcher:
    """Asks for slots in turn and prunes the uids it was told to prune."""

    def __init__(self, prune: frozenset[str] = frozenset(), folder: Path = Path("trials")) -> None:
        self.told: list[TrialResult] = []
        self.reported: list[EpochReport] = []
        self._prune = prune
        self._folder = folder

    def ask(self, slot: int, *, same: TrialSpec | None = None) -> TrialSpec | None:
        attempt = same.attempt + 1 if same else 0
        return a_spec(slot, attempt=attempt, folder=str(self._folder / f"{slot}-{attempt}"))

    def report(self, report: EpochReport) -> bool:
        self.reported.append(report)
        return report.trial_uid in self._prune

    def tell(self, result: TrialResult) -> None:
        self.told.append(result)

    def settle(self) -> None: ...

    def close(self) -> None: ...


def honest(spec: Job, report: Report) -> TrialResult | PackageResult:
    """A worker that reports four epochs and obeys."""
    assert isinstance(spec, TrialSpec)
    for epoch in range(1, 5):
        metrics = {MIOU.metric: 0.1 * epoch + 0.01 * spec.slot}
        action = report(EpochReport(trial_uid=spec.trial_uid, epoch=epoch, metrics=metrics)).action
        if action is Action.PRUNE:
            return a_result(spec, metrics[MIOU.metric], status=Status.PRUNED)
        if action is Action.STOP:
            return a_result(spec, None, status=Status.STOPPED)
    return a_result(spec, 0.4 + 0.01 * spec.slot)


class Sweep:
    """One orchestrator over fakes, and what they saw."""

    def __init__(
        self,
        run_job: Callable[[Job, Report], TrialResult | PackageResult] = honest,
        *,
        prune: frozenset[str] = frozenset(),
        **plan: object,
    ) -> None:
        self.stop = StopRequest()
        self.searcher = ListSearcher(prune)
        self.tracker = MemoryTracker()
        self.notebook = Notebook()
        self.orchestrator = Orchestrator(
            plan=a_plan(**plan),
            searcher=self.searcher,
            executor=InlineExecutor(run_job=run_job, n_threads=1, device="cpu"),
            tracker=self.tracker,
            observer=self.notebook,
            stop=self.stop,
        )

    def run(self) -> Outcome:
        return self.orchestrator.run()


def test_every_slot_runs_once_and_the_outcome_lists_them_in_order() -> None:
    outcome = Sweep(n_slots=3).run()
    assert [spec.slot for spec, _ in outcome.trials] == [0, 1, 2]
    assert outcome.ending.why == "all 3 trials ended"


def test_searcher_and_tracker_hear_every_epoch_and_every_end() -> None:
    sweep = Sweep(n_slots=2)
    sweep.run()
    assert [report.epoch for report in sweep.searcher.reported] == [1, 2, 3, 4] * 2
    assert [result.status for result in sweep.searcher.told] == [Status.COMPLETE] * 2


def test_pruned_trial_stops_at_that_epoch_and_closes_its_slot() -> None:
    sweep = Sweep(n_slots=2, prune=frozenset({"uid-1-0"}))
    outcome = sweep.run()
    assert [result.status for _, result in outcome.trials] == [Status.COMPLETE, Status.PRUNED]
    assert [report.epoch for report in sweep.searcher.reported] == [1, 2, 3, 4, 1]


def test_retryable_failure_runs_again_in_the_same_slot_up_to_the_limit() -> None:
    def dies(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        if spec.slot == 1:
            return a_result(spec, None, status=Status.FAILED, reason="worker_killed(-9)", retryable=True)
        return honest(spec, report)

    outcome = Sweep(dies, n_slots=3, max_retries=2).run()
    assert sorted((spec.slot, spec.attempt) for spec, _ in outcome.trials) == [
        (0, 0),
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 0),
    ]


def test_result_of_a_dead_worker_says_how_far_the_trial_came() -> None:
    def dies_in_epoch_4(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        for epoch, score in enumerate((0.1, 0.3, 0.2), start=1):
            report(
                EpochReport(
                    trial_uid=spec.trial_uid, epoch=epoch, metrics={MIOU.metric: score}, wall_s=epoch * 2.0
                )
            )
        return TrialResult(trial_uid=spec.trial_uid, status=Status.FAILED, reason="worker_killed(-9)")

    ((_, result),) = Sweep(dies_in_epoch_4, n_slots=1).run().trials
    assert (result.status, result.epochs, result.best_epoch) == (Status.FAILED, 3, 2)
    assert (result.value, result.metrics, result.train_time_s) == (0.3, {MIOU.metric: 0.3}, 6.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_objective_that_is_no_number_fails_the_trial_and_is_never_the_best(value: float | None) -> None:
    def broken(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        return a_result(spec, value) if spec.slot == 1 else honest(spec, report)

    outcome = Sweep(broken, n_slots=2).run()
    assert [result.status for _, result in outcome.trials] == [Status.COMPLETE, Status.FAILED]
    assert outcome.trials[1][1].reason.startswith("nan_metric")


def test_nan_in_a_report_stops_the_trial_and_fails_it() -> None:
    def nan_at_once(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        verdict = report(EpochReport(trial_uid=spec.trial_uid, epoch=1, metrics={MIOU.metric: float("nan")}))
        assert verdict.action is Action.STOP
        return a_result(spec, None, status=Status.STOPPED)

    sweep = Sweep(nan_at_once, n_slots=1)
    ((_, result),) = sweep.run().trials
    assert (result.status, sweep.searcher.reported) == (Status.FAILED, [])


def test_stop_request_stops_the_running_trial_and_starts_no_other() -> None:
    def interrupted(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        if spec.slot == 1:
            sweep.stop.ask(signal.SIGINT)
        return honest(spec, report)

    sweep = Sweep(interrupted, n_slots=5)
    outcome = sweep.run()
    assert [result.status for _, result in outcome.trials] == [Status.COMPLETE, Status.STOPPED]
    assert outcome.trials[1][1].reason == "interrupted by SIGINT"
    assert sweep.notebook.endings == ["stopping after the running epochs; press Ctrl-C again to end now"]


def test_sweep_whose_slots_are_all_closed_announces_no_ending() -> None:
    sweep = Sweep(n_slots=2)
    sweep.run()
    assert sweep.notebook.endings == []


def test_same_warning_of_many_trials_is_shown_once() -> None:
    def warns(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        return a_result(spec, notes=("weights could not be fetched",))

    sweep = Sweep(warns, n_slots=3)
    sweep.run()
    assert sweep.notebook.notices == ["weights could not be fetched"]


def test_best_so_far_and_counts_go_to_the_parent_run() -> None:
    sweep = Sweep(n_slots=2)
    sweep.run()
    last = sweep.tracker.sweep_metrics[-1]
    assert last["trials_complete"] == 2.0
    assert last[f"best_{MIOU.metric}"] == pytest.approx(0.41)


def test_value_the_sweep_ranks_by_goes_to_each_trial_that_has_one() -> None:
    def second_fails(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        if spec.slot == 1:
            return a_result(spec, None, status=Status.FAILED, reason="exception: it broke")
        return honest(spec, report)

    sweep = Sweep(second_fails, n_slots=3)
    sweep.run()
    best = f"best_{MIOU.metric}"
    assert sweep.tracker.measurements == [("uid-0-0", {best: 0.4}), ("uid-2-0", {best: pytest.approx(0.42)})]


def test_inline_trial_that_takes_too_long_is_stopped_at_its_next_epoch() -> None:
    sweep = Sweep(n_slots=1, trial_timeout_s=0.0)
    ((_, result),) = sweep.run().trials
    assert result.status is Status.FAILED
    assert result.reason.startswith("trial_timeout")


def test_time_budget_of_the_sweep_reaches_into_an_inline_trial() -> None:
    sweep = Sweep(n_slots=3, timeout_s=1e-9)
    outcome = sweep.run()
    assert len(outcome.trials) <= 1
    assert "time budget" in outcome.ending.why


def test_trial_that_ran_to_its_end_is_complete_even_if_stopped_in_its_last_epoch() -> None:
    def asked_late(spec: Job, report: Report) -> TrialResult | PackageResult:
        assert isinstance(spec, TrialSpec)
        sweep.stop.ask(signal.SIGINT)
        last = EpochReport(trial_uid=spec.trial_uid, epoch=spec.until_epoch, metrics={MIOU.metric: 0.5})
        assert report(last).action is Action.CONTINUE
        return a_result(spec, 0.5)

    sweep = Sweep(asked_late, n_slots=3)
    assert [result.status for _, result in sweep.run().trials] == [Status.COMPLETE]
