"""Batches of frames and boxes: loss, validation and metrics of object detection.

Labels count from 0 here and from 1 inside torchvision's detectors; `models.detectors.labels` converts.
"""

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rccar_models.cache import CachedSplit
from rccar_models.datasets.batches import Batch, in_order
from rccar_models.metrics.detection import DetectionMetrics, ImageBoxes, on_cpu
from rccar_models.metrics.detection_tally import DetectionTally
from rccar_models.models.detectors.labels import Detections, as_detections, as_targets
from rccar_models.models.detectors.validation import validation_loss
from rccar_models.tasks.definition import Evaluation, StepsRequest
from rccar_models.transforms.augmentation import Augmentation


class DetectionSteps:
    """See `TaskSteps`.

    Args:
        request: classes and, for training, the trainer's options.
    """

    def __init__(self, request: StepsRequest) -> None:
        self._n_classes = len(request.classes)
        self._options = request.options

    def augmented(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change frames and boxes alike, at random."""
        augmentation = Augmentation(self._options)
        images, boxes, labels = augmentation.apply_detection(
            batch.images, list(batch.boxes), list(batch.labels), generator
        )
        return dataclasses.replace(batch, images=images, boxes=tuple(boxes), labels=tuple(labels))

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Sum of the detector's own losses."""
        losses: dict[str, Tensor] = network(list(batch.images), as_targets(batch.boxes, batch.labels))
        return torch.stack(list(losses.values())).sum()

    def evaluate(
        self, network: nn.Module, split: CachedSplit, *, device: torch.device, batch_size: int, seed: int
    ) -> Evaluation:
        """Validation loss, the mean over frames, and all metrics."""
        loss = self.mean_loss(network, split, device=device, batch_size=batch_size, seed=seed)
        measured = self.measure(live_outputs(network), split, device=device, batch_size=batch_size)
        metrics = {"val_loss_detection": loss, **measured.metrics}
        return dataclasses.replace(measured, metrics=metrics)

    def mean_loss(
        self, network: nn.Module, split: CachedSplit, *, device: torch.device, batch_size: int, seed: int
    ) -> float:
        """Validation loss, the mean over frames; a detector sums up a batch, so its size counts."""
        total, n_frames = 0.0, 0
        for batch in in_order(split, batch_size=batch_size, device=device):
            targets = as_targets(batch.boxes, batch.labels)
            losses = validation_loss(network, list(batch.images), targets, seed=seed)
            total += float(torch.stack(list(losses.values())).sum()) * len(batch.images)
            n_frames += len(batch.images)
        return total / n_frames

    def measure(
        self,
        outputs: Callable[[Tensor], list[Detections]],
        split: CachedSplit,
        *,
        device: torch.device,
        batch_size: int,
    ) -> Evaluation:
        """All metrics of detections; they carry no validation loss."""
        metrics = DetectionMetrics(self._n_classes)
        for batch in in_order(split, batch_size=batch_size, device=device):
            truth = [
                {"boxes": boxes, "labels": labels}
                for boxes, labels in zip(batch.boxes, batch.labels, strict=True)
            ]
            metrics.update(outputs(batch.images), truth)
        return Evaluation(metrics=metrics.compute(), score_threshold=float(metrics.threshold))

    def tally(
        self, outputs: Callable[[Tensor], list[Detections]], split: CachedSplit, *, batch_size: int
    ) -> DetectionTally:
        """Detections and true boxes of every frame; they carry no validation loss."""
        predicted: list[ImageBoxes] = []
        true: list[ImageBoxes] = []
        for batch in in_order(split, batch_size=batch_size, device=torch.device("cpu")):
            predicted.extend(map(on_cpu, outputs(batch.images)))
            for boxes, labels in zip(batch.boxes, batch.labels, strict=True):
                true.append(on_cpu({"boxes": boxes, "labels": labels}))
        return DetectionTally(predicted, true, n_classes=self._n_classes)

    def losses(self, network: nn.Module, split: CachedSplit, *, seed: int) -> list[float]:
        """Validation loss of every frame by itself, on the CPU."""
        found = []
        for batch in in_order(split, batch_size=1, device=torch.device("cpu")):
            targets = as_targets(batch.boxes, batch.labels)
            losses = validation_loss(network, list(batch.images), targets, seed=seed)
            found.append(float(torch.stack(list(losses.values())).sum()))
        return found


def live_outputs(network: nn.Module) -> Callable[[Tensor], list[Detections]]:
    """Let one of torchvision's detectors answer in this house's terms.

    Args:
        network: in evaluation mode.

    Returns:
        Takes (B, 3, H, W) frames, gives one `Detections` per frame.
    """
    return lambda images: as_detections(network(list(images)))
