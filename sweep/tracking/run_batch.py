"""Events of a while, gathered by run, so that each run costs a few calls and not one an event. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec
from sweep.tracking.events import (
    PARENT,
    Event,
    FolderGone,
    RunFile,
    SweepEnd,
    SweepNotes,
    SweepProgress,
    TrialMetrics,
)
from sweep.tracking.run_fields import (
    RUN_STATUS,
    SWEEP_STATE,
    checked_tags,
    ending_tags,
    key,
    result_metrics,
    result_tags,
)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric."""

    name: str
    value: float
    at_ms: int
    step: int


@dataclass(slots=True)
class RunBatch:
    """What is to be written to one run.

    Args:
        uid: the trial, `PARENT` for the sweep's own run.
        opening: when it opened and what it is, None if it opened in an earlier batch.
        is_resumed: whether the run was opened before, by an earlier process.
        points: metrics in the order of the events.
        tags: the last value of each.
        files: to be logged, with their folder in the run's artifacts.
        gone: folders of artifacts to be removed.
        ending: when it ended and its status in MLflow, None if it has not.
    """

    uid: str
    opening: tuple[int, SweepRecord | TrialSpec] | None = None
    is_resumed: bool = False
    points: list[Point] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    files: list[tuple[Path, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    ending: tuple[int, str] | None = None

    def take(self, event: Event) -> None:
        """Add an event.

        Args:
            event: about this run.
        """
        match event.told:
            case SweepRecord() | TrialSpec() as what:
                # A sweep that was resumed before anything arrived: one run, from its first start.
                first_ms = self.opening[0] if self.opening else event.at_ms
                self.opening, self.tags, self.ending = (first_ms, what), {}, None
            case EpochReport() as report:
                self._measure(report.metrics, event.at_ms, report.epoch)
            case SweepProgress() as progress:
                self._measure(progress.metrics, event.at_ms, progress.step)
            case TrialMetrics() as found:
                self._measure(found.metrics, event.at_ms, 0)
            case TrialResult() as result:
                self._measure(result_metrics(result), event.at_ms, 0)
                self.tags |= result_tags(result)
                self.ending = (event.at_ms, RUN_STATUS[result.status])
            case RunFile() as file:
                self.files.append((Path(file.file), file.folder))
            case FolderGone() as folder:
                self.gone.append(folder.folder)
            case SweepEnd() as end:
                self.tags |= checked_tags(end.tags) | ending_tags(SWEEP_STATE[end.status], end.why)
                self.ending = (event.at_ms, end.status)
            case SweepNotes() as notes:
                self.tags |= checked_tags(notes.tags)

    def _measure(self, metrics: Mapping[str, float], at_ms: int, step: int) -> None:
        self.points.extend(Point(key(name), value, at_ms, step) for name, value in metrics.items())


def gather(events: Iterable[Event]) -> list[RunBatch]:
    """Sort events by run.

    Args:
        events: in the order they happened.

    Returns:
        One batch a run; the sweep's own last, so that it ends after its trials.
    """
    batches: dict[str, RunBatch] = {}
    for event in events:
        batches.setdefault(event.uid, RunBatch(event.uid)).take(event)
    return sorted(batches.values(), key=lambda batch: batch.uid == PARENT)
