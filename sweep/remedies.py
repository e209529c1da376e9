"""What to do about failures that all trials of a sweep share: the next step for each kind of reason."""

import math
from collections.abc import Sequence

from sweep.records import Status, TrialResult, TrialSpec

SLACK = 2  # a trial gets twice the time that the slowest one would have needed
MORE_TIME = 10  # times the old budget, where no epoch was seen to end in it

_STEPS = {
    "nan_loss": "lower the upper end of lr in the search space, or fix it, e.g. --set lr=0.001",
    "nan_metric": "look at the data (sweep data check PATH), or fix a lower lr, e.g. --set lr=0.001",
    "out_of_memory": "{retry} --workers 1; or a new sweep with a smaller --image-size or batch_size",
    "device_error": "run it with --device cpu to see whether the device is at fault",
    "disk_full": "make room, then {retry}",
    "worker_killed": "memory may be short: {retry} --workers 1",
    "stalled": "run it with a longer --stall-timeout, or {retry} --workers 1",
    "coordinator_killed": "{retry}",
}


def shared_failure(trials: Sequence[tuple[TrialSpec, TrialResult]]) -> str:
    """Find the kind of reason for which every trial failed.

    Args:
        trials: all that ended.

    Returns:
        E.g. "trial_timeout"; empty where one ended otherwise or reasons differ.
    """
    if not trials or any(result.status is not Status.FAILED for _, result in trials):
        return ""
    kinds = {result.reason.partition(":")[0] for _, result in trials}
    return kinds.pop() if len(kinds) == 1 else ""


def next_step(trials: Sequence[tuple[TrialSpec, TrialResult]], *, retry: str) -> str:
    """Say what helps where every trial failed for one kind of reason.

    Args:
        trials: all that ended.
        retry: the command that runs the failed trials again.

    Returns:
        Half a sentence; empty where they did not all fail alike, or where nothing is known to help.
    """
    kind = shared_failure(trials)
    if kind == "trial_timeout":
        return (
            f"give a trial more time in a new sweep, about --trial-timeout {enough_s(trials)}s "
            f"({retry} has the old limit)"
        )
    return _STEPS.get(kind, "mend what they say, then {retry}" if kind else "").format(retry=retry)


def enough_s(trials: Sequence[tuple[TrialSpec, TrialResult]]) -> int:
    """Say how long a trial may take, from the pace of those that ran out of time.

    Args:
        trials: that failed with `trial_timeout`.

    Returns:
        Whole seconds: twice what the slowest would have needed for all its epochs, or ten times the old
        budget where no epoch ended.
    """
    full = [
        result.train_time_s / result.epochs * spec.until_epoch for spec, result in trials if result.epochs
    ]
    if full:
        return max(1, math.ceil(SLACK * max(full)))
    told = [word for _, result in trials for word in result.reason.split()]
    budgets = [float(word) for word in told if word.replace(".", "", 1).isdecimal()]
    return math.ceil(MORE_TIME * max(budgets, default=60.0))
