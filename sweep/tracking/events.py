"""What the tracker was told and when: one line of the spool each.

Lines look like `{"at_ms": 1700000000123, "event": {"record": "EpochReport", "format": 1, ...}}`.
"""

import json
from dataclasses import dataclass

from sweep.json_record import Record
from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec

PARENT = ""  # stands where a trial_uid would, for the sweep's own run


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepProgress(Record):
    """Best-so-far metrics and counts.

    Args:
        metrics: by logged name.
        step: how many times this was told before, plus one.
    """

    metrics: dict[str, float]
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMetrics(Record):
    """Metrics of a trial that belong to no epoch.

    Args:
        trial_uid: whose.
        metrics: by logged name.
    """

    trial_uid: str
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile(Record):
    """A file to log.

    Args:
        trial_uid: whose run, `PARENT` for the sweep's own.
        file: absolute path.
        folder: in the run's artifacts; empty for their root.
    """

    trial_uid: str
    file: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderGone(Record):
    """A folder of artifacts that is no longer wanted.

    Args:
        trial_uid: whose run.
        folder: in the run's artifacts.
    """

    trial_uid: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEnd(Record):
    """The end of a sweep.

    Args:
        status: FINISHED, KILLED or FAILED.
        why: one line.
        tags: further tags for the sweep's run.
    """

    status: str
    why: str
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepNotes(Record):
    """What is known of a sweep only after its end.

    Args:
        tags: of its run, e.g. `sweep.model`; they replace what its end said.
    """

    tags: dict[str, str]


Told = (
    SweepRecord
    | TrialSpec
    | EpochReport
    | TrialMetrics
    | TrialResult
    | SweepProgress
    | RunFile
    | FolderGone
    | SweepEnd
    | SweepNotes
)

_KINDS: dict[str, type[Told]] = {
    kind.__name__: kind
    for kind in (
        SweepRecord,
        TrialSpec,
        EpochReport,
        TrialMetrics,
        TrialResult,
        SweepProgress,
        RunFile,
        FolderGone,
        SweepEnd,
        SweepNotes,
    )
}


_HEAD = b'"record": "'


def kind_of(line: bytes) -> bytes:
    """Say what a line is about without reading it.

    Args:
        line: as `Event.to_line` wrote it; its record stands at the head.

    Returns:
        The record's name; empty for a torn line.
    """
    _, _, rest = line[:100].partition(_HEAD)
    return rest.partition(b'"')[0]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the tracker was told.

    Args:
        at_ms: when, milliseconds since 1970.
        told: what.
    """

    at_ms: int
    told: Told

    @property
    def uid(self) -> str:
        """The trial it is about, `PARENT` for the sweep."""
        if isinstance(self.told, SweepRecord | SweepProgress | SweepEnd | SweepNotes):
            return PARENT
        return self.told.trial_uid

    def to_line(self) -> str:
        """Write as one line of JSON, without the line break.

        Returns:
            The line.
        """
        return f'{{"at_ms": {self.at_ms}, "event": {self.told.to_json()}}}'

    @classmethod
    def from_line(cls, line: str) -> "Event":
        """Read what `to_line` wrote.

        Args:
            line: one JSON object.

        Returns:
            The event.

        Raises:
            ValueError: torn, or of another format.
        """
        try:
            body = json.loads(line)
            kind = _KINDS[body["event"]["record"]]
            return cls(int(body["at_ms"]), kind.from_body(body["event"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an event of a sweep: {line[:80]!r}") from error
