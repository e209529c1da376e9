"""Opening MLflow's store: fresh, used, wrong, damaged, out of reach."""

import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes

from sweep.errors import InputError, UnavailableError
from sweep.tracking import open_scribe
from sweep.tracking.address import check_address
from sweep.tracking.store import EXPERIMENT, Store, is_refusal, open_store


def opened(home: Path) -> Store:
    return open_store(
        f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock"
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh") / "a home #1 100%"
    opened(home)
    return home


@pytest.fixture
def home(fresh: Path, tmp_path: Path) -> Path:
    """A home of its own with a database that has its tables."""
    (tmp_path / "home").mkdir()
    made, own = fresh / "mlflow.db", tmp_path / "home" / "mlflow.db"
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(own)) as copy:
        source.backup(copy)
    return tmp_path / "home"


def test_fresh_home_gets_the_experiment_with_artifacts_below_it(fresh: Path, tmp_path: Path) -> None:
    client = opened(fresh).client
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    assert experiment.artifact_location == (fresh / "artifacts").as_uri()
    run = client.create_run(experiment.experiment_id)
    client.log_text(run.info.run_id, "text", "a.txt")
    assert [file.read_text() for file in (fresh / "artifacts").rglob("a.txt")] == ["text"]


def test_fresh_database_is_in_wal_mode_and_nothing_is_left_beside_it(fresh: Path) -> None:
    with closing(sqlite3.connect(fresh / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not list(fresh.glob(".*"))


def test_second_opening_finds_the_same_experiment(home: Path) -> None:
    assert opened(home).experiment_id == opened(home).experiment_id


def test_database_without_wal_mode_is_set_to_it(home: Path) -> None:
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    check_address(f"sqlite:///{home / 'mlflow.db'}")
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_deleted_experiment_is_an_input_error_with_the_restore_command(home: Path) -> None:
    store = opened(home)
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(InputError, match=f"mlflow experiments restore --experiment-id {store.experiment_id}"):
        opened(home)


def test_older_schema_is_an_unavailable_error_with_the_upgrade_command(home: Path) -> None:
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
        connection.commit()
    with pytest.raises(UnavailableError, match=r"backup, then: mlflow db upgrade sqlite:///.*mlflow\.db"):
        opened(home)


def test_telemetry_is_off_once_a_store_was_opened(home: Path) -> None:
    opened(home)
    code = "from mlflow.environment_variables import MLFLOW_DISABLE_TELEMETRY as t; print(t.get())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


# A kill while tables are made, and two at once

KILLED = """
import os, sys
from pathlib import Path
import sqlalchemy
from sweep.tracking.store import open_store

statements = iter(range(10_000))

@sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "before_cursor_execute")
def kill(*_):
    if next(statements) == int(sys.argv[2]):
        os._exit(9)

home = Path(sys.argv[1])
open_store(f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock")
"""


@pytest.mark.slow
def test_process_killed_while_it_makes_the_tables_leaves_a_home_that_opens(tmp_path: Path) -> None:
    # After 100 of some 700 statements the schema is half there.
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "100"], check=False)
    assert done.returncode == 9
    assert opened(tmp_path).client.get_experiment_by_name(EXPERIMENT) is not None


@pytest.mark.slow
def test_two_processes_on_a_fresh_home_both_open_it(tmp_path: Path) -> None:
    never = "1000000"
    both = [subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), never]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]


# Addresses that cannot work


@pytest.fixture
def file_store(tmp_path: Path) -> Path:
    folder = tmp_path / "mlruns"
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "meta.yaml").write_text("experiment_id: '0'\nname: Default\n")
    return folder


def test_file_store_in_the_home_is_answered_with_the_migrate_command(file_store: Path) -> None:
    with pytest.raises(InputError) as raised:
        check_address(f"sqlite:///{file_store / 'mlflow.db'}")
    command = f"mlflow migrate-filestore --source {file_store} --target sqlite:///{file_store / 'mlflow.db'}"
    assert command in str(raised.value)
    assert not (file_store / "mlflow.db").exists()


def test_home_of_a_migrated_file_store_is_fine(file_store: Path, fresh: Path) -> None:
    shutil.copy(fresh / "mlflow.db", file_store / "mlflow.db")
    check_address(f"sqlite:///{file_store / 'mlflow.db'}")


