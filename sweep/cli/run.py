"""`sweep run`: the flags, and nothing else."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

_SEARCH, _TRAINING, _LIMITS, _PLACES, _SHOWN = "Search", "Training", "Limits", "Places", "Output"


def _flag(panel: str, text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=panel, show_default=False, **more)


def run(  # noqa: PLR0917  Typer reads a command's flags from its signature
    context: typer.Context,
    task: Annotated[str | None, _flag(_SEARCH, "segmentation or detection.")] = None,
    trials: Annotated[int | None, _flag(_SEARCH, "How many configurations to try [default: 50].")] = None,
    data: Annotated[
        str | None, _flag(_SEARCH, "'demo' or a folder [default: demo].", metavar="demo|PATH")
    ] = None,
    format: Annotated[str | None, _flag(_SEARCH, "The data's format; recognised by itself.")] = None,
    space: Annotated[
        str | None, _flag(_SEARCH, "Search space: a name of `sweep spaces`, or a YAML file.")
    ] = None,
    name: Annotated[str | None, _flag(_SEARCH, "Name of the sweep [default: task and time].")] = None,
    metric: Annotated[
        str | None,
        _flag(_SEARCH, "What to optimise: miou, val_loss, pixel_acc, dice; f1_50, map_50, map, val_loss."),
    ] = None,
    sampler: Annotated[str | None, _flag(_SEARCH, "tpe, gp, random, grid or qmc [default: tpe].")] = None,
    pruner: Annotated[
        str | None, _flag(_SEARCH, "median, hyperband, asha, patient or none [default: median].")
    ] = None,
    seed: Annotated[int | None, _flag(_SEARCH, "Of all chance [default: 0].")] = None,
    set: Annotated[
        list[str] | None,
        _flag(_SEARCH, "Set a key of the config, or fix a parameter of the space.", metavar="KEY=VALUE"),
    ] = None,
    epochs: Annotated[int | None, _flag(_TRAINING, "Length of a full trial [default: the space's].")] = None,
    image_size: Annotated[
        str | None,
        _flag(_TRAINING, "Frames are resized to this, once [default: the space's].", metavar="WxH"),
    ] = None,
    weights: Annotated[
        str | None, _flag(_TRAINING, "Pretrained weights [default: default].", metavar="default|none|FILE")
    ] = None,
    trainer: Annotated[str | None, _flag(_TRAINING, "torch, or stand_in for dry tests of a set-up.")] = None,
    workers: Annotated[
        str | None,
        _flag(_PLACES, "Worker processes [default: auto, what the machine carries].", metavar="auto|N"),
    ] = None,
    executor: Annotated[str | None, _flag(_PLACES, "local (processes) or inline (this process).")] = None,
    device: Annotated[str | None, _flag(_PLACES, "auto, cpu, cuda or cuda:N [default: auto].")] = None,
    timeout: Annotated[str | None, _flag(_LIMITS, "Time budget of the sweep.", metavar="30m")] = None,
    trial_timeout: Annotated[str | None, _flag(_LIMITS, "Time budget of a trial.", metavar="10m")] = None,
    target: Annotated[float | None, _flag(_LIMITS, "Stop when the metric reaches this.")] = None,
    patience: Annotated[int | None, _flag(_LIMITS, "Stop after N trials without a better one.")] = None,
    max_failures: Annotated[
        int | None, _flag(_LIMITS, "Stop after N failures in a row [default: 5].")
    ] = None,
    max_retries: Annotated[
        int | None, _flag(_LIMITS, "New attempts for a trial whose worker was killed [default: 2].")
    ] = None,
    keep: Annotated[int | None, _flag(_LIMITS, "Checkpoints that stay on disk [default: 3].")] = None,
    promote: Annotated[
        bool | None, _flag(_PLACES, "Put the best model into Production [default: --promote].")
    ] = None,
    home: Annotated[
        str | None, _flag(_PLACES, "Folder of databases and artifacts [default: mlruns].")
    ] = None,
    storage: Annotated[
        str | None, _flag(_PLACES, "Optuna's storage, if not in the home.", metavar="URL")
    ] = None,
    tracking_uri: Annotated[
        str | None, _flag(_PLACES, "MLflow's store, if not in the home.", metavar="URI")
    ] = None,
    config: Annotated[
        Path | None, _flag(_PLACES, "YAML with the same keys as these flags.", metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, _flag(_SHOWN, "Show each value with its origin and stop.")] = False,
    quiet: Annotated[bool, _flag(_SHOWN, "Show the summary only.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object at the end.", rich_help_panel=_SHOWN)
    ] = False,
) -> None:
    """Search for the best small model: sample, train, prune, and promote the winner.

    Example: sweep run --task segmentation --trials 50 --data ./track
    """
    from sweep import api  # after parsing: `sweep --help` must not wait for it
    from sweep.cli.live import observer_for
    from sweep.cli.shown import show_config, show_report

    given = {
        key: value for key, value in context.params.items() if key not in _NOT_CONFIG and value is not None
    }
    loaded = api.load_config(given, environ=os.environ, config_file=config)
    if dry_run:
        show_config(loaded, as_json=as_json)
        return
    observer = observer_for(quiet=quiet or as_json, terminal=sys.stdout.isatty())
    with observer.shown():
        report = api.run(loaded, observer)
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        show_report(report)
    raise typer.Exit(report.exit_code)


_NOT_CONFIG = {"config", "dry_run", "quiet", "as_json"}
