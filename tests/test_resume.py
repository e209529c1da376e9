"""`sweep resume`, `retry` and `stop`: half a sweep and the rest are the whole, whatever happened."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sweep.paths import Home
from sweep.searching.storage import open_storage
from sweep.searching.study_reader import StudyFacts, read_study
from tests.chaos import children
from tests.conftest import run_here, start_sweep

pytestmark = pytest.mark.long

RUN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "1", "--json")
Sweep = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return run_here(*words, folder=tmp_path)

    return run


def study(root: Path, name: str) -> StudyFacts:
    home = Home(root / "mlruns")
    found = read_study(open_storage(home.optuna_url, init_lock=home.optuna_lock), name)
    assert found is not None
    return found


def parameters(root: Path, name: str) -> dict[int, tuple[dict[str, Any], float | None]]:
    """What each closed slot drew, and its value."""
    with closing(sqlite3.connect(root / "mlruns" / "optuna.db")) as base:
        rows = base.execute(
            "select t.number, p.param_name, p.param_value from trials t join studies s using (study_id) "
            "join trial_params p using (trial_id) where s.study_name = ?",
            (name,),
        ).fetchall()
    found: dict[int, tuple[dict[str, Any], float | None]] = {}
    for trial in study(root, name).trials:
        if trial.state in {"COMPLETE", "PRUNED"}:
            own = {param: value for number, param, value in rows if number == trial.number}
            found[trial.slot] = (own, trial.value)
    return found


def started(root: Path, *words: str) -> "subprocess.Popen[str]":
    return start_sweep(*words, folder=root, err=subprocess.STDOUT)


def until(running: "subprocess.Popen[str]", words: str) -> None:
    assert running.stdout is not None
    assert any(words in line for line in running.stdout), f"{words!r} was never said"


@pytest.mark.parametrize(
    ("sampler", "pruner"), [("tpe", "median"), ("qmc", "asha"), ("grid", "none"), ("gp", "hyperband")]
)
def test_half_a_sweep_and_a_resume_are_the_whole_sweep_at_once(
    tmp_path: Path, sweep: Sweep, sampler: str, pruner: str
) -> None:
    words = (*RUN, "--sampler", sampler, "--pruner", pruner, "--seed", "7")
    if sampler == "grid":
        words += ("--set", "model_name=tiny_unet", "--set", "lr=0.001")
    assert sweep(*words, "--trials", "14", "--name", "whole").returncode == 0
    assert sweep(*words, "--trials", "9", "--name", "half").returncode == 0
    done = sweep("resume", "half", "--trials", "14", "--json")
    assert done.returncode == 0, done.stderr
    whole = parameters(tmp_path, "whole")
    assert whole.keys() == set(range(14))
    assert parameters(tmp_path, "half") == whole
    report = json.loads(done.stdout)
    assert (report["trials"], sum(report["counts"].values())) == (14, 14)


def test_killed_coordinator_leaves_no_worker_and_resume_gives_what_would_have_been(
    tmp_path: Path, sweep: Sweep
) -> None:
    words = [*RUN[:-1], "--trials", "8", "--seed", "7", "--set", "epoch_s=0.05"]
    assert sweep(*words, "--name", "whole").returncode == 0
    running = started(tmp_path, *words, "--name", "cut")
    until(running, "trial-003 started")
    time.sleep(0.2)
    workers = children(running.pid)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert [trial.state for trial in study(tmp_path, "cut").trials].count("RUNNING") == 1

    assert sweep("doctor").returncode == 1
    done = sweep("resume", "cut", "--json")
    assert done.returncode == 0, done.stderr
    assert parameters(tmp_path, "cut") == parameters(tmp_path, "whole")
    trials = study(tmp_path, "cut").trials
    (cut,) = (trial for trial in trials if trial.state == "FAIL")
    assert cut.reason.startswith("coordinator_killed")
    (again,) = (trial for trial in trials if trial.slot == cut.slot and trial.state != "FAIL")
    assert min(again.steps) == max(cut.steps) + 1, "it does not go on after its last epoch"
    checked = sweep("doctor")
    assert checked.returncode == 0, checked.stdout


def test_doctor_brings_a_cut_sweep_to_rest_without_running_anything(tmp_path: Path, sweep: Sweep) -> None:
    running = started(tmp_path, *RUN[:-1], "--trials", "4", "--name", "cut", "--set", "epoch_s=0.1")
    until(running, "trial-001 started")
    running.kill()
    running.wait()
    fixed = sweep("doctor", "--fix")
    assert fixed.returncode == 0, fixed.stdout
    assert "mended: cut:" in fixed.stdout
    assert {trial.state for trial in study(tmp_path, "cut").trials} == {"COMPLETE", "FAIL"}
    assert len(study(tmp_path, "cut").trials) == 2
    assert sweep("resume", "cut").returncode == 0
    assert sweep("doctor").returncode == 0


def test_stop_from_elsewhere_ends_the_sweep_and_resume_goes_on(tmp_path: Path, sweep: Sweep) -> None:
    running = started(tmp_path, *RUN[:-1], "--trials", "6", "--name", "asked", "--set", "epoch_s=0.1")
    until(running, "trial-001 started")
    twice = sweep("resume", "asked")
    assert (twice.returncode, f"pid {running.pid} since" in twice.stderr) == (2, True)
    stopped = sweep("stop", "asked")
    assert stopped.returncode == 0, stopped.stderr
    assert running.wait(10) == 143
    assert running.stdout is not None
    assert "stopped by `sweep stop`" in running.stdout.read()
    assert sweep("stop", "asked").returncode == 2
    done = sweep("resume", "asked", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["stopped"] == 1
    assert sweep("doctor").returncode == 0


def test_retry_runs_failed_slots_again_and_only_those(tmp_path: Path, sweep: Sweep) -> None:
    words = (*RUN, "--trials", "6", "--name", "faulty", "--max-failures", "6")
    faulty = ("--set", "fault=raise", "--set", "fault_share=0.5", "--set", "fault_epoch=2")
    assert sweep(*words, *faulty).returncode == 0
    before = {trial.slot: trial.state for trial in study(tmp_path, "faulty").trials}
    assert "FAIL" in before.values()
    assert sweep("retry", "faulty").returncode == 0
    trials = study(tmp_path, "faulty").trials[6:]
    assert {trial.slot for trial in trials} == {slot for slot, state in before.items() if state == "FAIL"}


def test_changed_space_is_refused_with_a_diff_and_ranges_may_be_allowed(tmp_path: Path, sweep: Sweep) -> None:
    space = tmp_path / "own.yaml"
    text = (Path(__file__).parents[1] / "search_spaces" / "stand_in_segmentation.yaml").read_text()
    space.write_text(text)
    assert sweep(*RUN, "--trials", "2", "--name", "spaced", "--space", "own.yaml").returncode == 0
    changed = text.replace("high: 1e-1", "high: 2e-1", 1)
    assert changed != text
    space.write_text(changed)
    refused = sweep("resume", "spaced", "--extra", "1")
    assert refused.returncode == 2
    assert "space: parameters.lr.high: 0.1 -> 0.2" in refused.stderr
    assert "--allow space" in refused.stderr
    assert len(study(tmp_path, "spaced").trials) == 2
    assert sweep("resume", "spaced", "--extra", "1", "--allow", "space").returncode == 0
    space.write_text(changed.replace("[4, 8, 16]", "[4, 8]"))
    never = sweep("resume", "spaced", "--extra", "1", "--allow", "space")
    assert (never.returncode, "only numeric ranges may change" in never.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resume", "nobody"], "unknown sweep 'nobody'"),
        (["resume", "known", "--trials", "1"], "has 2 slots already"),
        (["resume", "known", "--trials", "9", "--extra", "2"], "one of them"),
        (["resume", "known", "--allow", "spce"], "did you mean space"),
        (["resume", "../known"], "letters, digits"),
    ],
)
def test_wrong_words_are_refused_with_what_would_be_right(
    tmp_path: Path, sweep: Sweep, words: list[str], said: str
) -> None:
    assert sweep(*RUN, "--trials", "2", "--name", "known").returncode == 0
    done = sweep(*words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_study_that_is_gone_or_turned_round_is_refused_and_nothing_is_made(
    tmp_path: Path, sweep: Sweep
) -> None:
    assert sweep(*RUN, "--trials", "2", "--name", "lost").returncode == 0
    base = tmp_path / "mlruns" / "optuna.db"
    with closing(sqlite3.connect(base)) as connection, connection:
        connection.execute("update study_directions set direction = 'MINIMIZE'")
    turned = sweep("resume", "lost", "--extra", "1")
    assert (turned.returncode, "optimises" in turned.stderr) == (2, True), turned.stderr
    for path in base.parent.glob("optuna.db*"):
        path.unlink()
    gone = sweep("resume", "lost", "--extra", "1")
    assert (gone.returncode, "study lost not found" in gone.stderr) == (2, True), gone.stderr


def test_sweep_in_another_store_is_refused_and_its_own_is_kept(tmp_path: Path, sweep: Sweep) -> None:
    assert sweep(*RUN, "--trials", "2", "--name", "known").returncode == 0
    before = (tmp_path / "mlruns" / "sweeps" / "known" / "config.json").read_text()
    elsewhere = sweep("resume", "known", "--extra", "1", "--tracking-uri", f"sqlite:///{tmp_path}/other.db")
    assert (elsewhere.returncode, "not in this MLflow store" in elsewhere.stderr) == (2, True)
    assert (tmp_path / "mlruns" / "sweeps" / "known" / "config.json").read_text() == before
    assert len(study(tmp_path, "known").trials) == 2


def test_folders_called_like_words_of_the_config_change_nothing(tmp_path: Path, sweep: Sweep) -> None:
    for name in ("demo", "default", "none", "stand_in_segmentation"):
        (tmp_path / name).mkdir()
    assert sweep(*RUN, "--trials", "2", "--name", "known", "--space", "stand_in_segmentation").returncode == 0
    done = sweep("resume", "known", "--extra", "1", "--json")
    assert done.returncode == 0, done.stderr


def test_sweep_that_reached_its_target_may_be_given_more_trials(tmp_path: Path, sweep: Sweep) -> None:
    assert sweep(*RUN, "--trials", "6", "--name", "aimed", "--target", "0.1").returncode == 0
    begun = len(study(tmp_path, "aimed").trials)
    assert begun < 6
    done = sweep("resume", "aimed", "--json")
    assert (done.returncode, sum(json.loads(done.stdout)["counts"].values())) == (0, 6), done.stderr


def test_copy_of_a_home_is_resumed_without_touching_the_first(tmp_path: Path, sweep: Sweep) -> None:
    running = started(tmp_path, *RUN[:-1], "--trials", "3", "--name", "cut", "--set", "epoch_s=0.1")
    until(running, "trial-001 started")
    time.sleep(0.5)
    running.kill()
    running.wait()
    copied = tmp_path / "copy"
    shutil.copytree(tmp_path / "mlruns", copied / "mlruns")
    before = sorted(path.name for path in (tmp_path / "mlruns" / "sweeps" / "cut" / "trials").iterdir())
    words = ("--storage", f"sqlite:///{copied}/mlruns/optuna.db")
    words += ("--tracking-uri", f"sqlite:///{copied}/mlruns/mlflow.db")
    done = run_here("resume", "cut", *words, folder=copied)
    assert done.returncode == 0, done.stderr
    assert before
    after = sorted(path.name for path in (tmp_path / "mlruns" / "sweeps" / "cut" / "trials").iterdir())
    assert after == before


def test_signal_says_how_to_go_on(tmp_path: Path) -> None:
    running = started(tmp_path, *RUN[:-1], "--trials", "6", "--name", "cut", "--set", "epoch_s=0.1")
    until(running, "trial-001 started")
    running.send_signal(signal.SIGINT)
    stdout, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "sweep resume cut" in stdout


def test_killed_worker_changes_no_parameters(tmp_path: Path, sweep: Sweep) -> None:
    words = [*RUN[:-1], "--trials", "9", "--seed", "7", "--set", "epoch_s=0.05"]
    assert sweep(*words, "--name", "whole").returncode == 0
    running = started(tmp_path, *words, "--name", "hurt")
    for slot in (2, 6):
        until(running, f"trial-00{slot} started")
        time.sleep(0.15)
        (worker,) = children(running.pid)
        os.kill(worker, signal.SIGKILL)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert [trial.state for trial in study(tmp_path, "hurt").trials].count("FAIL") == 2
    assert parameters(tmp_path, "hurt") == parameters(tmp_path, "whole")
