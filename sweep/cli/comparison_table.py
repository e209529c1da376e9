"""Two sweeps in a table that fits a narrow terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from sweep.api.compare import Comparison
from sweep.api.sweeps import SweepView
from sweep.cli.literal import say, text
from sweep.cli.words import duration, value


def show_comparison(found: Comparison) -> None:
    """Print two sweeps side by side; what differs is bold.

    Args:
        found: the two.
    """
    first, second = found.sides
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for side in found.sides:
        table.add_column(text(side.name), overflow="fold")
    for (name, one), (_, other) in zip(_rows(first), _rows(second), strict=True):
        style = "bold" if one != other else ""
        table.add_row(name, text(one, style), text(other, style))
    table.add_section()
    shown = [(name, _value(left), _value(right)) for name, left, right in found.parameters]
    alike = [name for name, one, other in shown if one == other]
    for name, one, other in shown:
        if one != other:
            table.add_row(f"best {name}", text(one, "bold"), text(other, "bold"))
    Console().print(table)
    if alike:
        Console().print(text(f"the two best have the same {', '.join(alike)}"))
    for obstacle in found.obstacles:
        say(f"the scores cannot be compared: {obstacle}")
    if not found.obstacles:
        say("the scores can be compared: same task, metric, data and classes")
    if (difference := found.difference) is not None:
        metric = first.summary.metric
        better = "equal to" if not difference else f"{abs(difference):.4f} {_direction(difference)} than"
        say(f"{second.name}'s best {metric} is {better} {first.name}'s")
        say("  (whether that is more than noise, `sweep promote` asks)")


def _direction(difference: float) -> str:
    return "better" if difference > 0 else "worse"


def _rows(side: SweepView) -> Iterator[tuple[str, str]]:
    summary = side.summary
    yield "state", side.state
    yield "task", summary.task
    for key, setting in side.settings.items():
        yield key.replace("_", " "), _value(setting)
    yield "trials", f"{summary.n_slots}: {summary.counted or 'none ended'}"
    yield "training time", duration(side.train_time_s)
    best, default = summary.best, summary.default
    yield summary.metric, "-" if best is None else f"{best[1].value:.4f} ({best[0].run_name})"
    yield "default", "-" if default is None else f"{default[1].value:.4f}"
    yield "gain", "-" if summary.gain is None else f"{summary.gain:+.4f}"


def _value(found: object) -> str:
    if found is None:
        return "-"
    return value(found) if isinstance(found, bool | int | float) else str(found)
