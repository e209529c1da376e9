"""The runs that MLflow has, of this program and of any other, for pages that are looked at all the time."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from sweep import evaluation
from sweep.database_file import is_fresh, sqlite_file
from sweep.errors import InputError, UnavailableError
from sweep.evaluation import Evaluation
from sweep.logged_run import Curve, LoggedRun
from sweep.paths import Home, address_in
from sweep.redaction import redacted
from sweep.tracking.address import check_address
from sweep.tracking.artifact_shelf import ArtifactShelf
from sweep.tracking.curve_shelf import CurveShelf
from sweep.tracking.evaluation_reader import read_evaluation
from sweep.tracking.run_shelf import RunShelf
from sweep.tracking.run_source import Progress, RunSource
from sweep.tracking.shelf_file import ShelfFile


class Runs:
    """All runs of the experiment `autonomous_vehicle`, as they were at the last refresh.

    May be used by several threads. Nothing is asked of MLflow before the first `refresh`; until then the
    runs are those that an earlier process saw.

    Args:
        source: MLflow.
        folder: where they are kept between processes, None to keep nothing.
    """

    def __init__(self, source: RunSource, folder: Path | None) -> None:
        key = _key(source.tracking_uri)
        file = ShelfFile(folder / f"{key}.db" if folder else None)
        self._source = source
        self._shelf = RunShelf(source, file)
        self._curves = CurveShelf(source, file, self._shelf)
        self._artifacts = ArtifactShelf(source, folder / key if folder else None)

    @property
    def tracking_uri(self) -> str:
        """MLflow's address, without a password."""
        return redacted(self._source.tracking_uri)

    @property
    def experiment_id(self) -> str:
        """MLflow's, empty as long as no run is known."""
        return next((run.experiment_id for run in self.all()), "")

    @property
    def is_filled(self) -> bool:
        """Whether all runs were read once; if not, the next `refresh` takes seconds, with progress."""
        return self._shelf.is_filled

    @property
    def version(self) -> int:
        """Grows whenever a run is new, changed or gone; also between two calls of `refresh`."""
        return self._shelf.version

    @property
    def trouble(self) -> str:
        """Why the last refresh failed, without a password; empty if it did not. What was read stays."""
        return self._shelf.trouble

    @trouble.setter
    def trouble(self, why: str) -> None:
        self._shelf.trouble = why

    def refresh(self, on_progress: Progress | None = None, *, full: bool = False) -> bool:
        """Ask MLflow what is new.

        Args:
            on_progress: told how many runs are read, and of how many (0: not known yet), where it takes long.
            full: read every run again and wait for it; else that happens beside, once a minute.

        Returns:
            Whether anything differs.

        Raises:
            UnavailableError: nothing was ever read, and cannot be now.
        """
        return self._shelf.refresh(on_progress, full=full)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for a reading that goes on beside.

        Args:
            timeout_s: how long, None for as long as it takes.
        """
        self._shelf.join(timeout_s)

    def all(self) -> tuple[LoggedRun, ...]:
        """Give all runs.

        Returns:
            In the order of their starts.
        """
        return self._shelf.all()

    def get(self, run_id: str) -> LoggedRun | None:
        """Give one run.

        Args:
            run_id: MLflow's.

        Returns:
            It, None if there is none.
        """
        return self._shelf.get(run_id)

    def curves(
        self, run_ids: Iterable[str], metrics: Iterable[str], on_progress: Progress | None = None
    ) -> tuple[Curve, ...]:
        """Read metrics of runs by epoch; of runs that have ended only once.

        Args:
            run_ids: unknown ones are left out.
            metrics: logged names; a run that lacks one is left out.
            on_progress: told how many MLflow has answered, and of how many.

        Returns:
            In the order of both. What cannot be read right now is left out, and `trouble` says why.
        """
        return self._curves.read(run_ids, metrics, on_progress)

    def artifact(self, run_id: str, path: str) -> Path | None:
        """Find a file among a run's artifacts.

        Args:
            run_id: MLflow's.
            path: in its artifacts, e.g. `checkpoints/best.pt`.

        Returns:
            A file to be read, not to be changed; None if there is none, it is too large, its name is not a
            plain one, or it cannot be fetched right now, and `trouble` says why.
        """
        run = self._shelf.get(run_id)
        if run is None:
            return None
        try:
            return self._artifacts.path(run, path)
        except UnavailableError as error:
            self._shelf.trouble = str(error)
            return None

    def evaluation(self, run_id: str) -> Evaluation | None:
        """Read how a trial's model does on the validation split.

        Args:
            run_id: MLflow's.

        Returns:
            The figures; the pictures they name are artifacts in the folder `evaluation`. None if there are
            none, or they are not whole and harmless.
        """
        path = f"{evaluation.FOLDER}/{evaluation.FILE}"
        file = self.artifact(run_id, path)
        found = read_evaluation(file) if file is not None else None
        run = self._shelf.get(run_id)
        if file is not None and found is None and run is not None:
            self._artifacts.forget(run, path)
        return found


def open_runs(*, home: str | Path | None = None, tracking_uri: str | None = None) -> Runs:
    """Look at what MLflow has. No home, database or experiment is made for it.

    Args:
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store. None for the home's; if no home is given either, for
            SWEEP_TRACKING_URI, as in a sweep.

    Returns:
        The runs as an earlier process saw them; `refresh` asks what is new.

    Raises:
        InputError: there is no database, or the address names no store.
        UnavailableError: it cannot be used, and no earlier process has seen it.
    """
    root = Home.at(home)
    if home is None:
        tracking_uri = tracking_uri or address_in(os.environ, "tracking_uri")
    address = tracking_uri or root.mlflow_url
    if (file := sqlite_file(address)) is not None and is_fresh(file):
        raise InputError(
            f"{file} holds no MLflow database, so there are no runs in it; "
            "name it with --home or --tracking-uri"
        )
    runs = Runs(RunSource(address), root.runs if root.root.is_dir() else _of_user())
    try:
        check_address(address)
    except UnavailableError as error:
        if not runs.is_filled:
            raise
        runs.trouble = str(error)
    return runs


def _key(address: str) -> str:
    file = sqlite_file(address)
    named = str(file.resolve()) if file is not None else redacted(address)
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def _of_user() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "rccar-sweep"
