"""Faults of sweeps as a whole: names taken at once, workers that always die, results that say nothing."""

import csv
import dataclasses
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from filelock import FileLock, Timeout
from optuna.trial import TrialState

from rccar_models.cache import prepare
from rccar_models.formats import open_data
from rccar_models.training import train
from sweep.records import EpochReport, Status
from sweep.search_space import load_space
from sweep.searching.mirror import StorageMirror
from sweep.searching.searcher import StudySearcher, open_study
from sweep.searching.storage import open_storage
from sweep.summary import summarise, trial_table, why_doubtful
from tests.conftest import ROOT, Cli, run_here, start_sweep
from tests.data_folders import mask_set
from tests.making import MIOU, a_plan, a_result, a_spec
from tests.small_demo import a_request

pytestmark = pytest.mark.long

STAND_IN = ("run", "--task", "segmentation", "--trainer", "stand_in")


def test_two_sweeps_of_one_name_at_once_are_one_sweep_and_a_refusal(tmp_path: Path) -> None:
    words = [*STAND_IN, "--trials", "3", "--epochs", "2", "--name", "both", "--workers", "1"]
    running = [start_sweep(*words, folder=tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert sorted(process.returncode for process in running) == [0, 2], said
    refused = next(text for process, text in zip(running, said, strict=True) if process.returncode == 2)
    assert "both" in refused
    assert "Traceback" not in refused
    study = optuna.load_study(study_name="both", storage=f"sqlite:///{tmp_path / 'mlruns' / 'optuna.db'}")
    assert len(study.trials) == 3


@pytest.mark.long
def test_storage_that_stays_locked_holds_nobody_who_asks_twice(
    tmp_path: Path,
) -> None:
    words = ["--task", "segmentation", "--trainer", "stand_in", "--trials", "6", "--epochs", "4"]
    words += ["--name", "locked", "--workers", "2", "--set", "epoch_s=0.3", "--pruner", "none"]
    process = start_sweep("run", *words, folder=tmp_path)
    assert process.stdout is not None
    assert any("trial-001 started" in line for line in process.stdout)
    with closing(sqlite3.connect(tmp_path / "mlruns" / "optuna.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        _, stderr = process.communicate(timeout=100)
        other.execute("ROLLBACK")
    assert process.returncode in {4, 130}
    assert "locked by another process" in stderr
    assert "Traceback" not in stderr
    done = run_here("resume", "locked", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["complete"] == 6


def test_workers_that_always_die_at_once_end_the_sweep_with_their_last_words(cli: Cli) -> None:
    words = ("--trials", "30", "--workers", "2", "--set", "fault=exit", "--set", "fault_epoch=1")
    done = cli(*STAND_IN, *words, "--max-failures", "3", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert 3 <= report["counts"]["failed"] <= 5
    # Two workers may die in the same moment, and a third one while the coordinator hears of them.
    assert re.match(r"[345] trials in a row failed; the last: worker_died\(17\)", report["why_ended"])


def test_what_a_killed_worker_was_writing_is_gone_after_the_next_process(cli: Cli, tmp_path: Path) -> None:
    assert cli(*STAND_IN, "--trials", "2", "--name", "cut").returncode == 0
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    trial = tmp_path / "mlruns" / "sweeps" / "cut" / "trials" / "trial-000"
    trial.mkdir(parents=True, exist_ok=True)
    of_the_dead, of_the_living = (trial / f".last.json.{pid}.tmp" for pid in (gone.pid, os.getpid()))
    of_the_dead.write_text("half")
    of_the_living.write_text("half")
    assert cli("resume", "cut", "--trials", "3").returncode == 0
    assert not of_the_dead.exists()
    assert of_the_living.exists()


def test_lock_of_a_killed_coordinator_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from filelock import FileLock\n"
        "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    file = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", code, file], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            FileLock(file, timeout=0).acquire()
        os.kill(holder.pid, signal.SIGKILL)
    assert (tmp_path / "lock").exists()  # the file stays; it means nothing
    with FileLock(file, timeout=0):
        pass


def test_trial_pruned_before_its_first_report_is_counted_and_never_the_best() -> None:
    pruned = a_result(a_spec(1), None, status=Status.PRUNED, reason="pruned", epochs=0, best_epoch=0)
    trials = [(a_spec(0), a_result(a_spec(0), 0.4)), (a_spec(1), pruned)]
    summary = summarise(a_plan(), trials, "all 2 trials ended")
    assert summary.best is not None
    assert summary.best[0].slot == 0
    assert (summary.counts["pruned"], summary.counts["complete"]) == (1, 1)
    rows = list(csv.DictReader(io.StringIO(trial_table(trials))))
    assert len(rows) == 2
    assert summarise(a_plan(), trials[1:], "all ended").best is None


def test_gain_is_said_only_over_the_default_on_the_same_data() -> None:
    default, later = (a_spec(0), a_result(a_spec(0), 0.4)), (a_spec(1), a_result(a_spec(1), 0.6))
    assert summarise(a_plan(), [default, later], "all ended").gain == pytest.approx(0.2)
    changed = (dataclasses.replace(later[0], digest="of other labels"), later[1])
    assert summarise(a_plan(), [default, changed], "all ended").gain is None


def test_attempts_of_a_slot_have_their_own_epochs(tmp_path: Path) -> None:
    plan = a_plan(epochs=4)
    storage = open_storage(f"sqlite:///{tmp_path / 'optuna.db'}", init_lock=tmp_path / "lock")
    study_id = open_study(storage, plan=plan, attributes={})
    mirror = StorageMirror(storage, study_id, run_id_of=lambda uid: uid)
    space = load_space("stand_in_segmentation")
    searcher = StudySearcher(space=space, plan=plan, sampler="tpe", pruner="none", mirror=mirror)
    first = searcher.ask(0)
    assert first is not None
    for number in (1, 2, 3):
        searcher.report(
            EpochReport(trial_uid=first.trial_uid, epoch=number, metrics={MIOU.metric: number / 10})
        )
    searcher.tell(a_result(first, None, status=Status.FAILED, reason="worker_killed(-9)"))
    second = searcher.ask(0, same=first)
    assert second is not None
    searcher.report(EpochReport(trial_uid=second.trial_uid, attempt=1, epoch=1, metrics={MIOU.metric: 0.7}))
    searcher.tell(a_result(second, 0.7, epochs=1))
    searcher.close()
    cut, whole = storage.get_all_trials(study_id)
    assert (cut.state, list(cut.intermediate_values)) == (TrialState.FAIL, [1, 2, 3])
    assert (whole.state, whole.intermediate_values) == (TrialState.COMPLETE, {1: 0.7})


def test_results_that_are_all_alike_are_called_meaningless() -> None:
    alike = [(a_spec(slot), a_result(a_spec(slot), 1.0)) for slot in range(3)]
    assert "all 3 completed trials have the same miou_segmentation, 1.0" in why_doubtful(a_plan(), alike)
    other = a_spec(3)
    assert why_doubtful(a_plan(), [*alike, (other, a_result(other, 0.9))]) == ""
    assert why_doubtful(a_plan(), alike[:2]) == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--trials", "0"),
        ("--trials", "-3"),
        ("--workers", "0"),
        ("--epochs", "0"),
        ("--max-failures", "0"),
        ("--max-retries", "-1"),
        ("--keep", "0"),
        ("--timeout", "-5s"),
        ("--seed", "-1"),
        ("--target", "nan"),
        ("--sampler", "cmaes"),  # it keeps its state as a pickle in the storage
        ("--set", "model_name=os.system"),
        ("--set", "lr=inf"),
        ("--name", "-rf"),
        ("--name", "a\0b"),
        ("--name", "<script>"),
        ("--name", "{}"),
        ("--name", "x" * 65),
        ("--name", "ünïcode"),
    ],
    ids=str,
)
def test_senseless_or_hostile_words_exit_2_before_anything_is_made(
    cli: Cli, tmp_path: Path, words: tuple[str, str]
) -> None:
    done = cli(*STAND_IN, "--executor", "inline", f"{words[0]}={words[1]}")
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mlruns" / "optuna.db").exists()


def test_data_that_changes_or_goes_while_trials_run_changes_no_result(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "track", n_frames={"train": 6, "val": 3})
    index = open_data(str(source), "segmentation")
    cache = prepare(index, image_size=(32, 32), cache_root=tmp_path / "cache").folder
    undisturbed = curve(cache, tmp_path / "a", lambda: None)
    assert source.exists()
    disturbed = curve(cache, tmp_path / "b", lambda: shutil.rmtree(source, ignore_errors=True))
    assert not source.exists()
    assert disturbed == undisturbed


def curve(cache: Path, folder: Path, disturb: object) -> list[dict[str, float]]:
    epochs: list[dict[str, float]] = []

    def on_epoch(_: int, metrics: Mapping[str, float]) -> bool:
        epochs.append(dict(metrics))
        disturb()  # type: ignore[operator]
        return True

    train(a_request("segmentation", cache, folder, epochs=3, params={"lr": 1e-2, "batch_size": 2}), on_epoch)
    return epochs


def test_dependencies_have_floors_above_their_known_holes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = dict(line.split(">=") for line in project["dependencies"])
    least = {"mlflow": (3, 17, 2), "torch": (2, 10), "pillow": (12, 0), "pyyaml": (6, 0)}
    for name, floor in least.items():
        assert tuple(map(int, floors[name].split("."))) >= floor, name
    assert "pip-audit" in (ROOT / "Makefile").read_text()
