"""The commands that a report offers: the sweep again, the best trial again, go on, look at the data."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sweep import catalog
from sweep.config import SweepConfig
from sweep.paths import Home
from sweep.records import ParamValue
from sweep.report.material import Material
from sweep.search_space import Fixed, Parameter
from sweep.summary import effective_params

NOT_FLAGS = ("task", "trials", "set", "name", "home", "promote", "report")
"""Keys of the config that are written in their own way, or that say where and not what."""
SECONDS = ("timeout", "trial_timeout", "stall_timeout")
N_SEEDS = 3
WHOLE = {"pruner": "none", "sampler": None, "timeout": None, "target": None, "patience": None}
"""Changes with which every trial comes to its end; None is the default."""


def run_command(
    material: Material,
    *,
    space: str = "",
    changes: Mapping[str, object] | None = None,
    fixed: Mapping[str, ParamValue] | None = None,
    n_trials: int | None = None,
) -> str:
    """Write the command that runs the sweep again.

    Args:
        material: of the report.
        space: another search space's file; it holds what was fixed with `--set`.
        changes: keys of the config that are to differ from the sweep's; None for their defaults.
        fixed: parameters to fix besides.
        n_trials: None for as many as the sweep had.

    Returns:
        One line for a shell, with every flag that is not at its default.
    """
    config = {**material.config, **(changes or {})}
    n = material.summary.n_slots if n_trials is None else n_trials
    words = ["sweep", "run", "--task", str(config["task"]), "--trials", str(n)]
    for key, value in _given(config):
        if key == "space" and space:
            continue
        words += [f"--{key.replace('_', '-')}", value]
    if space:
        words += ["--space", space]
    chosen: dict[str, ParamValue] = {} if space else {**(config.get("set") or {}), **(fixed or {})}
    for name, value_ in chosen.items():
        words += ["--set", f"{name}={_plain(value_)}"]
    if config.get("promote") is False:
        words.append("--no-promote")
    return shlex.join(words) + home_flag(material)


def seeds_command(material: Material) -> str:
    """Write the command that trains the best trial again with other seeds, and promotes nothing.

    Args:
        material: of a report with a best trial.

    Returns:
        One line for a shell: as many trials as seeds, with every parameter fixed.
    """
    best = material.summary.best
    params = {} if best is None else effective_params(best[0])
    space = material.space
    constant = {one.name for one in space.parameters if _is_constant(one)} if space is not None else set()
    free = {name: value for name, value in params.items() if name not in constant}
    seed = int(material.config.get("seed") or 0)
    return run_command(
        material,
        changes={**WHOLE, "seed": seed + 1, "promote": False},
        fixed=free,
        n_trials=N_SEEDS,
    )


def resume_command(material: Material) -> str:
    """Write the command that goes on with the sweep.

    Args:
        material: of the report.

    Returns:
        One line for a shell.
    """
    return f"sweep resume {material.summary.name}{home_flag(material)}"


def retry_command(material: Material) -> str:
    """Write the command that runs its failed trials again.

    Args:
        material: of the report.

    Returns:
        One line for a shell.
    """
    return f"sweep retry {material.summary.name}{home_flag(material)}"


def check_command(material: Material) -> str:
    """Write the command that looks at the data.

    Args:
        material: of the report.

    Returns:
        One line for a shell; empty where the data is drawn by the program.
    """
    source = material.record.data_source
    return "" if source in {"", "demo"} else shlex.join(["sweep", "data", "check", source])


def home_flag(material: Material) -> str:
    """What a command needs to find the sweep, with a blank in front; empty if it finds it without.

    Args:
        material: of the report.
    """
    return Home(Path(material.places.home)).flag


def _is_constant(parameter: Parameter) -> bool:
    return all(isinstance(domain, Fixed) for _, domain in parameter.domains())


def _given(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys of the config that differ from their defaults, as flags take them."""
    origins = config.get("origins") or {}
    usual: dict[str, Any] = {key: field.default for key, field in SweepConfig.model_fields.items()}
    usual["metric"] = catalog.metric_of(str(config["task"]), None).name
    usual["epochs"] = (config.get("space") or {}).get("epochs")
    for key in SweepConfig.model_fields:
        if key in NOT_FLAGS:
            continue
        value = config.get(key)
        if key == "space":
            value = config.get("space_source")
        elif key == "metric" and value is not None:
            value = str(value).removesuffix(f"_{config['task']}")
        elif key == "image_size":
            value = None if origins.get(key) == "default" else config.get(key)
        if value is not None and value != usual[key]:
            yield key, _plain(value, key)


def _plain(value: Any, key: str = "") -> str:
    if key in SECONDS:
        return f"{float(value):g}s"
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
