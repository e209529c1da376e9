"""A real `mlflow server` on loopback that a test can kill and start again on the same database."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil

START_S = 120  # imports of a whole server on a busy machine


class MlflowServer:
    """One server, its database and artifacts in a folder.

    Args:
        root: the folder; its `mlflow.db` may be there already.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def start(self) -> None:
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        words += ["--allowed-hosts", f"127.0.0.1:{self.port}"]
        words += ["--backend-store-uri", f"sqlite:///{self.root / 'mlflow.db'}"]
        words += ["--artifacts-destination", str(self.root / "artifacts")]
        hidden = ("MLFLOW_", "PYTHONDONTWRITEBYTECODE")
        env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *words],
            env=env | {"DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # it starts a child of its own: both are killed together
        )
        is_up = threading.Event()
        threading.Thread(target=self._listen, args=(is_up,), daemon=True).start()
        if not is_up.wait(START_S):
            self.kill()
            raise TimeoutError("mlflow server did not start")

    def _listen(self, is_up: threading.Event) -> None:
        if self._process is not None and self._process.stderr is not None:
            for line in self._process.stderr:
                if "Uvicorn running" in line:
                    is_up.set()

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
