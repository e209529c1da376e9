"""`sweep doctor`: every invariant is seen when it is broken, and what can be mended is."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Run

from sweep.api.doctor import Examination, examine
from sweep.doctor import Start, SweepFacts, check_sweep
from sweep.errors import UnavailableError
from sweep.history import SweepHistory
from sweep.paths import Home
from sweep.searching.storage import open_storage
from sweep.searching.study_reader import StudyFacts, TrialFacts
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.run_reader import pending_models
from sweep.tracking.store import Store, open_store
from sweep.wiring.examining import bring_to_rest, facts_of
from sweep.wiring.stored import read_stored
from tests.conftest import run_here
from tests.registering import NAMES, a_candidate, promoted
from tests.unreliable import with_fault

pytestmark = pytest.mark.long

NAME = "sound"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one sweep: complete, pruned and failed trials, and one that was tried again."""
    root = tmp_path_factory.mktemp("doctor")
    words = ("run", "--task", "segmentation", "--trainer", "stand_in", "--trials", "8", "--name", NAME)
    faults = ("--set", "fault=exit", "--set", "fault_share=0.2", "--set", "fault_epoch=2")
    done = run_here(*words, *faults, "--workers", "2", "--json", folder=root)
    assert done.returncode == 0, done.stderr
    assert not examine(environ={}, home=str(root / "mlruns")).findings
    return root


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "mlruns"
    shutil.copytree(sound / "mlruns", copied)
    return copied


def looked_at(home: Path, *, fix: bool = False) -> Examination:
    return examine(environ={}, home=str(home), fix=fix)


def sql(file: str, words: str) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        with closing(sqlite3.connect(home / file)) as base, base:
            assert base.execute(words).rowcount >= 1, words

    return change


def optuna(words: str) -> Callable[[Path], None]:
    return sql("optuna.db", words)


def mlflow(words: str) -> Callable[[Path], None]:
    return sql("mlflow.db", words)


def with_password(home: Path) -> None:
    file = home / "sweeps" / NAME / "owner.json"
    file.write_text(json.dumps({"storage": "postgresql://me:S3CR3T@db/optuna"}))


