"""Gathers what the databases and files say of a sweep, and brings one that nobody runs to rest."""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from sweep.config import SweepConfig
from sweep.doctor import Start, SweepFacts
from sweep.paths import Home
from sweep.records import SweepRecord, TrialSpec
from sweep.searching.restoring import find_study
from sweep.searching.storage import RDBStorage
from sweep.searching.study_reader import StudyFacts, read_study
from sweep.tracking import ModelRegistry
from sweep.tracking.history import read_history
from sweep.tracking.run_reader import RunFacts, pending_models, read_runs, steps_of
from sweep.tracking.spool import delivered_runs, events_of, rewind, undelivered_bytes
from sweep.tracking.store import Store, mlflow_errors
from sweep.wiring import parts
from sweep.wiring.owner import alone, is_held
from sweep.wiring.plan import plan_of
from sweep.wiring.reconciling import at_rest
from sweep.wiring.stored import StoredSweep

STORE_TIMEOUT_S = 120.0
DELIVERY_S = 60.0
WHY = "its process ended without a word; it was brought to rest later"


def facts_of(
    stored: StoredSweep, *, home: Home, storage: RDBStorage, store: Store, registry: ModelRegistry
) -> SweepFacts:
    """Gather everything about a sweep.

    Args:
        stored: what it was started with.
        home: where it lies.
        storage: Optuna's.
        store: MLflow's.
        registry: the registered models of the same store.

    Returns:
        What they say.

    Raises:
        UnavailableError: a database cannot be used.
    """
    paths = home.sweep(stored.name)
    was_running = is_held(paths)
    history = read_history(paths.spool)
    parents = tuple(
        run
        for run in read_runs(store, stored.name, kind="sweep")
        if not stored.uid or run.tags.get("sweep.uid", stored.uid) == stored.uid
    )
    study = read_study(storage, stored.name)
    # Another home's sweep may have the same name on one server.
    own = {parent.run_id for parent in parents}
    uids = {*history.trials, *(trial.uid for trial in (study.trials if study else ()))}
    runs = tuple(
        run
        for run in read_runs(store, stored.name, kind="trial")
        if run.uid in uids or run.tags.get("mlflow.parentRunId") in own
    )
    record = history.record
    metric = record.objective.metric if record else f"{stored.settings['metric']}_{stored.settings['task']}"
    return SweepFacts(
        name=stored.name,
        uid=stored.uid,
        study=study,
        parents=parents,
        runs=runs,
        history=history,
        metric=metric,
        n_slots=int(stored.settings["trials"]),
        # It may have ended, or begun, while the databases were read one after the other.
        is_running=was_running or is_held(paths),
        n_undelivered=undelivered_bytes(paths.spool),
        steps=partial(steps_of, store, metric=metric),
        starts=partial(_starts, paths.spool),
        pending=_cut_models(store, registry, {run.run_id for run in runs}),
    )


def bring_to_rest(
    stored: StoredSweep,
    *,
    config: SweepConfig,
    home: Home,
    storage: RDBStorage,
    store: Store,
    registry: ModelRegistry,
    again: bool = False,
) -> None:
    """End what nobody runs any more in both databases; deliver what is spooled; remove what was cut.

    Args:
        stored: what the sweep was started with.
        config: the same resolved, with the addresses of both databases.
        home: where it lies.
        storage: Optuna's.
        store: MLflow's.
        registry: the registered models of the same store.
        again: whether MLflow is to get everything again: somebody has changed what had arrived.

    Raises:
        InputError: the sweep is running, or its study is gone.
        UnavailableError: a database cannot be used.
    """
    paths = home.sweep(stored.name)
    with ExitStack() as stack:
        stack.enter_context(alone(config, home, name=stored.name, uid=stored.uid))
        history = read_history(paths.spool)
        space = parts.make_space(config)
        plan = plan_of(config, space, name=stored.name, paths=paths, data=None)
        plan = dataclasses.replace(plan, digest=history.record.data_digest if history.record else "")
        study_id = find_study(storage, plan=plan, uid=stored.uid, shown="Optuna's storage")
        if again:
            rewind(
                paths.spool,
                _kept_twins(stored.name, store, study=read_study(storage, stored.name), spool=paths.spool),
            )
        scribe = parts.make_scribe(stack, config, home=home, paths=paths)
        scribe.ready(STORE_TIMEOUT_S)
        was_open = history.is_open
        at_rest(storage, study_id, history=history, space=space, plan=plan, scribe=scribe)
        if was_open:
            scribe.sweep_finished(status="KILLED", why=WHY, tags={})
        if scribe.close(DELIVERY_S):
            _remove_cut(stored.name, store, registry, own=scribe.known_runs)


def _starts(spool: Path) -> list[Start]:
    found: list[tuple[int, set[str]]] = []
    for event in events_of(spool, kinds=(SweepRecord, TrialSpec)):
        if isinstance(event.told, SweepRecord):
            found.append((int(json.loads(event.told.config).get("max_retries", 2)), set()))
        elif isinstance(event.told, TrialSpec) and found:
            found[-1][1].add(event.told.trial_uid)
    return [Start(max_retries=limit, uids=frozenset(uids)) for limit, uids in found]


def _cut_models(store: Store, registry: ModelRegistry, run_ids: set[str]) -> tuple[str, ...]:
    """Ids of models whose upload was cut; none while somebody may be uploading them."""
    seen = pending_models(store, run_ids)
    if not seen or registry.is_locked():
        return ()
    still = set(pending_models(store, run_ids))  # one that had ended before the lock was looked at
    return tuple(model_id for model_id in seen if model_id in still)


def _kept_twins(name: str, store: Store, *, study: StudyFacts | None, spool: Path) -> dict[str, str]:
    """Of two runs of a trial the one to keep: the one that Optuna names, else the spool, else the first."""
    twins: dict[str, list[RunFacts]] = {}
    for run in read_runs(store, name, kind="trial"):
        twins.setdefault(run.uid, []).append(run)
    delivered = delivered_runs(spool)
    kept = {}
    for trial in study.trials if study else ():
        ids = [run.run_id for run in twins.get(trial.uid, ())]
        if len(ids) > 1:
            wanted = [trial.run_id, delivered.get(trial.uid, ""), ids[0]]
            kept[trial.uid] = next(run_id for run_id in wanted if run_id in ids)
    return kept


def _remove_cut(name: str, store: Store, registry: ModelRegistry, *, own: Mapping[str, str]) -> None:
    runs = read_runs(store, name, kind="trial")
    living = {run.run_id for run in runs}
    with mlflow_errors(f"removing what was cut of {name}"):
        for run in runs:
            if own.get(run.uid, run.run_id) in living - {run.run_id}:  # its twin: a lost reply
                store.client.delete_run(run.run_id)
        if pending_models(store, living):
            with registry.locked():  # whoever uploads one holds this lock
                for model_id in pending_models(store, living):
                    store.client.delete_logged_model(model_id)
