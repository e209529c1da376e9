"""`sweep data check`: what is wrong with a data set, before anything is trained on it."""

import json
from typing import Annotated

import typer


def check(
    path: Annotated[str, typer.Argument(help="Folder of the data set, or demo.")],
    task: Annotated[
        str | None, typer.Option(help="segmentation or detection; all that it can serve otherwise.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="The data's format; recognised by itself.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with all findings.")] = False,
) -> None:
    """Decode every frame and name each fault with its file and how to mend it; exit 2 if there are errors.

    Example: sweep data check ./track --task detection
    """
    from sweep.api.data import check_data
    from sweep.cli.data.bar import shown_progress
    from sweep.cli.data.check_tables import show_check

    with shown_progress("decoding frames", quiet=as_json) as progress:
        checked = check_data(path, task=task, format_name=format, progress=progress)
    if as_json:
        typer.echo(json.dumps(checked.to_dict()))
    else:
        show_check(checked)
    if checked.n_errors:
        raise typer.Exit(2)
