"""The roof of the command line: one app, one place where errors become exit codes."""

import json
import signal
import sys
import traceback

import typer

from sweep.cli.compare import compare
from sweep.cli.data import app as data_app
from sweep.cli.doctor import doctor
from sweep.cli.history import history
from sweep.cli.literal import literal
from sweep.cli.models import models
from sweep.cli.promote import promote
from sweep.cli.report import report
from sweep.cli.resume import resume, retry
from sweep.cli.rm import rm
from sweep.cli.rollback import rollback
from sweep.cli.run import run
from sweep.cli.spaces import spaces
from sweep.cli.stop import stop
from sweep.cli.sweeps import list_sweeps, show, status
from sweep.cli.ui import ui
from sweep.cli.version import show_version
from sweep.errors import SweepError

app = typer.Typer(
    name="sweep",
    help="Hyperparameter sweeps for the vision of small autonomous cars.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="run")(run)
app.command(name="resume")(resume)
app.command(name="retry")(retry)
app.command(name="stop")(stop)
app.command(name="rm")(rm)
app.command(name="promote")(promote)
app.command(name="rollback")(rollback)
app.command(name="models")(models)
app.command(name="history")(history)
app.command(name="list")(list_sweeps)
app.command(name="show")(show)
app.command(name="status")(status)
app.command(name="compare")(compare)
app.command(name="ui")(ui)
app.command(name="report")(report)
app.command(name="doctor")(doctor)
app.command(name="spaces")(spaces)
app.command(name="version")(show_version)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run a command; exit 0 to 4, 130 or 143 as the README's table says.

    With `--json` an error is also one JSON object on stdout: whoever reads that finds one in any case.
    """
    try:
        app()
    except SweepError as error:
        _say(f"error: {error}", what=str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt as interrupt:
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        _say("interrupted", what="interrupted")
        sys.exit(128 + int(number))
    except Exception as error:  # noqa: BLE001  the roof: a fault of ours, shown whole so that it can be reported
        traceback.print_exc()
        _say("error: this is a fault of the program; please report the lines above", what=repr(error))
        sys.exit(1)


def _say(text: str, *, what: str) -> None:
    print(literal(text), file=sys.stderr)  # noqa: T201
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": what}))  # noqa: T201


if __name__ == "__main__":
    main()
