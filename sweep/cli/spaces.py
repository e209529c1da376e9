"""`sweep spaces`."""

import json
from typing import Annotated

import typer


def spaces(
    name: Annotated[
        str | None, typer.Argument(help="A built-in space or a YAML file; all names without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """List the search spaces that come with the program, or show one with every range and default.

    Example: sweep spaces demo_segmentation
    """
    from sweep.cli.shown import show_space, show_spaces
    from sweep.search_space import builtin_names, load_space

    if name is None:
        show_spaces([load_space(known) for known in builtin_names()], as_json=as_json)
    else:
        space = load_space(name)
        if as_json:
            typer.echo(json.dumps(space.to_dict()))
        else:
            show_space(space)
