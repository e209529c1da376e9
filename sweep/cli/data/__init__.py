"""`sweep data ...`: one file a command."""

import typer

from sweep.cli.data.cache import cache
from sweep.cli.data.check import check
from sweep.cli.data.convert import convert
from sweep.cli.data.preview import preview
from sweep.cli.data.split import split
from sweep.cli.data.stats import stats

app = typer.Typer(
    help="Look at data before a GPU-minute is spent on it, divide it, convert it.",
    no_args_is_help=True,
)
app.command(name="cache")(cache)
app.command(name="check")(check)
app.command(name="convert")(convert)
app.command(name="stats")(stats)
app.command(name="preview")(preview)
app.command(name="split")(split)
