"""What an earlier attempt at a trial had done before it was cut. Without torch: every trainer says it so."""

from collections.abc import Mapping
from dataclasses import dataclass

LAST = "last.pt"
"""File, beside the best checkpoint, that an unfinished training goes on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What need not be done again.

    Args:
        epochs: finished.
        best_epoch: whose checkpoint is kept, from 1.
        metrics: of the best epoch, by logged name.
        train_time_s: spent on it.
    """

    epochs: int
    best_epoch: int
    metrics: Mapping[str, float]
    train_time_s: float
