"""Pruners users can name, one row each, with warm-up counted from the length of a trial.

Epochs count from 1. Optuna's own defaults prune in the first epoch (MedianPruner: no warm-up steps;
SuccessiveHalvingPruner: first rung at step 1), before a learning rate has warmed up.

median and patient compare with what other trials had at the same epoch and wait for a third of a trial.
asha and hyperband (Li et al., MLSys 2020; JMLR 2018) judge at rungs only, and need two of them below a
trial's end to save much; hyperband spreads trials over brackets that start at the first rung and the next.
"""

import math
import warnings
from collections.abc import Callable

import optuna
from optuna.pruners import BasePruner

from sweep.searching.rungs import REDUCTION_FACTOR, BracketPruner, RungPruner


def warm_up_epochs(epochs: int) -> int:
    """Epochs in which nothing is pruned: a third, and the next one.

    Args:
        epochs: a trial's full length.

    Returns:
        3 of 6, 4 of 10, 17 of 50; at most all but the last.
    """
    return min(epochs // 3 + 1, max(epochs - 1, 0))


def first_rung_epoch(epochs: int) -> int:
    """The epoch at which asha and hyperband judge first; the next rungs are three and nine times as late.

    A ninth of a trial leaves two rungs below its end, and the learning rate, which rises over the first
    tenth by default, has warmed up by then. Not the first epoch: one pass over some hundred frames ranks
    random initial weights more than parameters.

    Args:
        epochs: a trial's full length.

    Returns:
        2 of 6 (and 6, its end), 2 of 10 (and 6), 6 of 50 (and 18).
    """
    return min(epochs, max(2, math.ceil(epochs / REDUCTION_FACTOR**2)))


def _median(epochs: int) -> BasePruner:
    # Five trials must have ended, and three must have reached the epoch, before a median means much.
    # Optuna spares steps below n_warmup_steps, and our steps count from 1.
    return optuna.pruners.MedianPruner(
        n_startup_trials=5, n_warmup_steps=warm_up_epochs(epochs) + 1, n_min_trials=3
    )


def _hyperband(epochs: int) -> BasePruner:
    return BracketPruner(first_rung_epoch(epochs), epochs)


def _asha(epochs: int) -> BasePruner:
    return RungPruner(first_rung_epoch(epochs))


def _patient(epochs: int) -> BasePruner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.pruners.PatientPruner(_median(epochs), patience=max(1, math.ceil(epochs / 5)))


def _none(_epochs: int) -> BasePruner:
    return optuna.pruners.NopPruner()


PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "median": _median,
    "hyperband": _hyperband,
    "asha": _asha,
    "patient": _patient,
    "none": _none,
}
