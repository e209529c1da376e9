"""Gathers what the databases and files say of a sweep, and brings one that nobody runs to rest."""

import dataclasses
from contextlib import ExitStack
from functools import partial

from sweep.doctor import SweepFacts
from sweep.paths import Home
from sweep.searching.restoring import find_study
from sweep.searching.storage import RDBStorage
from sweep.searching.study_reader import read_study
from sweep.tracking.history import read_history
from sweep.tracking.run_reader import pending_models, read_runs, steps_of
from sweep.tracking.spool import undelivered_bytes
from sweep.tracking.store import Store
from sweep.wiring import parts
from sweep.wiring.owner import held, is_held
from sweep.wiring.plan import plan_of
from sweep.wiring.reconciling import at_rest
from sweep.wiring.stored import StoredSweep

STORE_TIMEOUT_S = 120.0
DELIVERY_S = 60.0
WHY = "its process ended without a word; it was brought to rest later"


def facts_of(stored: StoredSweep, *, home: Home, storage: RDBStorage, store: Store) -> SweepFacts:
    """Gather everything about a sweep.

    Args:
        stored: what it was started with.
        home: where it lies.
        storage: Optuna's.
        store: MLflow's.

    Returns:
        What they say.

    Raises:
        UnavailableError: a database cannot be used.
    """
    paths = home.sweep(stored.name)
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
        max_retries=int(stored.settings.get("max_retries", 2)),
        is_running=is_held(paths),
        n_undelivered=undelivered_bytes(paths.spool),
        steps=partial(steps_of, store, metric=metric),
        pending=tuple(pending_models(store, {run.run_id for run in runs})),
    )


def bring_to_rest(stored: StoredSweep, *, home: Home, storage: RDBStorage, store: Store) -> None:
    """End what nobody runs any more in both databases; deliver what is spooled; remove what was cut.

    Args:
        stored: what the sweep was started with.
        home: where it lies.
        storage: Optuna's.
        store: MLflow's.

    Raises:
        InputError: the sweep is running, or its study is gone.
        UnavailableError: a database cannot be used.
    """
    config, paths = stored.loaded({}, home=home).config, home.sweep(stored.name)
    with ExitStack() as stack:
        stack.enter_context(held(paths, stored.name))
        history = read_history(paths.spool)
        space = parts.make_space(config)
        plan = plan_of(config, space, name=stored.name, paths=paths, data=None)
        plan = dataclasses.replace(plan, digest=history.record.data_digest if history.record else "")
        study_id = find_study(storage, plan=plan, uid=stored.uid, shown="Optuna's storage")
        scribe = parts.make_scribe(stack, config, home=home, paths=paths)
        scribe.ready(STORE_TIMEOUT_S)
        was_open = history.is_open
        at_rest(storage, study_id, history=history, space=space, plan=plan, scribe=scribe)
        if was_open:
            scribe.sweep_finished(status="KILLED", why=WHY, tags={})
        scribe.close(DELIVERY_S)
        _remove_cut(stored.name, store, own=set(scribe.known_runs.values()))


def _remove_cut(name: str, store: Store, *, own: set[str]) -> None:
    runs = read_runs(store, name, kind="trial")
    uids = {run.uid for run in runs if run.run_id in own}
    for run in runs:
        if run.uid in uids and run.run_id not in own:  # its twin: the reply to its making was lost
            store.client.delete_run(run.run_id)
    for model_id in pending_models(store, {run.run_id for run in runs}):
        store.client.delete_logged_model(model_id)
