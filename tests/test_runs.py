"""Looking at MLflow's runs, against a real SQLite store."""

import math
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sweep.api.runs import Runs, open_runs
from sweep.errors import InputError, UnavailableError
from sweep.evaluation import Evaluation, FrameFigures
from sweep.logged_run import Curve, LoggedRun
from sweep.paths import Home
from sweep.tracking import run_shelf, shelf_file
from sweep.tracking.artifact_shelf import ArtifactShelf
from sweep.tracking.run_shelf import RunShelf
from sweep.tracking.run_source import Progress, RunSource
from sweep.tracking.shelf_file import ShelfFile, Shelved
from sweep.tracking.store import Store, open_store
from tests.logged import a_run, log_curve, now_ms

HOUR_MS = 3_600_000
MIOU = "miou_segmentation"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose MLflow has its tables and the experiment."""
    root = tmp_path_factory.mktemp("template")
    opened(root)
    return root


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    with sqlite3.connect(template / "mlflow.db") as made, sqlite3.connect(tmp_path / "mlflow.db") as copy:
        made.backup(copy)
    return tmp_path


@pytest.fixture
def store(home: Path) -> Store:
    return opened(home)


def opened(home: Path) -> Store:
    return open_store(
        f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "mlflow.lock"
    )


def read(home: Path) -> Runs:
    runs = open_runs(home=home)
    runs.refresh()
    return runs


def names(runs: Runs) -> list[str]:
    return [run.name for run in runs.all()]


# A look makes nothing


def test_open_runs_without_a_database_is_refused_and_makes_no_home(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no MLflow database"):
        open_runs(home=tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no MLflow database"):
        open_runs(home=tmp_path / "nowhere", tracking_uri=f"sqlite:///{tmp_path}/other/mlflow.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_database_without_the_experiment_has_no_runs_and_gets_none(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    runs = read(tmp_path)
    assert (runs.all(), runs.experiment_id, runs.trouble) == ((), "", "")
    assert client.get_experiment_by_name("autonomous_vehicle") is None


def test_looking_imports_neither_mlflow_nor_optuna_before_the_first_refresh(store: Store, home: Path) -> None:
    a_run(store, name="one")
    read(home)
    code = (
        "import sys; from sweep.api.runs import open_runs; runs = open_runs(home=sys.argv[1]); "
        "print(len(runs.all()), [name for name in ('mlflow', 'optuna', 'torch') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code, home], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n")[0] == "1 []"


# What a refresh sees


def test_run_of_the_earlier_tool_is_read_with_its_params_and_metrics(store: Store, home: Path) -> None:
    a_run(
        store,
        name="earlier",
        params={"task_type": "segmentation", "common_lr": "1e-4", "segmentation_model_name": "unet"},
        curves={MIOU: (0.5, 0.692)},
    )
    (run,) = read(home).all()
    assert (run.name, run.kind, run.task, run.state) == ("earlier", "", "segmentation", "finished")
    assert (run.params["common_lr"], run.metrics) == ("1e-4", {MIOU: 0.692})


def test_new_run_is_seen_by_a_refresh_that_reads_no_old_one(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run(store, name="old", began_ms=now_ms() - HOUR_MS, ended_ms=now_ms() - HOUR_MS)
    a_run(store, name="latest")
    runs = read(home)
    a_run(store, name="new")
    asked = counted(monkeypatch)
    assert runs.refresh()
    assert names(runs) == ["old", "latest", "new"]
    assert "old" not in asked
    assert not runs.refresh()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs that MLflow answers with from now on; the client's own search, listened to."""
    from mlflow import MlflowClient

    told: list[str] = []
    search = MlflowClient.search_runs

    def listened(self: MlflowClient, *words: object, **options: object) -> object:
        page = search(self, *words, **options)  # type: ignore[arg-type]
        told.extend(run.info.run_name for run in page)
        return page

    monkeypatch.setattr(MlflowClient, "search_runs", listened)
    return told


