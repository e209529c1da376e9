"""Removes what a sweep left in MLflow: runs, models and their files, but never a model of Production.

MLflow's own delete only marks: rows and files stay until somebody runs `mlflow gc`. A database is cleaned
here at once; a server offers no such call, so there the files go and the rows stay marked as deleted.
"""

import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep import ledger
from sweep.tracking import model_address
from sweep.tracking.events import PARENT
from sweep.tracking.paging import every
from sweep.tracking.spool import Spool
from sweep.tracking.store import Store, mlflow_errors

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run
    from mlflow.entities.model_registry import RegisteredModel

PAGE = 500
REMOVED = "sweep.removed"
"""Tag of a run that outlives its sweep because a model of Production came from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What a sweep left in MLflow.

    Args:
        runs: ids of the runs that can go, the sweep's own last.
        versions: (model, version) of registered models that can go.
        kept: (model, version) of those that are, or were, in Production.
        kept_runs: ids of the runs that those name, and the sweep's own if there are any.
    """

    runs: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    kept_runs: tuple[str, ...] = ()


def parent_run_of(spool: Path) -> str | None:
    """Find a sweep's own run.

    Args:
        spool: of the sweep; nobody else may have it open.

    Returns:
        Its id in MLflow, None if it never arrived there.
    """
    if not spool.exists():
        return None
    opened = Spool(spool)
    opened.close()
    return opened.run_ids.get(PARENT)


def find_leftovers(store: Store, parent: str | None) -> Leftovers:
    """Look for everything of a sweep; nothing is changed.

    Args:
        store: an open one.
        parent: id of the sweep's own run, None if it never arrived.

    Returns:
        What can go and what has to stay.

    Raises:
        UnavailableError: the store cannot be used right now.
    """
    if parent is None:
        return Leftovers()
    with mlflow_errors("looking for the sweep's runs"):
        children = [run.info.run_id for run in _children(store, parent)]
        own = {*children, parent}
        gone, kept, kept_runs = [], [], set()
        for model in model_address.every_model(store.client):
            # Asked for itself: a search may leave the aliases out.
            reigned = _reigned(store.client.get_registered_model(model.name))
            for version in every(store.client.search_model_versions, f"name = '{model.name}'"):
                if version.run_id not in own:
                    continue
                place = (str(model.name), str(version.version))
                if place[1] in reigned or version.current_stage not in {None, "None"}:
                    kept.append(place)
                    kept_runs.add(str(version.run_id))
                else:
                    gone.append(place)
    if kept:
        kept_runs.add(parent)
    return Leftovers(
        runs=tuple(run for run in (*children, parent) if run not in kept_runs),
        versions=tuple(gone),
        kept=tuple(kept),
        kept_runs=tuple(sorted(kept_runs)),
    )


def remove_leftovers(store: Store, leftovers: Leftovers) -> bool:
    """Remove registered versions, then logged models and runs with their files. May be repeated.

    Args:
        store: an open one.
        leftovers: of `find_leftovers`, found under the registry's lock.

    Returns:
        Whether all of it is gone for good; False where a server only marked the rows as deleted.

    Raises:
        PromotionError: MLflow refuses it.
        UnavailableError: the store cannot be used right now; call it again.
    """
    client, backend = store.client, store.client._tracking_client.store
    is_for_good = hasattr(backend, "_hard_delete_run")
    with mlflow_errors("removing the sweep's models"):
        for name, version in leftovers.versions:
            client.delete_model_version(name, version)
        for name in {name for name, _ in leftovers.versions}:
            if not client.search_model_versions(f"name = '{name}'", max_results=1):
                client.delete_registered_model(name)
    for run_id in leftovers.kept_runs:
        with mlflow_errors(f"marking run {run_id}"):
            client.set_tag(run_id, REMOVED, "true")
    for run_id in leftovers.runs:
        with mlflow_errors(f"removing run {run_id}"):
            for model in _logged_models(store, run_id):
                _delete_files(store, model.artifact_location)
                client.delete_logged_model(model.model_id)
                if is_for_good:
                    backend._hard_delete_logged_model(model.model_id)
            run = client.get_run(run_id)
            _delete_files(store, run.info.artifact_uri)
            if run.info.lifecycle_stage == "active":
                client.delete_run(run_id)
            if is_for_good:
                _delete_inputs(backend, run_id)
                backend._hard_delete_run(run_id)
    return is_for_good


def _children(store: Store, parent: str) -> "Iterator[Run]":
    from mlflow.entities import ViewType

    words = f"tags.`mlflow.parentRunId` = '{parent}'"
    return every(store.client.search_runs, [store.experiment_id], words, ViewType.ALL, max_results=PAGE)


def _reigned(model: "RegisteredModel") -> set[str]:
    """Versions that an alias or the ledger names."""
    entries = ledger.entries(model.tags)
    named = {version for entry in entries for version in (entry.version, entry.replaced) if version}
    return named | {str(version) for version in model.aliases.values()}


def _logged_models(store: Store, run_id: str) -> "list[LoggedModel]":
    words = f"source_run_id = '{run_id}'"
    return [*every(store.client.search_logged_models, [store.experiment_id], filter_string=words)]


def _delete_files(store: Store, place: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    folder = None
    if place.startswith(("file:", "/")):
        folder = Path(urllib.parse.unquote(urllib.parse.urlsplit(place).path))
        if not folder.exists():
            return
    get_artifact_repository(place, tracking_uri=store.tracking_uri).delete_artifacts()  # type: ignore[no-untyped-call]
    if folder is not None:
        with suppress(OSError):  # MLflow keeps the folder around the files: it goes unless others use it
            folder.parent.rmdir()


def _delete_inputs(backend: Any, run_id: str) -> None:
    """Rows that tie data and models to a run: MLflow's own hard delete leaves them behind."""
    from mlflow.store.tracking.dbmodels.models import SqlInput

    with backend.ManagedSessionMaker(read_only=False) as session:
        tied: Any = (SqlInput.source_id == run_id) | (SqlInput.destination_id == run_id)
        session.query(SqlInput).filter(tied).delete(synchronize_session=False)
