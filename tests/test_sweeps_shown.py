"""`sweep list`, `show` and `status`: what a sweep's own folder says, while it runs and afterwards."""

import dataclasses
import json
from pathlib import Path

import pytest

from sweep.api.sweeps import sweep_view
from sweep.cli.sweep_tables import show_status
from tests.conftest import run_here, start_sweep

pytestmark = pytest.mark.long

RUN = ("run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "1")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    assert run_here(*RUN, "--trials", "3", "--name", "first", "--json", folder=folder).returncode == 0
    long_name = "a-name-of-sixty-four-letters-as-long-as-a-name-may-be-and-not-more"[:64]
    words = ("--trials", "2", "--name", long_name, "--set", "fault=raise", "--max-failures", "9")
    assert run_here(*RUN, *words, "--json", folder=folder).returncode == 1
    return folder


def lines(root: Path, *words: str) -> list[str]:
    done = run_here(*words, folder=root)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert max(map(len, shown)) <= 80, shown
    return shown


def test_list_has_a_line_a_sweep_the_latest_first(root: Path) -> None:
    shown = lines(root, "list")
    assert "failed" in shown[1]
    assert "first" in shown[-1]
    assert "3/3" in shown[-1]
    found = json.loads(run_here("list", "--json", folder=root).stdout)
    assert [(view["name"][:6], view["state"], view["closed"]) for view in found] == [
        ("a-name", "failed", 2),
        ("first", "done", 3),
    ]


def test_show_has_the_answer_first_and_a_line_a_trial(root: Path) -> None:
    shown = lines(root, "show", "first")
    assert shown[0] == "first: done, all 3 trials ended"
    assert any(line.startswith("best: trial-00") for line in shown)
    assert sum(line.startswith("trial-00") for line in shown) == 3
    body = json.loads(run_here("show", "first", "--json", folder=root).stdout)
    assert [trial["state"] for trial in body["all_trials"]] == ["complete"] * 3


def test_show_of_a_trial_has_its_parameters_and_its_curve(root: Path) -> None:
    shown = lines(root, "show", "first", "--trial", "0")
    assert "  lr = 0.001" in shown
    assert sum(line[:2].strip().isdigit() for line in shown) == 10
    body = json.loads(run_here("show", "first", "--trial", "0", "--json", folder=root).stdout)
    assert body["value"] == pytest.approx(max(body["history"].values()))


def test_failed_trial_says_why(root: Path) -> None:
    name = next(path.name for path in (root / "mlruns" / "sweeps").iterdir() if path.name != "first")
    assert "why: exception: RuntimeError" in run_here("show", name, "--trial", "1", folder=root).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "frst"], "did you mean first?"),
        (["show", "first", "--trial", "7"], "its trials are trial-000 to trial-002"),
        (["status", "nobody"], "unknown sweep 'nobody'"),
    ],
)
def test_wrong_name_or_number_is_answered_with_what_there_is(root: Path, words: list[str], said: str) -> None:
    done = run_here(*words, folder=root)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_status_tells_from_another_terminal_how_far_a_sweep_is_and_waits_for_its_end(
    tmp_path: Path,
) -> None:
    assert "no sweep is running" in run_here("status", folder=tmp_path).stdout
    running = start_sweep(*RUN, "--trials", "3", "--set", "epoch_s=0.2", folder=tmp_path)
    assert running.stdout is not None
    assert any("trial-001 started" in line for line in running.stdout)
    (view,) = json.loads(run_here("status", "--json", folder=tmp_path).stdout)
    assert (view["state"], view["closed"], view["trials"]) == ("running", 1, 3)
    assert [trial["run_name"] for trial in view["running"]] == ["trial-001"]
    watched = run_here("status", "--watch", folder=tmp_path)
    assert watched.returncode == 0
    assert "done, 3/3 trials" in watched.stdout
    assert watched.stdout.endswith("\n")
    running.communicate(timeout=60)
    assert running.returncode == 0


def test_status_counts_time_on_where_nothing_happens(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = dataclasses.replace(sweep_view("first", str(root / "mlruns")), state="running")
    monkeypatch.setattr("time.time_ns", lambda: (view.began_ms + 3_723_000) * 1_000_000)
    show_status([view])
    shown = capsys.readouterr().out
    assert "in 1 h 02 min" in shown
    assert "its trials have ended" in shown


def test_list_has_a_sweep_that_never_started_a_trial(tmp_path: Path) -> None:
    words = ("--trials", "1", "--name", "unlucky", "--quiet")
    assert run_here(*RUN, *words, folder=tmp_path).returncode == 0
    (tmp_path / "mlruns" / "sweeps" / "unlucky" / "spool.jsonl").unlink()
    shown = lines(tmp_path, "list")
    assert shown[1].split()[:4] == ["unlucky", "never", "started", "0/1"]
    (found,) = json.loads(run_here("list", "--json", folder=tmp_path).stdout)
    assert (found["state"], found["closed"], found["trials"]) == ("never started", 0, 1)
    assert "sweep resume unlucky" in run_here("show", "unlucky", folder=tmp_path).stderr
