import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.errors import InputError, UnavailableError
from sweep.searching.searcher import open_study
from sweep.searching.storage import open_storage
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
