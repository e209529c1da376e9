"""`sweep models`."""

import dataclasses
import json

import typer

from sweep.cli import flags


def models(
    home: flags.Home = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: flags.AsJson = False,
) -> None:
    """List the registered models: which version is in Production, how good it is, since when.

    Example: sweep models --home ./mlruns
    """
    from sweep.api.registry import list_models
    from sweep.cli.model_tables import show_models
    from sweep.cli.waiting import waiting

    with waiting("asking MLflow", quiet=as_json):
        found = list_models(home=home, tracking_uri=tracking_uri)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(entry) for entry in found]))
    else:
        show_models(found)
