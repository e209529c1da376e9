"""Samplers users can name, one row each.

Each slot gets a fresh sampler, whose random numbers come from (sweep seed, slot): 25 trials and a resume to
50 draw what 50 at once draw. A sequence (QMC) is scrambled by the sweep's seed alone; its place in it stands
in the study.
Source of the measured traps: docs/decisions.md.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.samplers import BaseSampler


@dataclass(frozen=True, slots=True)
class SamplerRow:
    """One sampler.

    Args:
        make: builds it from the sweep's seed and the slot's.
        enumerates: whether the space's grid is walked instead of drawing.
    """

    make: Callable[[int, int], BaseSampler]
    enumerates: bool = False


def _tpe(_: int, seed: int) -> BaseSampler:
    # group=True: without it a space with conditional parameters has only the model's name in common,
    # and everything else is drawn one by one. constant_liar: parallel trials spread out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _gp(_: int, seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=seed)


def _qmc(sweep_seed: int, seed: int) -> BaseSampler:
    # Parameters that only some trials have are not in the sequence.
    others = optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.QMCSampler(
            seed=sweep_seed, scramble=True, independent_sampler=others, warn_independent_sampling=False
        )


def _random(_: int, seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


SAMPLERS: dict[str, SamplerRow] = {
    "tpe": SamplerRow(_tpe),
    "gp": SamplerRow(_gp),
    "random": SamplerRow(_random),
    # Optuna's own GridSampler knows no conditional parameters and raises in `tell` when exhausted.
    "grid": SamplerRow(_random, enumerates=True),
    "qmc": SamplerRow(_qmc),
}
