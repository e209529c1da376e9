"""Pixel accuracy, intersection over union and Dice of a whole split, from one confusion matrix.

Counts are summed over all images before dividing (as Cityscapes and PASCAL VOC do), not averaged per
image. A class that is neither in the truth nor in any prediction has no IoU: it is left out of every
mean and of the answer, never counted as 0. Shapes: B images, K classes, H x W pixels.
"""

import posixpath
import re
from collections.abc import Sequence

import torch
from torch import Tensor

from rccar_models.errors import ShapeError

# MLflow takes metric names of these characters and at most 250 of them.
UNSAFE = re.compile(r"[^\w.\- /]")
LONGEST_CLASS_NAME = 200


class SegmentationMetrics:
    """Collects predictions of a split, then says how good they are.

    Args:
        classes: names in id order.
        ignore_id: truth value that counts nowhere, or None.
    """

    def __init__(self, classes: Sequence[str], ignore_id: int | None) -> None:
        self._names = metric_safe(classes)
        self._ignore_id = ignore_id
        self._confusion = torch.zeros(len(classes), len(classes), dtype=torch.int64)

    def update(self, prediction: Tensor, truth: Tensor) -> None:
        """Take in a batch.

        Args:
            prediction: (B, K, H, W) logits or (B, H, W) int64 class ids.
            truth: (B, H, W) integer class ids or the ignored one, same device.

        Raises:
            ShapeError: the shapes do not fit, or an id is none of the classes.
        """
        n_classes = len(self._names)
        if prediction.dim() == 4:
            _check_channels(prediction, n_classes)
            prediction = prediction.argmax(dim=1)
        if prediction.shape != truth.shape:
            raise ShapeError(
                f"prediction {tuple(prediction.shape)} and truth {tuple(truth.shape)} differ in shape"
            )
        counted = _counted(truth, self._ignore_id)
        pairs = truth[counted].long() * n_classes + prediction[counted].long()
        _check_ids(truth[counted], n_classes, what="truth")
        _check_ids(prediction[counted], n_classes, what="prediction")
        counts = torch.bincount(pairs, minlength=n_classes * n_classes)
        # Integers, so the sum is exact on every device and in every order.
        self._confusion += counts.reshape(n_classes, n_classes).cpu()

    def confusion(self) -> Tensor:
        """Give the counts themselves.

        Returns:
            (K, K) int64 pixels: row the true class, column the predicted one.
        """
        return self._confusion.clone()

    def compute(self) -> dict[str, float]:
        """Say how good the predictions were.

        Returns:
            `pixel_acc_segmentation`, `miou_segmentation`, `dice_segmentation` and, for every class that
            occurs, `iou_CLASS_segmentation` and `dice_CLASS_segmentation`; all in [0, 1]. Without a
            single counted pixel the three means are 0.
        """
        return scores_of(self._confusion, self._names)


def scores_of(counts: Tensor, names: Sequence[str]) -> dict[str, float]:
    """Compute what `SegmentationMetrics` does, of counts that were summed elsewhere.

    Args:
        counts: (K, K) pixels: row the true class, column the predicted one.
        names: K names that are fit for metric names.

    Returns:
        See `SegmentationMetrics.compute`.
    """
    confusion = counts.double()
    hits, true, predicted = confusion.diagonal(), confusion.sum(dim=1), confusion.sum(dim=0)
    occurs = (true + predicted) > 0
    iou = hits / (true + predicted - hits).clamp(min=1)
    dice = 2 * hits / (true + predicted).clamp(min=1)
    metrics = {
        "pixel_acc_segmentation": float(hits.sum() / true.sum().clamp(min=1)),
        "miou_segmentation": _mean(iou[occurs]),
        "dice_segmentation": _mean(dice[occurs]),
    }
    for index in torch.nonzero(occurs).flatten().tolist():
        metrics[f"iou_{names[index]}_segmentation"] = float(iou[index])
        metrics[f"dice_{names[index]}_segmentation"] = float(dice[index])
    return metrics


def cross_entropy_sum(logits: Tensor, truth: Tensor, ignore_id: int | None) -> tuple[Tensor, int]:
    """Sum plain cross-entropy, so that a split's mean weighs every pixel alike, whatever the batches.

    Args:
        logits: (B, K, H, W) float of any precision; computed in float32.
        truth: (B, H, W) int64 class ids or the ignored one.
        ignore_id: truth value that counts nowhere, or None.

    Returns:
        The sum over counted pixels, a scalar float64, and how many pixels that are.
    """
    counted = _counted(truth, ignore_id)
    losses = torch.nn.functional.cross_entropy(logits.float(), truth.where(counted, 0), reduction="none")
    return (losses * counted).sum(dtype=torch.float64), int(counted.sum())


def metric_safe(classes: Sequence[str]) -> tuple[str, ...]:
    """Make class names fit for metric names, each still its own.

    Args:
        classes: as in the data set.

    Returns:
        Letters, digits, "_", "-", ".", " " and "/" stay, all else becomes "_"; a name that would then
        occur twice gets "_2", "_3", ...
    """
    safe: list[str] = []
    for name in classes:
        cleaned = UNSAFE.sub("_", name)[:LONGEST_CLASS_NAME]
        # MLflow also refuses what a file system would read as another path: "a//b", "a/../b".
        if posixpath.normpath(f"iou_{cleaned}_segmentation") != f"iou_{cleaned}_segmentation":
            cleaned = cleaned.replace("/", "_")
        unique, number = cleaned, 1
        while unique in safe:
            number += 1
            unique = f"{cleaned}_{number}"
        safe.append(unique)
    return tuple(safe)


def _counted(truth: Tensor, ignore_id: int | None) -> Tensor:
    return torch.ones_like(truth, dtype=torch.bool) if ignore_id is None else truth != ignore_id


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0


def _check_channels(logits: Tensor, n_classes: int) -> None:
    if logits.shape[1] != n_classes:
        raise ShapeError(f"logits have {logits.shape[1]} channels for {n_classes} classes")


def _check_ids(ids: Tensor, n_classes: int, *, what: str) -> None:
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < n_classes:
        raise ShapeError(
            f"{what} holds class ids {int(ids.min())} to {int(ids.max())}, but there are {n_classes} classes "
            f"(0 to {n_classes - 1})"
        )
