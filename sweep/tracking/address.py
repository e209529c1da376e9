"""Whether a tracking address can be used at all: asked in milliseconds, without importing MLflow.

A wrong address must fail before the first trial; opening the store (import, tables) takes seconds and
happens beside the first trials.
"""

import http.client
import re
import sqlite3
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

from sweep.database_file import check_database, is_fresh, sqlite_file
from sweep.errors import InputError, UnavailableError
from sweep.redaction import redacted

PROBE_TIMEOUT_S = 5.0
BUSY_TIMEOUT_S = 20.0  # MLflow waits as long for a lock


def check_address(
    tracking_uri: str, *, timeout_s: float = PROBE_TIMEOUT_S, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> None:
    """Refuse an address that cannot work; a SQLite file that is there is set to WAL mode.

    Args:
        tracking_uri: of MLflow: `sqlite:///FILE`, `http://HOST:PORT`, or another database's URL.
        timeout_s: how long a server may take to answer.
        busy_timeout_s: how long to wait for somebody who has a SQLite file locked.

    Raises:
        InputError: not an address of a store MLflow still opens, or a file store of older MLflow.
        UnavailableError: the server, database or file cannot be used.
    """
    if tracking_uri.startswith(("http://", "https://")):
        _probe_server(tracking_uri, timeout_s)
    elif (file := sqlite_file(tracking_uri)) is not None:
        _check_sqlite(file, busy_timeout_s)
    elif tracking_uri.startswith("file:") or "://" not in tracking_uri:
        _refuse_folder(Path(urllib.parse.unquote(tracking_uri.removeprefix("file://").removeprefix("file:"))))
    elif not tracking_uri.startswith("databricks"):
        _connect(tracking_uri, timeout_s)


def _probe_server(url: str, timeout_s: float) -> None:
    shown = redacted(url)
    # urllib takes `user:password@` for a host; being alive needs no login.
    bare = re.sub(r"(?<=://).*@", "", url).rstrip("/")
    try:
        with urllib.request.urlopen(f"{bare}/health", timeout=timeout_s):
            return
    except urllib.error.HTTPError as error:
        if error.code < 500:  # it answers; whether it is MLflow and lets us in is asked when it is opened
            return
        problem = f"answers {error.code} {error.reason}"
    except http.client.InvalidURL as error:
        raise InputError(f"--tracking-uri {shown}: {error}; e.g. http://127.0.0.1:5000") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = f"does not answer: {getattr(error, 'reason', error)}"
    raise UnavailableError(
        f"MLflow server {shown} {problem}; nothing was changed. Start it ({_starting(bare)}) or mend "
        "--tracking-uri"
    )


def _starting(url: str) -> str:
    """The command that starts a server at an address of this machine; elsewhere its owner knows better."""
    place = urllib.parse.urlsplit(url)
    if place.hostname not in {"127.0.0.1", "localhost", "::1"}:
        return "mlflow server"
    return f"mlflow server --host {place.hostname} --port {place.port or 80}"


def _check_sqlite(file: Path, busy_timeout_s: float) -> None:
    try:
        if is_fresh(file):
            _refuse_file_store(file.parent, database=file)
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=file.parent):
                return
        check_database(file, whose="MLflow", busy_timeout_s=busy_timeout_s)
        # Readers (the UI) and the one writer do not wait for each other; stays set in the file. Where
        # somebody reads right now it is not set: slower, but no fault.
        with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
    except OSError as error:
        raise UnavailableError(
            f"MLflow's database {file} cannot be used: {error}; nothing was changed. "
            "Choose a folder that can be written"
        ) from error


def _refuse_file_store(folder: Path, *, database: Path) -> None:
    # A file store keeps a meta.yaml in each experiment's folder.
    if not any(folder.glob("*/meta.yaml")):
        return
    raise InputError(
        f"{folder} is a file store of older MLflow, which MLflow 3 no longer opens. Take it along with:\n"
        f"  mlflow migrate-filestore --source {folder.resolve()} --target sqlite:///{database.resolve()}"
    )


def _refuse_folder(folder: Path) -> None:
    _refuse_file_store(folder, database=folder / "mlflow.db")
    raise InputError(
        f"--tracking-uri {folder}: a folder is no store that MLflow 3 opens; "
        f"e.g. sqlite:///{folder}/mlflow.db or http://127.0.0.1:5000"
    )


def _connect(url: str, timeout_s: float) -> None:
    # MLflow itself tries ten times, for 100 s.
    import sqlalchemy

    shown = redacted(url)
    try:
        is_server = sqlalchemy.make_url(url).get_backend_name() in {"postgresql", "mysql"}
        options = {"connect_timeout": max(1, int(timeout_s))} if is_server else {}
        engine = sqlalchemy.create_engine(url, connect_args=options)
        with closing(engine.connect()):
            engine.dispose()
    except (
        sqlalchemy.exc.ArgumentError,
        sqlalchemy.exc.NoSuchModuleError,
        ImportError,
        ValueError,  # of its port
    ) as error:
        raise InputError(
            f"--tracking-uri {shown}: not an address that can be opened ({redacted(str(error))}); "
            "e.g. sqlite:///mlruns/mlflow.db, http://127.0.0.1:5000 or postgresql+psycopg://user@host/db"
        ) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        first = redacted(str(error)).splitlines()[0]
        raise UnavailableError(
            f"MLflow's database {shown} does not answer: {first}; nothing was changed"
        ) from error
