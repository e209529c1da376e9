"""`sweep history`."""

import json
from typing import Annotated

import typer

from sweep.cli import flags


def history(
    model: Annotated[str, typer.Argument(help="Name of a registered model, as `sweep models` lists it.")],
    home: flags.Home = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: flags.AsJson = False,
) -> None:
    """Show who was in Production from when to when, and on what evidence.

    Example: sweep history rccar-segmentation
    """
    from sweep.api.registry import model_history
    from sweep.cli.model_tables import show_history
    from sweep.cli.waiting import waiting

    with waiting("asking MLflow", quiet=as_json):
        found = model_history(model, home=home, tracking_uri=tracking_uri)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        show_history(found)
