"""`sweep resume` and `sweep retry`."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from sweep.cli import flags

Name = Annotated[str, typer.Argument(help="Name of the sweep, as `sweep run` printed it.")]
Extra = Annotated[int | None, typer.Option(help="Slots beside those the sweep has.", show_default=False)]
Trials = Annotated[
    int | None, typer.Option(help="Slots in total; those it has without it.", show_default=False)
]
Allow = Annotated[
    str | None,
    typer.Option(
        help="What may have changed since: space (numeric ranges only), data, code.",
        metavar="space,data,code",
        show_default=False,
    ),
]


def resume(  # noqa: PLR0917  Typer reads a command's flags from its signature
    name: Name,
    trials: Trials = None,
    extra: Extra = None,
    allow: Allow = None,
    workers: flags.Workers = None,
    timeout: flags.Timeout = None,
    target: flags.Target = None,
    patience: flags.Patience = None,
    max_failures: flags.MaxFailures = None,
    max_retries: flags.MaxRetries = None,
    promote: flags.Promote = None,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    quiet: flags.Quiet = False,
    as_json: flags.AsJson = False,
) -> None:
    """Go on with a sweep that was stopped or cut, or give it more trials.

    Trials that were cut run again in their slot, with their parameters and seed, from their last epoch.

    Example: sweep resume demo-segmentation-20261124-101500 --extra 25
    """
    changes = {
        "workers": workers,
        "timeout": timeout,
        "target": target,
        "patience": patience,
        "max_failures": max_failures,
        "max_retries": max_retries,
        "promote": promote,
        "storage": storage,
        "tracking_uri": tracking_uri,
    }
    go_on(
        name,
        home=home,
        trials=trials,
        extra=extra,
        allow=allow,
        changes=changes,
        quiet=quiet,
        as_json=as_json,
    )


def retry(  # noqa: PLR0917
    name: Name,
    workers: flags.Workers = None,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    quiet: flags.Quiet = False,
    as_json: flags.AsJson = False,
) -> None:
    """Run the failed trials of a sweep again, and what was cut, with the same parameters and seeds.

    Example: sweep retry demo-segmentation-20261124-101500
    """
    changes = {"workers": workers, "storage": storage, "tracking_uri": tracking_uri}
    go_on(name, home=home, changes=changes, quiet=quiet, as_json=as_json, failed_too=True)


def go_on(
    name: str,
    *,
    home: str | None,
    changes: Mapping[str, object],
    quiet: bool,
    as_json: bool,
    trials: int | None = None,
    extra: int | None = None,
    allow: str | None = None,
    failed_too: bool = False,
) -> None:
    """Resume a sweep and show what came of it.

    Args:
        name: of the sweep.
        home: where it lies.
        changes: keys of the config that differ this time.
        quiet: show the summary only.
        as_json: show one JSON object.
        trials: slots in total.
        extra: further slots.
        allow: words separated by commas.
        failed_too: whether failed slots run again.

    Raises:
        typer.Exit: always, with the sweep's exit code.
    """
    from sweep.api.resume import resume as resumed
    from sweep.cli.live import observer_for
    from sweep.cli.shown import show_report
    from sweep.records import Status

    observer = observer_for(quiet=quiet or as_json, terminal=sys.stdout.isatty())
    with observer.shown():
        report = resumed(
            name,
            observer,
            environ=os.environ,
            home=home,
            trials=trials,
            extra=extra,
            allow=tuple(word.strip() for word in (allow or "").split(",") if word.strip()),
            again=(Status.FAILED,) if failed_too else (),
            changes=changes,
        )
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        show_report(report)
    raise typer.Exit(report.exit_code)
