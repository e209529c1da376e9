"""What the attempts at a slot have reached together: to a pruner they are one trial.

An attempt that goes on after a cut reports from the epoch after the last one. In memory it also has the
epochs before, which Optuna's storage keeps with the attempt that reported them.
"""

import copy
from collections.abc import Iterable

from optuna.trial import FrozenTrial

from sweep.searching.rungs import slot_of

PRUNE_AFTER = "prune_after"
"""Attribute of a trial: the epoch after which it was told to end, which a cut may keep it from doing."""


class Attempts:
    """The curves of all slots.

    Args:
        earlier: trials of earlier processes, in the order of their numbers.
    """

    def __init__(self, earlier: Iterable[FrozenTrial] = ()) -> None:
        self._curves: dict[int, dict[int, float]] = {}
        self._prune_after: dict[int, int] = {}
        self.trials = [self._whole(trial) for trial in earlier]
        """The same trials, each with what earlier attempts at its slot had reached before its first epoch."""

    def before(self, slot: int, epoch: int) -> dict[int, float]:
        """What the attempts at a slot had reached before an epoch.

        Args:
            slot: which.
            epoch: the first one that an attempt reports.

        Returns:
            The objective by epoch, ascending.
        """
        curve = self._curves.get(slot, {})
        return {step: curve[step] for step in sorted(curve) if step < epoch}

    def is_condemned(self, slot: int, epoch: int) -> bool:
        """Say whether an earlier attempt was told to end after the epoch before, and did not come to do so.

        Args:
            slot: which.
            epoch: of its present attempt.

        Returns:
            Whether the present one is to end in its place; what it has trained since counts for nothing.
        """
        return self._prune_after.pop(slot, None) == epoch - 1

    def take(self, slot: int, epoch: int, value: float) -> None:
        """Take in an epoch.

        Args:
            slot: which.
            epoch: of its present attempt.
            value: of the objective.
        """
        self._curves.setdefault(slot, {})[epoch] = value

    def prune(self, slot: int, epoch: int) -> None:
        """Note that the present attempt at a slot is told to end.

        Args:
            slot: which.
            epoch: after which.
        """
        self._prune_after[slot] = epoch

    def _whole(self, trial: FrozenTrial) -> FrozenTrial:
        slot, own = slot_of(trial), trial.intermediate_values
        if own:
            trial = copy.copy(trial)
            trial.intermediate_values = self.before(slot, min(own))
            if not self.is_condemned(slot, min(own)):
                trial.intermediate_values |= own
                self._curves.setdefault(slot, {}).update(own)
        if PRUNE_AFTER in trial.user_attrs:
            self._prune_after[slot] = int(trial.user_attrs[PRUNE_AFTER])
        return trial
