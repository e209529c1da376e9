"""What the commands over the registry print, in 80 columns; foreign words are text, never terminal codes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from sweep.cli.literal import say, text
from sweep.ledger import Entry

if TYPE_CHECKING:
    from sweep.api.promoting import PromotionReport
    from sweep.api.registry import History, ModelEntry, RollbackReport


def show_models(found: "Sequence[ModelEntry]") -> None:
    """Print a line a model.

    Args:
        found: the registered models.
    """
    if not found:
        say("no registered models yet; `sweep run` registers the best one of each sweep")
        return
    table = _table("model", "version", "value", "since (UTC)", "sweep")
    for entry in found:
        metric = entry.metric.removesuffix("_segmentation").removesuffix("_detection")
        table.add_row(
            text(entry.name),
            text(entry.version or "none"),
            text("" if entry.value is None else f"{metric} {entry.value:.4f}"),
            text(_minute(entry.since)),
            text(entry.sweep),
        )
    Console().print(table)
    for entry in found:
        if entry.trouble:
            say(f"{entry.name}: {entry.trouble}")


def show_history(found: "History") -> None:
    """Print a line a reign, and the evidence of each beneath.

    Args:
        found: of one model.
    """
    if not found.reigns:
        say(f"{found.name}: nobody was in Production so far")
        return
    table = _table("version", "from (UTC)", "until", "how", "value", "from sweep")
    for reign in found.reigns:
        entry, value = reign.entry, reign.entry.evidence.value if reign.entry.evidence else None
        until = _minute(reign.until) if reign.until else "now" if found.champion == entry.version else "gone"
        table.add_row(
            text(entry.version),
            text(_minute(entry.at)),
            text(until),
            text(entry.deed.value),
            text("" if value is None else f"{value:.4f}"),
            text(entry.sweep),
        )
    Console().print(table)
    for reign in found.reigns:
        say(_told(reign.entry))
    if found.trouble:
        say(f"{found.name}: {found.trouble}")


def show_promotion(report: "PromotionReport") -> None:
    """Print whether a trial is in Production, and why.

    Args:
        report: of `sweep promote`.
    """
    champion, found = report.found.champion, report.found
    if not champion.promoted:
        say(found.why)
        forcible = found.decision is not None and found.decision.is_forcible
        hint = "; --force promotes it all the same" if forcible else ", where --force does not help either"
        say(f"{report.trial} stays registered as {champion.name} version {champion.version}{hint}")
        return
    if found.decision is None:
        say(f"{report.trial} is in Production already: {champion.name} version {champion.version}")
        return
    place = f", in place of version {champion.replaced}" if champion.replaced else ""
    say(f"{report.trial} is in Production: {champion.name} version {champion.version}{place}")
    say(f"forced, {found.why}" if found.is_forced else found.why)


def show_rollback(report: "RollbackReport") -> None:
    """Print who is in Production now.

    Args:
        report: of `sweep rollback`.
    """
    champion = report.champion
    for line in report.skipped:
        say(f"note: {line}")
    place = f", in place of version {champion.replaced}" if champion.replaced else ""
    say(f"{champion.name} version {champion.version} is in Production again{place}")


def _told(entry: Entry) -> str:
    source = f" ({entry.trial} of {entry.sweep})" if entry.sweep else ""
    by = f" by {entry.by}" if entry.by else ""
    why = f": {entry.evidence.why}" if entry.evidence else ""
    return f"version {entry.version}{source}, {entry.deed.value}{by}{why}"


def _minute(at: str) -> str:
    """`2026-11-24T13:05:59Z` as `2026-11-24 13:05`."""
    return at[:16].replace("T", " ")


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title not in {"sweep", "from sweep", "model"})
    return table