def test_running_run_grows_and_ends_between_refreshes(store: Store, home: Path) -> None:
    long_ago = now_ms() - HOUR_MS
    run_id = a_run(store, curves={MIOU: (0.1,)}, began_ms=long_ago, status="RUNNING")
    runs = read(home)
    assert runs.curves([run_id], [MIOU])[0].values == (0.1,)
    log_curve(store, run_id, MIOU, (0.2, 0.3), first=2)
    assert runs.refresh()
    assert runs.curves([run_id], [MIOU])[0].values == (0.1, 0.2, 0.3)
    # It ends with a time that is long past: only that it was running tells of it.
    store.client.set_terminated(run_id, status="KILLED", end_time=long_ago + 1)
    assert runs.refresh()
    assert [run.status for run in runs.all()] == ["KILLED"]


def test_sweep_that_was_resumed_and_ended_again_is_seen(store: Store, home: Path) -> None:
    long_ago = now_ms() - HOUR_MS
    run_id = a_run(
        store,
        curves={"best": (0.1,)},
        began_ms=long_ago,
        ended_ms=long_ago + 10,
        tags={"sweep.name": "s"},
    )
    a_run(store, name="later")
    runs = read(home)
    assert runs.curves([run_id], ["best"])[0].values == (0.1,)
    store.client.update_run(run_id, status="RUNNING")
    log_curve(store, run_id, "best", (0.2,), first=2)
    store.client.set_tag(run_id, "sweep.reason", "all 50 trials ended")
    store.client.set_terminated(run_id, end_time=now_ms())
    assert runs.refresh()
    found = runs.get(run_id)
    assert found is not None
    assert found.tags["sweep.reason"] == "all 50 trials ended"
    assert runs.curves([run_id], ["best"])[0].values == (0.1, 0.2)


def test_deleted_restored_and_late_tagged_runs_are_found_beside(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_shelf, "FULL_EVERY_S", 0.0)
    monkeypatch.setattr(run_shelf, "FULL_SHARE", 0)
    long_ago = now_ms() - HOUR_MS
    doomed = a_run(store, name="doomed", began_ms=long_ago, ended_ms=long_ago)
    tagged = a_run(store, name="tagged", began_ms=long_ago + 1, ended_ms=long_ago + 1)
    runs = read(home)
    store.client.delete_run(doomed)
    store.client.set_tag(tagged, "note", "late")
    before = runs.version
    runs.refresh()
    runs.join(60)
    assert names(runs) == ["tagged"]
    assert runs.all()[0].tags["note"] == "late"
    assert runs.version > before
    store.client.restore_run(doomed)
    runs.refresh()
    runs.join(60)
    assert names(runs) == ["doomed", "tagged"]
    assert names(open_runs(home=home)) == ["doomed", "tagged"]


def test_deleted_running_run_is_gone_after_a_refresh(store: Store, home: Path) -> None:
    run_id = a_run(store, began_ms=now_ms() - HOUR_MS, status="RUNNING")
    runs = read(home)
    store.client.delete_run(run_id)
    assert runs.refresh()
    assert runs.all() == ()


def test_run_whose_clock_is_ahead_does_not_hide_later_ones(store: Store, home: Path) -> None:
    a_run(store, name="ahead", began_ms=now_ms() + 24 * HOUR_MS, ended_ms=now_ms() + 24 * HOUR_MS)
    runs = read(home)
    a_run(store, name="now")
    assert runs.refresh()
    assert sorted(names(runs)) == ["ahead", "now"]


