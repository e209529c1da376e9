"""`sweep data split`: lists of train, val and test that keep drives together."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.literal import say, text

if TYPE_CHECKING:
    from sweep.api.data import DividedData


def split(  # noqa: PLR0917  Typer reads a command's flags from its signature
    path: Annotated[str, typer.Argument(help="Folder of the data set.")],
    task: Annotated[
        str | None, typer.Option(help="segmentation or detection; what it serves otherwise.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="The data's format; recognised by itself.")] = None,
    val: Annotated[float, typer.Option(help="Share of frames for validation.")] = 0.2,
    test: Annotated[float, typer.Option(help="Share of frames for the test; 0 for none.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of all chance.", min=0)] = 0,
    by: Annotated[
        str, typer.Option(help="Keep together: drive, block (of time), or auto.", metavar="drive|block|auto")
    ] = "auto",
    gap: Annotated[
        int | None,
        typer.Option(help="Frames left out where a drive is cut (default: 2 and all look-alikes).", min=0),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Divide again what is divided; old lists stay as .bak.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Divide frames into train, val and test by drive or time block, so that look-alikes never straddle.

    Writes splits/train.txt, val.txt and test.txt into the folder. Example: sweep data split ./track --val 0.2
    """
    from sweep.api.data import split_data
    from sweep.cli.data.bar import shown_progress

    with shown_progress("reading frames", quiet=as_json) as progress:
        done = split_data(
            path,
            task=task,
            format_name=format,
            val=val,
            test=test,
            seed=seed,
            by=by,
            gap=gap,
            force=force,
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
        return
    _show(done)


def _show(done: "DividedData") -> None:
    from rich.console import Console
    from rich.table import Table

    say(f"{done.source} ({done.format}, {done.task}), by {done.method}")
    table = Table("", *done.counts, "in groups", box=None, padding=(0, 2, 0, 0))
    table.add_row("frames", *map(str, done.counts.values()), "")
    table.add_row("groups", *map(str, done.groups.values()), "")
    for name, held in done.classes.items():
        table.add_row(text(name), *map(str, held.values()), str(done.class_groups[name]))
    Console().print(table)
    if done.left_out:
        say(
            f"left out: {len(done.left_out)} frames at {done.n_cuts} cuts, "
            "too near a cut or alike to a frame on its other side (--json names them)"
        )
    for warning in done.warnings:
        say(f"warning: {warning}", err=True)
    if not done.lists:
        say("nothing was written (--dry-run)")
        return
    if done.kept_lists:
        say(f"earlier lists are kept as {', '.join(done.kept_lists)}")
    say(f"written: {', '.join(done.lists)}")
    say(f"use it with: sweep run --task {done.task} --data {done.source}")
