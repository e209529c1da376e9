"""Finds the registered model that a user means, and downloads it. Never "latest": newest is not best."""

import difflib
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sweep import ledger
from sweep.errors import InputError, PromotionError
from sweep.folder_hash import folder_sha256
from sweep.redaction import redacted
from sweep.tracking.paging import every
from sweep.tracking.store import Store, mlflow_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

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
        raise InputError(
            f"{uri}: {name} has no version {wanted!r}; its versions: {known}{_hint(client, name, wanted)}"
        )
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
        if is_gone(store, place):
            raise PromotionError(f"the files of {name} version {version} are gone from {redacted(place)}")
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


def is_gone(store: Store, place: str) -> bool:
    """Say whether a model's files are not there any more, in a store that does answer.

    Args:
        store: an open one.
        place: artifact address of a model's folder.

    Returns:
        Whether its MLmodel is missing.

    Raises:
        MlflowException: the store cannot be used.
        OSError: likewise.
    """
    from mlflow.artifacts import list_artifacts

    found = list_artifacts(artifact_uri=place, tracking_uri=store.tracking_uri)
    return "MLmodel" not in {PurePosixPath(item.path).name for item in found}


def check_known(client: "MlflowClient", name: str) -> None:
    """Refuse a name that no registered model has.

    Args:
        client: of the store.
        name: as the user wrote it.

    Raises:
        InputError: there is no such model; the message has the near one.
        MlflowException: the store cannot be used.
    """
    # All of them, not a filter with the name in it: it may hold quotes.
    known = [model.name for model in every_model(client)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; registered: {', '.join(known) or 'none yet'}"
        raise InputError(f"there is no registered model {name!r}{hint}")


def every_model(client: "MlflowClient") -> "list[RegisteredModel]":
    """List the registered models, whoever made them.

    Args:
        client: of the store.

    Returns:
        All pages of them.

    Raises:
        MlflowException: the store cannot be used.
    """
    return [*every(client.search_registered_models)]


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
    check_known(client, name)
    found = every(client.search_model_versions, f"name = '{name}'")
    return {str(version.version): dict(version.tags) for version in found}


def _hint(client: "MlflowClient", name: str, wanted: str) -> str:
    """Whom the ledger has in Production, where nobody is: a deleted champion takes its alias along."""
    entries = ledger.entries(client.get_registered_model(name).tags)
    if wanted not in {f"@{ALIAS}", "Production"} or not entries:
        return ""
    last = entries[-1]
    return (
        f". Version {last.version}, in Production since {last.at}, was deleted or lost its alias; "
        f"put another one back with: sweep rollback {name}"
    )
