"""Reads a sweep's spool back: every trial that was started, how far it came, how it ended."""

from pathlib import Path

from sweep.history import PastTrial, SweepHistory
from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec
from sweep.tracking.events import SweepEnd, SweepNotes, Told
from sweep.tracking.spool import events_of

KINDS = (SweepRecord, SweepEnd, SweepNotes, TrialSpec, EpochReport, TrialResult)


def read_history(spool: Path) -> SweepHistory:
    """Read what a sweep has done.

    Args:
        spool: its file of events; torn lines are passed over.

    Returns:
        Its trials; none if there is no such file.

    Raises:
        UnavailableError: the file cannot be read.
    """
    history = SweepHistory()
    for event in events_of(spool, kinds=KINDS):
        _take(history, event.told, event.at_ms)
    return history


def read_reports(spool: Path, trial_uid: str) -> list[EpochReport]:
    """Read all that a trial's epochs said.

    Args:
        spool: its sweep's file of events.
        trial_uid: of the trial.

    Returns:
        Its epochs, in order.

    Raises:
        UnavailableError: the file cannot be read.
    """
    told = (event.told for event in events_of(spool, kinds=(EpochReport,), about=trial_uid))
    return [report for report in told if isinstance(report, EpochReport) and report.trial_uid == trial_uid]


def _take(history: SweepHistory, told: Told, at_ms: int) -> None:
    history.began_ms, history.last_ms = history.began_ms or at_ms, at_ms
    match told:
        case SweepRecord():
            history.record, history.is_open = told, True
            history.status, history.why, history.notes = "", "", {}
        case SweepEnd():
            history.is_open = False
            history.status, history.why, history.notes = told.status, told.why, told.tags
        case SweepNotes():
            history.notes = {**history.notes, **told.tags}
        case TrialSpec():
            history.trials[told.trial_uid] = PastTrial(told, began_ms=at_ms)
        case EpochReport():
            if (trial := history.trials.get(told.trial_uid)) is not None:
                trial.take(told)
        case TrialResult():
            if (trial := history.trials.get(told.trial_uid)) is not None:
                if trial.result is None:
                    history.ended.append(told.trial_uid)
                trial.result, trial.ended_ms = told, at_ms
