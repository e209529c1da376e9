"""What a command prints when it is done."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from sweep.cli.literal import say, text
from sweep.cli.words import duration, value
from sweep.ports import Champion
from sweep.records import TrialResult, TrialSpec
from sweep.search_space import MODEL_NAME, Choice, Domain, Fixed, Parameter, SearchSpace
from sweep.summary import effective_params

if TYPE_CHECKING:  # Optuna comes with them, and `sweep spaces` does not need it
    from sweep.api.report import RunReport
    from sweep.wiring import CheckedRun


def show_check(checked: "CheckedRun", *, as_json: bool) -> None:
    """Print each setting as it takes effect with its origin, and what was checked.

    Args:
        checked: what a run would do.
        as_json: one JSON object rather than a table.
    """
    if as_json:
        rows = {key: {"value": shown, "origin": origin} for key, shown, origin in checked.settings}
        typer.echo(json.dumps(rows | {"checked": _checked(checked)}))
        return
    table = _table("key", "value", "from")
    for key, shown, origin in checked.settings:
        table.add_row(key, text(shown), text(origin))
    Console().print(table)
    say(f"space checked: {len(checked.space.parameters)} parameters, {checked.n_varied} of them vary")
    if checked.data is not None:
        counts = ", ".join(f"{number} {split}" for split, number in checked.data.counts.items())
        say(f"data recognised: {counts} frames, classes {', '.join(checked.data.classes)}")
        for warning in checked.data.warnings:
            say(f"note: {warning}")


def _checked(checked: "CheckedRun") -> dict[str, object]:
    data = checked.data
    return {
        "parameters": len(checked.space.parameters),
        "varied": checked.n_varied,
        "frames": None if data is None else data.counts,
        "classes": None if data is None else data.classes,
        "warnings": () if data is None else data.warnings,
    }


def show_report(report: "RunReport") -> None:
    """Print the answer first, then where it is and how to look at it.

    Args:
        report: of a finished run.
    """
    summary = report.summary
    say("")
    say(
        f"{summary.name}: {summary.why_ended} after {duration(report.elapsed_s)}"
        f"{' since it was resumed' if report.is_resumed else ''} "
        f"({summary.counted or 'no trial ended'})"
    )
    if summary.best is None:
        say("no trial completed, so there is no best model; Production is untouched")
    else:
        _show_best(report, *summary.best)
    if summary.ahead_told:
        command = f"; go on with it: {report.open_command}" if not report.resume_command else ""
        say(f"{summary.ahead_told}{command}")
    if report.next_step:
        say(f"next: {report.next_step}")
    if report.kept and report.decision is not None:
        say(report.kept)
    elif report.kept:
        say(f"not promoted: {report.kept}")
    if report.checkpoint is not None:
        say(f"  the best trial's checkpoint: {report.checkpoint}")
        say(f"  put it forward as it is: {report.promote_command}")
    if report.spool is not None:
        say(f"MLflow did not take everything; what is missing is kept in {report.spool}")
    if report.resume_command:
        say(f"go on with it: {report.resume_command}")
    if report.report is not None:
        say(f"the whole story, to open in a browser: {report.report}")
    say("")
    say(f"everything lies in {report.home}; to look at it:")
    for command in report.commands.values():
        say(f"  {command}")


def _show_best(report: "RunReport", spec: TrialSpec, result: TrialResult) -> None:
    summary = report.summary
    say(f"best: {spec.run_name}, {summary.metric} {result.value:.4f} (epoch {result.best_epoch})")
    say(f"gain over the default configuration: {_gain(report)}")
    for name, number in effective_params(spec).items():
        say(f"  {name} = {value(number)}")
    champion = report.champion
    if champion is not None:
        where = "in Production" if champion.promoted else "registered"
        score = "" if champion.value is None else f" ({champion.value:.4f})"
        say(f"model: {champion.name} version {champion.version}{score}, {where}{_replaced(champion)}")
        if champion.promoted and report.decision is not None:
            say(f"  {report.decision.evidence.why}")
        say(f"  load it: {report.load_command}")


def _replaced(champion: Champion) -> str:
    if champion.replaced is None:
        return ""
    score = "" if champion.replaced_value is None else f" ({champion.replaced_value:.4f})"
    return f", in place of version {champion.replaced}{score}"


def _gain(report: "RunReport") -> str:
    gain, default = report.summary.gain, report.summary.default
    if report.summary.best is not None and report.summary.best[0].slot == 0:
        return "none, the default configuration itself is the best"
    if default is None or default[1].value is None:
        return "unknown, the default configuration did not complete"
    if gain is None:
        return "unknown, the default configuration was scored on the data as it was before"
    share = f", {gain / abs(default[1].value):+.1%}" if default[1].value else ""
    return f"{gain:+.4f} (from {default[1].value:.4f}{share})"


def show_spaces(spaces: Sequence[SearchSpace], *, as_json: bool) -> None:
    """Print the names of search spaces and what they are for.

    Args:
        spaces: to list.
        as_json: one JSON object rather than a table.
    """
    if as_json:
        typer.echo(json.dumps({space.name: space.to_dict() for space in spaces}))
        return
    table = _table("name", "task", "epochs", "what it searches")
    for space in spaces:
        table.add_row(space.name, space.task, str(space.epochs), text(space.description))
    Console().print(table)


def show_space(space: SearchSpace) -> None:
    """Print the models and every parameter of a search space.

    Names of models are long: they stand in lines of their own, and in one column that is never broken.

    Args:
        space: to show.
    """
    say(f"{space.name}: {space.task}, {space.epochs} epochs, frames of {space.long_side_px} px")
    default = space.default()[MODEL_NAME]
    for model in space.models():
        say(f"  {MODEL_NAME} {model}{' (default)' if model == default else ''}")
    table = _table("parameter", "range", "default")
    table.add_column("only with", no_wrap=True, overflow="fold")
    for parameter in space.parameters:
        if parameter.name == MODEL_NAME:
            continue
        for own_model, domain in parameter.domains():
            only = _conditions(parameter) if own_model is None else own_model
            table.add_row(parameter.name, text(_range(domain)), value(domain.default), text(only))
    Console().print(table)


def _conditions(parameter: Parameter) -> str:
    """When a parameter exists, a condition a line; a model's name needs no more than itself."""
    if not parameter.when:
        return "other models" if parameter.by_model else ""
    return "\n".join(
        str(one) if parent == MODEL_NAME else f"{parent}={one}"
        for parent, values in parameter.when.items()
        for one in values
    )


def _range(domain: Domain) -> str:
    if isinstance(domain, Fixed):
        return "fixed"
    if isinstance(domain, Choice):
        return ", ".join(value(choice) for choice in domain.choices)
    scale = " (log)" if domain.log else ""
    step = f" step {value(domain.step)}" if domain.step not in {None, 1} else ""
    return f"{value(domain.low)} to {value(domain.high)}{step}{scale}"


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
