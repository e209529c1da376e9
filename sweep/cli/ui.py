"""`sweep ui`."""

import json
import os
import signal
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli import flags
from sweep.cli.literal import say

if TYPE_CHECKING:
    from sweep.api.ui import Pages


def ui(  # noqa: PLR0917  Typer reads a command's flags from its signature
    only: Annotated[
        str | None,
        typer.Option(help="One of the three only.", metavar="dashboard|optuna|mlflow", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Of the first page; the others follow (default: free ones).", show_default=False),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the first page in the browser.")
    ] = True,
    home: flags.Home = None,
    storage: flags.Storage = None,
    tracking_uri: flags.TrackingUri = None,
    as_json: Annotated[bool, typer.Option("--json", help="The addresses as one JSON object.")] = False,
) -> None:
    """Look at sweeps: starts the dashboard, optuna-dashboard and the MLflow UI on this machine.

    They run until Ctrl-C, and stop together. Nobody else can reach them.

    Example: sweep ui --only dashboard --port 8600
    """
    from sweep.api.ui import open_pages
    from sweep.cli.waiting import waiting

    try:
        with _signals_raise(), waiting("starting", quiet=as_json) as observer:
            given = {"home": home, "storage": storage, "tracking_uri": tracking_uri}
            opening = open_pages(observer, environ=os.environ, only=only, port=port, **given)
            with opening as pages, observer.paused():
                _show(pages, as_json=as_json)
                if browser:
                    _open(pages.pages[0].address)
                pages.wait()
    except KeyboardInterrupt as interrupt:
        say("stopped", err=True)
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        raise typer.Exit(128 + int(number)) from None


def _show(pages: "Pages", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({page.key: page.address for page in pages.pages}))
        return
    width = max(len(page.title) for page in pages.pages)
    for page in pages.pages:
        say(f"{page.title:{width}}  {page.address}{'' if page.is_ours else ' (not started here)'}")
    if not pages.n_sweeps:
        say("no sweeps here yet; `sweep run` starts one")
    if pages.is_served:
        say("Ctrl-C stops them" if len(pages.pages) > 1 else "Ctrl-C stops it")


def _open(address: str) -> None:
    """Open a page; where no browser is, the printed address has to do."""
    graphical = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    if os.name == "posix" and os.uname().sysname == "Linux" and not graphical:
        return  # a browser of the terminal would take the terminal
    try:
        webbrowser.open(address)
    except webbrowser.Error:
        return


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Let the first signal end the waiting; later ones wait until everything has stopped."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            raise KeyboardInterrupt(number)

    before = {
        number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
