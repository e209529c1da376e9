"""Changes registered models: registers versions and says which of them is the champion.

The champion is the one with the alias `production`; the stage `Production` follows where the registry has
stages, and a ledger in the model's tags keeps who replaced whom. Every step can be repeated: it looks first
at what is there. A model's sha256 is written beside it and checked before it is trusted.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from sweep import ledger
from sweep.errors import PromotionError, UnavailableError
from sweep.ledger import Entry
from sweep.ports import Champion
from sweep.records import PackageResult, TrialSpec
from sweep.tracking import logged_models, stages
from sweep.tracking.model_address import ALIAS
from sweep.tracking.model_notes import are_comparable, description, value_of
from sweep.tracking.registered import INTENT, RegisteredModels
from sweep.tracking.run_fields import checked_tags
from sweep.tracking.stages import STAGE
from sweep.tracking.store import Store, mlflow_errors

LOCK_TIMEOUT_S = 60.0


class ModelRegistry(RegisteredModels):
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
        super().__init__(open_store)
        self._lock_path = registry_lock
        self._lock = FileLock(registry_lock, timeout=lock_timeout_s)
        self.notes: list[str] = []

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

    def is_locked(self) -> bool:
        """Say whether somebody is changing the registry right now.

        Returns:
            Whether its lock is held.
        """
        if not self._lock_path.exists():
            return False
        try:
            with FileLock(self._lock_path, timeout=0):
                return False
        except Timeout:
            return True

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
        client = self._store.client
        with self.locked(), mlflow_errors(f"registering {model}"):
            logged = client.get_logged_model(model_id)
            if not client.search_registered_models(f"name = '{model}'", max_results=1):
                client.create_registered_model(model)
            words = f"name = '{model}' and tags.`sweep.model_id` = '{model_id}'"
            found = client.search_model_versions(words, max_results=1)
            version = (
                found[0]
                if found
                else client.create_model_version(
                    model,
                    logged.artifact_location,
                    run_id=logged.source_run_id,
                    model_id=model_id,
                    tags=logged.tags | {"sweep.model_id": model_id},
                    description=description(logged.tags),
                )
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
            self.fetch(champion.name, champion.version, into=Path(folder))

    def annotate(self, champion: Champion, tags: Mapping[str, str]) -> None:
        """Write tags on a version.

        Args:
            champion: a registered version.
            tags: by name.

        Raises:
            PromotionError: MLflow refuses them.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked(), mlflow_errors(f"marking {champion.name} version {champion.version}"):
            for name, text in checked_tags(tags).items():
                self._store.client.set_model_version_tag(champion.name, champion.version, name, text)

    def settle(self, model: str) -> None:
        """Finish what somebody who was killed left undone: the champion's entry in the ledger, and its stage.

        Args:
            model: name of the registered model.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked():
            standing = self.standing(model)
            if standing.pending is not None:
                self.record(model, standing.pending)
            if standing.champion is not None and standing.stages[standing.champion] != STAGE:
                self.set_stage(standing.as_champion(standing.champion))

    def intend(self, champion: Champion, draft: Entry) -> Entry:
        """Write on a version what its promotion will add to the ledger, before the alias moves.

        Args:
            champion: a registered version.
            draft: the entry; its number, time and `replaced` are filled in here.

        Returns:
            The entry. Of a version that has the alias already it is the one that brought it there.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        with self.locked():
            standing = self.standing(champion.name)
            former = ledger.parsed(standing.versions.get(champion.version, {}).get(INTENT))
            if former is not None and standing.champion == champion.version:
                return former
            last = standing.entries[-1].number if standing.entries else 0
            replaced = standing.champion if standing.champion != champion.version else None
            entry = replace(draft, number=last + 1, version=champion.version, replaced=replaced)
            self.annotate(champion, {INTENT: entry.to_json()})
            return entry

    def set_alias(self, champion: Champion, entry: Entry) -> Champion:
        """Move the alias `production`: from here on this is the champion.

        Args:
            champion: a registered version.
            entry: of `intend`.

        Returns:
            The same, promoted, with the version it replaced and, if comparable, that one's score.

        Raises:
            PromotionError: MLflow refuses it, or somebody else moved the alias at the same time.
            UnavailableError: the store cannot be used right now.
        """
        client, name, version = self._store.client, champion.name, champion.version
        with self.locked(), mlflow_errors(f"promoting {name} version {version}"):
            client.set_registered_model_alias(name, ALIAS, version)
            standing = self.standing(name)
            if standing.champion != version:
                raise PromotionError(
                    f"version {standing.champion} of {name} was promoted from another machine at the same "
                    f"time and is in Production; version {version} stays registered"
                )
            former = standing.versions.get(entry.replaced or "", {})
            comparable = are_comparable(standing.tags, former)
            return replace(
                champion,
                promoted=True,
                replaced=entry.replaced,
                replaced_value=value_of(former) if comparable else None,
            )

    def set_stage(self, champion: Champion) -> None:
        """Let the stage follow the alias; a registry without stages is noted, not a fault.

        Args:
            champion: the version that has the alias.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with self.locked(), mlflow_errors(f"setting the stage of {champion.name}"):
            note = stages.follow(self._store.client, champion.name, champion.version)
        if note and note not in self.notes:
            self.notes.append(note)

    def record(self, model: str, entry: Entry) -> None:
        """Add an entry to the ledger, once; one that another machine wrote meanwhile keeps its number.

        Args:
            model: name of the registered model.
            entry: of `intend`.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store cannot be used right now.
        """
        client = self._store.client
        with self.locked(), mlflow_errors(f"writing the ledger of {model}"):
            tags, own = client.get_registered_model(model).tags, entry
            while own.key in tags and ledger.parsed(tags[own.key]) != own:
                own = replace(own, number=own.number + 1)
            if own != entry:
                client.set_model_version_tag(model, own.version, INTENT, own.to_json())
            client.set_registered_model_tag(model, own.key, own.to_json())

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
