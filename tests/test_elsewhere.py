"""One process for a sweep on a database server, whichever home it runs from."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from sweep.errors import InputError
from sweep.searching.server_lock import held_on_server, key_of
from tests.conftest import clean_environment, run_here, start_sweep
from tests.postgres_server import PASSWORD, PostgresServer

RUN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "1", "--epochs", "4")
HOLDER = """
import sys, time
from sweep.searching.server_lock import held_on_server
with held_on_server(sys.argv[1], uid="u", name="a-sweep"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_key_of_a_sweep_is_the_same_in_every_process_and_another_one_for_another_sweep() -> None:
    assert key_of("u") == 6077330245177714094
    assert key_of("v") != key_of("u")


def test_file_of_sqlite_needs_no_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    with held_on_server(url, uid="u", name="a-sweep"), held_on_server(url, uid="u", name="a-sweep"):
        assert not (tmp_path / "optuna.db").exists()


@pytest.mark.slow
def test_second_holder_is_refused_until_the_first_one_ends(postgres: PostgresServer) -> None:
    with held_on_server(postgres.url, uid="u", name="a-sweep"):
        with (
            pytest.raises(InputError, match="sweep a-sweep is running elsewhere on this database") as caught,
            held_on_server(postgres.url, uid="u", name="a-sweep"),
        ):
            pytest.fail("two hold it")
        assert PASSWORD not in str(caught.value)
        with held_on_server(postgres.url, uid="v", name="a-sweep"):
            pass  # another sweep of the same name
    with held_on_server(postgres.url, uid="u", name="a-sweep"):
        pass


@pytest.mark.slow
def test_killed_holder_frees_it(postgres: PostgresServer) -> None:
    words = [sys.executable, "-c", HOLDER, postgres.url]
    holder = subprocess.Popen(words, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_held(postgres)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert until(lambda: not is_held(postgres))


@pytest.mark.slow
def test_lock_is_taken_again_where_the_server_restarts(postgres: PostgresServer) -> None:
    with held_on_server(postgres.url, uid="u", name="a-sweep"):
        postgres.kill()
        postgres.start()
        assert until(lambda: is_held(postgres))
    assert not is_held(postgres)


@pytest.mark.long
def test_copy_of_a_home_neither_resumes_nor_mends_nor_removes_a_sweep_that_runs_elsewhere(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    address = ("--storage", postgres.url)
    words = [*RUN, "--trials", "40", "--name", "shared", *address, "--set", "epoch_s=0.2"]
    running = start_sweep(*words, folder=here, err=subprocess.STDOUT)
    assert running.stdout is not None
    assert any("trial-001 started" in line for line in running.stdout)
    shutil.copytree(here, there)
    for command in (["resume", "shared"], ["rm", "shared", "--yes"]):
        done = run_here(*command, *address, folder=there)
        assert (done.returncode, "shared is running elsewhere" in done.stderr) == (2, True), done.stderr
    run_here("doctor", "--fix", *address, folder=there)
    study = optuna.load_study(study_name="shared", storage=postgres.url)
    assert "RUNNING" in {trial.state.name for trial in study.trials}
    assert "FAIL" not in {trial.state.name for trial in study.trials}
    assert run_here("stop", "shared", "--now", folder=here).returncode == 0
    running.communicate(timeout=60)
    done = run_here("resume", "shared", "--json", "--timeout", "1", *address, folder=there)
    assert json.loads(done.stdout)["counts"], done.stderr


def is_held(postgres: PostgresServer) -> bool:
    try:
        with held_on_server(postgres.url, uid="u", name="a-sweep"):
            return False
    except InputError:
        return True


def until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.1)
    return False
