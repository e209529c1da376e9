"""Pruning at rungs: asha (Li et al., MLSys 2020) and hyperband's brackets of it (JMLR 2018).

Optuna's own pruners note in each trial at which rungs it was judged, and choose the bracket by its number.
A trial that goes on after a cut is another one to them: its first epoch fills the first rung, its number
moves it and all later ones to other brackets. Here both follow from what the trials reported and from their
slots, so that a cut changes neither. The formulas are Optuna's.
"""

import binascii
import math
from collections.abc import Iterable
from itertools import accumulate

from optuna import Study
from optuna.pruners import BasePruner, HyperbandPruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

REDUCTION_FACTOR = 3


def slot_of(trial: FrozenTrial) -> int:
    """The slot a trial is an attempt at.

    Args:
        trial: of a sweep's study.

    Returns:
        Its slot; the number of a trial that has none.
    """
    return int(trial.user_attrs.get("slot", trial.number))


class RungPruner(BasePruner):
    """Of the trials that reached a rung the better third goes on.

    Args:
        first: epoch of the first rung; each next one is three times as late.
    """

    def __init__(self, first: int) -> None:
        self._first = first

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Judge a trial, if its latest epoch is a rung.

        Args:
            study: whose trials it is compared with.
            trial: it.

        Returns:
            Whether it is not among the better third.
        """
        epoch = trial.last_step
        if epoch is None or not is_rung(epoch, self._first):
            return False
        return _is_beaten(trial, epoch, study.get_trials(deepcopy=False), direction=study.direction)


class BracketPruner(HyperbandPruner):
    """A `RungPruner` a bracket, each of which begins one rung later; the slot decides which one.

    Optuna's samplers look at the trials of a bracket only, and know it by the class this one is made from.

    Args:
        first: epoch of the first bracket's first rung.
        epochs: a trial's full length.
    """

    def __init__(self, first: int, epochs: int) -> None:
        super().__init__(min_resource=first, max_resource=epochs, reduction_factor=REDUCTION_FACTOR)
        starts = [first]
        while starts[-1] * REDUCTION_FACTOR <= epochs:
            starts.append(starts[-1] * REDUCTION_FACTOR)
        self._starts = tuple(starts)
        n = len(starts)
        self._shares = tuple(math.ceil(n * REDUCTION_FACTOR**s / (s + 1)) for s in reversed(range(n)))

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Judge a trial among those of its bracket, if its latest epoch is a rung.

        Args:
            study: whose trials it is compared with.
            trial: it.

        Returns:
            Whether it is not among the better third.
        """
        bracket = self._get_bracket_id(study, trial)
        epoch = trial.last_step
        if epoch is None or not is_rung(epoch, self._starts[bracket]):
            return False
        others = (
            other
            for other in study.get_trials(deepcopy=False)
            if self._get_bracket_id(study, other) == bracket
        )
        return _is_beaten(trial, epoch, others, direction=study.direction)

    def _get_bracket_id(self, study: Study, trial: FrozenTrial) -> int:
        n = binascii.crc32(f"{study.study_name}_{slot_of(trial)}".encode()) % sum(self._shares)
        return next(bracket for bracket, end in enumerate(accumulate(self._shares)) if n < end)


def is_rung(epoch: int, first: int) -> bool:
    """Say whether trials are judged after an epoch.

    Args:
        epoch: from 1.
        first: epoch of the first rung.

    Returns:
        Whether it is `first` times a power of three.
    """
    while epoch > first and epoch % REDUCTION_FACTOR == 0:
        epoch //= REDUCTION_FACTOR
    return epoch == first


def _is_beaten(
    trial: FrozenTrial, epoch: int, others: Iterable[FrozenTrial], *, direction: StudyDirection
) -> bool:
    # Slot 0 is never judged, so it stands in nobody's way. What an attempt that failed has reached counts
    # with the attempt that goes on from it.
    values = [trial.intermediate_values[epoch]] + [
        other.intermediate_values[epoch]
        for other in others
        if epoch in other.intermediate_values
        and other.number != trial.number
        and other.state is not TrialState.FAIL
        and slot_of(other) != 0
    ]
    n_promoted = max(1, len(values) // REDUCTION_FACTOR)
    if direction is StudyDirection.MAXIMIZE:
        return values[0] < sorted(values, reverse=True)[n_promoted - 1]
    return values[0] > sorted(values)[n_promoted - 1]
