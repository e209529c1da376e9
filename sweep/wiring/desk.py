"""Opens everything a sweep needs, in the order that lets the slow parts run side by side."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from sweep.config import Loaded, SweepConfig
from sweep.errors import InputError, UnavailableError
from sweep.orchestrator.orchestrator import Orchestrator
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import Home, SweepPaths, write_text
from sweep.ports import Observer
from sweep.records import SweepPlan, SweepRecord
from sweep.tracking import ModelRegistry, Scribe
from sweep.wiring import names, parts, workers
from sweep.wiring.plan import plan_of, record_of

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


@contextmanager
def opened(loaded: Loaded, *, observer: Observer, stop: StopRequest) -> Iterator[Desk]:
    """Open everything a sweep needs; what takes long runs side by side.

    Workers start first, since importing torch takes seconds; MLflow opens in the scribe's thread;
    meanwhile the data is decoded here.

    Args:
        loaded: the config.
        observer: told what is being done.
        stop: whether somebody asked to end.

    Yields:
        The desk; at the end workers are gone and the spool is written.

    Raises:
        InputError: a name, a space or the data is wrong; nothing was started.
        UnavailableError: a database or server cannot be used.
    """
    config = loaded.config
    home = Home.at(config.home)
    space = parts.make_space(config)
    name = names.free_name(config, home)
    paths = home.sweep(name)
    with ExitStack() as stack:
        _lock(stack, paths, name)
        stack.callback(_leave_nothing, paths)
        executor = workers.make_executor(stack, config, paths, stop=stop, observer=observer)
        scribe = parts.make_scribe(stack, config, home=home, paths=paths)
        storage = parts.make_storage(config, home)
        names.check_no_study(storage, name)  # before anybody waits for frames to be decoded
        observer.phase("reading the data")
        data = parts.make_data(stack, config, space, home=home, observer=observer)
        plan = plan_of(config, space, name=name, paths=paths, data=data)
        record = record_of(loaded, space, plan, data)
        observer.phase("opening the databases")
        scribe.ready(STORE_TIMEOUT_S)
        # The study comes last: it takes the name, and a start that fails must leave the name free.
        searcher = parts.make_searcher(stack, config, storage=storage, space=space, plan=plan, scribe=scribe)
        write_text(paths.config, record.config)
        yield Desk(
            config=config,
            home=home,
            paths=paths,
            plan=plan,
            record=record,
            scribe=scribe,
            registry=parts.make_registry(config, home),
            model_name=("rccar-demo-" if config.data == "demo" else "rccar-") + config.task,
            orchestrator=Orchestrator(
                plan=plan,
                searcher=searcher,
                executor=executor,
                tracker=scribe,
                observer=observer,
                stop=stop,
            ),
        )


def _leave_nothing(paths: SweepPaths) -> None:
    """Remove the folder of a sweep that was not started: its config is written last."""
    if not paths.config.exists():
        shutil.rmtree(paths.root, ignore_errors=True)


def _lock(stack: ExitStack, paths: SweepPaths, name: str) -> None:
    try:
        paths.root.mkdir(parents=True, exist_ok=True)
        stack.enter_context(FileLock(paths.lock, timeout=0))
    except Timeout as error:
        raise InputError(f"--name {name}: a sweep of this name is running; choose another name") from error
    except OSError as error:
        raise UnavailableError(f"the home cannot be written: {error}; choose another with --home") from error
