"""Runs a server for as long as whoever started it lives: `python -m sweep.serving.minder COMMAND...`.

Its standard input is a pipe to which nothing is written. When the other end is closed, also by SIGKILL, the
server and everything it started are ended. A terminal's signals are for the starter.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys

POLL_S = 0.1
GRACE_S = 5.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(command: list[str]) -> int:
    """Run a server until it or the pipe ends.

    Args:
        command: starts the server; this process leads a group of its own, which the server joins.

    Returns:
        The server's exit code; if the pipe ended, this process ends with its group.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_prepare)  # noqa: PLW1509  no threads
    while server.poll() is None:
        if _is_over():
            _end(server)
    if _is_over():
        os.killpg(0, signal.SIGKILL)
    return server.returncode


def _is_over() -> bool:
    return bool(select.select([0], [], [], POLL_S)[0])


def _end(server: "subprocess.Popen[bytes]") -> None:
    os.killpg(0, signal.SIGTERM)
    try:
        server.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()


def _prepare() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":  # if this process is killed, its server is not left alone
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
