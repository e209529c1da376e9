"""Reads the registered models: who is in Production, who was, and the files of a version. Changes nothing."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweep import ledger
from sweep.ledger import Entry
from sweep.ports import Champion
from sweep.tracking import model_address
from sweep.tracking.checkpoint_files import CheckpointFiles
from sweep.tracking.model_address import ALIAS
from sweep.tracking.model_notes import value_of
from sweep.tracking.paging import every
from sweep.tracking.store import Store, mlflow_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

INTENT = "sweep.intent"
"""Tag of a version: the entry that its promotion will add to the ledger, written before the alias moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A registered model as it stands.

    Args:
        model: its name.
        champion: version with the alias `production`, None if there is none.
        versions: tags of every version.
        run_ids: runs that the versions came from.
        stages: of the versions.
        entries: the ledger; an entry that a crash kept from being added is among them.
        pending: that entry, None if there is none.
    """

    model: str
    champion: str | None
    versions: Mapping[str, Mapping[str, str]]
    run_ids: Mapping[str, str]
    stages: Mapping[str, str]
    entries: tuple[Entry, ...]
    pending: Entry | None = None

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the champion."""
        return self.versions.get(self.champion or "", {})

    @property
    def is_ours(self) -> bool:
        """Whether this program registered some version of it."""
        return any("sweep.trial_uid" in tags for tags in self.versions.values())

    @property
    def lost(self) -> str:
        """The version that the ledger has in Production though it was deleted; empty if there is none."""
        last = self.entries[-1].version if self.entries else ""
        return last if last and self.champion is None and last not in self.versions else ""

    def as_champion(self, version: str) -> Champion:
        """Name a version.

        Args:
            version: one of `versions`.

        Returns:
            It, as what steps take.
        """
        return Champion(
            name=self.model,
            version=version,
            run_id=self.run_ids[version],
            promoted=version == self.champion,
            value=value_of(self.versions[version]),
        )


class RegisteredModels:
    """Answers about registered models.

    Args:
        open_store: opens MLflow; called at the first use.
    """

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store

    @cached_property
    def checkpoints(self) -> CheckpointFiles:
        """The checkpoints that trials left in their runs."""
        return CheckpointFiles(self._store)

    @cached_property
    def _store(self) -> Store:
        return self._open_store()

    def standing(self, model: str) -> Standing:
        """Look at a registered model.

        Args:
            model: its name.

        Returns:
            How it stands; an unknown one has no versions.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors(f"looking at {model}"):
            found = self._store.client.search_registered_models(f"name = '{model}'", max_results=1)
            return self._standing(model, found[0] if found else None)

    def known(self, model: str) -> Standing:
        """Look at a registered model that a user named.

        Args:
            model: its name.

        Returns:
            How it stands.

        Raises:
            InputError: there is no such model; the message has the near one.
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors(f"looking at {model}"):
            model_address.check_known(self._store.client, model)
        return self.standing(model)

    def all(self) -> tuple[Standing, ...]:
        """Look at all registered models that this program made.

        Returns:
            By name.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors("listing the registered models"):
            names = sorted(model.name for model in model_address.every_model(self._store.client))
        standings = map(self.standing, names)
        return tuple(
            one for one in standings if any("sweep.trial_uid" in tags for tags in one.versions.values())
        )

    def version_of(self, model: str, trial_uid: str) -> str | None:
        """Find the version that a trial became.

        Args:
            model: name of the registered model.
            trial_uid: of the trial.

        Returns:
            The newest, None if there is none.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        versions = self.standing(model).versions
        own = [one for one, tags in versions.items() if tags.get("sweep.trial_uid") == trial_uid]
        return max(own, key=int, default=None)

    def fetch(self, model: str, version: str, *, into: Path) -> Path:
        """Download a version and compare its sha256 with the one written beside it.

        Args:
            model: name of the registered model.
            version: its version.
            into: an empty or new folder.

        Returns:
            Where its files are.

        Raises:
            PromotionError: it is not READY, or files are missing or altered.
            UnavailableError: the store cannot be used right now.
        """
        return model_address.download(self._store, model, version, folder=into)

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

    def _standing(self, model: str, found: "RegisteredModel | None") -> Standing:
        versions: list[ModelVersion] = []
        if found is not None:
            versions += every(self._store.client.search_model_versions, f"name = '{model}'")
        tags = {str(one.version): dict(one.tags) for one in versions}
        # Asked for itself: a search may leave the aliases out.
        aliases = {} if found is None else dict(self._store.client.get_registered_model(model).aliases)
        champion = str(aliases[ALIAS]) if ALIAS in aliases else None
        written = ledger.entries(dict(found.tags)) if found is not None else ()
        intent = ledger.parsed(tags.get(champion or "", {}).get(INTENT))
        is_pending = intent is not None and intent not in written
        return Standing(
            model=model,
            champion=champion if champion in tags else None,
            versions=tags,
            run_ids={str(one.version): str(one.run_id or "") for one in versions},
            stages={str(one.version): str(one.current_stage) for one in versions},
            entries=(*written, intent) if is_pending and intent is not None else written,
            pending=intent if is_pending else None,
        )
