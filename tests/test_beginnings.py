"""A sweep that dies while it begins: its name stays free, or `resume` and `rm` reach what is there."""

import json
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
import pytest
from filelock import FileLock

from sweep.paths import Home, write_text
from sweep.wiring.owner import held
from tests.conftest import run_here, start_sweep

RUN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "1", "--epochs", "2")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose databases have their tables."""
    folder = tmp_path_factory.mktemp("begun")
    assert run_here(*RUN, "--trials", "1", "--name", "first", "--json", folder=folder).returncode == 0
    return folder


@pytest.fixture
def root(begun: Path, tmp_path: Path) -> Path:
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return tmp_path


@contextmanager
def waiting_for_its_study(root: Path, name: str) -> "Iterator[subprocess.Popen[str]]":
    """A sweep that has written its config and cannot write its study: somebody holds Optuna's database."""
    home = Home(root / "mlruns")
    words = [*RUN, "--trials", "2", "--name", name]
    mlflow = FileLock(home.mlflow_lock)
    mlflow.acquire()  # it waits here once its storage is open
    process = start_sweep(*words, folder=root, err=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        assert any("opening the databases" in line for line in process.stdout)
        with closing(sqlite3.connect(home.root / "optuna.db", isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            mlflow.release()
            deadline = time.monotonic() + 60
            while not home.sweep(name).config.exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
            process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()


def studies(root: Path) -> list[str]:
    return optuna.get_all_study_names(Home(root / "mlruns").optuna_url)


@pytest.mark.long
@pytest.mark.parametrize("has_study", [False, True])
def test_sweep_killed_before_it_had_its_study_is_reached_by_resume_and_by_rm(
    root: Path, has_study: bool
) -> None:
    with waiting_for_its_study(root, "cut") as process:
        process.send_signal(signal.SIGKILL)
    assert "cut" not in studies(root)
    if has_study:  # as of a process that was killed between the study and its attributes
        optuna.create_study(storage=Home(root / "mlruns").optuna_url, study_name="cut", direction="maximize")
    taken = run_here(*RUN, "--name", "cut", folder=root)
    assert (taken.returncode, "sweep resume cut" in taken.stderr) == (2, True)
    done = run_here("resume", "cut", "--json", folder=root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["complete"] == 2
    assert run_here("rm", "cut", "--yes", folder=root).returncode == 0
    assert "cut" not in studies(root)
    assert not Home(root / "mlruns").sweep("cut").root.exists()


@pytest.mark.long
def test_sweep_interrupted_before_it_had_its_study_leaves_its_name_free(root: Path) -> None:
    with waiting_for_its_study(root, "early") as process:
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert not Home(root / "mlruns").sweep("early").root.exists()
    assert run_here(*RUN, "--trials", "1", "--name", "early", folder=root).returncode == 0


@pytest.mark.slow
def test_removal_leaves_the_study_of_another_home_with_the_same_name(root: Path) -> None:
    """Both homes share a database; this one was killed when it had found the name taken."""
    config = Home(root / "mlruns").sweep("first").config
    body = json.loads(config.read_text())
    write_text(config, json.dumps(body | {"uid": "another"}))
    assert run_here("rm", "first", "--yes", folder=root).returncode == 0
    assert "first" in studies(root)


def test_stop_request_of_an_earlier_process_is_forgotten(tmp_path: Path) -> None:
    paths = Home(tmp_path).sweep("a-sweep")
    write_text(paths.stop, "now\n")
    with held(paths, "a-sweep"):
        assert not paths.stop.exists()


@pytest.mark.parametrize("left", ["", "now\n"])
def test_stop_request_written_as_soon_as_the_lock_is_held_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    paths = Home(tmp_path).sweep("a-sweep")
    if left:
        write_text(paths.stop, left)
    acquire = FileLock.acquire

    def acquire_and_be_asked(lock: FileLock, *words: object) -> object:
        found = acquire(lock, *words)  # type: ignore[arg-type]
        write_text(paths.stop, "\n")
        return found

    monkeypatch.setattr(FileLock, "acquire", acquire_and_be_asked)
    with held(paths, "a-sweep"):
        assert paths.stop.read_text() == "\n"


def test_somebody_who_only_looks_whether_a_sweep_runs_makes_nobody_refuse_to_run_it(root: Path) -> None:
    paths = Home(root / "mlruns").sweep("first")
    look = FileLock(paths.lock, thread_local=False)  # what `is_held` has for an instant
    look.acquire()
    timer = threading.Timer(0.1, look.release)
    timer.start()
    with held(paths, "first"):
        assert not look.is_locked
    timer.join()
