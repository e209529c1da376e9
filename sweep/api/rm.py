"""Removes a sweep wherever it left something: registered models, runs, study, folder. Production stays."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sweep import wiring
from sweep.config import SweepConfig
from sweep.database_file import is_fresh, sqlite_file
from sweep.errors import InputError
from sweep.paths import Home, SweepPaths
from sweep.searching.notes import remove_pictures
from sweep.searching.storage import delete_study
from sweep.tracking.removal import Leftovers, find_leftovers, parent_run_of, remove_leftovers
from sweep.tracking.store import Store, open_store
from sweep.wiring import StoredSweep, parts
from sweep.wiring.owner import alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What removing a sweep takes away, or took away.

    Args:
        name: of the sweep.
        n_runs: in MLflow, with their artifacts.
        versions: of registered models, e.g. `rccar-segmentation/3`.
        kept: versions that are or were in Production; their runs stay, too.
        is_for_good: False where an MLflow server only marks runs as deleted.
        is_done: whether it has happened.
    """

    name: str
    n_runs: int
    versions: tuple[str, ...]
    kept: tuple[str, ...]
    is_for_good: bool = True
    is_done: bool = False


def remove_sweep(
    name: str,
    *,
    confirm: Callable[[Removal], bool],
    environ: Mapping[str, str],
    home: str | None = None,
    storage: str | None = None,
    tracking_uri: str | None = None,
) -> Removal:
    """Remove a sweep that is not running; after an interruption it can be done again.

    Args:
        name: of a sweep of this home.
        confirm: told what would go; False leaves everything as it is.
        environ: the environment, for addresses that hold a password.
        home: where the sweep lies; None for the environment's or `mlruns/`.
        storage: Optuna's storage, if the sweep's address had a password.
        tracking_uri: MLflow's store, likewise.

    Returns:
        What was removed; `is_done` is False if it was not confirmed.

    Raises:
        InputError: there is no such sweep, or it is running.
        UnavailableError: a database, server or disk cannot be used; what is left can be removed later.
        PromotionError: MLflow refuses it.
    """
    where = Home.at(home)
    stored = wiring.read_stored(where, name)
    addresses = {"storage": storage, "tracking_uri": tracking_uri}
    config = stored.loaded(addresses, home=where, environ=environ).config
    paths = where.sweep(stored.name)
    if wiring.is_held(paths):
        raise InputError(f"sweep {name} is running; end it first with: sweep stop {name}")
    with alone(config, where, name=stored.name, uid=stored.uid):
        store = _store(config, where)
        removal = _removal(stored.name, _leftovers(store, paths))
        if not confirm(removal):
            return removal
        with parts.make_registry(config, where).locked():
            leftovers = _leftovers(store, paths)  # again: somebody may have promoted one meanwhile
            is_for_good = store is None or remove_leftovers(store, leftovers)
        _remove_study(config, where, stored)
        shutil.rmtree(paths.root)  # last: as long as it is there, the rest can be found
    return replace(_removal(stored.name, leftovers), is_for_good=is_for_good, is_done=True)


def _leftovers(store: Store | None, paths: SweepPaths) -> Leftovers:
    return Leftovers() if store is None else find_leftovers(store, parent_run_of(paths.spool))


def _removal(name: str, leftovers: Leftovers) -> Removal:
    return Removal(
        name=name,
        n_runs=len(leftovers.runs),
        versions=tuple(map("/".join, leftovers.versions)),
        kept=tuple(map("/".join, leftovers.kept)),
    )


def _store(config: SweepConfig, home: Home) -> Store | None:
    address = wiring.addresses_of(config, home).tracking_uri
    if _is_missing(address):
        return None
    return open_store(address, artifacts=home.artifacts, init_lock=home.mlflow_lock)


def _remove_study(config: SweepConfig, home: Home, stored: StoredSweep) -> None:
    if not _is_missing(wiring.addresses_of(config, home).storage):
        opened = parts.make_storage(config, home)
        remove_pictures(opened, stored.name, uid=stored.uid, artifacts=home.optuna_artifacts)
        delete_study(opened, stored.name, uid=stored.uid)


def _is_missing(address: str) -> bool:
    file = sqlite_file(address)
    return file is not None and is_fresh(file)
