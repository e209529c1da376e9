"""The config that a sweep was started with, as its folder holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sweep.catalog import unknown
from sweep.config import Loaded, load
from sweep.config.schema import KEYS
from sweep.database_file import sqlite_file
from sweep.errors import InputError
from sweep.paths import Home, checked_name
from sweep.search_space import builtin_names
from sweep.wiring.addresses import address_in

HIDDEN = "***"
DATA_WORDS = ("demo",)
WEIGHT_WORDS = ("default", "none")
_ADDRESSES = ("storage", "tracking_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSweep:
    """What a sweep's folder says of it.

    Args:
        name: of the sweep.
        uid: unique over all sweeps, empty for one of an earlier version of this program.
        settings: the config's keys, as they were given or resolved.
        space: the search space's definition.
    """

    name: str
    uid: str
    settings: Mapping[str, Any]
    space: Mapping[str, Any]

    def loaded(
        self,
        changes: Mapping[str, object],
        *,
        home: Home,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> Loaded:
        """Resolve the config again.

        Args:
            changes: keys that the user gives anew; None counts as not given.
            home: where the sweep lies.
            environ: the environment, for addresses whose password was not stored; it changes no others.

        Returns:
            The config.

        Raises:
            InputError: a value is wrong, or an address had a password, which is stored nowhere.
        """
        given = {key: value for key, value in changes.items() if value is not None}
        for key in _ADDRESSES:
            if key not in given and HIDDEN in str(self.settings.get(key) or ""):
                if address := address_in(environ, key):
                    given[key] = address
                    continue
                flag = key.replace("_", "-")
                raise InputError(
                    f"--{flag}: the sweep {self.name} used {self.settings[key]}; passwords are stored "
                    f"nowhere, so give the address again, with --{flag} or SWEEP_{key.upper()}"
                )
        return load({**self.settings, **given, "home": str(home.root), "name": self.name}, {})


def read_stored(home: Home, name: str) -> StoredSweep:
    """Read the config of a sweep.

    Args:
        home: where it lies.
        name: as the user wrote it.

    Returns:
        What it was started with.

    Raises:
        InputError: there is no such sweep, or its file is damaged.
    """
    file = home.sweep(checked_name(name)).config
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        return _stored(body, name=name)
    except FileNotFoundError:
        raise InputError(_unknown(home, name)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: the sweep's settings cannot be read ({error}); put the file back from MLflow, where "
            "the sweep's own run has it as config.json"
        ) from error


def sweep_names(home: Home) -> list[str]:
    """Names of the sweeps of a home, the latest first."""
    files = [(file.stat().st_mtime, file.parent.name) for file in home.sweeps.glob("*/config.json")]
    return [name for _, name in sorted(files, reverse=True)]


def _stored(body: dict[str, Any], *, name: str) -> StoredSweep:
    folder = Path(body.get("folder", "."))
    settings = {key: value for key, value in body.items() if key in KEYS and value is not None}
    settings["metric"] = str(body["metric"]).removesuffix(f"_{body['task']}")
    settings["space"] = body.get("space_source")
    if (size := body.get("image_size")) is not None:
        settings["image_size"] = "x".join(map(str, size))
    # Paths are meant from where the sweep was started, wherever it is resumed.
    for key, words in (("data", DATA_WORDS), ("space", builtin_names()), ("weights", WEIGHT_WORDS)):
        value = settings.get(key)
        if isinstance(value, str) and value not in words and (folder / value).exists():
            settings[key] = str(folder / value)
    for key in _ADDRESSES:
        file = sqlite_file(str(settings.get(key) or ""))
        if file is not None and not file.is_absolute() and (folder / file).exists():
            settings[key] = f"sqlite:///{folder / file}"
    return StoredSweep(name=name, uid=str(body.get("uid", "")), settings=settings, space=body["space"])


def _unknown(home: Home, name: str) -> str:
    known = sweep_names(home)
    if not known:
        return f"no sweep {name!r}: there is none in {home.root}; name another home with --home"
    return f"{unknown('sweep', name, known)} (in {home.root})"
