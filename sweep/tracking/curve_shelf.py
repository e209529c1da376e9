"""Metrics by epoch: read once and kept for good of a run that has ended, again and again while it runs."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from sweep.errors import UnavailableError
from sweep.logged_run import Curve, LoggedRun
from sweep.tracking.run_shelf import ENDED, RunShelf
from sweep.tracking.run_source import Progress, RunSource
from sweep.tracking.shelf_file import ShelfFile

Key = tuple[str, str]

N_THREADS = 8
MOST_IN_MEMORY = 50_000


class CurveShelf:
    """Curves of the runs of a shelf.

    Args:
        source: where they come from.
        file: what is kept of them.
        runs: whose they are.
    """

    def __init__(self, source: RunSource, file: ShelfFile, runs: RunShelf) -> None:
        self._source = source
        self._file = file
        self._runs = runs
        self._lock = threading.Lock()
        self._known: dict[Key, tuple[str, Curve]] = {}

    def read(
        self, run_ids: Iterable[str], metrics: Iterable[str], on_progress: Progress | None = None
    ) -> tuple[Curve, ...]:
        """Read metrics of runs.

        Args:
            run_ids: of the shelf; others are left out.
            metrics: logged names; a run is asked only for what it has.
            on_progress: told after each curve that MLflow had to be asked for.

        Returns:
            In the order of both; without those that cannot be read right now.
        """
        names = tuple(dict.fromkeys(metrics))
        runs = [run for run_id in dict.fromkeys(run_ids) if (run := self._runs.get(run_id)) is not None]
        marks = {
            (run.run_id, metric): self._mark(run, metric)
            for run in runs
            for metric in names
            if metric in run.metrics
        }
        found = self._held(marks)
        lacking = {key: mark for key, mark in marks.items() if key not in found}
        if lacking:
            kept = self._file.curves(lacking)
            asked = self._ask([key for key in lacking if key not in kept], on_progress)
            self._hold({key: (marks[key], curve) for key, curve in (kept | asked).items()})
            ended = {run.run_id for run in runs if run.status in ENDED}
            self._file.keep_curves(
                {key: (marks[key], curve) for key, curve in asked.items() if key[0] in ended}
            )
            found |= kept | asked
        return tuple(found[key] for key in marks if key in found)

    def _mark(self, run: LoggedRun, metric: str) -> str:
        """What a curve that is still right is marked with.

        A resumed run ends at another time; a figure logged after the end changes the last value.
        """
        if run.status not in ENDED:
            return f"turn {self._runs.turn}"
        return f"{run.ended_ms} {run.metrics[metric]!r}"

    def _held(self, marks: dict[Key, str]) -> dict[Key, Curve]:
        with self._lock:
            return {
                key: self._known[key][1]
                for key, mark in marks.items()
                if key in self._known and self._known[key][0] == mark
            }

    def _hold(self, curves: dict[Key, tuple[str, Curve]]) -> None:
        with self._lock:
            if len(self._known) + len(curves) > MOST_IN_MEMORY:
                self._known.clear()
            self._known |= curves

    def _ask(self, keys: list[Key], on_progress: Progress | None) -> dict[Key, Curve]:
        found: dict[Key, Curve] = {}
        with ThreadPoolExecutor(N_THREADS if self._source.is_remote else 1) as pool:
            waiting = [pool.submit(self._source.history, *key) for key in keys]
            for n_done, (key, reading) in enumerate(zip(keys, waiting, strict=True), start=1):
                try:
                    curve = reading.result()
                except UnavailableError as error:
                    # Whoever does not answer one question would be waited for at each of the others.
                    self._runs.trouble = str(error)
                    pool.shutdown(wait=False, cancel_futures=True)
                    return found
                if curve is not None:
                    found[key] = curve
                if on_progress is not None:
                    on_progress(n_done, len(keys))
        return found
