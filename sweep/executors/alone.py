"""A fresh process for one job after the trials: nothing of an earlier job is left in it."""

import time
from collections.abc import Callable
from pathlib import Path

from sweep.executors.machine import n_cores
from sweep.executors.messages import Message
from sweep.executors.worker_process import WorkerProcess
from sweep.judgement import Judgement, JudgeRequest
from sweep.ports import Offer
from sweep.records import PackageRequest, PackageResult

TIMEOUT_S = 1800.0
POLL_S = 0.5
DYING_S = 2.0


def judge_alone(request: JudgeRequest, *, log: Path, timeout_s: float = TIMEOUT_S) -> Judgement:
    """Have a fresh process judge a package.

    Args:
        request: what to judge.
        log: file that takes what the process prints.
        timeout_s: after which it is killed.

    Returns:
        What it found out, or why it could not.

    Raises:
        WorkerError: no process can be started.
    """
    found = _run(request, log=log, timeout_s=timeout_s)
    return (
        found if isinstance(found, Judgement) else Judgement(trial_uid=request.trial_uid, reason=str(found))
    )


def package_alone(request: PackageRequest, *, log: Path, timeout_s: float = TIMEOUT_S) -> PackageResult:
    """Have a fresh process package a checkpoint.

    Args:
        request: which checkpoint, and where to.
        log: file that takes what the process prints.
        timeout_s: after which it is killed.

    Returns:
        The package, or why there is none.

    Raises:
        WorkerError: no process can be started.
    """
    found = _run(request, log=log, timeout_s=timeout_s)
    if isinstance(found, PackageResult):
        return found
    return PackageResult(trial_uid=request.trial_uid, reason=str(found))


def _run(
    job: JudgeRequest | PackageRequest,
    *,
    log: Path,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Message | str:
    """The process's answer, or why there is none."""
    worker = WorkerProcess(offer=Offer(n_threads=n_cores(), device="cpu"), log=log, trainer="torch")
    try:
        worker.send(job)
        until = clock() + timeout_s
        while not worker.connection.poll(POLL_S):
            if clock() > until:
                worker.kill_reason = f"timeout: not done after {timeout_s:g} s"
                worker.kill()
                return worker.cause_of_death()
        answer = worker.receive()
        if answer is not None:
            return answer
        worker.let_go(DYING_S)
        return worker.cause_of_death()
    finally:
        worker.kill()
