"""Checks every invariant of a home, and mends what can be mended without asking."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from sweep.config import SweepConfig
from sweep.doctor import Finding, check_home, check_models, check_sweep
from sweep.doctor.home_checks import leftovers
from sweep.errors import InputError, SweepError
from sweep.paths import Home
from sweep.searching.storage import RDBStorage, open_storage
from sweep.tracking import ModelRegistry
from sweep.tracking.store import Store, open_store
from sweep.wiring import StoredSweep, addresses_of, is_held, read_stored, sweep_names
from sweep.wiring.examining import bring_to_rest, facts_of

T = TypeVar("T")
DELIVERED_AGAIN = {"parents", "states", "bijection"}
"""Rules whose faults are in what MLflow had taken already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A home that was looked at.

    Args:
        home: its folder.
        sweeps: names of the sweeps that were looked at.
        findings: what should be otherwise, now.
        mended: what was, before `fix`.
    """

    home: Path
    sweeps: tuple[str, ...]
    findings: tuple[Finding, ...]
    mended: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if all is well, else 1."""
        return 1 if self.findings else 0


def examine(
    *,
    environ: Mapping[str, str],
    home: str | None = None,
    storage: str | None = None,
    tracking_uri: str | None = None,
    fix: bool = False,
) -> Examination:
    """Check the databases, sweeps, models and files of a home.

    Args:
        environ: the environment, for addresses whose password was not stored; it changes no others.
        home: its folder; None for the environment's or `mlruns/`.
        storage: Optuna's storage of all sweeps, None for what each sweep used.
        tracking_uri: MLflow's store of all sweeps, None for what each sweep used.
        fix: mend what can be mended: end trials and runs that nobody runs, deliver what is spooled, let
            stages follow aliases, remove what was half written.

    Returns:
        What is wrong.

    Raises:
        InputError: there is no such home.
        UnavailableError: a database or server that was named, or the home's own, cannot be used; others'
            are among the findings.
    """
    where = Home.at(home)
    if not where.root.is_dir():
        raise InputError(f"no home at {where.root}: nothing was run there; name another one with --home")
    flags = {"storage": storage, "tracking_uri": tracking_uri}
    visit = _Visit(where, flags, environ)
    found = visit.findings()
    if not fix or not any(finding.is_fixable for finding in found):
        return Examination(home=where.root, sweeps=tuple(sweep_names(where)), findings=tuple(found))
    unmended = visit.mend(found)
    left = [*_Visit(where, flags, environ).findings(), *unmended]
    return Examination(
        home=where.root,
        sweeps=tuple(sweep_names(where)),
        findings=tuple(left),
        mended=tuple(finding for finding in found if finding not in left),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A sweep with its databases."""

    stored: StoredSweep
    config: SweepConfig
    storage: RDBStorage
    store: Store
    registry: ModelRegistry


class _Visit:
    """One look at a home; databases are opened once."""

    def __init__(self, home: Home, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> None:
        self._home = home
        self._flags = flags
        self._environ = environ
        self._storages: dict[str, RDBStorage | SweepError] = {}
        self._stores: dict[str, Store | SweepError] = {}
        self._sweeps: dict[str, _Opened] = {}

    def findings(self) -> list[Finding]:
        """Everything that should be otherwise."""
        found = check_home(self._home, is_busy=self._is_busy())
        if any(finding.rule == "database" for finding in found):
            return found  # a damaged database answers nothing that could be trusted
        if address := self._flags["storage"]:
            self._storage(address)  # what the user names must be there; for MLflow see below
        for name in sweep_names(self._home):
            found += self._of_sweep(name)
        for registry in self._registries():
            found += check_models(registry.all(), trouble_of=partial(_trouble, registry))
        return found

    def mend(self, found: list[Finding]) -> list[Finding]:
        """Mend what can be mended; what kept a sweep from it is returned."""
        unmended = []
        wrong = [finding for finding in found if finding.is_fixable]
        for name, opened in self._sweeps.items():
            rules = {finding.rule for finding in wrong if finding.where == name}
            if not rules:
                continue
            try:
                bring_to_rest(
                    opened.stored,
                    config=opened.config,
                    home=self._home,
                    storage=opened.storage,
                    store=opened.store,
                    registry=opened.registry,
                    again=bool(rules & DELIVERED_AGAIN),
                )
            except SweepError as error:
                unmended.append(Finding(rule="unmended", where=name, text=str(error)))
        if any(finding.rule == "model" for finding in wrong):
            for registry in self._registries():
                for standing in registry.all():
                    registry.settle(standing.model)
                    if standing.champion is not None:
                        registry.set_stage(standing.as_champion(standing.champion))
        half = {finding.where for finding in wrong if finding.rule == "leftover"}
        for path in leftovers(self._home) if half and not self._is_busy() else ():
            if str(path.relative_to(self._home.root)) in half:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return unmended

    def _is_busy(self) -> bool:
        return any(is_held(self._home.sweep(name)) for name in sweep_names(self._home))

    def _of_sweep(self, name: str) -> list[Finding]:
        try:
            opened = self._sweeps[name] = self._opened(read_stored(self._home, name))
            facts = facts_of(
                opened.stored,
                home=self._home,
                storage=opened.storage,
                store=opened.store,
                registry=opened.registry,
            )
            return check_sweep(facts)
        except SweepError as error:
            return [Finding(rule="unread", where=name, text=str(error))]

    def _opened(self, stored: StoredSweep) -> "_Opened":
        config = stored.loaded(self._flags, home=self._home, environ=self._environ).config
        where = addresses_of(config, self._home)
        return _Opened(
            stored=stored,
            config=config,
            storage=self._storage(where.storage),
            store=self._store(where.tracking_uri),
            registry=self._registry(where.tracking_uri),
        )

    def _storage(self, address: str) -> RDBStorage:
        opening = partial(open_storage, address, init_lock=self._home.optuna_lock)
        return _once(self._storages, address, opening)

    def _store(self, address: str) -> Store:
        home = self._home
        opening = partial(open_store, address, artifacts=home.artifacts, init_lock=home.mlflow_lock)
        return _once(self._stores, address, opening)

    def _registry(self, address: str) -> ModelRegistry:
        return ModelRegistry(partial(self._store, address), registry_lock=self._home.registry_lock)

    def _registries(self) -> list[ModelRegistry]:
        """Of the store that the user named, else of the home's own and of those of its sweeps."""
        if address := self._flags["tracking_uri"]:
            return [self._registry(address)]
        if self._home.mlflow_file.exists():
            self._store(self._home.mlflow_url)
        return [self._registry(place) for place, store in self._stores.items() if isinstance(store, Store)]


def _once(known: dict[str, T | SweepError], address: str, opening: Callable[[], T]) -> T:
    """Open a database; one that could not be opened is not waited for again."""
    if address not in known:
        try:
            known[address] = opening()
        except SweepError as error:
            known[address] = error
    found = known[address]
    if isinstance(found, SweepError):
        raise found
    return found


def _trouble(registry: ModelRegistry, model: str, version: str) -> str:
    with TemporaryDirectory(prefix="sweep-doctor-") as folder:
        try:
            registry.fetch(model, version, into=Path(folder))
        except SweepError as error:
            return str(error)
    return ""
