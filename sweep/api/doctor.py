"""Checks every invariant of a home, and mends what can be mended without asking."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sweep.doctor import Finding, check_home, check_models, check_sweep
from sweep.doctor.home_checks import leftovers
from sweep.errors import InputError, SweepError
from sweep.paths import Home
from sweep.searching.storage import RDBStorage, open_storage
from sweep.tracking import ModelRegistry, open_registry
from sweep.tracking.store import Store, open_store
from sweep.wiring import StoredSweep, addresses_of, is_held, read_stored, sweep_names
from sweep.wiring.examining import bring_to_rest, facts_of


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
        environ: the environment, for addresses that hold a password.
        home: its folder; None for the environment's or `mlruns/`.
        storage: Optuna's storage, None for what each sweep used.
        tracking_uri: MLflow's store, None for what each sweep used.
        fix: mend what can be mended: end trials and runs that nobody runs, deliver what is spooled, let
            stages follow aliases, remove what was half written.

    Returns:
        What is wrong.

    Raises:
        InputError: there is no such home.
        UnavailableError: a database or server cannot be used.
    """
    where = Home.at(home)
    if not where.root.is_dir():
        raise InputError(f"no home at {where.root}: nothing was run there; name another one with --home")
    addresses = {
        "storage": storage or environ.get("SWEEP_STORAGE"),
        "tracking_uri": tracking_uri or environ.get("SWEEP_TRACKING_URI"),
    }
    visit = _Visit(where, addresses)
    found = visit.findings()
    if not fix or not any(finding.is_fixable for finding in found):
        return Examination(home=where.root, sweeps=tuple(sweep_names(where)), findings=tuple(found))
    visit.mend(found)
    left = _Visit(where, addresses).findings()
    return Examination(
        home=where.root,
        sweeps=tuple(sweep_names(where)),
        findings=tuple(left),
        mended=tuple(finding for finding in found if finding not in left),
    )


class _Visit:
    """One look at a home; databases are opened once."""

    def __init__(self, home: Home, addresses: Mapping[str, str | None]) -> None:
        self._home = home
        self._addresses = addresses
        self._storages: dict[str, RDBStorage] = {}
        self._stores: dict[str, Store] = {}
        self._sweeps: dict[str, StoredSweep] = {}

    def findings(self) -> list[Finding]:
        """Everything that should be otherwise."""
        names = sweep_names(self._home)
        busy = any(is_held(self._home.sweep(name)) for name in names)
        found = check_home(self._home, is_busy=busy)
        if any(finding.rule == "database" for finding in found):
            return found  # a damaged database answers nothing that could be trusted
        for name in names:
            found += self._of_sweep(name)
        if self._home.mlflow_file.exists() or self._addresses["tracking_uri"]:
            registry = self._registry()
            found += check_models(registry.all(), trouble_of=lambda *model: _trouble(registry, *model))
        return found

    def mend(self, found: list[Finding]) -> None:
        """Mend what can be mended."""
        wrong = {finding.where for finding in found if finding.is_fixable}
        for name, stored in self._sweeps.items():
            if name in wrong:
                storage, store = self._opened(stored)
                bring_to_rest(stored, home=self._home, storage=storage, store=store)
        if wrong & {finding.where for finding in found if finding.rule == "model"}:
            registry = self._registry()
            for standing in registry.all():
                registry.settle(standing.model)
                if standing.champion in standing.versions and standing.champion is not None:
                    registry.set_stage(standing.as_champion(standing.champion))
        if any(finding.rule == "leftover" for finding in found):
            for path in leftovers(self._home):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _of_sweep(self, name: str) -> list[Finding]:
        try:
            stored = self._sweeps[name] = read_stored(self._home, name)
            storage, store = self._opened(stored)
        except InputError as error:
            return [Finding(rule="unread", where=name, text=str(error))]
        return check_sweep(facts_of(stored, home=self._home, storage=storage, store=store))

    def _opened(self, stored: StoredSweep) -> tuple[RDBStorage, Store]:
        where = addresses_of(stored.loaded(self._addresses, home=self._home).config, self._home)
        if where.storage not in self._storages:
            self._storages[where.storage] = open_storage(where.storage, init_lock=self._home.optuna_lock)
        if where.tracking_uri not in self._stores:
            self._stores[where.tracking_uri] = open_store(
                where.tracking_uri, artifacts=self._home.artifacts, init_lock=self._home.mlflow_lock
            )
        return self._storages[where.storage], self._stores[where.tracking_uri]

    def _registry(self) -> ModelRegistry:
        return open_registry(
            self._addresses["tracking_uri"] or self._home.mlflow_url,
            artifacts=self._home.artifacts,
            init_lock=self._home.mlflow_lock,
            registry_lock=self._home.registry_lock,
        )


def _trouble(registry: ModelRegistry, model: str, version: str) -> str:
    with TemporaryDirectory(prefix="sweep-doctor-") as folder:
        try:
            registry.fetch(model, version, into=Path(folder))
        except SweepError as error:
            return str(error)
    return ""
