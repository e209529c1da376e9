"""Samplers users can name, one row each.

`reseed`: the sampler has no state but its random numbers, so each slot gets a fresh one whose seed is
a function of (sweep seed, slot): 25 trials and a resume to 50 draw what 50 at once draw.
`stored`: the sampler walks a fixed sequence and keeps its place in the study; reseeding would break it.
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
        make: builds it from a seed.
        reseed: whether each slot gets a fresh one.
        enumerates: whether the space's grid is walked instead of drawing.
    """

    make: Callable[[int], BaseSampler]
    reseed: bool = True
    enumerates: bool = False


def _tpe(seed: int) -> BaseSampler:
    # group=True: without it a space with conditional parameters has only the model's name in common,
    # and everything else is drawn one by one. constant_liar: parallel trials spread out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _gp(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=seed)


def _qmc(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


SAMPLERS: dict[str, SamplerRow] = {
    "tpe": SamplerRow(_tpe),
    "gp": SamplerRow(_gp),
    "random": SamplerRow(_random),
    # Optuna's own GridSampler knows no conditional parameters and raises in `tell` when exhausted.
    "grid": SamplerRow(_random, enumerates=True),
    "qmc": SamplerRow(_qmc, reseed=False),
}
