"""Looking at MLflow's runs over HTTP: a real `mlflow server` that is killed in the middle and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sweep.api.runs import Runs, open_runs
from sweep.evaluation import Evaluation, FrameFigures
from sweep.tracking import run_shelf
from sweep.tracking.artifact_shelf import ArtifactShelf
from sweep.tracking.run_source import RunSource
from sweep.tracking.store import Store, open_store
from tests.logged import a_run, log_curve, now_ms
from tests.mlflow_server import MlflowServer

pytestmark = pytest.mark.long
HOUR_MS = 3_600_000
MIOU = "miou_segmentation"
SECRET = "hunter2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    running = MlflowServer(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def store(server: MlflowServer) -> Store:
    return open_store(server.url, artifacts=server.root / "artifacts", init_lock=server.root / "init.lock")


def opened(server: MlflowServer, home: Path) -> Runs:
    """The runs at the server's address, with a login that it does not ask for."""
    return open_runs(home=home, tracking_uri=server.url.replace("//", f"//eva:{SECRET}@"))


def read(server: MlflowServer, home: Path) -> Runs:
    runs = opened(server, home)
    runs.refresh()
    return runs


def status(runs: Runs, run_id: str) -> str:
    found = runs.get(run_id)
    return "gone" if found is None else found.status


def values(runs: Runs, run_id: str) -> tuple[float, ...]:
    (curve,) = runs.curves([run_id], [MIOU])
    return curve.values


# What a refresh sees


def test_first_reading_has_every_run_with_params_tags_and_last_metrics(
    server: MlflowServer, store: Store, tmp_path: Path
) -> None:
    run_id = a_run(
        store,
        name="first",
        tags={"sweep.kind": "trial"},
        params={"task_type": "segmentation"},
        curves={MIOU: (0.5, 0.75)},
    )
    told: list[tuple[int, int]] = []
    runs = opened(server, tmp_path)
    assert runs.refresh(lambda done, total: told.append((done, total)))
    found = runs.get(run_id)
    assert found is not None
    assert (found.name, found.kind, found.task, found.state) == ("first", "trial", "segmentation", "finished")
    assert found.metrics == {MIOU: 0.75}
    assert told == [(len(runs.all()), len(runs.all()))]
    assert (runs.trouble, runs.experiment_id) == ("", store.experiment_id)
    assert SECRET not in runs.tracking_uri


def test_refresh_sees_a_new_run_and_one_that_grows_and_ends(
    server: MlflowServer, store: Store, tmp_path: Path
) -> None:
    growing = a_run(store, curves={MIOU: (0.25,)}, began_ms=now_ms() - HOUR_MS, status="RUNNING")
    runs = read(server, tmp_path)
    assert (status(runs, growing), values(runs, growing)) == ("RUNNING", (0.25,))
    new = a_run(store, name="new", curves={MIOU: (0.125,)})
    log_curve(store, growing, MIOU, (0.5,), first=2)
    assert runs.refresh()
    assert (status(runs, new), values(runs, new)) == ("FINISHED", (0.125,))
    assert (status(runs, growing), values(runs, growing)) == ("RUNNING", (0.25, 0.5))
    # It ends long ago by its clock: only that it was running tells of it.
    store.client.set_terminated(growing, status="KILLED", end_time=now_ms() - HOUR_MS + 1)
    assert runs.refresh()
    assert (status(runs, growing), values(runs, growing)) == ("KILLED", (0.25, 0.5))
    assert not runs.refresh()


