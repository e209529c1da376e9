"""`sweep doctor`: every invariant is seen when it is broken, and what can be mended is."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sweep.api.doctor import Examination, examine
from tests.conftest import run_here

pytestmark = pytest.mark.slow

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
    (home / "cache" / ".frames.npy.123.tmp").write_text("half")


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


RUN_OF_SLOT_0 = "(select run_uuid from tags where key = 'sweep.slot' and value = '0')"
TRIAL_0 = "(select trial_id from trials where number = 0)"


@pytest.mark.parametrize(
    ("rule", "break_it", "is_fixable"),
    [
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
                "update latest_metrics set value = 0.999 where key like 'best_%' "
                f"and run_uuid = {RUN_OF_SLOT_0}"
            ),
            False,
        ),
        ("states", mlflow(f"update runs set status = 'FAILED' where run_uuid = {RUN_OF_SLOT_0}"), True),
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
                "delete from metrics where step = 3 and key = 'miou_segmentation' and "
                f"run_uuid = {RUN_OF_SLOT_0}"
            ),
            False,
        ),
        ("delivery", undelivered, True),
        ("secret", with_password, False),
        ("leftover", half_written, True),
        ("database", torn_database, False),
    ],
)
def test_broken_invariant_is_seen(
    home: Path, rule: str, break_it: Callable[[Path], None], is_fixable: bool
) -> None:
    break_it(home)
    seen = looked_at(home)
    assert (rule, is_fixable) in {(finding.rule, finding.is_fixable) for finding in seen.findings}, [
        str(finding) for finding in seen.findings
    ]
    assert seen.exit_code == 1


@pytest.mark.parametrize("break_it", [undelivered, half_written])
def test_what_can_be_mended_is_mended_and_said(home: Path, break_it: Callable[[Path], None]) -> None:
    break_it(home)
    seen = looked_at(home, fix=True)
    assert (len(seen.mended), seen.findings, seen.exit_code) == (1, (), 0)
    assert not looked_at(home).findings


def test_twin_of_a_run_whose_reply_was_lost_is_removed(home: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    (run,) = client.search_runs([experiment.experiment_id], "tags.`sweep.trial` = '0'")
    twin = client.create_run(experiment.experiment_id, run_name=run.info.run_name, tags=dict(run.data.tags))
    assert {finding.rule for finding in looked_at(home).findings} >= {"bijection"}
    assert not looked_at(home, fix=True).findings
    found = client.search_runs([experiment.experiment_id], "tags.`sweep.trial` = '0'")
    assert [one.info.run_id for one in found] == [run.info.run_id]
    assert client.get_run(twin.info.run_id).info.lifecycle_stage == "deleted"


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
    as_json = run_here("doctor", "--json", folder=home.parent)
    (finding,) = json.loads(as_json.stdout)["findings"]
    assert (finding["rule"], finding["where"]) == ("delivery", NAME)
