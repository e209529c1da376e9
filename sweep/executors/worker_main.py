"""A worker process: takes jobs from a pipe, runs them one after the other, answers with results.

Started as `python -m sweep.executors.worker_main FD`. It has no database address, no MLflow settings
and no terminal; what it prints goes to its log file. It ends when the pipe does.
"""

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from sweep.evaluation import EvaluateRequest
from sweep.executors.messages import parse_message
from sweep.judgement import JudgeRequest
from sweep.records import EpochReport, PackageRequest, TrialSpec, Verdict
from sweep.workshop.jobs import run_job, warm_up
from sweep.workshop.judging import judge

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(argv: list[str]) -> int:
    """Serve jobs until the coordinator closes the pipe.

    Args:
        argv: the pipe's file descriptor, the coordinator's process id, the trainer to import in advance.

    Returns:
        The exit code.
    """
    connection, coordinator, trainer = Connection(int(argv[0])), int(argv[1]), argv[2]
    _die_with(coordinator)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    warm_up(trainer)
    try:
        while True:
            _serve_one(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return 0


def _serve_one(connection: Connection) -> None:
    job = parse_message(connection.recv_bytes())
    if isinstance(job, JudgeRequest):
        connection.send_bytes(judge(job).to_json().encode())
    elif isinstance(job, TrialSpec | PackageRequest | EvaluateRequest):
        connection.send_bytes(run_job(job, lambda report: _asked(connection, report)).to_json().encode())
    # Anything else is a verdict that crossed with the trial's end.


def _asked(connection: Connection, report: EpochReport) -> Verdict:
    connection.send_bytes(report.to_json().encode())
    verdict = parse_message(connection.recv_bytes())
    if not isinstance(verdict, Verdict):
        raise TypeError(f"expected a verdict, got {type(verdict).__name__}")
    return verdict


def _die_with(coordinator: int) -> None:
    """End this process when the coordinator is gone, even in the middle of an epoch."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != coordinator:
        os._exit(1)
    # Other systems have no parent-death signal: look every two seconds.
    threading.Thread(target=_watch, args=(coordinator,), daemon=True).start()


def _watch(coordinator: int) -> None:
    while not threading.Event().wait(2.0):
        if os.getppid() != coordinator:
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
