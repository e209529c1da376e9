"""Batches of frames and masks: loss, validation and metrics of semantic segmentation.

Shapes: B frames, K classes, H x W pixels.
"""

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rccar_models.cache import CachedSplit
from rccar_models.datasets.batches import Batch, in_order
from rccar_models.errors import ShapeError
from rccar_models.metrics.losses import segmentation_loss
from rccar_models.metrics.segmentation import SegmentationMetrics, cross_entropy_sum
from rccar_models.metrics.segmentation_tally import SegmentationTally
from rccar_models.tasks.definition import Evaluation, StepsRequest
from rccar_models.transforms.augmentation import Augmentation


class SegmentationSteps:
    """See `TaskSteps`.

    Args:
        request: classes, ignored id and, for training, the trainer's options.
    """

    def __init__(self, request: StepsRequest) -> None:
        self._request = request

    def augmented(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change frames and masks alike, at random."""
        augmentation = Augmentation(self._request.options, ignore_id=self._request.ignore_id)
        images, masks = augmentation.apply_segmentation(batch.images, _masks_of(batch), generator)
        return dataclasses.replace(batch, images=images, masks=masks)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss that the option `loss` names."""
        loss = segmentation_loss(str(self._request.options["loss"]))
        return loss(network(batch.images), _masks_of(batch), self._request.ignore_id)

    def evaluate(
        self, network: nn.Module, split: CachedSplit, *, device: torch.device, batch_size: int, seed: int
    ) -> Evaluation:
        """Plain cross-entropy, whatever loss trains, and all metrics."""
        del seed  # nothing is drawn
        return self.measure(network, split, device=device, batch_size=batch_size)

    def measure(
        self,
        outputs: Callable[[Tensor], Tensor],
        split: CachedSplit,
        *,
        device: torch.device,
        batch_size: int,
    ) -> Evaluation:
        """The same from logits (B, K, H, W)."""
        ignore_id = self._request.ignore_id
        metrics = SegmentationMetrics(self._request.classes, ignore_id)
        total, n_pixels = 0.0, 0
        for batch in in_order(split, batch_size=batch_size, device=device):
            logits, truth = outputs(batch.images), _masks_of(batch)
            metrics.update(logits, truth)
            batch_sum, counted = cross_entropy_sum(logits, truth, ignore_id)
            total, n_pixels = total + float(batch_sum), n_pixels + counted
        return Evaluation(metrics={"val_loss_segmentation": total / max(1, n_pixels), **metrics.compute()})

    def tally(
        self, outputs: Callable[[Tensor], Tensor], split: CachedSplit, *, batch_size: int
    ) -> SegmentationTally:
        """Confusion matrix and cross-entropy of every frame."""
        ignore_id = self._request.ignore_id
        confusions, sums, n_pixels = [], [], []
        for batch in in_order(split, batch_size=batch_size, device=torch.device("cpu")):
            logits, truth = outputs(batch.images), _masks_of(batch)
            for one, true in zip(logits.unsqueeze(1), truth.unsqueeze(1), strict=True):
                metrics = SegmentationMetrics(self._request.classes, ignore_id)
                metrics.update(one, true)
                confusions.append(metrics.confusion().numpy())
                loss_sum, counted = cross_entropy_sum(one, true, ignore_id)
                sums.append(float(loss_sum))
                n_pixels.append(counted)
        return SegmentationTally(confusions, sums, n_pixels)


def _masks_of(batch: Batch) -> Tensor:
    if batch.masks is None:
        raise ShapeError("the batch has no masks: it was cached for another task")
    return batch.masks
