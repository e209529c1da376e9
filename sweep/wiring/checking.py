"""What a run would do, found out without starting it: settings as they take effect, space and data judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from sweep import catalog
from sweep.config import Loaded, SweepConfig
from sweep.errors import InputError
from sweep.executors.machine import auto_workers
from sweep.paths import Home
from sweep.search_space import SearchSpace
from sweep.wiring import names, parts, workers
from sweep.wiring.addresses import addresses_of
from sweep.wiring.mirroring import mirroring_notices
from sweep.workshop.data import RecognisedData, recognise_data

T = TypeVar("T")
NONE = "none"
_ANY_SIDE_PX = 32  # where the space itself is at fault, so that the data is looked at all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRun:
    """What a run would do.

    Args:
        settings: (key, value, origin) in the order of the config, as they take effect.
        space: what would be searched.
        data: what would be trained on, None for the stand-in.
    """

    settings: tuple[tuple[str, str, str], ...]
    space: SearchSpace
    data: RecognisedData | None

    @property
    def n_varied(self) -> int:
        """Parameters that have more than one value."""
        return sum(
            any(len(domain.points()) > 1 for _, domain in parameter.domains())
            for parameter in self.space.parameters
        )


def checked_run(loaded: Loaded) -> CheckedRun:
    """Check everything that can be checked without opening a database or decoding the data.

    Args:
        loaded: the config.

    Returns:
        What a run would do.

    Raises:
        InputError: space, data, device or name are wrong; the message lists every fault.
        UnavailableError: the data cannot be read.
    """
    config = loaded.config
    faults: list[str] = []
    space = _tried(partial(parts.make_space, config), faults)
    data = None
    if config.trainer != "stand_in":
        data = _tried(partial(_data, config, space), faults)
    _tried(partial(workers.check_devices, config), faults)
    if config.name is not None:
        _tried(partial(names.free_name, config, Home.at(config.home)), faults)
    if space is not None and data is not None:
        _tried(partial(parts.check_batches, config, space, n_train=data.counts["train"]), faults)
    if space is None or faults:
        raise InputError("\n".join(faults))
    settings = _settings(loaded, space, data)
    if data is not None:
        data = replace(data, warnings=(*data.warnings, *mirroring_notices(space, data.classes)))
    return CheckedRun(settings=settings, space=space, data=data)


def _tried(look: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return look()
    except InputError as error:
        faults.append(str(error))
        return None


def _data(config: SweepConfig, space: SearchSpace | None) -> RecognisedData:
    return recognise_data(
        config.data,
        task=config.task,
        format_name=config.format,
        image_size=config.image_size,
        long_side_px=space.long_side_px if space else _ANY_SIDE_PX,
    )


def _settings(
    loaded: Loaded, space: SearchSpace, data: RecognisedData | None
) -> tuple[tuple[str, str, str], ...]:
    """The config's table, with what is decided only where space, data and machine are known."""
    decided = _decided(loaded.config, space, data)
    automatic = _automatic(loaded.config)
    rows = []
    for key, value, origin in loaded.table():
        if getattr(loaded.config, key, "") is None:
            rows.append((key, *decided.get(key, (NONE, origin))))
        elif value == "auto" and key in automatic:
            rows.append((key, automatic[key], f"{origin}: auto"))
        else:
            rows.append((key, value, origin))
    return tuple(rows)


def _decided(
    config: SweepConfig, space: SearchSpace, data: RecognisedData | None
) -> dict[str, tuple[str, str]]:
    """Value and origin of what nobody set."""
    shown = addresses_of(config, Home.at(config.home)).shown()
    no_data = (NONE, f"the trainer {config.trainer} reads no data")
    return {
        "space": (space.name, "default"),
        "name": (names.made_prefix(config) + "DATE-TIME", "default"),
        "metric": (catalog.metric_of(config.task, None).name, "default"),
        "epochs": (str(space.epochs), f"space {space.name}"),
        "format": (data.format, "recognised") if data else no_data,
        "image_size": (
            ("x".join(map(str, data.image_size)), f"space {space.name}: long side {space.long_side_px} px")
            if data
            else no_data
        ),
        "storage": (shown.storage, "home"),
        "tracking_uri": (shown.tracking_uri, "home"),
    }


def _automatic(config: SweepConfig) -> dict[str, str]:
    """What `auto` comes to on this machine."""
    devices = workers.devices_of(config)
    return {
        "workers": str(min(auto_workers(devices), config.trials)),
        "device": ", ".join(devices),
    }
