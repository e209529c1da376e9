"""Names of sweeps: made from task and time, and never one that is taken."""

import time
from itertools import chain, count

from sweep.config import SweepConfig
from sweep.errors import InputError
from sweep.paths import Home, checked_name
from sweep.searching.storage import RDBStorage, has_study


def model_name(config: SweepConfig) -> str:
    """Name the registered model that a sweep's best trial becomes a version of.

    Args:
        config: the resolved config.

    Returns:
        E.g. `rccar-segmentation`; of the demo `rccar-demo-segmentation`, which is no team's rival.
    """
    return ("rccar-demo-" if config.data == "demo" else "rccar-") + config.task


def made_name(config: SweepConfig, home: Home) -> str:
    """Name a sweep after its task and the time.

    Args:
        config: the resolved config.
        home: where other sweeps lie.

    Returns:
        E.g. `demo-segmentation-20261123-184002`, with a number behind it if that is taken.
    """
    name = f"{made_prefix(config)}{time.strftime('%Y%m%d-%H%M%S')}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(free for free in names if not home.sweep(free).root.exists())


def free_name(config: SweepConfig, home: Home) -> str:
    """Choose a sweep's name that no sweep of this home has.

    Args:
        config: the resolved config.
        home: where other sweeps lie.

    Returns:
        The one that was given, or one of task and time.

    Raises:
        InputError: the name cannot be used, or a sweep has it.
    """
    name = checked_name(config.name or made_name(config, home))
    if home.sweep(name).config.exists():
        raise InputError(
            f"--name {name}: a sweep of this name exists already; choose another name, leave --name out, or "
            f"go on with that one: sweep resume {name}"
        )
    return name


def check_no_study(storage: RDBStorage, name: str) -> None:
    """Refuse a name that a study has.

    Args:
        storage: where the study would lie.
        name: of the sweep.

    Raises:
        InputError: there is a study of this name.
        UnavailableError: the storage cannot be used.
    """
    if has_study(storage, name):
        raise _taken(name)


def _taken(name: str) -> InputError:
    return InputError(
        f"--name {name}: a sweep of this name exists already; choose another name, or leave --name out"
    )


def made_prefix(config: SweepConfig) -> str:
    """Begin a sweep's name.

    Args:
        config: the resolved config.

    Returns:
        What stands before the time, e.g. `demo-segmentation-`.
    """
    return ("demo-" if config.data == "demo" else "") + f"{config.task}-"
