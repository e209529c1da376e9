"""Was pruning right? What it saved, and whether any trial that was cut would have been a rival."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweep.history import PastTrial
from sweep.records import Objective, Status

BEST_SHARE = 4  # the best quarter
FEWEST_COMPLETE = 8
"""Complete trials below which their best quarter is a single one, and says nothing of what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A pruned trial that was not behind when it was cut.

    Args:
        run_name: whose.
        epoch: its last one.
        value: of the objective then.
        standing: of the later best trial at that epoch.
    """

    run_name: str
    epoch: int
    value: float
    standing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PruningFacts:
    """What pruning did.

    Args:
        n_pruned: trials that it ended.
        n_judged: those of them that can be compared: a complete trial has a value at their last epoch.
        n_complete: trials that they are compared with.
        saved_s: training time that their missing epochs would have taken, at each trial's own pace.
        spent_s: training time of all trials.
        ahead: cut while they were ahead of the later best trial at the same epoch.
        near: cut while they were in the best quarter of the complete trials at the same epoch.
        late: the later best trial at the first epoch where others were cut and it was itself outside the best
            quarter of the complete ones; `standing` is the worst value in that quarter. None if it never was.
    """

    n_pruned: int
    n_judged: int
    n_complete: int
    saved_s: float
    spent_s: float
    ahead: tuple[Rival, ...]
    near: tuple[Rival, ...]
    late: Rival | None = None

    @property
    def share(self) -> float:
        """Part of the training time that was saved, 0 to 1."""
        whole = self.saved_s + self.spent_s
        return self.saved_s / whole if whole else 0.0


def pruning_facts(trials: Sequence[PastTrial], objective: Objective) -> PruningFacts:
    """Judge pruning by hindsight.

    Args:
        trials: all of a sweep.
        objective: what pruned.

    Returns:
        Savings, and pruned trials that were not behind.
    """
    ended = [trial for trial in trials if trial.result is not None]
    complete = [one for one in ended if one.ending.status is Status.COMPLETE and one.ending.value is not None]
    pruned = [trial for trial in ended if trial.ending.status is Status.PRUNED]
    sign = 1.0 if objective.maximise else -1.0
    best = max(complete, key=lambda one: sign * (one.ending.value or 0.0), default=None)
    ahead, near, late = [], [], []
    n_judged = 0
    for trial in pruned:
        epoch = max(trial.values, default=0)
        bar = _bar(complete, epoch, sign)
        if best is None or bar is None or (standing := best.values.get(epoch)) is None:
            continue
        n_judged += 1
        rival = Rival(run_name=trial.spec.run_name, epoch=epoch, value=trial.values[epoch], standing=standing)
        if objective.better(rival.value, standing):
            ahead.append(rival)
        elif not objective.better(bar, rival.value):
            near.append(rival)
        if objective.better(bar, standing):
            late.append(Rival(run_name=best.spec.run_name, epoch=epoch, value=standing, standing=bar))
    return PruningFacts(
        n_pruned=len(pruned),
        n_judged=n_judged,
        n_complete=len(complete),
        saved_s=sum(map(_saved_s, pruned)),
        spent_s=sum(trial.ending.train_time_s for trial in ended),
        ahead=tuple(ahead),
        near=tuple(near),
        late=min(late, key=lambda one: one.epoch, default=None),
    )


def _bar(complete: Sequence[PastTrial], epoch: int, sign: float) -> float | None:
    """The worst value in the best quarter of the complete trials at an epoch; None if none has one."""
    values = sorted(
        (value for one in complete if (value := one.values.get(epoch)) is not None),
        key=lambda value: -sign * value,
    )
    return values[math.ceil(len(values) / BEST_SHARE) - 1] if values else None


def _saved_s(trial: PastTrial) -> float:
    result = trial.ending
    if not result.epochs:
        return 0.0
    return result.train_time_s / result.epochs * max(trial.spec.until_epoch - result.epochs, 0)
