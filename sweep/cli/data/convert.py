"""`sweep data convert`: a data set in another format."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli.literal import say


def convert(  # noqa: PLR0917  Typer reads a command's flags from its signature
    path: Annotated[str, typer.Argument(help="Folder of the data set, or demo.")],
    to: Annotated[str, typer.Option(help="mask_folder, coco or yolo.")],
    out: Annotated[Path, typer.Option(help="Folder to make; must be missing or empty.")],
    task: Annotated[
        str | None,
        typer.Option(help="What to read: segmentation or detection (to yolo: boxes only)."),
    ] = None,
    format: Annotated[str | None, typer.Option(help="The data's format; recognised by itself.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a data set in another format. Images are copied as they are; the source is never changed.

    Example: sweep data convert ./track --to yolo --out ./track-yolo
    """
    from sweep.api.data import convert_data
    from sweep.cli.data.bar import shown_progress

    with shown_progress("converting frames", quiet=as_json) as progress:
        done = convert_data(path, to=to, out=out, task=task, format_name=format, progress=progress)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done)))
        return
    for warning in done.warnings:
        say(f"warning: {warning}", err=True)
    frames = ", ".join(f"{split} {count}" for split, count in done.counts.items())
    objects = "" if done.format == "mask_folder" else f"; {done.n_objects} objects"
    say(f"{done.source} ({done.source_format}) -> {done.folder} ({done.format}): {frames}{objects}")
    say(f"classes: {', '.join(done.classes)}")
    if set(done.counts) == {"all"}:
        say(f"divide it with: sweep data split {done.folder}")
    else:
        say(f"use it with: sweep run --task {done.task} --data {done.folder}")
