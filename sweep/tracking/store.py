"""Opens MLflow's store: one client with explicit run ids, never the process-wide active run.

MLflow is imported here, in the thread that opens the store (2 s), and nowhere at module level.
"""

import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sweep.database_file import is_fresh, sqlite_file
from sweep.errors import InputError, PromotionError, SweepError, UnavailableError
from sweep.redaction import redacted
from sweep.tracking.address import PROBE_TIMEOUT_S, check_address

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from requests import HTTPError

EXPERIMENT = "autonomous_vehicle"
MIGRATION_TIMEOUT_S = 120.0  # first touch of a fresh database by another process: 1 to 10 s

# Source of the names: mlflow/environment_variables.py and mlflow/telemetry/utils.py of 3.17.
_FORCED = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_PREFERRED = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A repeated POST whose first reply was lost makes a second run: the scribe repeats, after a search.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An open MLflow store.

    Args:
        client: bound to the address, for tracking and registry.
        tracking_uri: the address, with its credentials.
        experiment_id: of the experiment `autonomous_vehicle`.
    """

    client: "MlflowClient"
    tracking_uri: str
    experiment_id: str


def quiet_environment() -> None:
    """Switch MLflow's telemetry, progress bars and long retries off; works before its import only."""
    os.environ.update(_FORCED)
    for name, value in _PREFERRED.items():
        os.environ.setdefault(name, value)


def open_store(
    tracking_uri: str, *, artifacts: Path, init_lock: Path, timeout_s: float = PROBE_TIMEOUT_S
) -> Store:
    """Open the store, with its tables and the experiment.

    Args:
        tracking_uri: `sqlite:///FILE`, `http://HOST:PORT`, or another database's URL.
        artifacts: where a new experiment without a server keeps its artifacts.
        init_lock: file locked while tables are created; two processes doing it at once would crash.
        timeout_s: how long a server may take to show that it lives.

    Returns:
        The open store.

    Raises:
        InputError: the address names no store that MLflow opens, or the experiment was deleted.
        UnavailableError: the server, database or file cannot be used, or has an older schema.
    """
    check_address(tracking_uri, timeout_s=timeout_s)
    quiet_environment()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    # What goes wrong is raised; the same as a traceback on the terminal would tear the live view.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    has_server = tracking_uri.startswith(("http", "databricks"))
    try:
        init_lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(init_lock, timeout=MIGRATION_TIMEOUT_S):
            if (file := sqlite_file(tracking_uri)) is not None and is_fresh(file):
                _make_database(file)
            client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
            experiment_id = _experiment(client, location=None if has_server else artifacts.resolve().as_uri())
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, Timeout) as error:
        raise UnavailableError(_why_closed(tracking_uri, error)) from error
    return Store(client=client, tracking_uri=tracking_uri, experiment_id=experiment_id)


def is_refusal(error: "MlflowException | HTTPError") -> bool:
    """Tell an answer that will not change from trouble that may pass.

    Args:
        error: what MLflow raised; uploads to a server raise HTTPError.

    Returns:
        True for a request that is wrong in itself; False for outages, locks, limits and missing rights.
    """
    from requests import HTTPError

    if isinstance(error, HTTPError):
        status = 0 if error.response is None else error.response.status_code
    else:
        status = int(error.get_http_status_code())  # type: ignore[no-untyped-call]
    return 400 <= status < 500 and status not in {401, 403, 408, 429, 499}


@contextmanager
def mlflow_errors(doing: str) -> Iterator[None]:
    """Translate what MLflow raises.

    Args:
        doing: what is being done, e.g. "registering rccar-segmentation".

    Yields:
        Nothing.

    Raises:
        PromotionError: MLflow refuses it.
        UnavailableError: the store or the disk cannot be used right now.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        kind: type[SweepError] = PromotionError if is_refusal(error) else UnavailableError
        raise kind(f"{doing}: {_first_line(error)}") from error
    except (SQLAlchemyError, OSError) as error:  # MLflow lets a broken rollback through
        raise UnavailableError(f"{doing}: {_first_line(error)}") from error


def _make_database(file: Path) -> None:
    """Run MLflow's migrations aside, and put the finished file into its place.

    A process killed in the middle of them leaves tables that MLflow can never open again ("duplicate
    column name"). Measured: 0.7 to 2.5 s in WAL mode, 5 s without.
    """
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory(prefix="sweep-mlflow-") as folder:
        aside = Path(folder) / "mlflow.db"
        with closing(sqlite3.connect(aside)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        MlflowClient(tracking_uri=f"sqlite:///{aside}", registry_uri=f"sqlite:///{aside}")
        beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        # A copy, because MLflow keeps a connection to the file it was given.
        with closing(sqlite3.connect(aside)) as made, closing(sqlite3.connect(beside)) as copy:
            made.backup(copy)
    beside.replace(file)


def _experiment(client: "MlflowClient", *, location: str | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            return str(client.create_experiment(EXPERIMENT, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(EXPERIMENT)  # another machine was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise InputError(
            f"MLflow's experiment {EXPERIMENT} was deleted; restore it with: "
            f"mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return str(found.experiment_id)


def _why_closed(tracking_uri: str, error: Exception) -> str:
    shown = redacted(tracking_uri)
    if "out-of-date database schema" in str(error):
        return (
            f"{shown} was written by another version of MLflow: {_first_line(error)}; nothing was changed. "
            f"Make a backup, then: mlflow db upgrade {shown}"
        )
    return f"MLflow's store {shown} cannot be opened: {_first_line(error)}; nothing was changed"


def _first_line(error: Exception) -> str:
    return redacted(str(error) or type(error).__name__).splitlines()[0][:300]
