"""Logs a packaged model folder as MLflow's LoggedModel of a run.

A model whose upload was cut stays PENDING and is never used: it is removed, and the upload begins anew.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import PromotionError
from sweep.folder_hash import folder_sha256
from sweep.records import PackageResult, TrialSpec
from sweep.tracking.model_notes import model_tags
from sweep.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel


def log_model(store: Store, package: PackageResult, *, spec: TrialSpec, run_id: str) -> str:
    """Log a packaged model under its run, once.

    Args:
        store: an open one.
        package: a packaged model.
        spec: its trial.
        run_id: the trial's run.

    Returns:
        Id of the logged model, READY and complete.

    Raises:
        PromotionError: the package is missing or was changed since it was made.
        MlflowException: the store refuses it or cannot be used.
        OSError: the artifacts cannot be written.
    """
    _check_package(package)
    name = f"{spec.task}_model"
    for found in _logged(store, name, spec.trial_uid):
        if found.status == "READY" and found.tags.get("package_sha256") == package.model_sha256:
            return str(found.model_id)
        if found.status != "READY":
            store.client.delete_logged_model(found.model_id)
    return _log_anew(store, package, spec=spec, run_id=run_id)


def _log_anew(store: Store, package: PackageResult, *, spec: TrialSpec, run_id: str) -> str:
    from mlflow.entities import LoggedModelOutput

    client = store.client
    run = client.get_run(run_id)
    logged = client.create_logged_model(
        run.info.experiment_id,
        name=f"{spec.task}_model",
        source_run_id=run_id,
        tags=model_tags(client, run, spec=spec, package=package),
        params=dict(run.data.params),
        model_type=spec.model,
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    with tempfile.TemporaryDirectory(prefix="sweep-model-", dir=Path(package.model_folder).parent) as folder:
        staged = _staged(Path(package.model_folder), Path(folder) / "model", logged)
        client.log_model_artifacts(logged.model_id, str(staged))
        client.set_logged_model_tags(logged.model_id, {"model_sha256": folder_sha256(staged)})
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def _check_package(package: PackageResult) -> None:
    folder = Path(package.model_folder)
    if package.reason or not (folder / "MLmodel").is_file():
        raise PromotionError(f"no packaged model in {folder}: {package.reason or 'MLmodel is missing'}")
    if folder_sha256(folder) != package.model_sha256:
        raise PromotionError(f"the packaged model in {folder} was changed; package it again")


def _staged(package: Path, folder: Path, logged: "LoggedModel") -> Path:
    """The package as it is uploaded: its MLmodel names the run and the logged model."""
    from mlflow.models import Model

    shutil.copytree(package, folder, copy_function=_link)
    description = folder / "MLmodel"
    model = Model.load(str(description))
    model.run_id, model.model_id = logged.source_run_id, logged.model_id
    model.artifact_path = logged.artifact_location
    description.unlink()  # it may be a link: the package itself stays as it is
    model.save(str(description))
    return folder


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _logged(store: Store, name: str, trial_uid: str) -> "list[LoggedModel]":
    words = f"name = '{name}' AND tags.`sweep.trial_uid` = '{trial_uid}'"
    return list(store.client.search_logged_models([store.experiment_id], filter_string=words))
