"""Reads a sweep's spool back: every trial that was started, how far it came, how it ended."""

from pathlib import Path

from sweep.history import PastTrial, SweepHistory
from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec
from sweep.tracking.events import SweepEnd, Told
from sweep.tracking.spool import events_of


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
    for event in events_of(spool):
        _take(history, event.told)
    return history


def _take(history: SweepHistory, told: Told) -> None:
    match told:
        case SweepRecord():
            history.record, history.is_open = told, True
        case SweepEnd():
            history.is_open = False
        case TrialSpec():
            history.trials[told.trial_uid] = PastTrial(told)
        case EpochReport():
            if (trial := history.trials.get(told.trial_uid)) is not None:
                trial.reports.append(told)
        case TrialResult():
            if (trial := history.trials.get(told.trial_uid)) is not None:
                if trial.result is None:
                    history.ended.append(told.trial_uid)
                trial.result = told
