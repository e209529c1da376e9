"""What a check found, as a table of 80 columns and a list by rule."""

from rich.console import Console
from rich.table import Table

from sweep.api.data import DataCheck, DataFinding, RuleFindings
from sweep.cli.literal import say, text

_SHOWN = 10
_WIDTH = 80
_MARKS = {"error": "E", "warning": "W"}


def show_check(checked: DataCheck) -> None:
    """Print what was looked at, a line for each rule, then the findings.

    Args:
        checked: the outcome.
    """
    for line in _heading(checked):
        say(line)
    if checked.rules:
        say("")
        Console().print(_table(checked))
    for rule in checked.rules:
        say("")
        _show_rule(rule)
    say("")
    say(_verdict(checked))


def _heading(checked: DataCheck) -> list[str]:
    if not checked.format:
        return [f"{checked.source}: cannot be read"]
    frames = ", ".join(f"{split} {count}" for split, count in checked.counts.items())
    return [
        f"{checked.source}: {checked.format}, checked for {' and '.join(checked.tasks)}",
        f"frames: {frames or 'none'}",
        f"classes: {', '.join(checked.classes)}",
    ]


def _table(checked: DataCheck) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("rule", no_wrap=True)
    table.add_column("errors", justify="right", no_wrap=True)
    table.add_column("warnings", justify="right", no_wrap=True)
    table.add_column("first example", no_wrap=True, overflow="ellipsis")
    room = _WIDTH - max(len(rule.rule) for rule in checked.rules) - len("errors") - len("warnings") - 4 * 2
    for rule in checked.rules:
        example = text(_example(rule.findings[0]))
        # Cut here: left to itself, the table cuts the short columns for the sake of this one.
        example.truncate(room, overflow="ellipsis")
        table.add_row(rule.rule, _count(rule.n_errors), _count(rule.n_warnings), example)
    return table


def _example(found: DataFinding) -> str:
    return found.place or found.text.partition("\n")[0]


def _count(number: int) -> str:
    return str(number) if number else ""


def _show_rule(rule: RuleFindings) -> None:
    say(f"{rule.rule} ({len(rule.findings)}): {rule.meaning}")
    for found in rule.findings[:_SHOWN]:
        say(f"  {_MARKS[found.level]} {_line(found)}")
    hidden = len(rule.findings) - _SHOWN
    if hidden > 0:
        say(f"    and {hidden} more; --json has all")


def _line(found: DataFinding) -> str:
    return f"{found.place}: {found.text}" if found.place else found.text


def _verdict(checked: DataCheck) -> str:
    if not checked.rules:
        return "no faults found"
    errors = "1 error" if checked.n_errors == 1 else f"{checked.n_errors} errors"
    warnings = "1 warning" if checked.n_warnings == 1 else f"{checked.n_warnings} warnings"
    mend = (
        "; errors (E) must be mended before training"
        if checked.n_errors
        else ", which training can live with"
    )
    return f"{errors}, {warnings}{mend}"
