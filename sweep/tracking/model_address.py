"""Finds the registered model that a user means, and downloads it. Never "latest": newest is not best."""

import difflib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import InputError, PromotionError
from sweep.folder_hash import folder_sha256
from sweep.tracking.store import Store, mlflow_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "production"
FORMS = "NAME, models:/NAME@production, models:/NAME/Production or models:/NAME/3"


def find(client: "MlflowClient", uri: str) -> tuple[str, str]:
    """Find a version that this program registered.

    Args:
        client: of the store.
        uri: `NAME` (the one in Production), `models:/NAME@ALIAS`, `models:/NAME/Production` or
            `models:/NAME/3`.

    Returns:
        Name and version.

    Raises:
        InputError: another form, no such model or version, or one without our sha256.
        MlflowException: the store cannot be used.
    """
    name, wanted = parse(uri)
    versions = _versions(client, name)
    if wanted.startswith("@") or wanted == "Production":
        alias = wanted.removeprefix("@") if wanted.startswith("@") else ALIAS
        version = client.get_registered_model(name).aliases.get(alias)
    else:
        version = wanted
    if version is None or str(version) not in versions:
        known = ", ".join(sorted(versions, key=int)) or "none"
        raise InputError(f"{uri}: {name} has no version {wanted!r}; its versions: {known}")
    if not versions[str(version)].get("model_sha256"):
        raise InputError(
            f"{uri}: version {version} of {name} was not registered by this program (it has no sha256); "
            "loading it could run foreign code"
        )
    return name, str(version)


def download(store: Store, name: str, version: str, *, folder: Path) -> Path:
    """Download a version and compare its sha256 with the one written beside it.

    Args:
        store: an open one.
        name: of the registered model.
        version: its version.
        folder: an empty or new one.

    Returns:
        Where its files are, in `folder`.

    Raises:
        PromotionError: it is not READY, or its files are missing or altered.
        UnavailableError: the store cannot be used right now.
    """
    with mlflow_errors(f"downloading {name} version {version}"):
        from mlflow.artifacts import download_artifacts

        found = store.client.get_model_version(name, version)
        # By place and not as models:/...: MLflow resolves that in its process-wide store.
        place = store.client.get_model_version_download_uri(name, version)
        where = Path(
            download_artifacts(artifact_uri=place, dst_path=str(folder), tracking_uri=store.tracking_uri)
        )
    actual, expected = folder_sha256(where), found.tags.get("model_sha256")
    if found.status != "READY" or actual != expected:
        shutil.rmtree(where)
        raise PromotionError(
            f"{name} version {version} ({found.status}) is not what was registered: its files have sha256 "
            f"{actual[:12]}, its tag says {str(expected)[:12]}"
        )
    return where


def parse(uri: str) -> tuple[str, str]:
    """Take an address apart.

    Args:
        uri: as users write it.

    Returns:
        The name, and `@ALIAS`, `Production` or a version's number.

    Raises:
        InputError: another form.
    """
    if "/" not in uri and ":" not in uri:
        name, at, alias = uri.partition("@")
        wanted = f"@{alias}" if at else f"@{ALIAS}"
    else:
        path = uri.removeprefix("models:/") if uri.startswith("models:/") else ""
        name, mark, rest = path.partition("@") if "@" in path else path.partition("/")
        wanted = f"@{rest}" if mark == "@" else rest
    if not name or not re.fullmatch(r"Production|[0-9]+|@[\w.-]+", wanted):
        raise InputError(f"{uri!r} names no registered model; write {FORMS}")
    return name, wanted


def _versions(client: "MlflowClient", name: str) -> dict[str, dict[str, str]]:
    """Tags by version."""
    if not client.search_registered_models(f"name = '{name}'", max_results=1):
        known = [model.name for model in client.search_registered_models()]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; registered: {', '.join(known) or 'none yet'}"
        raise InputError(f"there is no registered model {name!r}{hint}")
    found = client.search_model_versions(f"name = '{name}'")
    return {str(version.version): dict(version.tags) for version in found}
