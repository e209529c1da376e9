"""`sweep ui` as a process of its own, and questions to what it serves."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import clean_environment

NO_BROWSER = ("ui", "--no-browser", "--json")


@contextmanager
def started(*words: str, folder: Path, **env: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of `sweep`; whatever is left of it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "sweep.cli.main", *words],
        cwd=folder,
        env=clean_environment() | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def addresses(process: "subprocess.Popen[str]") -> dict[str, str]:
    """What a started `sweep ui --json` says when all its pages answer."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=60)[1]
    found: dict[str, str] = json.loads(line)
    return found


def ask(address: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(
        address, method=method, data=body, headers={"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
