"""Runs jobs in warm worker processes on this machine, each pinned to its share of threads.

A worker that dies becomes a failed result with its reason and is replaced; one that met an
out-of-memory or a device error is replaced as well, since its device's state cannot be trusted.
"""

import time
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path

from sweep.evaluation import Evaluation
from sweep.executors.oom_killer import VMSTAT
from sweep.executors.worker_process import WorkerProcess
from sweep.ports import Offer
from sweep.records import (
    EpochReport,
    Event,
    Job,
    PackageResult,
    TrialResult,
    Verdict,
)

POISONED = ("out_of_memory", "device_error")
LET_GO_S = 5.0
DYING_S = 2.0


class LocalExecutor:
    """Worker processes of one machine.

    Args:
        offers: one a worker: its threads and device.
        logs: folder for what workers print.
        trainer: what workers import before the first job.
        clock: seconds, monotonic.
        vmstat: where the system counts what its OOM killer ends.

    Raises:
        WorkerError: the system has no room for a process.
    """

    def __init__(
        self,
        *,
        offers: tuple[Offer, ...],
        logs: Path,
        trainer: str,
        clock: Callable[[], float] = time.monotonic,
        vmstat: Path = VMSTAT,
    ) -> None:
        self._vmstat = vmstat
        self._logs = logs
        self._trainer = trainer
        self._clock = clock
        self._workers = [self._hired(index, offer) for index, offer in enumerate(offers)]

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers, for `status` and for tests that end one."""
        return tuple(worker.pid for worker in self._workers)

    def offer(self) -> Offer | None:
        """Say where the next job may run.

        Returns:
            The share of a free worker, None if all are busy.
        """
        worker = self._free()
        return worker.offer if worker else None

    def submit(self, job: Job) -> bool:
        """Give a job to a free worker.

        Args:
            job: what to run.

        Returns:
            False if all workers are busy.
        """
        worker = self._free()
        if worker is None:
            return False
        worker.job = job
        worker.send(job)  # if it died meanwhile, the next pump finds the pipe closed and says so
        return True

    def pump(self, handle: Callable[[Event], Verdict | None], timeout_s: float) -> None:
        """Pass on what workers say.

        Args:
            handle: takes in events; answers every EpochReport with a Verdict.
            timeout_s: how long to wait if nothing comes.
        """
        for index, worker in enumerate(self._workers):
            if worker.kill_at is not None and self._clock() >= worker.kill_at:
                worker.kill()
                self._replace(index, handle)
        ready = wait([worker.connection for worker in self._workers], timeout_s)
        for index, worker in enumerate(self._workers):
            if worker.connection in ready:
                self._listen(index, worker, handle)

    def cancel(self, trial_uid: str, *, grace_s: float, reason: str) -> None:
        """Kill the worker of a trial unless the trial ends by itself in time.

        Args:
            trial_uid: which trial.
            grace_s: how long it may take to hear STOP and to end.
            reason: why, for its result.
        """
        for worker in self._workers:
            if worker.job is not None and worker.job.trial_uid == trial_uid:
                kill_at = self._clock() + grace_s
                worker.kill_at = min(kill_at, worker.kill_at or kill_at)
                worker.kill_reason = reason

    def close(self) -> None:
        """End all workers and wait for them; one in the middle of a job is killed."""
        for worker in self._workers:
            if worker.job is not None:
                worker.kill()
            worker.hang_up()  # all first: torch takes a second or more to leave a process
        for worker in self._workers:
            worker.let_go(LET_GO_S)
        self._workers = []

    def _listen(self, index: int, worker: WorkerProcess, handle: Callable[[Event], Verdict | None]) -> None:
        message = worker.receive()
        if isinstance(message, EpochReport):
            verdict = handle(message)
            if verdict is None:
                raise TypeError("an epoch report must be answered by a verdict")
            worker.send(verdict)
        elif isinstance(message, TrialResult | PackageResult | Evaluation):
            worker.job, worker.kill_at, worker.kill_reason = None, None, ""
            handle(message)
            if message.reason.startswith(POISONED):
                worker.kill()
                self._replace(index, handle)
        else:  # the pipe is closed: give the process a moment to end by itself, its exit code says why
            worker.let_go(DYING_S)
            self._replace(index, handle)

    def _replace(self, index: int, handle: Callable[[Event], Verdict | None]) -> None:
        dead = self._workers[index]
        result = dead.obituary()
        try:
            self._workers[index] = self._hired(index, dead.offer)
        finally:  # the end of its trial is news also where nobody can be hired
            if result is not None:
                handle(result)

    def _free(self) -> WorkerProcess | None:
        return next((worker for worker in self._workers if worker.job is None), None)

    def _hired(self, index: int, offer: Offer) -> WorkerProcess:
        log = self._logs / f"worker-{index}.log"
        return WorkerProcess(offer=offer, log=log, trainer=self._trainer, vmstat=self._vmstat)
