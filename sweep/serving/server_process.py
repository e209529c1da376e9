"""One server as its starter sees it: where it answers, what it printed last, a way to end it."""

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.error import URLError

from sweep.errors import UnavailableError
from sweep.redaction import redacted

ANSWER_S = 2.0
TAIL_BYTES = 4000
TAIL_LINES = 8
GRACE_S = 8.0  # more than the minder gives the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that can be started.

    Args:
        key: short name, e.g. "mlflow".
        title: what it is, for people.
        address: where its page is.
        health: address that answers as soon as the server does.
        command: starts it; holds no password, since everybody on the machine may read it.
        environ: its environment.
    """

    key: str
    title: str
    address: str
    health: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)


class ServerProcess:
    """A server that was started.

    Args:
        server: to start.

    Raises:
        UnavailableError: no process can be started.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  without a name, so that nothing is left of it
        minder = (sys.executable, "-P", "-m", "sweep.serving.minder")
        try:
            self._process = subprocess.Popen(
                [*minder, *server.command],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=dict(server.environ),
                start_new_session=True,  # a Ctrl-C in the terminal reaches the starter alone
            )
        except OSError as error:
            self._log.close()
            raise UnavailableError(f"{server.title} cannot be started: {error}") from error

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it answers now."""
        # A proxy of the environment is asked for no address of this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.server.health, timeout=ANSWER_S):
                return True
        except (URLError, OSError):
            return False

    @property
    def last_words(self) -> str:
        """The last lines it printed, without passwords; says so if there are none."""
        size = os.fstat(self._log.fileno()).st_size
        kept = os.pread(self._log.fileno(), TAIL_BYTES, max(0, size - TAIL_BYTES))
        lines = kept.decode(errors="replace").split("\n")
        shown = [line.rstrip() for line in lines if line.strip()][-TAIL_LINES:]
        return redacted("\n".join(shown)) or "it printed nothing"

    def ask_to_end(self) -> None:
        """Ask it to end; do not wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self) -> None:
        """Wait until it has ended, with everything it started; end it by force if it takes long."""
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        # Whoever is left of its group; a group that has members keeps its number.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
