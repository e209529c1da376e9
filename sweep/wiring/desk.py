"""Opens everything a sweep needs, in the order that lets the slow parts run side by side."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sweep.config import Loaded, SweepConfig
from sweep.orchestrator.errands import Errands
from sweep.orchestrator.orchestrator import Orchestrator
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import Home, SweepPaths
from sweep.ports import Observer
from sweep.records import Status, SweepPlan, SweepRecord
from sweep.searching.notes import StudyNotes
from sweep.tracking import ModelRegistry, Scribe
from sweep.tracking.history import read_history
from sweep.wiring import names, parts, workers
from sweep.wiring.addresses import addresses_of
from sweep.wiring.beginnings import Again, Fresh
from sweep.wiring.owner import alone
from sweep.wiring.plan import plan_of, record_of
from sweep.wiring.stored import StoredSweep

STORE_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a sweep needs, opened.

    Args:
        config: the resolved config.
        home: where everything lies.
        paths: files of this sweep.
        plan: what all trials have in common.
        record: what the parent run says.
        scribe: writes to MLflow.
        registry: of models.
        model_name: of the registered model.
        orchestrator: runs the trials.
        errands: has workers package and evaluate.
        notes: of the study, which optuna-dashboard shows.
        is_resumed: whether an earlier process began the sweep.
    """

    config: SweepConfig
    home: Home
    paths: SweepPaths
    plan: SweepPlan
    record: SweepRecord
    scribe: Scribe
    registry: ModelRegistry
    model_name: str
    orchestrator: Orchestrator
    errands: Errands
    notes: StudyNotes
    is_resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """How a sweep that exists goes on.

    Args:
        stored: what it was started with.
        allow: what may have changed since, of `ALLOWANCES`.
        again: statuses whose slots are tried again beside those that were cut.
    """

    stored: StoredSweep
    allow: Collection[str] = ()
    again: Collection[Status] = ()


@contextmanager
def opened(
    loaded: Loaded, *, observer: Observer, stop: StopRequest, resumption: Resumption | None = None
) -> Iterator[Desk]:
    """Open everything a sweep needs; what takes long runs side by side.

    Workers start first, since importing torch takes seconds; MLflow opens in the scribe's thread;
    meanwhile the data is decoded here.

    Args:
        loaded: the config.
        observer: told what is being done.
        stop: whether somebody asked to end.
        resumption: how a sweep that exists goes on, None for a new one.

    Yields:
        The desk; at the end workers are gone and the spool is written.

    Raises:
        InputError: a name, a space or the data is wrong, or has changed since; nothing was started.
        UnavailableError: a database or server cannot be used.
    """
    config = loaded.config
    home = Home.at(config.home)
    space = parts.make_space(config)
    name, uid = _identity(resumption, config, home)
    paths = home.sweep(name)
    with ExitStack() as stack:
        stack.enter_context(alone(config, home, name=name, uid=uid))
        stop.file = paths.stop
        beginning = _beginning(resumption, config, home=home, paths=paths, observer=observer, uid=uid)
        executor = workers.make_executor(stack, config, paths, stop=stop, observer=observer)
        scribe = parts.make_scribe(stack, config, home=home, paths=paths)
        storage = parts.make_storage(config, home, give_up=lambda: stop.urgent)
        beginning.check(storage, name)  # before anybody waits for frames to be decoded
        data = parts.make_data(stack, config, space, home=home, observer=observer)
        plan = plan_of(config, space, name=name, paths=paths, data=data)
        record = record_of(loaded, space, plan, data, uid=uid)
        observer.phase("opening the databases")
        scribe.ready(STORE_TIMEOUT_S)
        # The study comes last: it takes the name, and a start that fails must leave the name free.
        begun = beginning.begin(
            storage, space=space, plan=plan, record=record, scribe=scribe, config=paths.config
        )
        searcher = parts.make_searcher(
            stack, config, storage=storage, begun=begun, space=space, plan=plan, scribe=scribe
        )
        orchestrator = Orchestrator(
            plan=plan,
            searcher=searcher,
            executor=executor,
            tracker=scribe,
            observer=observer,
            stop=stop,
            board=begun.board,
        )
        notes = StudyNotes(storage, begun.study_id, artifacts=home.optuna_artifacts)
        del beginning, begun  # a history of 10,000 trials is not carried on
        run = _Run(plan=plan, record=record, scribe=scribe, orchestrator=orchestrator, notes=notes)
        yield _desk(config, home, run, errands=Errands(executor, stop), is_resumed=resumption is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What was made for this one sweep."""

    plan: SweepPlan
    record: SweepRecord
    scribe: Scribe
    orchestrator: Orchestrator
    notes: StudyNotes


def _desk(config: SweepConfig, home: Home, run: _Run, *, errands: Errands, is_resumed: bool) -> Desk:
    return Desk(
        config=config,
        home=home,
        paths=home.sweep(run.plan.name),
        plan=run.plan,
        record=run.record,
        scribe=run.scribe,
        registry=parts.make_registry(config, home),
        model_name=names.model_name(config),
        orchestrator=run.orchestrator,
        errands=errands,
        notes=run.notes,
        is_resumed=is_resumed,
    )


def _identity(resumption: Resumption | None, config: SweepConfig, home: Home) -> tuple[str, str]:
    """Name and uid: those it has, or new ones."""
    if resumption is not None:
        return resumption.stored.name, resumption.stored.uid
    return names.free_name(config, home), uuid.uuid4().hex


def _beginning(
    resumption: Resumption | None,
    config: SweepConfig,
    *,
    home: Home,
    paths: SweepPaths,
    observer: Observer,
    uid: str,
) -> Fresh | Again:
    if resumption is None:
        return Fresh(uid=uid)
    return Again(
        stored=resumption.stored,
        history=read_history(paths.spool),
        observer=observer,
        shown=addresses_of(config, home).shown().storage,
        allow=resumption.allow,
        statuses=resumption.again,
    )
