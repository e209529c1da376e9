"""One worker process as the coordinator sees it: a pipe, a log file, a way to end it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from sweep.errors import WorkerError
from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.executors.messages import Message, parse_message
from sweep.executors.oom_killer import VMSTAT, OomKiller
from sweep.judgement import JudgeRequest
from sweep.ports import Offer
from sweep.records import Job, PackageRequest, PackageResult, Status, TrialResult, Verdict

# A worker logs nothing to MLflow and opens no storage; what the user's shell says about those must not
# reach it (MLFLOW_RUN_ID would even make a library reuse that run), nor may a password.
SCRUBBED = ("MLFLOW_", "OPTUNA_", "SWEEP_", "PGPASSWORD", "DATABASE_URL", "AWS_", "DATABRICKS_")
TAIL_CHARS = 300
OUT_OF_MEMORY = "out_of_memory"
# What native code does with a damaged file or an id outside its range.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


class WorkerProcess:
    """A process that runs one job at a time.

    Args:
        offer: its share of threads and its device.
        log: file that takes what it prints.
        trainer: what it imports before the first job.
        vmstat: where the system counts what its OOM killer ends.
    """

    def __init__(self, *, offer: Offer, log: Path, trainer: str, vmstat: Path = VMSTAT) -> None:
        self.offer = offer
        self.job: Job | None = None
        self.kill_at: float | None = None
        self.kill_reason = ""
        self._is_ended_here = False
        self._log = log
        self._oom_killer = OomKiller(vmstat)
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            self.connection, theirs = Pipe(duplex=True)
        except OSError as error:
            raise _no_worker(error) from error
        command = [
            sys.executable,
            "-P",  # a file of the user's called sweep.py must not stand in for this package
            "-m",
            "sweep.executors.worker_main",
            str(theirs.fileno()),
            str(os.getpid()),
            trainer,
        ]
        try:
            with log.open("ab") as out:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=worker_environment(os.environ, offer.n_threads),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # a Ctrl-C in the terminal reaches the coordinator alone
                )
        except OSError as error:
            _close(self.connection)
            raise _no_worker(error) from error
        finally:
            _close(theirs)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, message: Job | JudgeRequest | Verdict) -> bool:
        """Send a job or a verdict.

        Args:
            message: what to send.

        Returns:
            False if the worker is gone; reading from it will then end as well.
        """
        if not isinstance(message, Verdict):
            self._oom_killer.has_struck()  # what it ended before this job is no concern of it
        try:
            self.connection.send_bytes(message.to_json().encode())
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """Read one message.

        Returns:
            The message, or None if the worker is gone.
        """
        try:
            return parse_message(self.connection.recv_bytes())
        except (EOFError, OSError, ValueError):
            return None

    def kill(self) -> None:
        """End it at once and wait for its end."""
        self._is_ended_here = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        _close(self.connection)

    def hang_up(self) -> None:
        """Close the pipe, which ends an idle worker, and do not wait for its end."""
        _close(self.connection)

    def let_go(self, timeout_s: float) -> None:
        """Close the pipe, which ends an idle worker, and kill one that stays.

        Args:
            timeout_s: how long to wait.
        """
        self.hang_up()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def obituary(self) -> TrialResult | PackageResult | Evaluation | None:
        """The result of the job the worker died in.

        Returns:
            A failed result that says how it died, None if it had no job.
        """
        reason = self.cause_of_death()
        code = self._process.returncode
        job, self.job = self.job, None
        if job is None:
            return None
        if isinstance(job, PackageRequest):
            return PackageResult(trial_uid=job.trial_uid, reason=reason)
        if isinstance(job, EvaluateRequest):
            return Evaluation(trial_uid=job.trial_uid, reason=reason)
        return TrialResult(
            trial_uid=job.trial_uid,
            attempt=job.attempt,
            status=Status.FAILED,
            reason=reason,
            retryable=code < 0 and not self.kill_reason and self._may_differ(code, reason, job.attempt),
        )

    def cause_of_death(self) -> str:
        """Wait for its end and say how it died.

        Returns:
            `word: detail`.
        """
        code = self._process.wait()
        # A worker that dies by itself before its time is up did not take too long.
        return self.kill_reason if self.kill_reason and self._is_ended_here else self._cause(code)

    def _cause(self, code: int) -> str:
        if code >= 0:
            tail = self._log.read_text(encoding="utf-8", errors="replace").strip()[-TAIL_CHARS:]
            last = tail.splitlines()[-1] if tail else "it printed nothing"
            return f"worker_died({code}): {last}"
        if -code == signal.SIGKILL and self._oom_killer.has_struck():
            return f"{OUT_OF_MEMORY}: the system's OOM killer ended the worker process"
        hint = "; killed from outside" if -code == signal.SIGKILL else ""
        if -code in _CRASHES:
            hint = "; native code crashed, perhaps over a damaged image or a label outside the classes"
        return f"worker_killed({code}): the worker process ended by {signal.Signals(-code).name}{hint}"

    @staticmethod
    def _may_differ(code: int, reason: str, attempt: int) -> bool:
        """Whether to try again: once, where the same parameters would likely bring about the same."""
        return attempt == 0 or not (-code in _CRASHES or reason.startswith(OUT_OF_MEMORY))


def worker_environment(environ: Mapping[str, str], n_threads: int) -> dict[str, str]:
    """What a worker may know of the coordinator's environment.

    Args:
        environ: the coordinator's.
        n_threads: the worker's share.

    Returns:
        A copy without addresses and credentials, with thread pools limited to the share.
    """
    kept = {key: value for key, value in environ.items() if not key.startswith(SCRUBBED)}
    threads = str(n_threads)
    return kept | {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "NUMEXPR_NUM_THREADS": threads,
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def _close(connection: Connection) -> None:
    if not connection.closed:
        connection.close()


def _no_worker(error: OSError) -> WorkerError:
    return WorkerError(
        f"a worker process cannot be started: {error}; what has ended so far is kept. Give the program more "
        "room (ulimit -n for open files, ulimit -u for processes) or use fewer --workers, and go on"
    )
