"""Losses that train segmentation. Ignored pixels count nowhere; a batch of nothing but them gives 0.

Shapes: B images, K classes, H x W pixels.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from rccar_models.errors import OptionError

SegmentationLoss = Callable[[Tensor, Tensor, int | None], Tensor]
"""Takes (B, K, H, W) logits, (B, H, W) int64 truth and the ignored id or None; returns a scalar."""


def cross_entropy(logits: Tensor, truth: Tensor, ignore_id: int | None) -> Tensor:
    """Mean cross-entropy of the counted pixels.

    Args:
        logits: (B, K, H, W) float of any precision; computed in float32.
        truth: (B, H, W) int64 class ids or the ignored one.
        ignore_id: truth value that counts nowhere, or None.

    Returns:
        A scalar; 0, with a gradient of 0, if every pixel is ignored (torch alone would give NaN).
    """
    # -100 is torch's own "ignore nothing real".
    ignored = -100 if ignore_id is None else ignore_id
    total = functional.cross_entropy(logits.float(), truth, ignore_index=ignored, reduction="sum")
    return total / (truth != ignored).sum().clamp(min=1)


def dice_loss(logits: Tensor, truth: Tensor, ignore_id: int | None) -> Tensor:
    """One minus the soft Dice score of each class over the batch, averaged.

    Args:
        logits: (B, K, H, W) float of any precision; computed in float32.
        truth: (B, H, W) int64 class ids or the ignored one.
        ignore_id: truth value that counts nowhere, or None.

    Returns:
        A scalar in [0, 1]; a class without a true pixel adds 0 to the sum over all K.

    Source: Milletari et al., V-Net, 3DV 2016, as `DiceLoss("multiclass")` of segmentation-models-pytorch
    computes it.
    """
    n_classes = logits.shape[1]
    counted = torch.ones_like(truth, dtype=torch.bool) if ignore_id is None else truth != ignore_id
    chances = logits.float().softmax(dim=1) * counted.unsqueeze(1)
    ids = truth.where(counted, 0)
    chance_of_truth = chances.gather(1, ids.unsqueeze(1)).flatten()
    overlap = chances.new_zeros(n_classes).index_add(0, ids.flatten(), chance_of_truth)
    n_true = torch.bincount(ids[counted], minlength=n_classes).to(chances.dtype)
    dice = 2 * overlap / (chances.sum(dim=(0, 2, 3)) + n_true).clamp(min=1e-7)
    return ((1 - dice) * (n_true > 0)).mean()


def ce_dice_loss(logits: Tensor, truth: Tensor, ignore_id: int | None) -> Tensor:
    """Sum of both.

    Args:
        logits: (B, K, H, W) float of any precision.
        truth: (B, H, W) int64 class ids or the ignored one.
        ignore_id: truth value that counts nowhere, or None.

    Returns:
        A scalar.
    """
    return cross_entropy(logits, truth, ignore_id) + dice_loss(logits, truth, ignore_id)


SEGMENTATION_LOSSES: dict[str, SegmentationLoss] = {
    "ce": cross_entropy,
    "dice": dice_loss,
    "ce_dice": ce_dice_loss,
}


def segmentation_loss(name: str) -> SegmentationLoss:
    """Find a loss by the name users write.

    Args:
        name: "ce", "dice" or "ce_dice".

    Returns:
        The loss.

    Raises:
        OptionError: there is no such loss.
    """
    if name not in SEGMENTATION_LOSSES:
        raise OptionError(f"loss: {name!r} is not one of {', '.join(SEGMENTATION_LOSSES)}")
    return SEGMENTATION_LOSSES[name]