@pytest.mark.slow
def test_another_database_at_the_same_address_is_read_anew(store: Store, home: Path, tmp_path: Path) -> None:
    a_run(store, name="before")
    read(home)
    other = tmp_path / "other"
    a_run(opened(other), name="after")
    for end in ("", "-wal", "-shm"):
        (home / f"mlflow.db{end}").unlink(missing_ok=True)
    with sqlite3.connect(other / "mlflow.db") as made, sqlite3.connect(home / "mlflow.db") as copy:
        made.backup(copy)
    # In another process: MLflow keeps its connections to a file for good.
    code = (
        "import sys; from sweep.api.runs import open_runs; runs = open_runs(home=sys.argv[1]); "
        "print(runs.is_filled, runs.refresh(), [run.name for run in runs.all()])"
    )
    said = subprocess.run([sys.executable, "-c", code, home], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True True ['after']"


def test_first_reading_tells_its_progress(store: Store, home: Path) -> None:
    for _ in range(3):
        a_run(store)
    told: list[tuple[int, int]] = []
    open_runs(home=home).refresh(lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]


# Values


def test_nan_and_infinity_survive_the_store_and_the_file(store: Store, home: Path) -> None:
    run_id = a_run(store, curves={"loss": (math.inf, math.nan, -math.inf), "val": (1.0, math.nan)})
    for runs in (read(home), open_runs(home=home)):
        (loss, val) = runs.curves([run_id], ["loss", "val"])
        assert (loss.steps, loss.values[0], loss.values[2]) == ((1, 2, 3), math.inf, -math.inf)
        assert math.isnan(loss.values[1])
        assert math.isnan(val.values[1])
        (run,) = runs.all()
        assert run.metrics["loss"] == -math.inf
        assert math.isnan(run.metrics["val"])
    assert not open_runs(home=home).refresh()  # NaN is no change


def test_step_that_was_logged_twice_counts_as_logged_last(store: Store, home: Path) -> None:
    run_id = a_run(store, curves={MIOU: (0.9, 0.8)}, status="RUNNING")
    runs = read(home)
    from mlflow.entities import Metric

    store.client.log_batch(run_id, metrics=[Metric(MIOU, 0.1, now_ms() + HOUR_MS, 1)])
    runs.refresh()
    assert runs.curves([run_id], [MIOU])[0].values == (0.1, 0.8)


def test_curves_of_ended_runs_are_asked_for_once_also_by_another_process(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = a_run(store, curves={MIOU: (0.1, 0.2)})
    first = read(home).curves([run_id, "unknown"], [MIOU, "other"])
    from mlflow import MlflowClient

    monkeypatch.delattr(MlflowClient, "get_metric_history")
    assert open_runs(home=home).curves([run_id], [MIOU]) == first
    assert first[0].values == (0.1, 0.2)


def test_figure_logged_after_the_end_is_in_the_curve(store: Store, home: Path) -> None:
    run_id = a_run(store, curves={MIOU: (0.1,)})
    runs = read(home)
    assert runs.curves([run_id], [MIOU])[0].values == (0.1,)
    log_curve(store, run_id, MIOU, (0.7,), first=2)
    runs.refresh(full=True)
    assert runs.curves([run_id], [MIOU])[0].values == (0.1, 0.7)


# The file


def shelf_of(home: Path) -> Path:
    (file,) = Home.at(home).runs.glob("*.db")
    return file


def test_file_is_private_and_its_name_tells_nothing(store: Store, home: Path) -> None:
    a_run(store)
    read(home)
    file = shelf_of(home)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert file.stem.isalnum()
    assert len(file.stem) == 16


@pytest.mark.parametrize("damage", ["no database", "torn", "another format", "odd payload"])
def test_damaged_or_older_file_is_thrown_away_and_made_anew(store: Store, home: Path, damage: str) -> None:
    for number in range(30):
        a_run(store, name=f"run-{number}", tags={"filler": "x" * 1000})
    read(home)
    file = shelf_of(home)
    if damage == "no database":
        file.write_bytes(b"not a database at all" * 100)
    elif damage == "torn":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        words = (
            "PRAGMA user_version = 99" if damage == "another format" else "UPDATE runs SET payload = '[1]'"
        )
        with sqlite3.connect(file) as connection:
            connection.execute(words)
    runs = open_runs(home=home)
    assert (runs.is_filled, runs.all()) == (False, ())
    runs.refresh()
    assert len(runs.all()) == 30
    assert len(open_runs(home=home).all()) == 30


def test_folder_that_cannot_be_written_is_done_without(store: Store, home: Path) -> None:
    a_run(store, name="one")
    Home.at(home).runs.write_text("a file where the folder would be")
    runs = read(home)
    assert names(runs) == ["one"]
    assert not open_runs(home=home).is_filled


@pytest.mark.slow
def test_two_processes_and_threads_share_the_file(store: Store, home: Path) -> None:
    run_id = a_run(store, name="run-0", curves={MIOU: (0.1,)})
    code = (
        "import sys; from sweep.api.runs import open_runs; runs = open_runs(home=sys.argv[1])\n"
        "for _ in range(10): runs.refresh(full=True)\n"
        "print(len(runs.all()), runs.curves([sys.argv[2]], ['miou_segmentation'])[0].values, runs.trouble)"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", code, home, run_id], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    runs = read(home)
    threads = [threading.Thread(target=runs.refresh, kwargs={"full": True}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 6):
        a_run(store, name=f"run-{number}")
    for thread in threads:
        thread.join()
    for other in others:
        said = other.communicate(timeout=120)[0]
        assert "(0.1,)" in said, said
    runs.refresh()
    assert len(runs.all()) == 6
    later = open_runs(home=home)
    later.refresh(full=True)
    assert [run.run_id for run in later.all()] == [run.run_id for run in runs.all()]
    assert [run.run_id for run in open_runs(home=home).all()] == [run.run_id for run in runs.all()]


def test_what_another_process_read_later_is_not_put_back(store: Store, home: Path) -> None:
    run_id = a_run(store, name="one")
    runs = read(home)
    (run,) = runs.all()
    file = ShelfFile(shelf_of(home))
    old = Shelved.of(type(run)(run_id=run_id, name="stale"), read_ms=1)
    file.keep([old])
    assert file.contents().runs[run_id].run.name == "one"


def test_file_that_was_cleared_meanwhile_counts_as_filled_only_when_it_holds_all(
    store: Store, home: Path
) -> None:
    for number in range(3):
        a_run(store, name=f"run-{number}")
    runs = read(home)
    for file in Home.at(home).runs.iterdir():
        file.unlink()
    a_run(store, name="new")
    runs.refresh()
    assert not open_runs(home=home).is_filled
    runs.refresh(full=True)
    assert sorted(names(open_runs(home=home))) == ["new", "run-0", "run-1", "run-2"]


def test_file_that_was_busy_gets_all_runs_with_the_next_write(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_file, "BUSY_TIMEOUT_S", 0.05)
    a_run(store, name="one")
    runs = read(home)
    a_run(store, name="two")
    with closing(sqlite3.connect(shelf_of(home), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        runs.refresh()
        other.execute("ROLLBACK")
    assert names(open_runs(home=home)) == ["one"]
    a_run(store, name="three")
    runs.refresh()
    assert sorted(names(open_runs(home=home))) == ["one", "three", "two"]


def test_file_whose_first_write_met_a_lock_is_not_filled(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run(store, name="one")
    file = Home.at(home).runs / "shelf.db"
    ShelfFile(file).keep_curves({("none", "loss"): ("", Curve(run_id="none", metric="loss"))})
    source = RunSource(f"sqlite:///{home / 'mlflow.db'}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        runs = RunShelf(source, ReleasedAfterTheFirst(file, other))
        monkeypatch.setattr(shelf_file, "BUSY_TIMEOUT_S", 0.05)
        runs.refresh()
        kept = ShelfFile(file).contents()
        assert (kept.full_ms, kept.runs) == (0, {})
        runs.refresh()
    assert [one.run.name for one in ShelfFile(file).contents().runs.values()] == ["one"]


class ReleasedAfterTheFirst(ShelfFile):
    """A file that another process locks, who is done right after the first write gave up."""

    def __init__(self, path: Path, other: sqlite3.Connection) -> None:
        super().__init__(path)
        self.other = other

    def _write(self, action: Callable[[sqlite3.Connection], object]) -> bool:
        try:
            return super()._write(action)
        finally:
            if self.other.in_transaction:
                self.other.execute("ROLLBACK")


# Two threads


class Meeting(RunSource):
    """MLflow, asked by two threads that wait for each other before they go on."""

    barrier: threading.Barrier | None = None

    def named(self, run_ids: Iterable[str]) -> list[LoggedRun]:
        found = super().named(run_ids)
        if self.barrier is not None:
            self.barrier.wait(30)
        return found


def test_run_that_two_threads_find_gone_at_once_is_gone(store: Store, home: Path) -> None:
    run_id = a_run(store, status="RUNNING")
    source = Meeting(f"sqlite:///{home / 'mlflow.db'}")
    runs = RunShelf(source, ShelfFile(None))
    runs.refresh()
    store.client.delete_run(run_id)
    source.barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for reading in [pool.submit(runs._read_all, None), pool.submit(runs.refresh)]:
            reading.result()
    assert runs.all() == ()


class Odd(RunSource):
    """MLflow, whose answers to a reading of all runs cannot be understood for a while."""

    is_odd = False

    def all(self, on_progress: Progress | None = None) -> list[LoggedRun]:
        if self.is_odd:
            raise TypeError("no such field for postgresql://eva:secret@db/mlflow")
        return super().all(on_progress)


def test_reading_beside_that_fails_in_an_unforeseen_way_is_told_until_one_succeeds(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_shelf, "FULL_EVERY_S", 0.0)
    monkeypatch.setattr(run_shelf, "FULL_SHARE", 0)
    a_run(store)
    source = Odd(f"sqlite:///{home / 'mlflow.db'}")
    runs = RunShelf(source, ShelfFile(None))
    runs.refresh()
    source.is_odd = True
    for _ in range(2):
        runs.refresh()
        runs.join(30)
        assert "TypeError: no such field" in runs.trouble
        assert "secret" not in runs.trouble
    source.is_odd = False
    runs.refresh()
    runs.join(30)
    runs.refresh()
    assert runs.trouble == ""


# Trouble


def test_damaged_database_leaves_the_runs_readable_and_is_told(store: Store, home: Path) -> None:
    a_run(store, name="one")
    runs = read(home)
    os.truncate(home / "mlflow.db", 0)
    (home / "mlflow.db-wal").unlink(missing_ok=True)
    assert not runs.refresh()
    assert names(runs) == ["one"]
    assert "MLflow at sqlite" in runs.trouble


def test_server_that_is_not_there_is_unavailable_and_its_password_unsaid(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        open_runs(home=tmp_path, tracking_uri="http://eva:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)
    assert "eva:***" in str(caught.value)


# Artifacts


def test_artifact_is_found_and_what_lies_outside_is_not(store: Store, home: Path) -> None:
    run_id = a_run(store)
    store.client.log_text(run_id, "inside", "notes/a.txt")
    runs = read(home)
    found = runs.artifact(run_id, "notes/a.txt")
    assert found is not None
    assert found.read_text() == "inside"
    (found.parent / "link.txt").symlink_to("/etc/hostname")
    (found.parent / "up").symlink_to("/etc")
    for path in (
        "notes/b.txt", "notes", "../../mlflow.db", "notes/../notes/a.txt", "/etc/hostname", "", "notes/",
        "notes/link.txt", "notes/up/hostname", "notes\\a.txt", "notes/a.txt\0",
    ):  # fmt: skip
        assert runs.artifact(run_id, path) is None, path
    assert runs.artifact("unknown", "notes/a.txt") is None


def test_too_large_artifact_is_not_given(store: Store, home: Path) -> None:
    run_id = a_run(store)
    store.client.log_text(run_id, "12345", "a.txt")
    (run,) = read(home).all()
    source = RunSource(f"sqlite:///{home / 'mlflow.db'}")
    assert ArtifactShelf(source, None, most_bytes_of_a_file=4).path(run, "a.txt") is None
    assert ArtifactShelf(source, None, most_bytes_of_a_file=5).path(run, "a.txt") is not None


def test_evaluation_is_read_and_one_that_was_logged_later_is_seen(store: Store, home: Path) -> None:
    run_id = a_run(store)
    runs = read(home)
    assert runs.evaluation(run_id) is None
    frame = FrameFigures(name="f1", group="worst", rank=1, score=0.1, picture="worst_1.png")
    evaluation = Evaluation(trial_uid="uid", task="segmentation", value=0.5, frames=(frame,))
    store.client.log_text(run_id, evaluation.to_json(), "evaluation/evaluation.json")
    assert runs.evaluation(run_id) == evaluation
