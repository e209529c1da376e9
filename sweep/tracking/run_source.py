"""Asks MLflow's client for the runs of the experiment `autonomous_vehicle`; makes and changes nothing.

What a search may filter by, and that conditions can only be joined by `and`: mlflow/utils/search_utils.py
of 3.17. A store in SQL keeps an infinite metric as the largest double: its sqlalchemy_store.py.
"""

import logging
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import UnavailableError
from sweep.logged_run import Curve, LoggedRun
from sweep.redaction import redacted
from sweep.tracking.paging import every
from sweep.tracking.store import EXPERIMENT, is_refusal, quiet_environment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import FileInfo, Run

Progress = Callable[[int, int], None]
"""Told how many are read, and of how many; 0 where nobody knows yet."""

RUNS_A_PAGE = 500
IDS_A_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Place:
    """The experiment.

    Args:
        experiment_id: MLflow's.
        made_ms: when it was made: another database at the same address has another one.
    """

    experiment_id: str
    made_ms: int


class RunSource:
    """MLflow's client, opened at the first question.

    Args:
        tracking_uri: an address of a store that is there.
    """

    def __init__(self, tracking_uri: str) -> None:
        self.tracking_uri = tracking_uri
        self._lock = threading.Lock()
        self._opened: MlflowClient | None = None
        self._place: Place | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over HTTP."""
        return self.tracking_uri.startswith(("http", "databricks"))

    @property
    def client(self) -> "MlflowClient":
        """MLflow's client; importing it takes a second or two.

        Raises:
            MlflowException: the store cannot be opened.
        """
        with self._lock:
            if self._opened is None:
                quiet_environment()
                from mlflow import MlflowClient

                logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
                logging.getLogger("alembic").setLevel(logging.WARNING)
                self._opened = MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
            return self._opened

    def place(self, *, again: bool = False) -> Place | None:
        """Find the experiment.

        Args:
            again: ask even if it was found before.

        Returns:
            It, None if there is none or it was deleted.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        if self._place is None or again:
            with reading_errors("looking for the experiment", self.tracking_uri):
                found = self.client.get_experiment_by_name(EXPERIMENT)
            self._place = None
            if found is not None and found.lifecycle_stage == "active":
                self._place = Place(str(found.experiment_id), int(found.creation_time or 0))
        return self._place

    def all(self, on_progress: Progress | None = None) -> list[LoggedRun]:
        """Read every run.

        Args:
            on_progress: told after each page.

        Returns:
            All that are not deleted, the oldest first.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        found = []
        # The oldest first: what starts meanwhile comes behind, and moves no page.
        for run in self._search("", order_by=["attributes.start_time ASC"]):
            found.append(run)
            if on_progress is not None and len(found) % RUNS_A_PAGE == 0:
                on_progress(len(found), 0)
        if on_progress is not None:
            on_progress(len(found), len(found))
        return found

    def started_since(self, at_ms: int) -> list[LoggedRun]:
        """Read the runs that started at a time or later; raises as `all`."""
        return [*self._search(f"attributes.start_time >= {at_ms}")]

    def ended_since(self, at_ms: int) -> list[LoggedRun]:
        """Read the runs that ended at a time or later; raises as `all`."""
        return [*self._search(f"attributes.end_time >= {at_ms}")]

    def running(self) -> list[LoggedRun]:
        """Read the runs that have not ended; raises as `all`."""
        return [*self._search("attributes.status = 'RUNNING'")]

    def named(self, run_ids: Iterable[str]) -> list[LoggedRun]:
        """Read certain runs; those that were deleted are left out; raises as `all`."""
        ids = sorted(run_ids)
        found: list[LoggedRun] = []
        for at in range(0, len(ids), IDS_A_SEARCH):
            quoted = ", ".join(f"'{run_id}'" for run_id in ids[at : at + IDS_A_SEARCH])
            found += self._search(f"attributes.run_id IN ({quoted})")
        return found

    def history(self, run_id: str, metric: str) -> Curve | None:
        """Read a metric of a run.

        Args:
            run_id: MLflow's.
            metric: logged name.

        Returns:
            It by step, of several values at a step the one logged last; None of a run that is gone.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        from mlflow.exceptions import MlflowException

        with reading_errors(f"reading {metric} of run {run_id}", self.tracking_uri):
            try:
                points = self.client.get_metric_history(run_id, metric)
            except MlflowException as error:
                if is_refusal(error):
                    return None
                raise
        by_step: dict[int, float] = {}
        for point in sorted(points, key=lambda point: int(point.timestamp)):
            by_step[int(point.step)] = number(point.value)
        steps = tuple(sorted(by_step))
        values = tuple(by_step[step] for step in steps)
        return Curve(run_id=run_id, metric=metric, steps=steps, values=values)

    def files(self, run_id: str, folder: str) -> "Sequence[FileInfo]":
        """List a folder of a run's artifacts; raises as `all`."""
        with reading_errors(f"listing the artifacts of run {run_id}", self.tracking_uri):
            return self.client.list_artifacts(run_id, folder or None)

    def download(self, run_id: str, path: str, *, into: Path) -> Path:
        """Copy an artifact of a run into a folder; raises as `all`."""
        with reading_errors(f"downloading {path} of run {run_id}", self.tracking_uri):
            return Path(self.client.download_artifacts(run_id, path, str(into)))

    def _search(self, words: str, *, order_by: list[str] | None = None) -> Iterator[LoggedRun]:
        place = self.place()
        if place is None:
            return
        with reading_errors("reading the runs", self.tracking_uri):
            for run in every(
                self.client.search_runs,
                [place.experiment_id],
                words,
                max_results=RUNS_A_PAGE,
                order_by=order_by,
            ):
                yield logged(run)


def number(value: float) -> float:
    """Give an infinite metric back what a database made of it.

    Args:
        value: of a metric as MLflow has it.

    Returns:
        The same; infinity for the largest double.
    """
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else float(value)


def logged(run: "Run") -> LoggedRun:
    """Take what is shown of a run.

    Args:
        run: MLflow's.

    Returns:
        Ours.
    """
    info, data = run.info, run.data
    return LoggedRun(
        run_id=str(info.run_id),
        experiment_id=str(info.experiment_id),
        name=str(info.run_name or ""),
        status=str(info.status),
        began_ms=int(info.start_time or 0),
        ended_ms=int(info.end_time or 0),
        artifact_uri=str(info.artifact_uri or ""),
        tags=dict(data.tags),
        params=dict(data.params),
        metrics={name: number(value) for name, value in data.metrics.items()},
    )


@contextmanager
def reading_errors(doing: str, tracking_uri: str) -> Iterator[None]:
    """Translate what MLflow raises when it is only asked.

    Args:
        doing: what is being done, e.g. "reading the runs".
        tracking_uri: who is asked.

    Yields:
        Nothing.

    Raises:
        UnavailableError: whatever went wrong; the message holds no password.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        said = redacted(str(error) or type(error).__name__).splitlines()[0][:300]
        raise UnavailableError(f"{doing} in MLflow at {redacted(tracking_uri)}: {said}") from error
