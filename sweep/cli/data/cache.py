"""`sweep data cache`: what decoded frames take on the disk, and how to get it back."""

import dataclasses
import json
import time
from typing import Annotated

import typer

from sweep.cli.literal import say, text


def cache(
    path: Annotated[str | None, typer.Argument(help="Only the caches of this data set.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove those that no sweep uses now.")] = False,
    home: Annotated[
        str, typer.Option(help="Folder of databases and caches.", envvar="SWEEP_HOME")
    ] = "mlruns",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the caches of decoded frames, or clear them; a sweep that needs one builds it again.

    Example: sweep data cache --clear
    """
    from sweep.api.data import caches

    found = caches(home=home, source=path, clearing=clear)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(entry) for entry in found]))
        return
    from rich.console import Console
    from rich.table import Table

    if not found:
        say(f"no frame caches in {home}" + (f" of {path}" if path else ""))
        return
    table = Table("data", "task", "size", "frames", "MiB", "last used", "", box=None, padding=(0, 2, 0, 0))
    for entry in found:
        size = "x".join(map(str, entry.image_size or ()))
        state = "cleared" if entry.is_cleared else "in use" if entry.in_use else ""
        table.add_row(
            text(entry.place or entry.source or "damaged or half built"),
            entry.task,
            size,
            str(sum(entry.counts.values())),
            f"{entry.n_bytes / 2**20:.1f}",
            time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used_at)),
            state,
        )
    Console().print(table)
    taken = sum(entry.n_bytes for entry in found if not entry.is_cleared)
    freed = sum(entry.n_bytes for entry in found if entry.is_cleared)
    say(
        f"{freed / 2**20:.1f} MiB freed, {taken / 2**20:.1f} MiB kept"
        if clear
        else f"{taken / 2**20:.1f} MiB"
    )
