"""Makes each part of a sweep from the config: space, data, searcher, scribe, registry."""

from collections.abc import Callable
from contextlib import ExitStack

from sweep import catalog
from sweep.config import SweepConfig
from sweep.errors import InputError
from sweep.paths import Home, SweepPaths
from sweep.ports import Observer
from sweep.promotion import Limits
from sweep.records import SweepPlan
from sweep.search_space import SearchSpace, check_metric, fix, load_space
from sweep.searching.mirror import StorageMirror
from sweep.searching.patient_storage import PatientStorage
from sweep.searching.samplers import SAMPLERS
from sweep.searching.searcher import StudySearcher
from sweep.searching.storage import RDBStorage, open_storage
from sweep.tracking import ModelRegistry, Scribe, open_registry, open_scribe
from sweep.wiring.addresses import addresses_of
from sweep.wiring.beginnings import Begun
from sweep.wiring.mirroring import mirroring_notices
from sweep.wiring.workers import devices_of
from sweep.workshop.data import PreparedData, held_cache, prepare_data

CLOSE_S = 5.0


def make_space(config: SweepConfig) -> SearchSpace:
    """Read the search space, fix what `--set` fixes, and check the metric and the sampler against it.

    Args:
        config: the resolved config.

    Returns:
        The space; without `--space` the one for this data and device.

    Raises:
        InputError: the space or the metric is wrong, or its grid is too long to be walked; the message lists
            every fault.
    """
    name = config.space
    if name is None and config.trainer == "stand_in":
        name = f"stand_in_{config.task}"
    elif name is None and config.data == "demo":
        name = f"demo_{config.task}"
    elif name is None:
        name = f"{config.task}_gpu" if devices_of(config)[0] != "cpu" else config.task
    space = fix(load_space(name, task=config.task, trainer=config.trainer), config.set)
    check_metric(space, catalog.metric_of(config.task, config.metric).name)
    if SAMPLERS[config.sampler].enumerates:
        space.grid()
    return space


def make_scribe(stack: ExitStack, config: SweepConfig, *, home: Home, paths: SweepPaths) -> Scribe:
    """Start the thread that writes to MLflow.

    Args:
        stack: closes it.
        config: the resolved config.
        home: where the default store lies.
        paths: where the spool lies.

    Returns:
        The scribe, still opening its store.

    Raises:
        InputError: the address names no store.
        UnavailableError: the server does not answer.
    """
    scribe = open_scribe(
        addresses_of(config, home).tracking_uri,
        spool=paths.spool,
        artifacts=home.artifacts,
        init_lock=home.mlflow_lock,
        param_name=lambda spec, param: catalog.logged_param_name(spec.task, param),
    )
    stack.callback(scribe.close, CLOSE_S)
    return scribe


def make_registry(config: SweepConfig, home: Home) -> ModelRegistry:
    """Give access to the registered models.

    Args:
        config: the resolved config.
        home: where the default store lies.

    Returns:
        The registry, opened at its first use.
    """
    return open_registry(
        addresses_of(config, home).tracking_uri,
        artifacts=home.artifacts,
        init_lock=home.mlflow_lock,
        registry_lock=home.registry_lock,
    )


def limits_of(config: SweepConfig) -> Limits:
    """What a model of a sweep may cost in Production.

    Args:
        config: the resolved config.

    Returns:
        The gate's limits.
    """
    return Limits(latency_ms=config.max_latency_ms, size_mb=config.max_size_mb)


def make_storage(
    config: SweepConfig, home: Home, *, give_up: Callable[[], bool] = lambda: False
) -> PatientStorage:
    """Open Optuna's storage.

    Args:
        config: the resolved config.
        home: where the default storage lies.
        give_up: whether to wait no longer for a locked database, e.g. because somebody asked twice to end.

    Returns:
        The storage; no study is made yet.

    Raises:
        InputError: the address cannot be read.
        UnavailableError: the storage cannot be used.
    """
    storage = open_storage(addresses_of(config, home).storage, init_lock=home.optuna_lock)
    storage.give_up = give_up
    return storage


def make_searcher(
    stack: ExitStack,
    config: SweepConfig,
    *,
    storage: RDBStorage,
    begun: Begun,
    space: SearchSpace,
    plan: SweepPlan,
    scribe: Scribe,
) -> StudySearcher:
    """Make the searcher over a study.

    Args:
        stack: writes at the end what the searcher still has in memory.
        config: the resolved config.
        storage: an open one.
        begun: the study, with its trials if the sweep goes on.
        space: what is searched.
        plan: what all trials have in common.
        scribe: knows MLflow's run ids.

    Returns:
        The searcher.
    """
    searcher = StudySearcher(
        space=space,
        plan=plan,
        sampler=config.sampler,
        pruner=config.pruner,
        mirror=StorageMirror(storage, begun.study_id, run_id_of=scribe.run_id),
        earlier=begun.rested.trials if begun.rested else (),
        attributes=begun.rested.attributes if begun.rested else {},
    )
    stack.callback(searcher.close)
    return searcher


def make_data(
    stack: ExitStack, config: SweepConfig, space: SearchSpace, *, home: Home, observer: Observer
) -> PreparedData | None:
    """Check the data and decode it once.

    Args:
        stack: lets go of the cache, which nobody may clear until then.
        config: the resolved config.
        space: gives the default size, and the batch sizes that must fit.
        home: where caches lie.
        observer: told of progress and warnings.

    Returns:
        The cache; None for the stand-in, which sees no frames.

    Raises:
        InputError: the data cannot be used, or is smaller than a batch.
    """
    observer.phase("reading the data")
    if config.trainer == "stand_in":
        return None
    data = prepare_data(
        config.data,
        task=config.task,
        format_name=config.format,
        image_size=config.image_size,
        long_side_px=space.long_side_px,
        cache_root=home.cache,
        progress=lambda done, total: observer.phase("decoding frames", done, total),
    )
    stack.enter_context(held_cache(data.folder))
    for warning in (*data.warnings, *mirroring_notices(space, data.classes)):
        observer.notice(warning)
    check_batches(config, space, n_train=data.counts["train"])
    return data


def check_batches(config: SweepConfig, space: SearchSpace, *, n_train: int) -> None:
    """Refuse batches that the data cannot fill.

    Args:
        config: the resolved config.
        space: says how large batches may be.
        n_train: training frames.

    Raises:
        InputError: the largest batch has more frames than there are.
    """
    largest = space.parameter("batch_size")
    sizes = [size for size in (largest.domain.points() if largest else ()) if isinstance(size, int)]
    if sizes and max(sizes) > n_train:
        raise InputError(
            f"{config.data}: {n_train} training frames are fewer than the largest batch_size "
            f"{max(sizes)} of the space {space.name}; fix it with --set batch_size={max(1, min(sizes))}"
        )
