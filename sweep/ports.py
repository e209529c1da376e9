"""The three doors of the orchestrator. Each has two implementations or more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sweep.records import (
    EpochReport,
    Event,
    Job,
    SweepRecord,
    TrialResult,
    TrialSpec,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Room for one job.

    Args:
        n_threads: CPU threads it may use.
        device: "cpu", "cuda" or "cuda:0".
        worker: number of the worker, from 0.
    """

    n_threads: int
    device: str
    worker: int = 0


class Executor(Protocol):
    """A place where jobs run: one training at a time per free worker."""

    def offer(self) -> Offer | None:
        """Say where the next job may run, None if nothing is free."""

    def submit(self, job: Job) -> bool:
        """Start a job; False if there is no room after all."""

    def pump(self, handle: Callable[[Event], Verdict | None], timeout_s: float) -> None:
        """Pass on what workers say, for at most `timeout_s` if nothing comes.

        Every EpochReport must be answered by a Verdict. A worker that dies becomes a TrialResult
        (or PackageResult) with its reason.
        """

    def cancel(self, trial_uid: str, *, grace_s: float, reason: str) -> None:
        """End a job: a STOP verdict at its next report, its worker killed after `grace_s`."""

    def close(self) -> None:
        """End all workers and wait for them."""


class Searcher(Protocol):
    """Knows what to try next and what is best."""

    def ask(self, slot: int, *, same: TrialSpec | None = None) -> TrialSpec | None:
        """Make the spec for a slot (`same`: a retry of that one); None if the space is exhausted."""

    def report(self, report: EpochReport) -> bool:
        """Take in an epoch; True if the trial should be pruned."""

    def tell(self, result: TrialResult) -> None:
        """Take in how a trial ended."""

    def settle(self) -> None:
        """Write what can be written without waiting for anybody; called once a turn."""

    def close(self) -> None:
        """Write what is still in memory."""


class Tracker(Protocol):
    """Mirrors the sweep into MLflow, by trial_uid, without ever making the caller wait."""

    def sweep_started(self, record: SweepRecord) -> None:
        """Open the parent run."""

    def started(self, spec: TrialSpec) -> None:
        """Open a child run."""

    def progress(self, report: EpochReport) -> None:
        """Log an epoch's metrics, step = epoch."""

    def measured(self, trial_uid: str, metrics: Mapping[str, float]) -> None:
        """Log metrics of a trial that belong to no epoch."""

    def finished(self, result: TrialResult) -> None:
        """Close a child run with its state, reason and figures."""

    def sweep_progress(self, metrics: Mapping[str, float]) -> None:
        """Best-so-far metrics and counts on the parent run."""

    def artifact(self, trial_uid: str | None, file: Path, folder: str) -> None:
        """Log a file on a child run, or on the parent if `trial_uid` is None."""

    def sweep_finished(self, *, status: str, why: str, tags: Mapping[str, str]) -> None:
        """Close the parent run: status FINISHED, KILLED or FAILED, and why the sweep stopped."""

    def run_id(self, trial_uid: str) -> str | None:
        """MLflow's id of a child run, None while it is not known yet. Never blocks."""

    def close(self, timeout_s: float) -> bool:
        """Write what is still spooled; False if some of it could not be delivered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """A registered and perhaps promoted model.

    Args:
        name: of the registered model.
        version: its version.
        run_id: the child run it came from.
        promoted: whether it is in Production now.
        replaced: version that was in Production before, None if none.
        value: of the objective, None if the version does not say.
        replaced_value: of the version that was in Production before, None unless it was judged by the same
            metric on the same data.
    """

    name: str
    version: str
    run_id: str
    promoted: bool
    replaced: str | None = None
    value: float | None = None
    replaced_value: float | None = None


class Observer(Protocol):
    """Looks on: a live view, plain lines, a test. Must not raise."""

    def notice(self, text: str) -> None:
        """Something the user should read."""

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:
        """What is being done before and after the trials."""

    def sweep_started(self, record: SweepRecord) -> None:
        """The first trial is about to start."""

    def sweep_resumed(self, closed: "Results", n_again: int) -> None:
        """A sweep goes on: the last attempts of its closed slots, and how many trials run again."""

    def trial_started(self, spec: TrialSpec) -> None:
        """A trial starts."""

    def ending(self, text: str) -> None:
        """No further trial will start; the text says what happens to those that run."""

    def epoch(self, report: EpochReport) -> None:
        """A trial ended an epoch."""

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:
        """A trial ended."""


Results = Sequence[tuple[TrialSpec, TrialResult]]
