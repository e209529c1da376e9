"""Confusion matrix and cross-entropy of every image. Shapes: N images, K classes, R resamples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

VAL_LOSS = "val_loss_segmentation"
PIXEL_ACC, MIOU, DICE = "pixel_acc_segmentation", "miou_segmentation", "dice_segmentation"


class SegmentationTally:
    """See `Tally`.

    Args:
        confusions: N arrays (K, K) int64 pixels: row the true class, column the predicted one.
        loss_sums: N sums of cross-entropy over the counted pixels.
        n_pixels: N numbers of counted pixels.
    """

    metrics = (VAL_LOSS, PIXEL_ACC, MIOU, DICE)

    def __init__(
        self, confusions: Sequence[NDArray[np.int64]], loss_sums: Sequence[float], n_pixels: Sequence[int]
    ) -> None:
        self._confusions = np.stack(confusions).astype(np.float64)
        self._loss_sums = np.asarray(loss_sums, np.float64)
        self._n_pixels = np.asarray(n_pixels, np.float64)

    @property
    def confusions(self) -> NDArray[np.int64]:
        """(N, K, K) pixels of every image."""
        return self._confusions.astype(np.int64)

    @property
    def n_images(self) -> int:
        """N."""
        return len(self._confusions)

    @property
    def n_true_classes(self) -> int:
        """Classes of which there is a counted pixel."""
        return int((self._confusions.sum(axis=(0, 2)) > 0).sum())

    @property
    def n_predicted_classes(self) -> int:
        """Classes that some counted pixel was taken for."""
        return int((self._confusions.sum(axis=(0, 1)) > 0).sum())

    def resampled(self, metric: str, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute a metric of draws, as `SegmentationMetrics` does of a split."""
        weights = counts.astype(np.float64)
        if metric == VAL_LOSS:
            mean: NDArray[np.float64] = (weights @ self._loss_sums) / np.maximum(weights @ self._n_pixels, 1)
            return mean
        n_classes = self._confusions.shape[1]
        summed = weights @ self._confusions.reshape(self.n_images, -1)
        return _of_confusions(metric, summed.reshape(-1, n_classes, n_classes))


def _of_confusions(metric: str, confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, K, K) to (R,)."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    true, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    if metric == PIXEL_ACC:
        share: NDArray[np.float64] = hits.sum(axis=1) / np.maximum(true.sum(axis=1), 1)
        return share
    union = true + predicted - hits if metric == MIOU else true + predicted
    overlap = (hits if metric == MIOU else 2 * hits) / np.maximum(union, 1)
    occurs = (true + predicted) > 0
    means: NDArray[np.float64] = (overlap * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    return means
