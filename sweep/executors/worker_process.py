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
from sweep.executors.messages import Message, parse_message
from sweep.judgement import JudgeRequest
from sweep.ports import Offer
from sweep.records import Job, PackageRequest, PackageResult, Status, TrialResult, Verdict

# A worker logs nothing to MLflow and opens no storage; what the user's shell says about those must not
# reach it (MLFLOW_RUN_ID would even make a library reuse that run), nor may a password.
SCRUBBED = ("MLFLOW_", "OPTUNA_", "SWEEP_", "PGPASSWORD", "DATABASE_URL", "AWS_", "DATABRICKS_")
TAIL_CHARS = 300


class WorkerProcess:
    """A process that runs one job at a time.

    Args:
        offer: its share of threads and its device.
        log: file that takes what it prints.
        trainer: what it imports before the first job.
    """

    def __init__(self, *, offer: Offer, log: Path, trainer: str) -> None:
        self.offer = offer
        self.job: Job | None = None
        self.kill_at: float | None = None
        self.kill_reason = ""
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self.connection, theirs = Pipe(duplex=True)
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
            raise WorkerError(f"a worker process cannot be started: {error}") from error
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
        self._process.kill()
        self._process.wait()
        _close(self.connection)

    def let_go(self, timeout_s: float) -> None:
        """Close the pipe, which ends an idle worker, and kill one that stays.

        Args:
            timeout_s: how long to wait.
        """
        _close(self.connection)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def obituary(self) -> TrialResult | PackageResult | None:
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
        return TrialResult(
            trial_uid=job.trial_uid,
            attempt=job.attempt,
            status=Status.FAILED,
            reason=reason,
            retryable=code < 0 and not self.kill_reason,
        )

    def cause_of_death(self) -> str:
        """Wait for its end and say how it died.

        Returns:
            `word: detail`.
        """
        code = self._process.wait()
        return self.kill_reason or self._cause(code)

    def _cause(self, code: int) -> str:
        if code < 0:
            name = signal.Signals(-code).name
            hint = "; perhaps out of memory, or killed from outside" if -code == signal.SIGKILL else ""
            return f"worker_killed({code}): the worker process ended by {name}{hint}"
        tail = self._log.read_text(encoding="utf-8", errors="replace").strip()[-TAIL_CHARS:]
        last = tail.splitlines()[-1] if tail else "it printed nothing"
        return f"worker_died({code}): {last}"


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
