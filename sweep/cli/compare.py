"""`sweep compare`."""

import json
from typing import Annotated

import typer

from sweep.cli import flags


def compare(
    first: Annotated[str, typer.Argument(help="Name of a sweep.")],
    second: Annotated[str, typer.Argument(help="Name of another one.")],
    home: flags.Home = None,
    as_json: flags.AsJson = False,
) -> None:
    """Put two sweeps side by side: settings, counts, best trials, and whether their scores may be compared.

    Example: sweep compare monday tuesday
    """
    from sweep.api.compare import compare as compared
    from sweep.cli.comparison_table import show_comparison
    from sweep.cli.waiting import waiting

    with waiting("reading both", quiet=as_json):
        found = compared(first, second, home=home)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        show_comparison(found)
