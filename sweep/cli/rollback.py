"""`sweep rollback`."""

import json
from typing import Annotated

import typer

from sweep.cli import flags


def rollback(
    model: Annotated[str, typer.Argument(help="Name of a registered model, as `sweep models` lists it.")],
    home: flags.Home = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: flags.AsJson = False,
) -> None:
    """Put the former champion back into Production, after its files were verified.

    Example: sweep rollback rccar-segmentation
    """
    from sweep.api.registry import roll_back
    from sweep.cli.model_tables import show_rollback
    from sweep.cli.waiting import waiting

    with waiting("verifying the former champion", quiet=as_json):
        report = roll_back(model, home=home, tracking_uri=tracking_uri)
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        show_rollback(report)
