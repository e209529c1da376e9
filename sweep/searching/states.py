"""How this program's words are Optuna's."""

from optuna.study import StudyDirection
from optuna.trial import TrialState

from sweep.records import Status, SweepPlan

STATES = {
    Status.COMPLETE: TrialState.COMPLETE,
    Status.PRUNED: TrialState.PRUNED,
    Status.PAUSED: TrialState.PRUNED,
    Status.FAILED: TrialState.FAIL,
    Status.STOPPED: TrialState.FAIL,
    Status.INFEASIBLE: TrialState.FAIL,
}
"""Optuna's state of a trial that ended."""


def direction_of(plan: SweepPlan) -> StudyDirection:
    """The direction of a sweep's study.

    Args:
        plan: of the sweep.

    Returns:
        Optuna's word.
    """
    return StudyDirection.MAXIMIZE if plan.objective.maximise else StudyDirection.MINIMIZE
