"""`sweep data preview`: a sheet of frames with their labels drawn on them."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sweep.cli.literal import say


def preview(  # noqa: PLR0917  Typer reads a command's flags from its signature
    path: Annotated[str, typer.Argument(help="Folder of the data set, or demo.")],
    task: Annotated[
        str | None, typer.Option(help="segmentation or detection; what it serves best otherwise.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="The data's format; recognised by itself.")] = None,
    n: Annotated[int, typer.Option("--n", help="Frames on the sheet.", min=1, max=200)] = 12,
    split: Annotated[str, typer.Option(help="train, val, test or all.")] = "all",
    seed: Annotated[int, typer.Option(help="Another one shows other frames.", min=0)] = 0,
    out: Annotated[Path, typer.Option(help="The picture.", metavar="PNG")] = Path("preview.png"),
) -> None:
    """Draw frames with their masks or boxes on them, so that wrong labels are seen.

    Example: sweep data preview ./track --n 20 --split val
    """
    from sweep.api.data import preview as draw
    from sweep.cli.data.bar import shown_progress

    with shown_progress("reading frames") as progress:
        made = draw(
            path,
            task=task,
            format_name=format,
            n=n,
            split=split,
            seed=seed,
            out=out,
            progress=progress,
        )
    say(f"{made.n_frames} frames, {made.format}, {made.task}: {made.file.resolve()}")
    if made.missing:
        say(f"warning: none of {made.n_read} frames looked at holds: {', '.join(made.missing)}")
    if made.faults:
        words = "1 fault" if len(made.faults) == 1 else f"{len(made.faults)} faults, e.g."
        say(f"warning: {words}: {made.faults[0]}")
        say(f"  all of them: sweep data check {shlex.quote(path)} --task {made.task}")
