"""`sweep version`."""

import json
from typing import Annotated

import typer

from sweep.cli.literal import say
from sweep.provenance import package_versions


def show_version(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the versions of this program and of the packages that decide about its results.

    Example: sweep version --json
    """
    versions = package_versions()
    if as_json:
        typer.echo(json.dumps(versions))
        return
    for name, number in versions.items():
        say(f"{name} {number}")
