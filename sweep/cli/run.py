"""`sweep run`: parse, load the config, run, show, exit."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from sweep.cli import flags


def run(  # noqa: PLR0917  Typer reads a command's flags from its signature
    context: typer.Context,
    task: flags.Task = None,
    trials: flags.Trials = None,
    data: flags.Data = None,
    format: flags.Format = None,
    space: flags.Space = None,
    name: flags.Name = None,
    metric: flags.Metric = None,
    sampler: flags.Sampler = None,
    pruner: flags.Pruner = None,
    seed: flags.Seed = None,
    set: flags.Set = None,
    epochs: flags.Epochs = None,
    image_size: flags.ImageSize = None,
    weights: flags.Weights = None,
    trainer: flags.Trainer = None,
    workers: flags.Workers = None,
    executor: flags.Executor = None,
    device: flags.Device = None,
    timeout: flags.Timeout = None,
    trial_timeout: flags.TrialTimeout = None,
    stall_timeout: flags.StallTimeout = None,
    target: flags.Target = None,
    patience: flags.Patience = None,
    max_failures: flags.MaxFailures = None,
    max_retries: flags.MaxRetries = None,
    keep: flags.Keep = None,
    max_latency_ms: flags.MaxLatencyMs = None,
    max_size_mb: flags.MaxSizeMb = None,
    promote: flags.Promote = None,
    report: flags.Report = None,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    config: flags.Config = None,
    dry_run: flags.DryRun = False,
    quiet: flags.Quiet = False,
    as_json: flags.AsJson = False,
) -> None:
    """Search for the best small model: sample, train, prune, and promote the winner.

    Example: sweep run --task segmentation --trials 50 --data ./track
    """
    given = {key: value for key, value in context.params.items() if key not in _NOT_CONFIG}
    _run(given, config_file=config, dry_run=dry_run, quiet=quiet, as_json=as_json)


def _run(
    given: Mapping[str, object], *, config_file: Path | None, dry_run: bool, quiet: bool, as_json: bool
) -> None:
    # After parsing: `sweep --help` must not wait for it.
    from sweep.api import run as api
    from sweep.cli.live import observer_for
    from sweep.cli.shown import show_check, show_report

    loaded = api.load_config(given, environ=os.environ, config_file=config_file)
    if dry_run:
        show_check(api.check(loaded), as_json=as_json)
        return
    observer = observer_for(quiet=quiet or as_json, terminal=sys.stdout.isatty())
    with observer.shown():
        found = api.run(loaded, observer)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        show_report(found)
    raise typer.Exit(found.exit_code)


_NOT_CONFIG = {"config", "dry_run", "quiet", "as_json"}
