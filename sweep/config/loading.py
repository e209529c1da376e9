"""Resolves a config: default < file < environment < flag, with every fault of every source at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sweep.catalog import TASKS, TRAINERS, metric_of
from sweep.config.schema import KEYS, SweepConfig
from sweep.config.sources import SET, Setting, Source, from_environment, from_file, from_flags
from sweep.errors import InputError
from sweep.faults import Fault, input_error
from sweep.records import ParamValue
from sweep.redaction import redacted
from sweep.search_space import fixed_fault, load_space

DEFAULT = "default"
_ANY_TASK = "segmentation"
"""Stands in for the task, which has no default, where a source without one is checked."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config that knows where each value comes from.

    Args:
        config: the resolved config.
        origins: by key, and by "set.NAME" for fixed parameters of the search space.
    """

    config: SweepConfig
    origins: dict[str, str]

    def table(self) -> list[tuple[str, str, str]]:
        """Rows to show.

        Returns:
            (key, value, origin) in the order of the config; passwords are hidden.
        """
        body = self.config.to_dict()
        shown = {key: value for key, value in body.items() if key != SET}
        shown |= {f"{SET}.{name}": value for name, value in body[SET].items()}
        return [(key, _shown(value), self.origins[key]) for key, value in shown.items()]


def load(flags: Mapping[str, object], environ: Mapping[str, str], config_file: Path | None = None) -> Loaded:
    """Resolve a config.

    Args:
        flags: what was given on the command line, by key; None counts as not given.
        environ: the environment.
        config_file: YAML with the same keys, None for none.

    Returns:
        The config with the origin of each value.

    Raises:
        InputError: a file cannot be read, or a key or value is wrong; the faults of all sources are listed,
            and beside them those of the search space if one is named.
    """
    files = [from_file(config_file)] if config_file is not None else []
    sources = [*files, from_environment(environ), from_flags(flags)]
    faults = [fault for source in sources for fault in (*source.faults, *_value_faults(source))]
    merged = {key: setting for source in sources for key, setting in source.settings.items()}
    if "task" not in merged:
        faults.append(Fault("task", "missing; write --task segmentation or --task detection"))
    elif "metric" in merged:
        faults.extend(_metric_faults(merged))
    faults.extend(_set_faults(merged))
    if faults:
        found = input_error("settings", [replace(fault, text=redacted(fault.text)) for fault in faults])
        raise InputError("\n".join([str(found), *_space_faults(merged)]))
    origins = dict.fromkeys((key for key in KEYS if key != SET), DEFAULT)
    origins |= {key: setting.origin for key, setting in merged.items()}
    return Loaded(SweepConfig.model_validate(_body(merged.values())), origins)


def _body(settings: Iterable[Setting]) -> dict[str, Any]:
    """Values as the schema takes them, `set.NAME` gathered under `set`."""
    body: dict[str, Any] = {SET: {}}
    for setting in settings:
        outer, _, name = setting.key.partition(".")
        if outer == SET:
            body[SET][name] = setting.value
        else:
            body[setting.key] = setting.value
    return body


def _value_faults(source: Source) -> list[Fault]:
    """Faults of a source's own values, also of those that a later source overrides."""
    try:
        SweepConfig.model_validate({"task": _ANY_TASK, **_body(source.settings.values())})
    except ValidationError as error:
        return [_fault(found, source) for found in error.errors(include_url=False)]
    return []


def _fault(found: Any, source: Source) -> Fault:
    cause = found.get("ctx", {}).get("error")
    key = ".".join(map(str, found["loc"][:2])) if found["loc"][0] == SET else str(found["loc"][0])
    setting = source.settings.get(key)
    return Fault(key, str(cause or found["msg"]), place=setting.origin if setting else "")


def _metric_faults(merged: Mapping[str, Setting]) -> list[Fault]:
    task, metric = merged["task"], merged["metric"]
    if task.value not in TASKS:
        return []  # the task's own fault
    try:
        metric_of(str(task.value), str(metric.value))
    except InputError as error:
        return [Fault("metric", str(error), place=metric.origin)]
    return []


def _set_faults(merged: Mapping[str, Setting]) -> list[Fault]:
    """Names and values of `--set` that no space could take, found here to stand beside all other faults."""
    task = merged["task"].value if "task" in merged else None
    trainer = merged["trainer"].value if "trainer" in merged else SweepConfig.model_fields["trainer"].default
    if task not in TASKS or trainer not in TRAINERS:
        return []  # the task's or the trainer's own fault
    found = []
    for key, setting in merged.items():
        outer, _, name = key.partition(".")
        if outer == SET and isinstance(setting.value, ParamValue):
            text = fixed_fault(name, setting.value, task=str(task), trainer=str(trainer))
            found.extend([Fault(name, text, place=setting.origin)] if text else [])
    return found


def _space_faults(merged: Mapping[str, Setting]) -> list[str]:
    """What is wrong with the search space itself; whether it suits the sweep cannot be said here."""
    if "space" not in merged or not isinstance(merged["space"].value, str):
        return []
    try:
        load_space(merged["space"].value)
    except InputError as error:
        return [str(error)]
    return []


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
