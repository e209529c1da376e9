"""What a command shows while it takes its time: a wheel on a terminal, nothing where a machine reads."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import clean_environment

SLOW = (
    "import sys, time; from sweep.cli.waiting import waiting\n"
    "with waiting('asking MLflow', quiet='--json' in sys.argv) as observer:\n"
    "    observer.phase('verifying [red]it', 1, 3)\n"
    "    time.sleep(0.3)\n"
    "print('done')\n"
)


def on_a_terminal(*words: str) -> str:
    """What a terminal of a command shows, with all escapes."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words],
        env=clean_environment() | {"TERM": "xterm-256color", "COLUMNS": "80"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    process.wait(30)
    os.close(ours)
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_terminal_shows_what_is_done_and_a_machine_sees_none_of_it(tmp_path: Path) -> None:
    shown = on_a_terminal()
    assert "verifying [red]it (1/3)" in shown
    assert shown.rstrip().endswith("done")
    assert on_a_terminal("--json").strip() == "done"
    piped = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True)
    assert (piped.stdout, piped.stderr) == ("done\n", "")
