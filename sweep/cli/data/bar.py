"""The progress bar of `sweep data ...`: on a terminal's error stream, so that tables and JSON stay clean."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def shown_progress(text: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is.

    Args:
        text: what is done, e.g. "reading frames".
        quiet: whether a machine reads the output.

    Yields:
        A function to tell (done, total); nothing is shown where a stream is no terminal.
    """
    console = Console(stderr=True)
    hidden = quiet or not (console.is_terminal and sys.stdout.isatty())
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
