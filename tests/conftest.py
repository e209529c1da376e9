"""Fixtures that many tests share."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.postgres_server import PostgresServer, binaries

# Two test processes on two cores: OpenMP threads that wait for one another cost a sixth of the run.
os.environ.setdefault("OMP_NUM_THREADS", "1")

NO_REPORT = {"SWEEP_REPORT": "false"}
os.environ.update(NO_REPORT)  # for sweeps that tests run from Python

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = ROOT.parent / "shared" / "datasets"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin on every core with modules that hold long tests, so that short ones are left to share at the end.

    Each process takes an equal part of the list and steals from the end of another's: with long tests there,
    one process ended alone, for a minute and a half.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    is_long = {path: any(map(_is_slow, tests)) for path, tests in modules.items()}
    parts: list[list[pytest.Item]] = [
        [] for _ in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    ]
    for path in sorted(modules, key=lambda path: (not is_long[path], path)):
        weight = _n_slow if is_long[path] else len
        min(parts, key=weight).extend(modules[path])
    items[:] = [item for part in parts for item in part]


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in ("slow", "long"))


def _n_slow(items: list[pytest.Item]) -> int:
    return sum(map(_is_slow, items))


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def clean_environment() -> dict[str, str]:
    """The environment without what a developer's shell may say to the program.

    A report at a sweep's end costs seconds: tests that look at one ask for it with `--report`.
    """
    own = {key: value for key, value in os.environ.items() if not key.startswith(("SWEEP_", "MLFLOW_"))}
    return own | NO_REPORT


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs `sweep ...` as a user does, in a folder of its own."""

    def run(*words: str, timeout_s: float = 240, **env: str) -> "subprocess.CompletedProcess[str]":
        if not env:
            return run_here(*words, folder=tmp_path)
        return subprocess.run(
            [sys.executable, "-m", "sweep.cli.main", *words],
            cwd=tmp_path,
            env=clean_environment() | env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run


def run_here(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program's own `main` in this process; its workers are processes all the same.

    A process of its own costs each command a second and a half, and each sweep four.
    """
    from sweep.cli.main import main

    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(stdout), redirect_stderr(stderr):
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["sweep", *words])
        for name in set(os.environ) - set(clean_environment()):
            patched.delenv(name)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(words, code, stdout.getvalue(), stderr.getvalue())


def start_sweep(*words: str, folder: Path, err: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    """Start a process of the program that says each line at once; `err` as in `subprocess.Popen`."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "sweep.cli.main", *words],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=err,
        text=True,
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, or a skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not on this machine")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A database server of a test module's own, or a skip."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not on this machine")
    server = PostgresServer()
    try:
        server.create()
        yield server
    finally:
        server.remove()


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Finds one of the real data sets, or skips."""

    def find(name: str) -> Path:
        folder = REAL_DATA / name
        if not folder.is_dir():
            pytest.skip(f"the data set {name} is not on this machine")
        return folder

    return find
