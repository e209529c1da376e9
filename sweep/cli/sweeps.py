"""`sweep list`, `sweep show` and `sweep status`."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli import flags

if TYPE_CHECKING:
    from sweep.api.sweeps import SweepView

Name = Annotated[str, typer.Argument(help="Name of the sweep.")]


def list_sweeps(home: flags.Home = None, as_json: flags.AsJson = False) -> None:
    """List the sweeps of a home, the latest first.

    Example: sweep list
    """
    from sweep.api.sweeps import sweeps
    from sweep.cli.sweep_tables import show_sweeps
    from sweep.cli.waiting import waiting

    with waiting("reading", quiet=as_json):
        found = sweeps(home)
    if as_json:
        typer.echo(json.dumps([view.to_dict() for view in found]))
    else:
        show_sweeps(found)


def show(
    name: Name,
    trial: Annotated[
        str | None,
        typer.Option(
            help="Name or number of a trial, e.g. trial-007-r1 or 7: its parameters and curve.",
            metavar="N",
            show_default=False,
        ),
    ] = None,
    home: flags.Home = None,
    as_json: flags.AsJson = False,
) -> None:
    """Show a sweep and its trials, or one trial; it may still run.

    Example: sweep show demo-segmentation-20261124-101500 --trial 7
    """
    from sweep.api.sweeps import described, sweep_view
    from sweep.cli.sweep_tables import show_sweep, show_trial
    from sweep.cli.waiting import waiting

    with waiting("reading", quiet=as_json):
        view = sweep_view(name, home)
    if trial is None:
        body = view.to_dict() | {"all_trials": [described(one) for one in view.trials]}
        typer.echo(json.dumps(body)) if as_json else show_sweep(view)
    else:
        found = view.trial(trial)
        typer.echo(json.dumps(described(found))) if as_json else show_trial(view, found)


def status(
    name: Annotated[str | None, typer.Argument(help="Name of a sweep; all that run without it.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second until it ends.")] = False,
    home: flags.Home = None,
    as_json: flags.AsJson = False,
) -> None:
    """Say how far running sweeps are, from any terminal.

    Example: sweep status --watch
    """
    from sweep.api.sweeps import sweep_view, sweeps
    from sweep.cli.sweep_tables import show_status, watch_status

    def look(names: Collection[str] = () if name is None else (name,)) -> list["SweepView"]:
        if names:
            return [sweep_view(name, home) for name in names]
        return [view for view in sweeps(home) if view.state == "running"]

    if watch and not as_json:
        watch_status(look)
    elif as_json:
        typer.echo(json.dumps([view.to_dict() for view in look()]))
    else:
        show_status(look())
