"""`sweep data ...`: one file a command."""

import typer

from sweep.cli.data.cache import cache
from sweep.cli.data.stats import stats

app = typer.Typer(
    help="Look at data before a GPU-minute is spent on it, divide it, convert it.",
    no_args_is_help=True,
)
app.command(name="cache")(cache)
app.command(name="stats")(stats)
