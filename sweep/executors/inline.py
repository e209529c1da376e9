"""Runs jobs in this process, one at a time: a debugger works, and nothing is hidden in another process."""

import signal
from collections.abc import Callable

from sweep.evaluation import Evaluation
from sweep.ports import Offer
from sweep.records import (
    EpochReport,
    Event,
    Job,
    PackageResult,
    Status,
    TrialResult,
    TrialSpec,
    Verdict,
)

Result = TrialResult | PackageResult | Evaluation
RunJob = Callable[[Job, Callable[[EpochReport], Verdict]], Result]


class InlineExecutor:
    """An executor whose only worker is the caller.

    Args:
        run_job: trains, packages or evaluates; turns every failure into a result.
        n_threads: CPU threads a job may use.
        device: where jobs run.
        let_interrupt: told whether a signal may interrupt this process: while it trains, but not while an
            event is handled.
    """

    def __init__(
        self,
        *,
        run_job: RunJob,
        n_threads: int,
        device: str,
        let_interrupt: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._run_job = run_job
        self._let_interrupt = let_interrupt
        self._offer = Offer(n_threads=n_threads, device=device)
        self._job: Job | None = None

    def offer(self) -> Offer | None:
        """Say whether a job may be submitted.

        Returns:
            The one place there is, None while a job waits in it.
        """
        return None if self._job else self._offer

    def submit(self, job: Job) -> bool:
        """Keep a job for the next `pump`.

        Args:
            job: what to run.

        Returns:
            False if one is waiting already.
        """
        if self._job:
            return False
        self._job = job
        return True

    def pump(self, handle: Callable[[Event], Verdict | None], timeout_s: float) -> None:  # noqa: ARG002
        """Run the waiting job to its end; every report is answered at once.

        Args:
            handle: takes in events.
            timeout_s: not needed: nothing is waited for.

        Raises:
            TypeError: a report was not answered by a verdict.
            KeyboardInterrupt: in the middle of packaging or evaluating.
        """
        job, self._job = self._job, None
        if job is not None:
            handle(self._result(job, handle))

    def cancel(self, trial_uid: str, *, grace_s: float, reason: str) -> None:
        """Nothing to do: a running job hears STOP as the answer to its next report."""

    def close(self) -> None:
        """Nothing to do: there is no other process."""

    def _result(self, job: Job, handle: Callable[[Event], Verdict | None]) -> Result:
        def asked(report: EpochReport) -> Verdict:
            self._let_interrupt(False)
            try:
                return _answered(handle(report))
            finally:
                self._let_interrupt(True)

        try:
            self._let_interrupt(True)
            return self._run_job(job, asked)
        except KeyboardInterrupt as interrupt:
            # Without a number it is Python's own: nobody asked the sweep to end, so it is not for us.
            if not isinstance(job, TrialSpec) or not interrupt.args:
                raise
            return _stopped(job, signal.Signals(interrupt.args[0]))
        finally:
            self._let_interrupt(False)


def _stopped(spec: TrialSpec, number: signal.Signals) -> TrialResult:
    return TrialResult(
        trial_uid=spec.trial_uid,
        attempt=spec.attempt,
        status=Status.STOPPED,
        reason=f"interrupted by {number.name}",
    )


def _answered(verdict: Verdict | None) -> Verdict:
    if verdict is None:
        raise TypeError("an epoch report must be answered by a verdict")
    return verdict
