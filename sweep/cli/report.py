"""`sweep report`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli import flags
from sweep.cli.literal import say


def report(
    name: Annotated[str, typer.Argument(help="Name of the sweep; it may still run.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write (default: in the sweep's folder).", metavar="FILE", show_default=False
        ),
    ] = None,
    home: flags.Home = None,
    as_json: flags.AsJson = False,
) -> None:
    """Write what came of a sweep as one HTML file that needs no network: the answer, plots, pictures, trials.

    Example: sweep report demo-segmentation-20261124-101500 --out report.html
    """
    from sweep.api.reporting import write_report
    from sweep.cli.waiting import waiting

    with waiting("reading the sweep", quiet=as_json) as observer:
        file = write_report(name, home=home, out=out, observer=observer).resolve()
    if as_json:
        typer.echo(json.dumps({"report": str(file)}))
        return
    say(f"report: {file}")
    say(f"open it in a browser: {file.as_uri()}")
