import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from optuna.trial import TrialState, create_trial

from sweep.errors import InputError, UnavailableError
from sweep.searching.patient_storage import PatientStorage
from sweep.searching.searcher import open_study
from sweep.searching.storage import open_storage, storage_errors
from tests.making import VAL_LOSS, a_plan


def test_fresh_sqlite_file_becomes_a_storage_in_wal_mode(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    storage = open_storage(f"sqlite:///{file}", init_lock=tmp_path / "init.lock")
    study_id = open_study(storage, plan=a_plan(objective=VAL_LOSS), attributes={"data_digest": "abc"})
    assert storage.get_study_directions(study_id)[0].name == "MINIMIZE"
    assert storage.get_study_user_attrs(study_id) == {"data_digest": "abc"}
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_second_study_of_a_name_is_refused_with_the_mend(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'optuna.db'}", init_lock=tmp_path / "init.lock")
    open_study(storage, plan=a_plan(), attributes={})
    with pytest.raises(InputError, match="a-sweep: a sweep of this name exists already"):
        open_study(storage, plan=a_plan(), attributes={})


def test_file_that_is_no_database_is_left_alone_and_named(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    file.write_text("my holiday diary, quite long enough not to be an empty file" * 50)
    before = file.read_bytes()
    with pytest.raises(UnavailableError, match=r"optuna\.db"):
        open_storage(f"sqlite:///{file}", init_lock=tmp_path / "init.lock")
    assert file.read_bytes() == before


def test_unknown_driver_is_wrong_input_and_the_password_stays_secret(tmp_path: Path) -> None:
    url = "nosuchdb://me:S3CR3T@host/db"
    with pytest.raises(InputError) as caught:
        open_storage(url, init_lock=tmp_path / "init.lock")
    assert "S3CR3T" not in str(caught.value)


@pytest.mark.slow
def test_four_processes_may_open_a_fresh_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sweep.searching.storage import open_storage;"
        f"open_storage('sqlite:///{tmp_path / 'optuna.db'}', init_lock=Path('{tmp_path / 'init.lock'}'))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    outputs = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], outputs


def running_trial(uid: str) -> object:
    return create_trial(state=TrialState.RUNNING, user_attrs={"trial_uid": uid})


@contextmanager
def locked(file: Path) -> Iterator[Callable[[], None]]:
    """Somebody else writes and does not come to an end; yields what lets go."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield lambda: other.execute("ROLLBACK")


def test_lock_of_some_time_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    # SQLite itself gives up at once; what goes on is the repetition.
    storage = open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock", busy_timeout_s=0.05)
    study_id = open_study(storage, plan=a_plan(), attributes={})
    with locked(file) as let_go:
        threading.Timer(0.7, let_go).start()
        trial_id = storage.create_new_trial(study_id, template_trial=running_trial("a"))  # type: ignore[arg-type]
    storage.set_trial_intermediate_value(trial_id, 1, 0.5)
    with locked(file) as let_go:
        threading.Timer(0.3, let_go).start()
        assert storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
    (trial,) = storage.get_all_trials(study_id)
    assert (trial.state, trial.value, trial.intermediate_values) == (TrialState.COMPLETE, 0.5, {1: 0.5})


def test_lock_that_stays_ends_with_its_name_and_the_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    storage = open_storage(
        f"sqlite:///{file}", init_lock=tmp_path / "lock", busy_timeout_s=0.05, patience_s=0.3
    )
    study_id = open_study(storage, plan=a_plan(), attributes={})
    trial_id = storage.create_new_trial(study_id)
    with locked(file) as let_go:
        with (
            pytest.raises(UnavailableError, match=r"writing: Optuna's storage .* locked by another process"),
            storage_errors("writing"),
        ):
            storage.set_trial_state_values(trial_id, TrialState.FAIL)
        let_go()
    assert storage.set_trial_state_values(trial_id, TrialState.FAIL)


def test_waiting_for_a_lock_can_be_given_up(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    storage = open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock", busy_timeout_s=0.05)
    trial_id = storage.create_new_trial(open_study(storage, plan=a_plan(), attributes={}))
    storage.give_up = lambda: True
    with (
        locked(file),
        pytest.raises(UnavailableError, match="locked by another process"),
        storage_errors("writing"),
    ):
        storage.set_trial_state_values(trial_id, TrialState.FAIL)


def test_lock_at_the_start_is_named_in_time_and_by_file(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock")
    with locked(file), pytest.raises(UnavailableError, match=r"optuna\.db cannot be used: it is locked by"):
        open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock", busy_timeout_s=0.2)


def test_end_of_a_trial_is_on_the_disk_before_anything_else(tmp_path: Path) -> None:
    class Watched(PatientStorage):
        def _set_trial_value_without_commit(self, session: object, *rest: object) -> None:
            seen.append(self._synchronous(session))
            super()._set_trial_value_without_commit(session, *rest)

        def _set_trial_intermediate_value_without_commit(self, session: object, *rest: object) -> None:
            seen.append(self._synchronous(session))
            super()._set_trial_intermediate_value_without_commit(session, *rest)

        def _synchronous(self, session: object) -> int:
            from sqlalchemy import text

            return int(session.execute(text("PRAGMA synchronous")).scalar())  # type: ignore[attr-defined]

    seen: list[int] = []
    storage = Watched(f"sqlite:///{tmp_path / 'optuna.db'}", engine_kwargs={})
    trial_id = storage.create_new_trial(open_study(storage, plan=a_plan(), attributes={}))
    storage.set_trial_intermediate_value(trial_id, 1, 0.5)
    storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
    assert seen == [1, 2]  # NORMAL for the epoch, FULL for the end: sqlite.org/pragma.html


def filled(file: Path) -> None:
    storage = open_storage(f"sqlite:///{file}", init_lock=file.with_name("lock"))
    study_id = open_study(storage, plan=a_plan(), attributes={})
    for number in range(300):
        storage.create_new_trial(study_id, template_trial=running_trial(f"uid-{number}"))  # type: ignore[arg-type]
    storage.engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("whole") / "optuna.db"
    filled(file)
    return file.read_bytes()


def damaged(whole: bytes, how: str) -> bytes:
    if how == "header":
        return bytes(100) + whole[100:]
    if how == "truncated":
        return whole[: len(whole) // 2]
    middle = len(whole) // 2 // 4096 * 4096
    return whole[:middle] + b"\xff" * 4096 * 4 + whole[middle + 4096 * 4 :]


@pytest.mark.parametrize("how", ["header", "truncated", "page"])
def test_damaged_database_is_named_with_the_mend_and_left_as_it_is(
    whole: bytes, tmp_path: Path, how: str
) -> None:
    file = tmp_path / "optuna.db"
    content = damaged(whole, how)
    file.write_bytes(content)
    with pytest.raises(UnavailableError, match=r"optuna\.db cannot be used: it is damaged .*\.recover"):
        open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock")
    assert file.read_bytes() == content


def test_older_schema_is_answered_with_the_upgrade_command(tmp_path: Path) -> None:
    file = tmp_path / "optuna.db"
    open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock").engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
        connection.execute("UPDATE version_info SET library_version = '2.6.0'")
        connection.commit()
    with pytest.raises(UnavailableError, match="backup, then: optuna storage upgrade --storage sqlite:///"):
        open_storage(f"sqlite:///{file}", init_lock=tmp_path / "lock")


def test_creation_whose_reply_was_lost_makes_no_second_trial(tmp_path: Path) -> None:
    from sqlalchemy.exc import OperationalError

    class Lossy(PatientStorage):
        def _create_new_trial(self, *args: object, **named: object) -> object:
            made = super()._create_new_trial(*args, **named)  # type: ignore[arg-type]
            if not lost:
                lost.append(made._trial_id)
                raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
            return made

    lost: list[int] = []
    storage = Lossy(f"sqlite:///{tmp_path / 'optuna.db'}", engine_kwargs={})
    study_id = open_study(storage, plan=a_plan(), attributes={})
    trial_id = storage.create_new_trial(study_id, template_trial=running_trial("once"))
    assert [trial_id] == lost
    assert storage.get_n_trials(study_id) == 1
