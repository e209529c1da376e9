"""Every path below the home (`mlruns/`) comes from here."""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import InputError

DEFAULT_HOME = "mlruns"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WRITER = re.compile(r"\.(\d+)\.tmp$")


def checked_name(name: str) -> str:
    """Let a name through that is safe as a folder, a study and a run.

    Args:
        name: what the user chose.

    Returns:
        The same name.

    Raises:
        InputError: it has other characters, or is too long.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"--name {name!r}: a sweep's name has 1 to 64 letters, digits, '.', '_' or '-' and starts with a "
            "letter or digit, e.g. --name track-1"
        )
    return name


def write_text(path: Path, text: str) -> None:
    """Write beside, onto the disk, then rename: neither a reader nor a power cut finds half a file.

    Args:
        path: the file.
        text: its whole content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # else the name may reach the disk before the content does
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def half_written(folder: Path) -> list[Path]:
    """Find what somebody who was killed was writing.

    Args:
        folder: to look below.

    Returns:
        Files and folders whose name says that they are not finished; never what belongs to a process that
        lives, e.g. of `sweep promote`.
    """
    return sorted(path for path in folder.rglob("*.tmp") if not _is_being_written(path))


def remove_half_written(folder: Path) -> None:
    """Remove what somebody who was killed was writing.

    Args:
        folder: to look below.
    """
    for path in half_written(folder):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_being_written(path: Path) -> bool:
    writer = _WRITER.search(path.name)
    if writer is None:
        return False
    try:
        os.kill(int(writer[1]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def address_in(environ: Mapping[str, str], key: str) -> str | None:
    """Find an address in the environment.

    Args:
        environ: the environment.
        key: of the config, "storage" or "tracking_uri".

    Returns:
        What `SWEEP_STORAGE` or `SWEEP_TRACKING_URI` says; None if it is not set, or empty.
    """
    return environ.get(f"SWEEP_{key.upper()}", "").strip() or None


@dataclass(frozen=True, slots=True)
class SweepPaths:
    """Files of one sweep.

    Args:
        root: `HOME/sweeps/NAME`.
    """

    root: Path

    @property
    def config(self) -> Path:
        """The resolved config as JSON."""
        return self.root / "config.json"

    @property
    def spool(self) -> Path:
        """Events on their way to MLflow, one JSON a line."""
        return self.root / "spool.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the sweep's coordinator."""
        return self.root / "lock"

    @property
    def owner(self) -> Path:
        """Who holds the lock: host, process and since when, as JSON."""
        return self.root / "owner.json"

    @property
    def stop(self) -> Path:
        """Left by whoever wants the sweep to end."""
        return self.root / "stop"

    @property
    def logs(self) -> Path:
        """What workers print."""
        return self.root / "logs"

    @property
    def package(self) -> Path:
        """The packaged best model before it is logged."""
        return self.root / "package"

    @property
    def fetched(self) -> Path:
        """A folder a trial whose checkpoint was brought back from MLflow."""
        return self.root / "checkpoint"

    @property
    def evaluations(self) -> Path:
        """A folder a trial that was evaluated; its pictures go once they are in MLflow."""
        return self.root / "evaluations"

    @property
    def trials(self) -> Path:
        """A folder a trial, for its checkpoint."""
        return self.root / "trials"

    @property
    def table(self) -> Path:
        """All trials as CSV."""
        return self.root / "trials.csv"

    @property
    def report(self) -> Path:
        """The report, a page that needs nothing else."""
        return self.root / "report.html"

    @property
    def next_space(self) -> Path:
        """The search space narrowed to where the best trials lie."""
        return self.root / "next_space.yaml"


@dataclass(frozen=True, slots=True)
class Home:
    """Everything the program writes.

    Args:
        root: absolute folder, `mlruns/` of the current folder unless told otherwise.
    """

    root: Path

    @classmethod
    def at(cls, folder: str | Path | None = None) -> "Home":
        """Find the home that is meant.

        Args:
            folder: where the caller says; None for the environment's SWEEP_HOME, and `mlruns/` without one.

        Returns:
            The home; nothing is created.
        """
        named = os.environ.get("SWEEP_HOME", "").strip() or DEFAULT_HOME
        return cls(Path(folder if folder is not None else named).resolve())

    @property
    def flag(self) -> str:
        """What a command needs to find it, with a blank in front; empty if it finds it without."""
        return "" if self.root == Home.at().root else f" --home {shlex.quote(str(self.root))}"

    @property
    def optuna_url(self) -> str:
        """Optuna's default storage."""
        return f"sqlite:///{self.root / 'optuna.db'}"

    @property
    def mlflow_url(self) -> str:
        """MLflow's default tracking and registry store."""
        return f"sqlite:///{self.mlflow_file}"

    @property
    def mlflow_file(self) -> Path:
        """MLflow's default database."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts."""
        return self.root / "artifacts"

    @property
    def optuna_artifacts(self) -> Path:
        """Pictures that optuna-dashboard shows beside trials."""
        return self.root / "optuna-artifacts"

    @property
    def cache(self) -> Path:
        """Decoded frames, shared by workers and sweeps."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """What was read of MLflow's runs, for whoever looks at them next."""
        return self.root / "runs-cache"

    @property
    def sweeps(self) -> Path:
        """A folder a sweep."""
        return self.root / "sweeps"

    @property
    def optuna_lock(self) -> Path:
        """Held while Optuna's fresh database gets its tables."""
        return self.root / "optuna.lock"

    @property
    def mlflow_lock(self) -> Path:
        """Held while MLflow's fresh database gets its tables."""
        return self.root / "mlflow.lock"

    @property
    def registry_lock(self) -> Path:
        """Held while a model is promoted."""
        return self.root / "registry.lock"

    def sweep(self, name: str) -> SweepPaths:
        """Files of one sweep.

        Args:
            name: a checked name.

        Returns:
            Its paths; nothing is created.
        """
        return SweepPaths(self.sweeps / name)