@pytest.mark.parametrize("form", ["{}", "file://{}", "file:{}"])
def test_file_store_as_address_is_answered_with_the_migrate_command(file_store: Path, form: str) -> None:
    with pytest.raises(
        InputError, match=f"mlflow migrate-filestore --source {file_store} --target sqlite:///"
    ):
        check_address(form.format(file_store))


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("./somewhere", "a folder is no store.*sqlite:///somewhere/mlflow.db"),
        ("nonsense://host/db", "not an address that can be opened"),
        ("postgresql+nodriver://user:secret@host/db", "not an address that can be opened"),
        ("postgresql+psycopg://user:secret@host:port/db", "not an address that can be opened.*'port'"),
        ("http://user:secret@host:port", "nonnumeric port: 'port'"),
    ],
)
def test_address_of_no_store_is_an_input_error(uri: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        check_address(uri)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\0" * 300]
)
def test_damaged_file_is_an_unavailable_error_that_names_it_and_leaves_it(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(content)
    with pytest.raises(UnavailableError, match=r"mlflow\.db cannot be used"):
        check_address(f"sqlite:///{file}")
    assert file.read_bytes() == content


def test_database_with_a_damaged_page_is_an_unavailable_error(home: Path) -> None:
    file = home / "mlflow.db"
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 40] = b"\xff" * (4096 * 39)
    file.write_bytes(content)
    with pytest.raises(UnavailableError, match=r"mlflow\.db cannot be used"):
        check_address(f"sqlite:///{file}")


def test_place_that_is_no_folder_is_an_unavailable_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"file/mlflow\.db cannot be used"):
        check_address(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}")


def test_folder_in_the_place_of_the_file_is_an_unavailable_error(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(UnavailableError, match=r"mlflow\.db cannot be used"):
        check_address(f"sqlite:///{tmp_path / 'mlflow.db'}")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_server_that_is_down_is_an_unavailable_error_without_its_password(tmp_path: Path) -> None:
    port = closed_port()
    with pytest.raises(
        UnavailableError, match=rf"MLflow server http://user:\*\*\*@127.0.0.1:{port} does not answer"
    ) as raised:
        open_scribe(
            f"http://user:secret@127.0.0.1:{port}",
            spool=tmp_path / "spool.jsonl",
            artifacts=tmp_path,
            init_lock=tmp_path / "lock",
            param_name=lambda _, name: name,
        )
    assert "secret" not in str(raised.value)
    assert not (tmp_path / "spool.jsonl").exists()


def test_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(UnavailableError, match=r"does not answer: .*timed out"):
            check_address(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)


class Answers(BaseHTTPRequestHandler):
    """Answers every request with one status."""

    def __init__(self, status: int, *args: object) -> None:
        self.status = status
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_error(self.status)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), partial(Answers, request.param))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("answering", [503], indirect=True)
def test_server_in_trouble_is_an_unavailable_error(answering: str) -> None:
    with pytest.raises(UnavailableError, match="answers 503"):
        check_address(answering)


@pytest.mark.parametrize("answering", [404], indirect=True)
def test_server_that_is_no_mlflow_is_an_unavailable_error(answering: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        open_store(answering, artifacts=tmp_path, init_lock=tmp_path / "lock")


@pytest.mark.parametrize(
    ("code", "is_final"),
    [
        (codes.INVALID_PARAMETER_VALUE, True),
        (codes.RESOURCE_DOES_NOT_EXIST, True),
        (codes.INTERNAL_ERROR, False),
        (codes.TEMPORARILY_UNAVAILABLE, False),
        (codes.REQUEST_LIMIT_EXCEEDED, False),
        (codes.PERMISSION_DENIED, False),
    ],
)
def test_only_a_request_wrong_in_itself_is_a_refusal(code: int, is_final: bool) -> None:
    assert is_refusal(MlflowException("text", code)) is is_final


def test_database_locked_at_the_start_is_named_in_time(home: Path) -> None:
    file = home / "mlflow.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnavailableError, match=r"mlflow\.db cannot be used: it is locked by another"):
            check_address(f"sqlite:///{file}", busy_timeout_s=0.2)