def test_deleted_run_is_gone_after_the_reading_beside(
    server: MlflowServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = now_ms() - HOUR_MS
    doomed = a_run(store, began_ms=long_ago, ended_ms=long_ago)
    kept = a_run(store, began_ms=long_ago, ended_ms=long_ago)
    runs = read(server, tmp_path)
    assert {status(runs, doomed), status(runs, kept)} == {"FINISHED"}
    monkeypatch.setattr(run_shelf, "FULL_EVERY_S", 0.0)
    monkeypatch.setattr(run_shelf, "FULL_SHARE", 0)
    store.client.delete_run(doomed)
    runs.refresh(full=True)  # takes the shorter pause over
    store.client.delete_run(kept)
    runs.refresh()
    runs.join(60)
    assert (status(runs, doomed), status(runs, kept)) == ("gone", "gone")
    assert opened(server, tmp_path).get(kept) is None


# Artifacts


@pytest.fixture(scope="module")
def evaluated(store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Evaluation]:
    """A run with an evaluation of one picture."""
    frame = FrameFigures(name="f1", group="worst", rank=1, score=0.25, picture="frames/worst-1.png")
    evaluation = Evaluation(trial_uid="uid", task="segmentation", value=0.5, frames=(frame,))
    picture = tmp_path_factory.mktemp("pictures") / "worst-1.png"
    Image.new("RGB", (8, 6), (200, 40, 40)).save(picture)
    run_id = a_run(store, status="RUNNING")
    store.client.log_text(run_id, evaluation.to_json(), "evaluation/evaluation.json")
    store.client.log_artifact(run_id, str(picture), "evaluation/frames")
    store.client.set_terminated(run_id)
    return run_id, evaluation


def test_evaluation_and_its_picture_are_fetched(
    server: MlflowServer, evaluated: tuple[str, Evaluation], tmp_path: Path
) -> None:
    run_id, evaluation = evaluated
    runs = read(server, tmp_path)
    assert runs.evaluation(run_id) == evaluation
    picture = runs.artifact(run_id, f"evaluation/{evaluation.frames[0].picture}")
    assert picture is not None
    assert picture.is_relative_to(tmp_path)
    assert Image.open(picture).size == (8, 6)
    for path in ("evaluation/none.png", "nowhere/at/all.txt", "evaluation", "../evaluation/evaluation.json"):
        assert runs.artifact(run_id, path) is None, path
    assert runs.trouble == ""


def test_copies_used_longest_ago_make_room(server: MlflowServer, store: Store, tmp_path: Path) -> None:
    run_id = a_run(store, status="RUNNING")
    for name in "abc":
        store.client.log_text(run_id, name * 40, f"{name}.txt")
    store.client.log_text(run_id, "d" * 60, "too-large.txt")
    store.client.set_terminated(run_id)
    run = read(server, tmp_path).get(run_id)
    assert run is not None
    folder = tmp_path / "copies"
    shelf = ArtifactShelf(RunSource(server.url), folder, most_bytes=100, most_bytes_of_a_file=50)
    for name in ("a.txt", "b.txt", "a.txt", "c.txt"):
        copy = shelf.path(run, name)
        assert copy is not None
        assert copy.read_text() == name[0] * 40
    assert sorted(file.name for file in folder.rglob("*.txt")) == ["a.txt", "c.txt"]
    assert shelf.path(run, "too-large.txt") is None
    assert (shelf.path(run, "b.txt") or Path()).read_text() == "b" * 40


# A server that goes away


def test_killed_server_leaves_what_was_read_and_its_return_ends_the_trouble(
    server: MlflowServer, store: Store, evaluated: tuple[str, Evaluation], tmp_path: Path
) -> None:
    run_id, evaluation = evaluated
    ended = a_run(store, curves={MIOU: (0.5,)})
    unread = a_run(store, curves={MIOU: (0.5,)})
    running = a_run(store, curves={MIOU: (0.25,)}, status="RUNNING")
    runs = read(server, tmp_path)
    before = (runs.all(), values(runs, ended), values(runs, running))
    assert runs.evaluation(run_id) == evaluation
    server.kill()
    try:
        assert not runs.refresh()
        assert (runs.all(), values(runs, ended), values(runs, running)) == before
        assert runs.evaluation(run_id) == evaluation
        assert runs.curves([unread], [MIOU]) == ()
        assert runs.artifact(ended, "a.txt") is None
        later = opened(server, tmp_path)
        assert (later.all(), values(later, ended)) == before[:2]
        for trouble in (runs.trouble, later.trouble):
            assert f"eva:***@127.0.0.1:{server.port}" in trouble
            assert SECRET not in trouble
    finally:
        server.start()
    new = a_run(store)
    assert runs.refresh()
    assert (runs.trouble, status(runs, new), values(runs, unread)) == ("", "FINISHED", (0.5,))