def half_written(home: Path) -> None:
    (home / "cache").mkdir(exist_ok=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    (home / "cache" / f".frames.npy.{gone.pid}.tmp").write_text("half")


def undelivered(home: Path) -> None:
    spool = home / "sweeps" / NAME / "spool.jsonl"
    last = spool.read_bytes().splitlines(keepends=True)[-1]
    with spool.open("ab") as file:
        file.write(last)


def torn_database(home: Path) -> None:
    file = home / "optuna.db"
    body = bytearray(file.read_bytes())
    body[4096:8192] = b"\xff" * 4096
    file.write_bytes(bytes(body))
    for name in ("optuna.db-wal", "optuna.db-shm"):
        (home / name).unlink(missing_ok=True)


def client_of(home: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{home / 'mlflow.db'}")


def runs_of(home: Path, words: str = "") -> list[Run]:
    client = client_of(home)
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    words = words or f"tags.`sweep.name` = '{NAME}'"
    return list(client.search_runs([experiment.experiment_id], words, order_by=["attributes.start_time"]))


def contents(home: Path) -> list[tuple[object, ...]]:
    """All that MLflow has of the sweep."""
    return [
        (
            run.info.run_id,
            run.info.status,
            run.info.end_time,
            run.data.tags,
            run.data.params,
            run.data.metrics,
        )
        for run in runs_of(home)
    ]


def twin(home: Path) -> None:
    (run,) = runs_of(home, "tags.`sweep.trial` = '0'")
    client_of(home).create_run(run.info.experiment_id, run_name=run.info.run_name, tags=dict(run.data.tags))


def twin_that_the_journal_names(home: Path) -> None:
    """The reply to the making of a trial's run was lost, and a later process found the other one."""
    twin(home)
    first, second = runs_of(home, "tags.`sweep.trial` = '0'")
    journal = home / "sweeps" / NAME / "spool.jsonl.delivered"
    assert first.info.run_id in journal.read_text()
    journal.write_text(journal.read_text().replace(first.info.run_id, second.info.run_id))


def cut_upload(home: Path) -> None:
    (run,) = runs_of(home, "tags.`sweep.trial` = '0'")
    client_of(home).create_logged_model(
        run.info.experiment_id, name="segmentation_model", source_run_id=run.info.run_id
    )


def opened(home: Path) -> Store:
    url = f"sqlite:///{home / 'mlflow.db'}"
    return open_store(url, artifacts=home / "artifacts", init_lock=home / "mlflow.lock")


def registered(home: Path) -> None:
    store, name = opened(home), f"rccar-test-{next(NAMES)}"
    registry = ModelRegistry(lambda: store, registry_lock=home / "registry.lock")
    promoted(registry, a_candidate(store, home.parent / name, name))
    assert not looked_at(home).findings


def without_stage(home: Path) -> None:
    registered(home)
    mlflow("update model_versions set current_stage = 'Archived'")(home)


def without_ledger(home: Path) -> None:
    registered(home)
    mlflow("delete from registered_model_tags")(home)


RUN_OF_SLOT_0 = "(select run_uuid from tags where key = 'sweep.slot' and value = '0')"
TRIAL_0 = "(select trial_id from trials where number = 0)"


def of_state(state: str) -> str:
    """The first trial that ended so, in MLflow."""
    ended = f"(select run_uuid from tags where key = 'sweep.state' and value = '{state}')"
    return (
        f"(select run_uuid from runs where name like 'trial-%' and run_uuid in {ended} order by name limit 1)"
    )


ROWS = [
    ("rest", optuna("update trials set state = 'RUNNING' where number = 0"), True),
    ("study", optuna("update studies set study_name = 'another'"), False),
    (
        "identity",
        optuna("update study_user_attributes set value_json = '\"x\"' where key = 'sweep.uid'"),
        False,
    ),
    ("numbers", optuna("update trials set number = 90 where number = 2"), False),
    (
        "slots",
        optuna("update trial_user_attributes set value_json = '1' where key = 'slot'"),
        False,
    ),
    ("values", optuna(f"update trial_values set value = value + 0.1 where trial_id = {TRIAL_0}"), False),
    (
        "best",
        mlflow(
            f"update latest_metrics set value = 0.999 where key like 'best_%' and run_uuid = {RUN_OF_SLOT_0}"
        ),
        False,
    ),
    ("states", mlflow(f"update runs set status = 'FAILED' where run_uuid = {of_state('complete')}"), True),
    ("states", mlflow(f"update runs set status = 'RUNNING' where run_uuid = {of_state('complete')}"), True),
    ("states", mlflow(f"update runs set status = 'FINISHED' where run_uuid = {of_state('failed')}"), True),
    (
        "states",
        mlflow(f"update tags set value = 'x' where key = 'sweep.state' and run_uuid = {RUN_OF_SLOT_0}"),
        True,
    ),
    ("bijection", twin, True),
    ("bijection", twin_that_the_journal_names, True),
    ("models", cut_upload, True),
    ("model", without_stage, True),
    ("model", without_ledger, True),
    (
        "states",
        mlflow(
            "update tags set value = '' where key = 'sweep.reason' and run_uuid in "
            "(select run_uuid from runs where status = 'FAILED')"
        ),
        False,
    ),
    ("parents", mlflow("update runs set status = 'RUNNING' where name = 'sound'"), True),
    (
        "parents",
        mlflow(
            f"update tags set value = 'x' where key = 'mlflow.parentRunId' and run_uuid = {RUN_OF_SLOT_0}"
        ),
        False,
    ),
    (
        "bijection",
        mlflow(f"update runs set lifecycle_stage = 'deleted' where run_uuid = {RUN_OF_SLOT_0}"),
        False,
    ),
    (
        "epochs",
        mlflow(
            f"delete from metrics where step = 3 and key = 'miou_segmentation' and run_uuid = {RUN_OF_SLOT_0}"
        ),
        False,
    ),
    ("delivery", undelivered, True),
    ("secret", with_password, False),
    ("leftover", half_written, True),
    ("database", torn_database, False),
]


@pytest.mark.parametrize(("rule", "break_it", "is_fixable"), ROWS)
def test_broken_invariant_is_seen(
    home: Path, rule: str, break_it: Callable[[Path], None], is_fixable: bool
) -> None:
    break_it(home)
    seen = looked_at(home)
    assert (rule, is_fixable) in {(finding.rule, finding.is_fixable) for finding in seen.findings}, [
        str(finding) for finding in seen.findings
    ]
    assert seen.exit_code == 1


@pytest.mark.parametrize(("rule", "break_it"), [row[:2] for row in ROWS if row[2]])
def test_what_is_called_fixable_is_mended_and_said_and_nothing_else_is_changed(
    home: Path, rule: str, break_it: Callable[[Path], None]
) -> None:
    before = contents(home)
    break_it(home)
    seen = looked_at(home, fix=True)
    assert rule in {finding.rule for finding in seen.mended}
    assert (seen.findings, seen.exit_code) == ((), 0)
    assert not looked_at(home).findings
    assert contents(home) == before


def test_file_that_arrived_before_it_was_removed_here_is_not_called_missing(sound: Path, home: Path) -> None:
    table = sound / "mlruns" / "sweeps" / NAME / "trials.csv"
    mlflow("update runs set status = 'RUNNING' where name = 'sound'")(home)
    aside = table.rename(table.with_suffix(".aside"))
    try:
        assert not looked_at(home, fix=True).findings
    finally:
        aside.rename(table)
    assert not [run for run in runs_of(home) if "artifact" in run.data.tags]


def test_model_that_somebody_is_uploading_is_neither_a_fault_nor_removed(home: Path) -> None:
    cut_upload(home)
    store, stored = opened(home), read_stored(Home(home), NAME)
    registry = ModelRegistry(lambda: store, registry_lock=home / "registry.lock", lock_timeout_s=0.0)
    storage = open_storage(f"sqlite:///{home / 'optuna.db'}", init_lock=home / "optuna.lock")
    with FileLock(home / "registry.lock"):
        assert not looked_at(home).findings
        with pytest.raises(UnavailableError, match="another process has held"):
            bring_to_rest(
                stored,
                config=stored.loaded({}, home=Home(home)).config,
                home=Home(home),
                storage=storage,
                store=store,
                registry=registry,
            )
    assert [finding.rule for finding in looked_at(home).findings] == ["models"]


def test_cut_uploads_are_found_on_every_page(home: Path) -> None:
    for _ in range(3):
        cut_upload(home)
    run_ids = {run.info.run_id for run in runs_of(home)}
    assert len(pending_models(opened(home), run_ids, page_size=1)) == 3


def test_file_that_a_living_process_writes_stays(home: Path) -> None:
    half_written(home)
    own = home / "cache" / f".frames.npy.{os.getpid()}.tmp"
    own.write_text("half")
    seen = looked_at(home, fix=True)
    assert ([finding.rule for finding in seen.mended], seen.findings) == (["leftover"], ())
    assert [file.name for file in (home / "cache").glob(".*.tmp")] == [own.name]


def test_sweep_that_ends_while_it_is_looked_at_counts_as_running(home: Path) -> None:
    lock = FileLock(home / "sweeps" / NAME / "lock")
    lock.acquire()

    def ends(call: Callable[[], Any]) -> Any:
        lock.release()
        return call()

    store = with_fault(opened(home), "search_runs", ends)
    facts = facts_of(
        read_stored(Home(home), NAME),
        home=Home(home),
        storage=open_storage(f"sqlite:///{home / 'optuna.db'}", init_lock=home / "optuna.lock"),
        store=store,
        registry=ModelRegistry(lambda: store, registry_lock=home / "registry.lock"),
    )
    assert not lock.is_locked
    assert facts.is_running


def test_sweep_whose_server_is_gone_does_not_end_the_visit(home: Path) -> None:
    shutil.copytree(home / "sweeps" / NAME, home / "sweeps" / "other")
    change_config(home, tracking_uri="http://127.0.0.1:9")
    found = {(finding.rule, finding.where) for finding in looked_at(home).findings}
    assert found == {("unread", NAME), ("study", "other")}


def change_config(home: Path, **settings: str) -> None:
    file = home / "sweeps" / NAME / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def test_addresses_of_the_environment_are_for_sweeps_whose_address_had_a_password(
    home: Path, tmp_path: Path
) -> None:
    away = dict.fromkeys(("SWEEP_STORAGE", "SWEEP_TRACKING_URI"), f"sqlite:///{tmp_path / 'away.db'}")
    assert not examine(environ=away, home=str(home)).findings
    assert not (tmp_path / "away.db").exists()

    change_config(home, storage="postgresql://me:***@db/optuna")
    assert [finding.rule for finding in looked_at(home).findings] == ["unread"]
    undelivered(home)
    right = {"SWEEP_STORAGE": f"sqlite:///{home / 'optuna.db'}"}
    seen = examine(environ=right, home=str(home), fix=True)
    assert ([finding.rule for finding in seen.mended], seen.findings) == (["delivery"], ())


def test_address_of_a_flag_is_for_every_sweep(home: Path, tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path / 'away.db'}"
    seen = examine(environ={}, home=str(home), tracking_uri=away)
    assert "0 runs in MLflow are the sweep's own" in {finding.text for finding in seen.findings}
    with pytest.raises(UnavailableError):
        examine(environ={}, home=str(home), tracking_uri="http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        examine(environ={}, home=str(home), storage=f"sqlite:///{tmp_path / 'nowhere' / 'optuna.db'}")


@pytest.mark.parametrize(
    ("address", "is_secret"),
    [
        ("postgresql://me:S3CR3T@db/optuna", True),
        ("https://T0KEN@example.org/mlflow", True),
        ("postgresql://db/optuna?user=me&password=S3CR3T", True),
        ("postgresql://me:***@db/optuna", False),
        ('http://127.0.0.1:5000","model":"models:/rccar@production', False),
    ],
)
def test_secrets_of_every_kind_are_seen_in_a_sweeps_files(home: Path, address: str, is_secret: bool) -> None:
    (home / "sweeps" / NAME / "owner.json").write_text(f'{{"storage": "{address}"}}')
    assert [finding.rule for finding in looked_at(home).findings] == ["secret"] * is_secret


def crashed(n: int, starts: list[Start]) -> SweepFacts:
    """A slot that crashed that often."""
    trials = tuple(
        TrialFacts(
            number=number,
            state="FAIL",
            uid=f"uid-{number}",
            slot=0,
            run_id="",
            reason="worker_killed(-9): by SIGKILL",
            value=None,
            steps={},
        )
        for number in range(n)
    )
    return SweepFacts(
        name="crashing",
        uid="",
        study=StudyFacts(name="crashing", uid="", maximise=True, trials=trials),
        parents=(),
        runs=(),
        history=SweepHistory(),
        metric="miou",
        n_slots=1,
        is_running=False,
        n_undelivered=1,
        steps=lambda _: [],
        starts=lambda: starts,
    )


@pytest.mark.parametrize(
    ("limits", "is_fault"), [([1], True), ([1, 1], False), ([2, 0], False), ([3], False), ([0, 2], True)]
)
def test_retries_are_counted_by_process_and_its_own_limit(limits: list[int], is_fault: bool) -> None:
    shares = {1: [{0, 1, 2, 3}], 2: [{0, 1, 2}, {3}]}[len(limits)]
    if limits == [1, 1]:
        shares = [{0, 1}, {2, 3}]  # `sweep retry` between them
    starts = [
        Start(max_retries=limit, uids=frozenset(f"uid-{number}" for number in share))
        for limit, share in zip(limits, shares, strict=True)
    ]
    found = check_sweep(crashed(4, starts))
    assert ("retries" in {finding.rule for finding in found}) == is_fault


def test_home_that_is_not_there_is_no_home_that_is_well(tmp_path: Path) -> None:
    done = run_here("doctor", folder=tmp_path)
    assert (done.returncode, "no home at" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_command_says_what_is_wrong_and_how_to_mend_it(home: Path) -> None:
    undelivered(home)
    done = run_here("doctor", folder=home.parent)
    assert done.returncode == 1
    assert "have not arrived in MLflow" in done.stdout
    assert "`sweep doctor --fix` mends" in done.stdout
    assert f"`sweep resume {NAME}` goes on with {NAME}" in done.stdout
    as_json = run_here("doctor", "--json", folder=home.parent)
    (finding,) = json.loads(as_json.stdout)["findings"]
    assert (finding["rule"], finding["where"]) == ("delivery", NAME)
