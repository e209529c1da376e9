"""How each server of `sweep ui` is started: on loopback, without telemetry, no password in sight."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sweep.errors import InputError
from sweep.paths import Home
from sweep.redaction import redacted
from sweep.serving import Server, own_folder
from sweep.serving.doors import LOOPBACK

TITLES = {"dashboard": "the dashboard", "optuna": "optuna-dashboard", "mlflow": "the MLflow UI"}
KEYS = tuple(TITLES)
USUAL_PORTS = {"dashboard": 8501, "optuna": 8080, "mlflow": 5000}
DASHBOARD = Path(__file__).resolve().parents[1] / "dashboard" / "app.py"
# What a shell says to MLflow may send its server elsewhere, give it other hosts or another face.
_KEPT_OF_MLFLOW = ("MLFLOW_S3_", "MLFLOW_GCS_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is looked at.

    Args:
        home: of the sweeps.
        storage: Optuna's, with its password if it has one.
        tracking_uri: MLflow's store, likewise.
    """

    home: Home
    storage: str
    tracking_uri: str


def is_remote(tracking_uri: str) -> bool:
    """Say whether an address is a server with pages of its own.

    Args:
        tracking_uri: of MLflow.

    Returns:
        True for `http://...`, `databricks` and the like.
    """
    return tracking_uri.startswith("http") or "://" not in tracking_uri


def server_of(key: str, places: Places, ports: Mapping[str, int], environ: Mapping[str, str]) -> Server:
    """Describe a server.

    Args:
        key: of `KEYS`.
        places: what it shows.
        ports: of all that are started.
        environ: the environment.

    Returns:
        How it is started and where it answers.

    Raises:
        InputError: it is not installed.
        UnavailableError: there is no folder for its lock.
    """
    make = {"dashboard": _dashboard, "optuna": _optuna, "mlflow": _mlflow}[key]
    return make(places, ports, {**environ, "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"})


def _dashboard(places: Places, ports: Mapping[str, int], environ: Mapping[str, str]) -> Server:
    if find_spec("streamlit") is None:
        raise InputError(
            "the dashboard needs Streamlit, which is not installed; install it with: "
            'pip install "rccar-sweep[ui]" (--only mlflow and --only optuna do without)'
        )
    address = _address(ports["dashboard"])
    mlflow = _address(ports["mlflow"]) if "mlflow" in ports else ""
    if is_remote(places.tracking_uri) and places.tracking_uri.startswith("http"):
        mlflow = redacted(places.tracking_uri)
    told = {
        "SWEEP_HOME": str(places.home.root),
        "SWEEP_STORAGE": places.storage,
        "SWEEP_TRACKING_URI": places.tracking_uri,
        "SWEEP_UI_OPTUNA": _address(ports["optuna"]) if "optuna" in ports else "",
        "SWEEP_UI_MLFLOW": mlflow,
    }
    settings = {
        "server.address": LOOPBACK,
        "server.port": ports["dashboard"],
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": LOOPBACK,
        "client.toolbarMode": "minimal",
    }
    flags = (f"--{name}={value}" for name, value in settings.items())
    return Server(
        key="dashboard",
        title=TITLES["dashboard"],
        address=address,
        health=f"{address}/_stcore/health",
        command=(sys.executable, "-P", "-m", "sweep.dashboard.server", "run", str(DASHBOARD), *flags),
        environ=_without(environ, "MLFLOW_RUN_ID", "STREAMLIT_") | told,
    )


def _optuna(places: Places, ports: Mapping[str, int], environ: Mapping[str, str]) -> Server:
    home, address = places.home, _address(ports["optuna"])
    # Looking makes no home where there is none: a storage on a server needs none.
    lock = home.optuna_lock if home.root.is_dir() else own_folder() / "optuna.lock"
    words = (str(ports["optuna"]), str(home.optuna_artifacts), str(lock))
    return Server(
        key="optuna",
        title=TITLES["optuna"],
        address=address,
        health=f"{address}/api/meta",
        command=(sys.executable, "-P", "-m", "sweep.searching.pages", *words),
        environ=_without(environ, "MLFLOW_") | {"SWEEP_STORAGE": places.storage},
    )


def _mlflow(places: Places, ports: Mapping[str, int], environ: Mapping[str, str]) -> Server:
    port = ports["mlflow"]
    address = _address(port)
    kept = {key: value for key, value in environ.items() if key.startswith(_KEPT_OF_MLFLOW)}
    told = {
        "MLFLOW_BACKEND_STORE_URI": places.tracking_uri,  # with its password, so it is no argument
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    flags = ("--host", LOOPBACK, "--port", str(port), "--workers", "1", "--no-serve-artifacts")
    hosts = ("--allowed-hosts", f"localhost:{port},{LOOPBACK}:{port}")
    return Server(
        key="mlflow",
        title=TITLES["mlflow"],
        address=address,
        health=f"{address}/health",
        command=(sys.executable, "-P", "-m", "mlflow", "ui", *flags, *hosts),
        environ=_without(environ, "MLFLOW_", "SWEEP_", "_MLFLOW_") | kept | told,
    )


def _address(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _without(environ: Mapping[str, str], *heads: str) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(heads)}
