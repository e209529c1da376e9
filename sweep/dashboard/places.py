"""Where the app looks, as its environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is looked at, and the pages beside.

    Args:
        home: folder of the sweeps, None for `mlruns/` of the current folder.
        storage: Optuna's, None for what each sweep used.
        tracking_uri: MLflow's store, None for the home's.
        optuna_page: address of optuna-dashboard, empty if it does not run.
        mlflow_page: address of MLflow's pages, likewise.
    """

    home: str | None
    storage: str | None
    tracking_uri: str | None
    optuna_page: str = ""
    mlflow_page: str = ""


def places_in(environ: Mapping[str, str] = os.environ) -> Places:
    """Read the places.

    Args:
        environ: the environment; `sweep ui` sets it.

    Returns:
        Them; what is empty counts as not set.
    """

    def said(name: str) -> str:
        return environ.get(name, "").strip()

    return Places(
        home=said("SWEEP_HOME") or None,
        storage=said("SWEEP_STORAGE") or None,
        tracking_uri=said("SWEEP_TRACKING_URI") or None,
        optuna_page=_web(said("SWEEP_UI_OPTUNA")),
        mlflow_page=_web(said("SWEEP_UI_MLFLOW")),
    )


def _web(address: str) -> str:
    """A link is followed by whoever clicks it: nothing but a web address."""
    return address if address.startswith(("http://", "https://")) else ""
