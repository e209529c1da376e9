"""`sweep doctor`."""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from sweep.cli import flags

UNFINISHED = ("rest", "delivery")
"""Rules that a sweep breaks whose process died."""


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: flags.AsJson = False,
) -> None:
    """Check that databases, runs, models and files of a home say the same; exit 1 if they do not.

    Example: sweep doctor --fix
    """
    from sweep.api.doctor import examine
    from sweep.cli.waiting import waiting
    from sweep.paths import Home

    with waiting("examining and mending" if fix else "examining", quiet=as_json):
        seen = examine(environ=os.environ, home=home, storage=storage, tracking_uri=tracking_uri, fix=fix)
    if as_json:
        body = {
            "home": str(seen.home),
            "sweeps": list(seen.sweeps),
            "findings": [asdict(finding) for finding in seen.findings],
            "mended": [asdict(finding) for finding in seen.mended],
        }
        typer.echo(json.dumps(body))
        raise typer.Exit(seen.exit_code)
    for finding in seen.mended:
        typer.echo(f"mended: {finding}")
    for finding in seen.findings:
        typer.echo(f"fault: {finding}")
    flag = Home(seen.home).flag
    n_sweeps, n_faults = len(seen.sweeps), len(seen.findings)
    looked = f"{n_sweeps} sweep{'' if n_sweeps == 1 else 's'} in {seen.home}"
    if not n_faults:
        typer.echo(f"all is well: {looked}")
    else:
        hint = ""
        if not fix and any(finding.is_fixable for finding in seen.findings):
            hint = f"; `sweep doctor --fix{flag}` mends what can be mended"
        for name in dict.fromkeys(one.where for one in seen.findings if one.rule in UNFINISHED):
            typer.echo(f"`sweep resume {name}{flag}` goes on with {name}; --fix only writes down where it is")
        typer.echo(f"{n_faults} fault{'' if n_faults == 1 else 's'}: {looked}{hint}")
    raise typer.Exit(seen.exit_code)
