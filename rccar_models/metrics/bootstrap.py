"""How far a score, or the difference of two models' scores, may be noise: a bootstrap over images.

Both models answer the same images, so each resample draws images once and scores both on them: what makes
an image hard cancels out. Metrics of a split (mean IoU, F1, average precision) are no means over images;
they are computed anew from the drawn images' own counts.
Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3 (percentile interval).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES = 1000
CONFIDENCE = 0.95
RESAMPLES_AT_ONCE = 50
"""Bounds memory: a detector's 50,000 boxes in 50 resamples are 20 MB."""

Scorer = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Takes (R, N) how often each image was drawn in each of R resamples; gives the R values of a metric."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a score or a difference lies.

    Args:
        low: its lower end.
        high: its upper end.
    """

    low: float
    high: float


def interval(
    scorer: Scorer,
    *,
    n_images: int,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Bound one model's score.

    Args:
        scorer: scores it.
        n_images: how many there are, at least 1.
        seed: of the drawing.
        n_resamples: how often a set of `n_images` is drawn, with replacement.
        confidence: share of resamples inside the interval.

    Returns:
        The percentile interval.
    """
    generator = np.random.default_rng(seed)
    chances = np.full(n_images, 1 / n_images)
    values = []
    for start in range(0, n_resamples, RESAMPLES_AT_ONCE):
        size = min(RESAMPLES_AT_ONCE, n_resamples - start)
        values.append(scorer(generator.multinomial(n_images, chances, size=size)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(values), [tail, 1 - tail])
    return Interval(float(low), float(high))


def paired_interval(
    first: Scorer,
    second: Scorer,
    *,
    n_images: int,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Bound the difference of two models' scores, first minus second.

    Args:
        first: scores one model.
        second: scores the other on the same images.
        n_images: how many there are, at least 1.
        seed: of the drawing.
        n_resamples: how often a set of `n_images` is drawn, with replacement.
        confidence: share of resamples inside the interval.

    Returns:
        The percentile interval.
    """
    return interval(
        lambda counts: first(counts) - second(counts),
        n_images=n_images,
        seed=seed,
        n_resamples=n_resamples,
        confidence=confidence,
    )
