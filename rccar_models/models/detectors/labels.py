"""Labels count from 0 in this house and from 1 inside torchvision's detectors, where 0 is background."""

from collections.abc import Sequence

from torch import Tensor

Detections = dict[str, Tensor]
"""One image: `boxes` (N, 4) float32 xyxy in its pixels, `labels` (N,) int64, `scores` (N,) in [0, 1]."""


def as_targets(boxes: Sequence[Tensor], labels: Sequence[Tensor]) -> list[dict[str, Tensor]]:
    """Write the truth as torchvision's detectors want it.

    Args:
        boxes: one (N, 4) float32 per image, xyxy in pixels; (0, 4) for an image without objects.
        labels: one (N,) int64 per image, from 0.

    Returns:
        One dict per image with `boxes` and `labels` from 1.
    """
    return [{"boxes": box, "labels": label + 1} for box, label in zip(boxes, labels, strict=True)]


def as_detections(outputs: Sequence[dict[str, Tensor]]) -> list[Detections]:
    """Read what a detector answers in evaluation.

    Args:
        outputs: one dict per image with `labels` from 1.

    Returns:
        The same with `labels` from 0.
    """
    return [
        {"boxes": output["boxes"], "labels": output["labels"] - 1, "scores": output["scores"]}
        for output in outputs
    ]
