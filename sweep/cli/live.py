"""What a person sees while a sweep runs: a live table in a terminal, plain lines elsewhere, or nothing."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sweep.api.silent import Silent
from sweep.cli.literal import literal
from sweep.cli.view import SweepView
from sweep.cli.words import duration, params_line, short_metric
from sweep.ports import Results
from sweep.records import EpochReport, Status, SweepRecord, TrialResult, TrialSpec

REFRESH_PER_S = 4


class QuietObserver(Silent):
    """Shows nothing but what must be read."""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Nothing to open or close."""
        yield

    def notice(self, text: str) -> None:
        """Warnings go to stderr even when quiet."""
        print(literal(f"note: {text}"), file=sys.stderr)  # noqa: T201

    def ending(self, text: str) -> None:
        """Who pressed Ctrl-C must see that it was heard, even when quiet."""
        print(literal(text), file=sys.stderr)  # noqa: T201


class LineObserver(QuietObserver):
    """A line an event, for logs, pipes and CI: no colours, no cursor movement."""

    def __init__(self) -> None:
        self._view = SweepView()
        self._phase = ""

    def notice(self, text: str) -> None:
        """One line, in order with the others."""
        self._line(f"note: {text}")

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG002
        """The name of each phase, once."""
        if text != self._phase:
            self._phase = text
            self._line(text)

    def sweep_started(self, record: SweepRecord) -> None:
        """One line."""
        self._view.started(record)
        self._line(f"sweep {record.name}: {record.total_slots} trials, objective {record.objective.metric}")

    def sweep_resumed(self, closed: Results, n_again: int) -> None:
        """One line."""
        self._view.resumed(closed)
        total = self._view.record.total_slots if self._view.record else 0
        if len(closed) == total and not n_again:
            self._line(f"nothing is left to train: all {total} trials have ended; --extra N adds some")
            return
        again = f"; {n_again} of the others had begun, and run again" if n_again else ""
        self._line(f"going on: {len(closed)} of {total} trials have ended{again}")

    def trial_started(self, spec: TrialSpec) -> None:
        """One line with the parameters."""
        self._view.trial_started(spec)
        self._line(f"{spec.run_name} started: {params_line(spec)}")

    def ending(self, text: str) -> None:
        """One line; from here on there is no ETA."""
        self._view.is_ending = True
        self._line(text)

    def epoch(self, report: EpochReport) -> None:
        """Remembered, not printed: a line an epoch drowns the rest."""
        self._view.epoch(report)

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:
        """One line with how it ended and the counts so far."""
        is_best = self._view.trial_finished(spec, result)
        record = self._view.record
        value = (
            "" if result.value is None or record is None else f" {short_metric(record)} {result.value:.4f}"
        )
        best = " (best so far)" if is_best else ""
        reason = f": {result.reason}" if result.reason else ""
        when = f"after epoch {result.epochs}" if result.epochs else "before its first epoch ended"
        total = record.total_slots if record else 0
        eta = self._view.eta_s()
        left = f", about {duration(eta)} left" if eta else ""
        self._line(
            f"{spec.run_name} {result.status.value} {when}{value}{best}{reason}"
            f" [{len(self._view.closed_slots)}/{total}{left}]"
        )

    def _line(self, text: str) -> None:
        try:
            print(literal(text), flush=True)  # noqa: T201
        except BrokenPipeError:  # `sweep run | head`: the reader has seen enough, the sweep goes on
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115


class LiveObserver(LineObserver):
    """A live view in a terminal: progress and ETA, running trials, best so far, counts."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console()
        self._lock = threading.RLock()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            console=self._console,
        )
        self._bar = self._progress.add_task("starting", total=None)
        self._live = Live(get_renderable=self._drawn, console=self._console, refresh_per_second=REFRESH_PER_S)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw until the sweep is over; the last picture stays on the screen."""
        with self._live:
            yield

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:
        """Move the bar."""
        with self._lock:
            self._progress.update(self._bar, description=text)
            if total:
                self._progress.update(self._bar, completed=done, total=total)

    def sweep_started(self, record: SweepRecord) -> None:
        """Turn the bar to trials."""
        with self._lock:
            self._view.started(record)
            self._progress.update(self._bar, description="trials", completed=0, total=record.total_slots)

    def sweep_resumed(self, closed: Results, n_again: int) -> None:
        """A line above the live part; the bar moves to where the sweep stands."""
        with self._lock:
            super().sweep_resumed(closed, n_again)
            self._progress.update(self._bar, completed=len(self._view.closed_slots))

    def trial_started(self, spec: TrialSpec) -> None:
        """Add a row."""
        with self._lock:
            self._view.trial_started(spec)

    def epoch(self, report: EpochReport) -> None:
        """Move a row on."""
        with self._lock:
            self._view.epoch(report)

    def ending(self, text: str) -> None:
        """A line above the live part."""
        with self._lock:
            self._view.is_ending = True
        self._line(text)  # outside the lock, as below

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:
        """Remove a row; a failure's reason stays above the live part."""
        with self._lock:
            self._view.trial_finished(spec, result)
            self._progress.update(self._bar, completed=len(self._view.closed_slots))
        # Outside the lock: printing takes Rich's own lock, and Rich draws, which takes ours, under its own.
        if result.status is Status.FAILED:
            self._console.print(Text(literal(f"{spec.run_name} failed: {result.reason}"), style="red"))

    def _line(self, text: str) -> None:
        self._console.print(Text(literal(text)))

    def _drawn(self) -> RenderableType:
        with self._lock:
            parts: list[RenderableType] = [self._progress]
            if self._view.record is not None:
                parts.append(self._status(self._view.record))
            if self._view.rows and self._view.record is not None:
                parts.append(self._running(self._view.record))
            return Group(*parts)

    def _status(self, record: SweepRecord) -> Text:
        counts = self._view.counts
        text = Text()
        for status, style in ((Status.COMPLETE, "green"), (Status.PRUNED, "yellow"), (Status.FAILED, "red")):
            text.append(f"{counts.get(status, 0)} {status.value}  ", style=style)
        text.append(f"elapsed {duration(time.monotonic() - self._view.since)}  ")
        eta = self._view.eta_s()
        text.append(f"left about {duration(eta)}\n" if eta is not None else "\n")
        if self._view.best is not None:
            spec, result = self._view.best
            text.append(f"best {short_metric(record)} {result.value:.4f} ", style="bold")
            text.append(f"{spec.run_name}: {params_line(spec)}")
        return text

    def _running(self, record: SweepRecord) -> Table:
        # Where the terminal is narrow the parameters are cut; which trial it is and how far it is are not.
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
        metric = short_metric(record)
        for title, widest in (
            ("running", "trial-007-r1"),
            ("epoch", "12/50"),
            (metric, "0.1234"),
            ("time", "59 s"),
        ):
            table.add_column(title, no_wrap=True, min_width=max(len(title), len(widest)))
        table.add_column("parameters", no_wrap=True, overflow="ellipsis", ratio=1)
        for row in self._view.rows.values():
            table.add_row(
                row.spec.run_name,
                f"{row.epoch}/{row.spec.until_epoch}",
                "" if row.value is None else f"{row.value:.4f}",
                duration(time.monotonic() - row.since),
                Text(params_line(row.spec)),
            )
        return table


def observer_for(*, quiet: bool, terminal: bool) -> QuietObserver:
    """The view that fits.

    Args:
        quiet: whether the user wants the summary only.
        terminal: whether stdout is one.

    Returns:
        Its observer.
    """
    if quiet:
        return QuietObserver()
    return LiveObserver() if terminal else LineObserver()
