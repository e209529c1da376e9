"""Where a sweep's trials run: which devices, how many processes."""

from contextlib import ExitStack

from sweep.config import SweepConfig
from sweep.errors import InputError
from sweep.executors.inline import InlineExecutor
from sweep.executors.local import LocalExecutor
from sweep.executors.machine import auto_workers, devices_for, find_gpus, n_cores
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import SweepPaths, remove_half_written
from sweep.ports import Executor, Observer, Offer
from sweep.workshop.jobs import run_job


def make_executor(
    stack: ExitStack, config: SweepConfig, paths: SweepPaths, *, stop: StopRequest, observer: Observer
) -> Executor:
    """Start the workers.

    Args:
        stack: ends them.
        config: the resolved config.
        paths: where they log.
        stop: may interrupt training in this process.
        observer: told if there are GPUs that cannot be used.

    Returns:
        Where jobs run.

    Raises:
        InputError: a GPU was asked for and there is none.
    """
    devices = devices_of(config)
    check_devices(config)
    if config.device == "auto" and config.trainer == "torch" and (gpus := find_gpus()).trouble:
        observer.notice(
            f"trials run on {', '.join(devices)}: of this machine's GPUs torch can use {gpus.n_usable}; "
            f"{gpus.trouble}"
        )
    if config.executor == "inline":
        return InlineExecutor(
            run_job=run_job, n_threads=n_cores(), device=devices[0], let_interrupt=stop.let_interrupt
        )
    n_workers = auto_workers(devices) if config.workers == "auto" else int(config.workers)
    if crowd := crowding(min(n_workers, config.trials), devices):
        observer.notice(crowd)
    offers = tuple(
        Offer(n_threads=max(1, n_cores() // n_workers), device=devices[index % len(devices)], worker=index)
        for index in range(min(n_workers, config.trials))
    )
    stack.callback(remove_half_written, paths.root)  # a worker that is killed leaves what it was writing
    workers = LocalExecutor(offers=offers, logs=paths.logs, trainer=config.trainer)
    stack.callback(workers.close)
    return workers


def crowding(n_workers: int, devices: tuple[str, ...]) -> str:
    """Say that workers are more than this machine carries.

    Args:
        n_workers: that will run.
        devices: they take turns on.

    Returns:
        One line; empty where each has room.
    """
    carried = auto_workers(devices)
    if n_workers <= carried:
        return ""
    what = "one a GPU" if devices[0] != "cpu" else "one a core, as far as the memory reaches"
    return (
        f"--workers {n_workers}: this machine carries {carried} ({what}); trials will slow each other down, "
        "and may run out of memory"
    )


def check_devices(config: SweepConfig) -> None:
    """Refuse a GPU that is not there.

    Args:
        config: the resolved config.

    Raises:
        InputError: a GPU was asked for and there is none.
    """
    if config.trainer != "torch" or config.device in {"auto", "cpu"}:
        return
    devices, gpus = devices_of(config), find_gpus()
    wanted = max(int(name.partition(":")[2] or 0) + 1 for name in devices)
    if wanted > gpus.n_usable:
        why = f" ({gpus.trouble})" if gpus.trouble else ""
        raise InputError(
            f"--device {config.device}: torch can use {gpus.n_usable} NVIDIA GPUs of this machine, counted "
            f"from cuda:0{why}; use one of them or --device cpu"
        )


def devices_of(config: SweepConfig) -> tuple[str, ...]:
    """The devices that trials take turns on.

    Args:
        config: the resolved config.

    Returns:
        ("cpu",) or GPUs by name. The stand-in needs no GPU, so none is looked for unless it is named.
    """
    return devices_for("cpu" if config.device == "auto" and config.trainer != "torch" else config.device)
