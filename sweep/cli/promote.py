"""`sweep promote`."""

import json
import os
from typing import Annotated

import typer

from sweep.cli import flags


def promote(  # noqa: PLR0917  Typer reads a command's flags from its signature
    name: Annotated[str, typer.Argument(help="Name of the sweep, as `sweep run` printed it.")],
    trial: Annotated[
        str | None,
        typer.Option(
            help="Its name or number, e.g. trial-007-r1 or 7 (default: the best one); the --keep best have a "
            "checkpoint.",
            metavar="N",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also if it is not better; the ledger says so.")
    ] = False,
    home: flags.Home = None,
    tracking_uri: flags.TrackingUri = None,
    quiet: flags.Quiet = False,
    as_json: flags.AsJson = False,
) -> None:
    """Put a trial of a sweep into Production if it is better than the champion by more than noise.

    Exit code 3: the gate refused it; the champion is kept, the candidate stays registered.

    Example: sweep promote demo-segmentation-20261124-101500 --trial 7
    """
    from sweep.api.promoting import promote as promoted
    from sweep.cli.live import observer_for
    from sweep.cli.model_tables import show_promotion

    observer = observer_for(quiet=quiet or as_json, terminal=False)  # lines: no trials to draw
    with observer.shown():
        report = promoted(
            name,
            observer,
            environ=os.environ,
            trial=trial,
            force=force,
            home=home,
            tracking_uri=tracking_uri,
        )
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        show_promotion(report)
    raise typer.Exit(report.exit_code)
