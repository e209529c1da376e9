"""Where it all comes from: data, environment, the commands that do it again, and the space to search next."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sweep import catalog
from sweep.config import SweepConfig
from sweep.paths import Home
from sweep.records import ParamValue
from sweep.report.blocks import Block, Code, Facts, Paragraph, Section
from sweep.report.material import Material
from sweep.report.words import listed
from sweep.search_space import space_text

NOT_FLAGS = ("task", "trials", "set", "name", "home", "promote", "report")
"""Keys of the config that are written in their own way, or that say where and not what."""
SECONDS = ("timeout", "trial_timeout", "stall_timeout")
GIT = "mlflow.source.git.commit"


def data(material: Material) -> Section:
    """What the models saw.

    Args:
        material: of the report.

    Returns:
        Source, format, digest, classes and sizes.
    """
    record, config = material.record, material.config
    if not record.data_digest:
        told = f"The trainer {config.get('trainer', 'stand_in')} reads no data."
        return Section(key="data", title="Data", blocks=(Paragraph(text=told),))
    frames = config.get("frames") or {}
    counts = ", ".join(f"{number} {split}" for split, number in frames.items())
    size = config.get("image_size") or ()
    rows = [
        ("source", record.data_source),
        ("format", record.data_format),
        ("frames", counts or f"{material.evaluation.n_images or 'an unknown number of'} val"),
        ("size in training", " × ".join(map(str, size)) + " px"),
        ("classes", f"{len(record.classes)}: {', '.join(record.classes)}"),
        ("digest of images, labels and split", record.data_digest),
    ]
    return Section(key="data", title="Data", blocks=(Facts(rows=tuple(rows)),))


def environment(material: Material) -> Section:
    """With what it was made.

    Args:
        material: of the report.

    Returns:
        Versions, commit, devices, places and the commands that open them.
    """
    tags = material.record.tags
    versions = {
        name.removeprefix("version."): number for name, number in tags.items() if name.startswith("version.")
    }
    used = sorted({(trial.spec.device, trial.spec.n_threads) for trial in material.trials})
    devices = [f"{device} ({n} thread{'s' * (n != 1)} a worker)" for device, n in used]
    rows = [
        ("commit", tags.get(GIT, "not in a checkout of git")),
        ("devices", listed(devices) or "none was used"),
        ("workers", str(material.config.get("workers", ""))),
        ("began", material.began),
        ("last news", material.last),
        ("home", material.places.home),
        ("MLflow", material.places.tracking_uri),
        ("Optuna", material.places.storage),
        *versions.items(),
    ]
    opening = "\n".join(material.places.commands.values())
    return Section(
        key="environment",
        title="Environment",
        blocks=(
            Facts(rows=tuple(rows)),
            Code(caption="Look at all of it in a browser", text=opening, is_command=True),
        ),
    )


def reproduction(material: Material) -> Section:
    """How to do it again.

    Args:
        material: of the report.

    Returns:
        Commands, and the search space as it was.
    """
    config = material.config
    folder = str(config.get("folder", ""))
    command = run_command(material)
    blocks: list[Block] = [
        Paragraph(
            text="The same command, data and versions draw the same trials with one worker; several workers "
            "finish in an order of their own, which what is drawn depends on."
        ),
        Code(
            caption="The same sweep again" + (f", from the folder {folder}" if folder else ""),
            text=command,
            is_command=True,
        ),
        Code(
            caption="Go on with this one, with 25 more trials",
            text=f"{resume_command(material)} --extra 25",
            is_command=True,
        ),
    ]
    if "***" in command:
        text = "Passwords are stored nowhere: where *** stands, give yours."
        blocks.insert(1, Paragraph(text=text, tone="note"))
    if material.space is not None:
        blocks.append(
            Code(caption="The search space as it was", text=space_text(material.space), is_folded=True)
        )
    return Section(key="again", title="How to do it again", blocks=tuple(blocks))


def where_next(material: Material) -> Section:
    """What to try next.

    Args:
        material: of the report.

    Returns:
        A narrower search space with its command, or why there is none.
    """
    found = material.next
    if not found.yaml:
        told = f"There is no narrower search space: {found.narrowed.why_not}."
        return Section(key="next", title="What to try next", blocks=(Paragraph(text=told, tone="note"),))
    blocks: list[Block] = [
        Paragraph(
            text="A search space narrowed to where the best trials lie; its first trial is the best one of "
            "this sweep."
        )
    ]
    blocks += [Paragraph(text=f"{name}: {text}.", tone="note") for name, text in found.narrowed.edges]
    blocks += [
        Code(caption=f"The search space, also in {found.file}", text=found.yaml),
        Code(caption="Search it", text=run_command(material, space=found.file), is_command=True),
    ]
    return Section(key="next", title="What to try next", blocks=tuple(blocks))


def run_command(material: Material, *, space: str = "") -> str:
    """Write the command that runs the sweep again.

    Args:
        material: of the report.
        space: another search space's file; it holds what was fixed with `--set`.

    Returns:
        One line for a shell, with every flag that is not at its default.
    """
    config = material.config
    words = ["sweep", "run", "--task", str(config["task"]), "--trials", str(material.summary.n_slots)]
    for key, value in _given(material):
        if key == "space" and space:
            continue
        words += [f"--{key.replace('_', '-')}", value]
    if space:
        words += ["--space", space]
    else:
        fixed: dict[str, ParamValue] = config.get("set") or {}
        for name, chosen in fixed.items():
            words += ["--set", f"{name}={_plain(chosen)}"]
    if config.get("promote") is False:
        words.append("--no-promote")
    return shlex.join(words) + _home_flag(material)


def resume_command(material: Material) -> str:
    """Write the command that goes on with the sweep.

    Args:
        material: of the report.

    Returns:
        One line for a shell.
    """
    return f"sweep resume {material.summary.name}{_home_flag(material)}"


def _home_flag(material: Material) -> str:
    return Home(Path(material.places.home)).flag


def _given(material: Material) -> Iterator[tuple[str, str]]:
    """Keys of the config that differ from their defaults, as flags take them."""
    config = material.config
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
