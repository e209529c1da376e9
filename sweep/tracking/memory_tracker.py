"""A tracker that keeps everything in lists: for tests, and for runs that want no MLflow."""

from collections.abc import Mapping
from pathlib import Path

from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec


class MemoryTracker:
    """Remembers what it was told, in order.

    Attributes:
        sweeps: as they started.
        specs: of started trials.
        reports: of epochs.
        measurements: (trial_uid, metrics) that belong to no epoch.
        results: of finished trials.
        sweep_metrics: best-so-far metrics and counts.
        files: (trial_uid or None, file, folder) of logged files.
        endings: (status, why, tags) of the sweep.
        is_closed: whether `close` was called.
    """

    def __init__(self) -> None:
        self.sweeps: list[SweepRecord] = []
        self.specs: list[TrialSpec] = []
        self.reports: list[EpochReport] = []
        self.measurements: list[tuple[str, dict[str, float]]] = []
        self.results: list[TrialResult] = []
        self.sweep_metrics: list[dict[str, float]] = []
        self.files: list[tuple[str | None, Path, str]] = []
        self.endings: list[tuple[str, str, dict[str, str]]] = []
        self.is_closed = False

    def sweep_started(self, record: SweepRecord) -> None:
        """Remember that the sweep started."""
        self.sweeps.append(record)

    def started(self, spec: TrialSpec) -> None:
        """Remember that a trial started."""
        self.specs.append(spec)

    def progress(self, report: EpochReport) -> None:
        """Remember an epoch."""
        self.reports.append(report)

    def measured(self, trial_uid: str, metrics: Mapping[str, float]) -> None:
        """Remember metrics that belong to no epoch."""
        self.measurements.append((trial_uid, dict(metrics)))

    def finished(self, result: TrialResult) -> None:
        """Remember how a trial ended."""
        self.results.append(result)

    def sweep_progress(self, metrics: Mapping[str, float]) -> None:
        """Remember best-so-far metrics."""
        self.sweep_metrics.append(dict(metrics))

    def artifact(self, trial_uid: str | None, file: Path, folder: str) -> None:
        """Remember a file."""
        self.files.append((trial_uid, file, folder))

    def sweep_finished(self, *, status: str, why: str, tags: Mapping[str, str]) -> None:
        """Remember how the sweep ended."""
        self.endings.append((status, why, dict(tags)))

    def run_id(self, trial_uid: str) -> str | None:
        """The trial's uid stands for its run."""
        return trial_uid if any(spec.trial_uid == trial_uid for spec in self.specs) else None

    def close(self, timeout_s: float) -> bool:  # noqa: ARG002  the port's signature
        """Nothing to deliver."""
        self.is_closed = True
        return True
