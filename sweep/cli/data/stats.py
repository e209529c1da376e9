"""`sweep data stats`: what is in a data set, as tables and as one picture."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli.literal import say


def stats(  # noqa: PLR0917  Typer reads a command's flags from its signature
    path: Annotated[str, typer.Argument(help="Folder of the data set, or demo.")],
    task: Annotated[
        str | None, typer.Option(help="segmentation or detection; what it serves best otherwise.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="The data's format; recognised by itself.")] = None,
    image_size: Annotated[
        str | None,
        typer.Option(help="Frames in training (default: longer side 160 px).", metavar="WxH"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also draw a picture.", metavar="PNG")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Count frames, classes and objects by split, and how large objects are in training.

    Example: sweep data stats ./track --out statistics.png
    """
    from sweep.api.data import statistics
    from sweep.cli.data.bar import shown_progress
    from sweep.cli.data.stats_tables import show_statistics

    with shown_progress("reading frames", quiet=as_json) as progress:
        found = statistics(
            path, task=task, format_name=format, image_size=image_size, out=out, progress=progress
        )
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
        return
    show_statistics(found)
    if out is not None:
        say(f"picture: {out.resolve()}")
