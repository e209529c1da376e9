"""`sweep rm`."""

import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli import flags
from sweep.cli.literal import say
from sweep.errors import InputError

if TYPE_CHECKING:
    from sweep.api.rm import Removal


def rm(  # noqa: PLR0917  Typer reads a command's flags from its signature
    name: Annotated[str, typer.Argument(help="Name of a sweep that is not running.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: flags.AsJson = False,
) -> None:
    """Remove a sweep: its study, runs, artifacts and folder, and models that were never in Production.

    Example: sweep rm demo-segmentation-20261124-101500
    """
    from sweep.api.rm import remove_sweep
    from sweep.cli.waiting import waiting

    def confirm(removal: "Removal") -> bool:
        if not yes and not sys.stdin.isatty():
            raise InputError(
                f"{_words(removal)}: nobody can be asked here, so add --yes; nothing was removed"
            )
        with observer.paused():
            return yes or typer.confirm(f"{_words(removal)}. Remove?", err=True)

    places = {"home": home, "storage": storage, "tracking_uri": tracking_uri}
    with waiting(f"removing {name}", quiet=as_json) as observer:
        done = remove_sweep(name, confirm=confirm, environ=os.environ, **places)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
    else:
        say(f"removed: {_words(done)}" if done.is_done else "nothing was removed")
        if done.is_done and not done.is_for_good:
            say("the server keeps the runs, marked as deleted; on it, for good: mlflow gc")


def _words(removal: "Removal") -> str:
    parts = [f"sweep {removal.name}: its study, {removal.n_runs} runs with their artifacts and its folder"]
    if removal.versions:
        parts.append(f"registered {', '.join(removal.versions)}")
    if removal.kept:
        parts.append(f"kept, because in Production now or once: {', '.join(removal.kept)}")
    return "; ".join(parts)
