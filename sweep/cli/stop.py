"""`sweep stop`."""

import json
from typing import Annotated

import typer

from sweep.cli import flags


def stop(
    name: Annotated[str, typer.Argument(help="Name of the running sweep.")],
    now: Annotated[bool, typer.Option("--now", help="End running trials in the middle of an epoch.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for its end.", min=1)] = 120.0,
    home: flags.Home = None,
    as_json: flags.AsJson = False,
) -> None:
    """Ask a running sweep to end, from another terminal, and wait until it has written everything down.

    Example: sweep stop demo-segmentation-20261124-101500
    """
    from sweep.api.stop import stop as stopped
    from sweep.cli.waiting import waiting
    from sweep.paths import Home

    with waiting(f"waiting for the end of {name}", quiet=as_json):
        stopped(name, home=home, now=now, timeout_s=timeout)
    if as_json:
        typer.echo(json.dumps({"name": name, "stopped": True}))
    else:
        typer.echo(f"{name} has stopped; `sweep resume {name}{Home.at(home).flag}` goes on with it")
