"""The scribe: takes notes at once, and writes them into MLflow in a thread of its own.

Nobody who trains or decides ever waits for MLflow. A server that is slow or down delays the mirror,
nothing else: events stay in the spool until they have arrived, if need be in a later process.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sweep.errors import SweepError, UnavailableError
from sweep.records import EpochReport, Status, SweepRecord, TrialResult, TrialSpec
from sweep.redaction import redacted
from sweep.tracking.events import (
    PARENT,
    Event,
    FolderGone,
    RunFile,
    SweepEnd,
    SweepNotes,
    SweepProgress,
    Told,
    TrialMetrics,
)
from sweep.tracking.mlflow_writer import MlflowWriter
from sweep.tracking.run_batch import gather
from sweep.tracking.run_fields import ParamName
from sweep.tracking.spool import Spool, events_of
from sweep.tracking.store import Store
from sweep.tracking.told_so_far import REMEMBERED, ToldSoFar

# The first event after a pause is written at once; under load many are written together, because a call
# costs 5 to 20 ms whatever it carries.
REST_S = 0.25
LOOK_S = 0.5
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 10.0
EVENTS_A_BATCH = 2000


class Scribe:
    """A tracker that mirrors a sweep into MLflow. Its thread starts at once.

    Args:
        spool: file of the events; what an earlier scribe could not deliver is delivered first.
        open_store: opens MLflow; called in the thread, because it takes seconds.
        param_name: logged name of a trial's parameter.
        clock: seconds since 1970.

    Raises:
        UnavailableError: the spool cannot be written.
    """

    def __init__(
        self,
        spool: Path,
        open_store: Callable[[], Store],
        *,
        param_name: ParamName,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._spool = Spool(spool)
        self._open_store = open_store
        self._param_name = param_name
        self._clock = clock
        self._run_ids = dict(self._spool.run_ids)
        self._so_far = ToldSoFar()
        for event in events_of(spool, kinds=REMEMBERED):
            self._so_far.take(event.told)
        self._changed = threading.Condition()
        self._writer: MlflowWriter | None = None
        self._error: SweepError | None = None
        self._trouble = ""
        self._has_ended = False
        self._is_closing = False
        self._is_given_up = False
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """Why MLflow is behind, one line; empty while all is well."""
        return self._trouble

    @property
    def refusals(self) -> tuple[str, ...]:
        """What MLflow would not take, one line each."""
        return tuple(self._writer.refusals) if self._writer else ()

    def ready(self, timeout_s: float) -> bool:
        """Say whether MLflow is open.

        Args:
            timeout_s: how long to wait for it; 0 to ask only.

        Returns:
            False if it is still being opened.

        Raises:
            SweepError: it cannot be opened; nothing will arrive there.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._writer or self._has_ended, timeout_s)
        if self._error:
            raise self._error
        if self._has_ended and not self._writer:
            raise UnavailableError("the thread that writes to MLflow has ended; events are kept in the spool")
        return self._writer is not None

    def wait_for_run(self, trial_uid: str, timeout_s: float) -> str:
        """Wait until a child run is there.

        Args:
            trial_uid: of a started trial.
            timeout_s: how long to wait.

        Returns:
            MLflow's id of the run.

        Raises:
            UnavailableError: MLflow has not taken it in time.
        """
        with self._changed:
            self._changed.wait_for(lambda: trial_uid in self._run_ids or self._has_ended, timeout_s)
        if trial_uid not in self._run_ids:
            raise UnavailableError(
                f"the trial's run is not in MLflow after {timeout_s:g} s: {self._trouble or 'MLflow is slow'}"
            )
        return self._run_ids[trial_uid]

    def sweep_started(self, record: SweepRecord) -> None:
        """Open the parent run, or go on with it."""
        self._tell(record)

    def started(self, spec: TrialSpec) -> None:
        """Open a child run."""
        self._tell(spec)

    def progress(self, report: EpochReport) -> None:
        """Log an epoch's metrics, step = epoch."""
        self._tell(report)

    def measured(self, trial_uid: str, metrics: Mapping[str, float]) -> None:
        """Log metrics of a trial that belong to no epoch; its run may have ended."""
        self._tell(TrialMetrics(trial_uid=trial_uid, metrics=dict(metrics)))

    def finished(self, result: TrialResult) -> None:
        """Close a child run."""
        self._tell(result)

    def sweep_progress(self, metrics: Mapping[str, float]) -> None:
        """Log best-so-far metrics and counts on the parent run."""
        self._tell(SweepProgress(metrics=dict(metrics), step=self._so_far.n_progress + 1))

    def artifact(self, trial_uid: str | None, file: Path, folder: str) -> None:
        """Log a file; it has to stay where it is until it has arrived."""
        self._tell(RunFile(trial_uid=trial_uid or PARENT, file=str(file.resolve()), folder=folder))

    def remove(self, trial_uid: str, folder: str) -> None:
        """Remove a folder of artifacts that is no longer wanted; it may not be there."""
        self._tell(FolderGone(trial_uid=trial_uid, folder=folder))

    def having(self, folder: str) -> set[str]:
        """Trials of which a folder was logged and not removed since.

        Args:
            folder: in the run's artifacts.

        Returns:
            Their trial_uids.
        """
        return {uid for uid, name in self._so_far.folders if name == folder}

    def sweep_finished(self, *, status: str, why: str, tags: Mapping[str, str]) -> None:
        """Close the parent run."""
        self._tell(SweepEnd(status=status, why=why, tags=dict(tags)))

    def noted(self, tags: Mapping[str, str]) -> None:
        """Tag the parent run after its end."""
        self._tell(SweepNotes(tags=dict(tags)))

    def run_id(self, trial_uid: str) -> str | None:
        """MLflow's id of a child run, None while it is not known yet."""
        return self._run_ids.get(trial_uid)

    def lacks_sweep(self) -> bool:
        """Whether the store, once it is open, has no run of a sweep that began earlier; asks it."""
        parent, writer = self._spool.run_ids.get(PARENT), self._writer
        return parent is not None and writer is not None and not writer.has_run(parent)

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment, empty while the store is not open."""
        return self._writer.experiment_id if self._writer else ""

    @property
    def known_runs(self) -> dict[str, str]:
        """MLflow's ids of child runs by trial_uid, as far as they are known."""
        return {uid: run for uid, run in dict(self._run_ids).items() if uid != PARENT}

    @property
    def parent_run_id(self) -> str | None:
        """MLflow's id of the sweep's own run, None while it is not known yet."""
        return self._run_ids.get(PARENT)

    def close(self, timeout_s: float, *, give_up: Callable[[], bool] = lambda: False) -> bool:
        """End every run that is still open, write what is still spooled, and stop.

        Args:
            timeout_s: how long to wait for MLflow.
            give_up: asked now and then; True ends the wait.

        Returns:
            False if some of it has not arrived; a later scribe on the same spool delivers it.
        """
        for uid in sorted(self._so_far.open_uids - {PARENT}):
            self._tell(TrialResult(trial_uid=uid, status=Status.STOPPED, reason="sweep_closed"))
        if PARENT in self._so_far.open_uids:
            self._tell(SweepEnd(status="KILLED", why="closed before its end", tags={}))
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            until = time.monotonic() + timeout_s
            # Not join: a signal in it makes Python 3.11 believe that the thread has ended.
            while not self._has_ended and not give_up() and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, LOOK_S))
            self._is_given_up = True
            self._changed.notify_all()
            is_done = self._spool.is_empty
            if self._has_ended:
                self._spool.close()
        return is_done

    def _tell(self, told: Told) -> None:
        with self._changed:
            self._spool.append(Event(round(self._clock() * 1000), told))
            self._so_far.take(told)
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            writer = self._opened()
            while self._wait_for_work():
                self._deliver(writer)
        except SweepError as error:
            self._error = error
            self._trouble = str(error)
        finally:
            with self._changed:
                self._has_ended = True
                if not self._is_closing:
                    self._trouble = self._trouble or "the thread that writes to MLflow has ended"
                self._changed.notify_all()

    def _opened(self) -> MlflowWriter:
        store = self._open_store()
        writer = MlflowWriter(store, param_name=self._param_name, run_ids=self._run_ids)
        writer.sweep = self._so_far.sweep
        with self._changed:
            self._writer = writer
            self._changed.notify_all()
        return writer

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to write; False once all is written and the scribe is closing."""
        with self._changed:
            self._changed.wait_for(lambda: not self._spool.is_empty or self._is_closing)
            return not self._spool.is_empty and not self._is_given_up

    def _deliver(self, writer: MlflowWriter) -> None:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        events, end = self._spool.waiting(EVENTS_A_BATCH)
        batches = gather(events)
        doubtful = self._spool.delivered < self._spool.resumed_at
        retry_s = FIRST_RETRY_S
        known = dict(self._run_ids)
        while not self._is_given_up:
            try:
                writer.write(batches, doubtful=doubtful)
                self._spool.mark(end, dict(self._run_ids.items() - known.items()))
            except (MlflowException, SQLAlchemyError, OSError) as error:
                self._trouble = f"MLflow is behind: {redacted(str(error)).splitlines()[0]}"
                doubtful = True
                self._rest(min(retry_s, FIRST_RETRY_S) if self._is_closing else retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
            else:
                self._trouble = ""
                with self._changed:
                    self._changed.notify_all()  # somebody may wait for a run
                self._rest(0.0 if self._is_closing else REST_S)
                return

    def _rest(self, pause_s: float) -> None:
        """Wait, but no longer than until the scribe starts to close, or is given up."""
        with self._changed:
            was_closing = self._is_closing
            self._changed.wait_for(lambda: self._is_given_up or self._is_closing != was_closing, pause_s)
