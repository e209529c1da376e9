"""What each image adds to a split's metrics, so that they can be computed of any draw of its images."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Tally(Protocol):
    """One model's answers for N images."""

    @property
    def n_images(self) -> int:
        """N."""

    @property
    def n_true_classes(self) -> int:
        """Classes that occur in the truth."""

    @property
    def n_predicted_classes(self) -> int:
        """Classes that the model answered with."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Logged names of what it can compute."""

    def resampled(self, metric: str, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute a metric of draws.

        Args:
            metric: one of `metrics`.
            counts: (R, N) how often each image was drawn.

        Returns:
            (R,) values.
        """


def scores(tally: Tally) -> dict[str, float]:
    """Compute all metrics of the split itself.

    Args:
        tally: of its images.

    Returns:
        By logged name.
    """
    once = np.ones((1, tally.n_images), np.int64)
    return {name: float(tally.resampled(name, once)[0]) for name in tally.metrics}
