"""Sweeps and trials as tables that fit 80 columns."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from sweep.api.sweeps import SweepView, curves, stamp
from sweep.cli.literal import say, text
from sweep.cli.words import duration, params_line, short_metric, value
from sweep.history import CUT, PastTrial
from sweep.records import Status
from sweep.summary import effective_params

LOOK_S = 1.0
COLOURS = {
    "running": "cyan",
    "done": "green",
    "stopped": "yellow",
    "failed": "red",
    "cut": "red",
    "never started": "red",
}


def show_sweeps(found: Sequence[SweepView]) -> None:
    """Print a line a sweep.

    Args:
        found: of a home.
    """
    if not found:
        say("no sweeps here yet; `sweep run` starts one, `--home` names another place")
        return
    table = _table("sweep", "state", "trials", "best", "began (UTC)")
    for view in found:
        best = view.summary.best
        score = "" if best is None else f"{short_metric(view.record)} {best[1].value:.4f}"
        table.add_row(
            text(view.name),
            text(view.state, COLOURS[view.state]),
            text(f"{view.n_closed}/{view.summary.n_slots}"),
            text(score),
            text(stamp(view.began_ms)[:16].replace("T", " ")),
        )
    Console().print(table)


def show_sweep(view: SweepView) -> None:
    """Print a sweep: the answer first, then its trials.

    Args:
        view: of the sweep.
    """
    say(f"{view.name}: {view.state}{f', {view.why}' if view.why else ''}")
    say(f"{view.n_closed} of {view.summary.n_slots} trials have ended ({view.summary.counted or 'none yet'})")
    if (best := view.summary.best) is not None:
        gain = "" if view.summary.gain is None else f", gain over the default {view.summary.gain:+.4f}"
        if best[0].slot == 0:
            gain = ", which is the default configuration"
        say(f"best: {best[0].run_name}, {view.summary.metric} {best[1].value:.4f}{gain}")
    is_open = view.state in {"cut", "stopped"}
    if view.state != "running" and (told := view.summary.ahead_told):
        say(told if is_open else f"{told}; go on with it: {view.resume_command}")
    if model := view.notes.get("sweep.model"):
        say(f"model: {model}")
    if why := view.notes.get("sweep.not_promoted"):
        say(f"not in Production: {why}")
    if is_open:
        say(f"go on with it: {view.resume_command}")
    varied = view.varied_params
    table = _trial_table("trial", view)
    for trial in view.trials:
        table.add_row(*_cells(view, trial), text(params_line(trial.spec, varied)))
    Console().print(table)
    for trial in view.trials:
        if trial.ending.reason and _state(view, trial) == "failed":
            say(f"{trial.spec.run_name} failed: {trial.ending.reason}")
    if view.next_step:
        say(f"next: {view.next_step}")


def show_trial(view: SweepView, trial: PastTrial) -> None:
    """Print one trial.

    Args:
        view: its sweep.
        trial: of the sweep.
    """
    spec, result = trial.spec, trial.ending
    state = _state(view, trial)
    say(f"{view.name}, {spec.run_name}: {state}")
    if result.reason and _is_over(view, trial):
        say(f"why: {result.reason}")
    if result.value is not None:
        say(f"{view.summary.metric} {result.value:.4f} in epoch {result.best_epoch} of {result.epochs}")
    for name, number in effective_params(spec).items():
        say(f"  {name} = {value(number)}")
    reports = curves(view, trial)
    if not reports:
        return
    metrics = [name for name in reports[0].metrics if not name.startswith(("iou_", "dice_"))]
    table = _table("epoch", *(name.removesuffix(f"_{spec.task}") for name in metrics))
    for report in reports:
        style = "bold" if report.epoch == result.best_epoch else ""
        row = [f"{report.metrics[name]:.4f}" if name in report.metrics else "" for name in metrics]
        table.add_row(text(report.epoch, style), *(text(cell, style) for cell in row))
    Console().print(table)


def show_status(found: Sequence[SweepView]) -> None:
    """Print how far sweeps are.

    Args:
        found: to show.
    """
    if not found:
        say("no sweep is running here; `sweep list` shows those that ran")
        return
    Console().print(_status(found))


def watch_status(look: Callable[..., Sequence[SweepView]]) -> None:
    """Show how far sweeps are, again and again until none of them runs; the last look shows their ends.

    Args:
        look: gives sweeps as they stand, without names those that run.
    """
    found = look()
    if not found:
        show_status(found)
        return
    names = [view.name for view in found]
    console = Console()
    with Live(_status(found), console=console, auto_refresh=False) as live:
        while any(view.state == "running" for view in found):
            time.sleep(LOOK_S)
            found = look(names)
            live.update(_status(found), refresh=True)
    if not console.is_terminal:
        console.line()  # into a file or pipe the last look is written without an end of line


def _status(found: Sequence[SweepView]) -> RenderableType:
    parts: list[RenderableType] = []
    for view in found:
        best = view.summary.best
        score = "" if best is None else f", best {short_metric(view.record)} {best[1].value:.4f}"
        until_ms = time.time_ns() // 1_000_000 if view.state == "running" else view.last_ms
        since = duration(max(0, until_ms - view.began_ms) / 1000)
        line = f"{view.name}: {view.state}, {view.n_closed}/{view.summary.n_slots} trials in {since}{score}"
        parts.append(text(line, COLOURS[view.state]))
        if view.state == "running" and view.n_closed == view.summary.n_slots:
            parts.append(text("its trials have ended; what came of them is being put together"))
        if view.running:
            table = _trial_table("running", view)
            for trial in view.running:
                table.add_row(*_cells(view, trial), text(params_line(trial.spec)))
            parts.append(table)
    return Group(*parts)


def _cells(view: SweepView, trial: PastTrial) -> list[RenderableType]:
    result = trial.ending
    epoch = trial.last.epoch if trial.last else result.epochs
    state = _state(view, trial)
    return [
        text(trial.spec.run_name),
        text(state, {"complete": "green", "pruned": "yellow", "failed": "red"}.get(state, "")),
        text("" if result.value is None else f"{result.value:.4f}"),
        text(f"{epoch}/{trial.spec.until_epoch}"),
        text(duration(result.train_time_s) if result.train_time_s else ""),
    ]


def _is_over(view: SweepView, trial: PastTrial) -> bool:
    return trial.result is not None or view.state != "running"


def _state(view: SweepView, trial: PastTrial) -> str:
    if trial.result is not None:
        is_cut = trial.result.status is Status.FAILED and trial.result.reason.startswith(CUT)
        return "cut" if is_cut else trial.result.status.value
    return "running" if view.state == "running" else "cut"


def _trial_table(first: str, view: SweepView) -> Table:
    """Where the terminal is narrow the parameters are cut; which trial it is and how far it came are not."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), expand=True)
    widest = max((len(trial.spec.run_name) for trial in view.trials), default=0)
    for title, width in (
        (first, widest),
        ("state", 8),
        (short_metric(view.record), 6),
        ("epoch", 5),
        ("time", 0),
    ):
        table.add_column(title, no_wrap=True, min_width=max(width, len(title)))
    table.add_column("parameters", no_wrap=True, overflow="ellipsis", ratio=1)
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
