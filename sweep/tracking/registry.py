"""Registered models and which of them is the champion: the one with the alias `production`.

The stage `Production` follows the alias where the registry has stages. Every step can be repeated: it
looks first at what is there. A model's sha256 is written beside it and checked before it is trusted.
"""

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sweep.errors import UnavailableError
from sweep.ports import Champion
from sweep.records import PackageResult, TrialSpec
from sweep.tracking import logged_models, model_address
from sweep.tracking.model_address import ALIAS
from sweep.tracking.model_notes import are_comparable, description, value_of
from sweep.tracking.store import Store, is_refusal, mlflow_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

STAGE = "Production"
LOCK_TIMEOUT_S = 60.0


class ModelRegistry:
    """Registers models and puts one of them into Production.

    Args:
        open_store: opens MLflow; called at the first use.
        registry_lock: file locked while anything is changed.
        lock_timeout_s: how long to wait for somebody else who has it locked.

    Attributes:
        notes: what the user should know, one line each.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        *,
        registry_lock: Path,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
    ) -> None:
        self._open_store = open_store
        self._lock_path = registry_lock
        self._lock = FileLock(registry_lock, timeout=lock_timeout_s)
        self.notes: list[str] = []

    @cached_property
    def _store(self) -> Store:
        return self._open_store()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from changing the registry; may be nested.

        Yields:
            Nothing.

        Raises:
            UnavailableError: somebody else holds the lock.
        """
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise UnavailableError(
                f"another process has held {self._lock_path} for {self._lock.timeout:g} s; try again later"
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def register(self, package: PackageResult, *, spec: TrialSpec, run_id: str, model: str) -> Champion:
        """Log a package as a model of its run, register and verify it.

        Args:
            package: a packaged model.
            spec: its trial.
            run_id: the trial's run.
            model: name of the registered model.

        Returns:
            The registered version, not promoted.

        Raises:
            PromotionError: MLflow refuses it, or what arrived is not what was sent.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked():
            model_id = self.log_model(package, spec=spec, run_id=run_id)
            candidate = self.register_version(model_id, model=model)
            self.verify(candidate)
            return candidate

    def promote(self, champion: Champion) -> Champion:
        """Make a registered version the one in Production.

        Args:
            champion: a registered version.

        Returns:
            The same, promoted, with the version it replaced.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked():
            promoted = self.set_alias(champion)
            self.set_stage(promoted)
            self.mark(promoted)
            return promoted

    def log_model(self, package: PackageResult, *, spec: TrialSpec, run_id: str) -> str:
        """Log a packaged model under its run.

        Args:
            package: a packaged model.
            spec: its trial.
            run_id: the trial's run.

        Returns:
            Id of the logged model, READY and complete.

        Raises:
            PromotionError: the package was changed since it was made, or MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked(), mlflow_errors(f"logging the model of {spec.run_name}"):
            return logged_models.log_model(self._store, package, spec=spec, run_id=run_id)

    def register_version(self, model_id: str, *, model: str) -> Champion:
        """Register a logged model, once.

        Args:
            model_id: of a logged model that is READY.
            model: name of the registered model.

        Returns:
            The version, not promoted.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked(), mlflow_errors(f"registering {model}"):
            logged = self._store.client.get_logged_model(model_id)
            self._ensure_registered(model)
            version = self._version_of(model, model_id) or self._store.client.create_model_version(
                model,
                logged.artifact_location,
                run_id=logged.source_run_id,
                model_id=model_id,
                tags=logged.tags | {"sweep.model_id": model_id},
                description=description(logged.tags),
            )
            return Champion(
                name=model,
                version=str(version.version),
                run_id=str(logged.source_run_id),
                promoted=False,
                value=value_of(logged.tags),
            )

    def verify(self, champion: Champion) -> None:
        """Download a version and compare its sha256 with the one written beside it.

        Args:
            champion: a registered version.

        Raises:
            PromotionError: files are missing or altered.
            UnavailableError: the store cannot be used right now.
        """
        with tempfile.TemporaryDirectory(prefix="sweep-verify-") as folder:
            model_address.download(self._store, champion.name, champion.version, folder=Path(folder))

    def set_alias(self, champion: Champion) -> Champion:
        """Move the alias `production`: from here on this is the champion.

        Args:
            champion: a registered version.

        Returns:
            The same, promoted, with the version it replaced and, if comparable, that one's score.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        client = self._store.client
        with self.locked(), mlflow_errors(f"promoting {champion.name} version {champion.version}"):
            aliases = client.get_registered_model(champion.name).aliases
            former = str(aliases[ALIAS]) if ALIAS in aliases else None
            tags = client.get_model_version(champion.name, champion.version).tags
            if former == champion.version:
                former = tags.get("sweep.replaced") or None
            else:
                # Before the alias moves: a repetition after a crash must still know it.
                client.set_model_version_tag(champion.name, champion.version, "sweep.replaced", former or "")
                client.set_registered_model_alias(champion.name, ALIAS, champion.version)
            return replace(
                champion,
                promoted=True,
                replaced=former,
                replaced_value=self._comparable_value(champion.name, former, tags),
            )

    def set_stage(self, champion: Champion) -> None:
        """Let the stage follow the alias; a registry without stages is noted, not a fault.

        Args:
            champion: the version that has the alias.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        from mlflow.exceptions import MlflowException

        move = getattr(self._store.client, "transition_model_version_stage", None)
        with self.locked(), mlflow_errors(f"setting the stage of {champion.name}"), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # stages are on their way out of MLflow
            try:
                if move is None:
                    raise NotImplementedError("this MLflow has no stages")
                move(champion.name, champion.version, STAGE, archive_existing_versions=True)
            except (MlflowException, NotImplementedError) as error:
                if isinstance(error, MlflowException) and not is_refusal(error):
                    raise
                self.notes.append(
                    f"the registry has no stages ({error}); the alias {ALIAS!r} says who is in Production"
                )

    def mark(self, champion: Champion) -> None:
        """Write on the champion's run which version it became.

        Args:
            champion: the promoted version.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked(), mlflow_errors(f"marking {champion.name} version {champion.version}"):
            self._store.client.set_tag(
                champion.run_id, "sweep.registered_as", f"models:/{champion.name}/{champion.version}"
            )

    def load(self, uri: str, *, into: Path | None = None) -> Path:
        """Download a registered model and verify it.

        Args:
            uri: `NAME` (the one in Production), `models:/NAME@ALIAS`, `models:/NAME/Production` or
                `models:/NAME/3`.
            into: an empty or new folder for its files; a temporary one of the caller's to remove if None.

        Returns:
            The folder with the model's files.

        Raises:
            InputError: no such model or version, or one that this program did not register.
            PromotionError: its files are missing or altered.
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors(f"looking for {uri}"):
            name, version = model_address.find(self._store.client, uri)
        folder = into or Path(tempfile.mkdtemp(prefix="sweep-model-"))
        return model_address.download(self._store, name, version, folder=folder)

    def _comparable_value(self, model: str, version: str | None, tags: Mapping[str, str]) -> float | None:
        """Score of a former version; none if it is gone, or judged otherwise than the one with these tags."""
        if version is None:
            return None
        versions = self._store.client.search_model_versions(f"name = '{model}'")
        former = next((dict(one.tags) for one in versions if str(one.version) == version), {})
        return value_of(former) if are_comparable(tags, former) else None

    def _ensure_registered(self, model: str) -> None:
        if not self._store.client.search_registered_models(f"name = '{model}'", max_results=1):
            self._store.client.create_registered_model(model)

    def _version_of(self, model: str, model_id: str) -> "ModelVersion | None":
        words = f"name = '{model}' and tags.`sweep.model_id` = '{model_id}'"
        found = self._store.client.search_model_versions(words, max_results=1)
        return found[0] if found else None
