"""SSD-like detectors cut in two: a network with one output tensor, and what follows it.

Non-maximum suppression has shapes that depend on the data, so torch.export refuses it. The first part is
exported; the second runs on its output, with settings kept as JSON. Together they answer as the whole.
Shapes: B images, A anchors, K classes with the background first.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import batched_nms, clip_boxes_to_image

from rccar_models.errors import ShapeError
from rccar_models.models.detectors.labels import Detections

NmsSettings = Mapping[str, float | int]
"""score_thresh and nms_thresh in [0, 1]; topk_candidates a class; detections_per_img."""


def nms_settings(network: nn.Module) -> dict[str, float | int]:
    """Read what follows the raw output.

    Args:
        network: an SSD.

    Returns:
        Settings that JSON can hold, for `postprocess`.
    """
    ssd = cast("SSD", network)
    return {
        "score_thresh": float(ssd.score_thresh),
        "nms_thresh": float(ssd.nms_thresh),
        "topk_candidates": int(ssd.topk_candidates),
        "detections_per_img": int(ssd.detections_per_img),
    }


def raw_head(network: nn.Module) -> "RawDetector":
    """Cut off what follows the raw output.

    Args:
        network: an SSD; its layers are shared, not copied, and put in evaluation mode.

    Returns:
        A network that torch.export can write with a dynamic batch.

    Raises:
        ShapeError: the network is no SSD.
    """
    if not isinstance(network, SSD):
        raise ShapeError(
            f"{type(network).__name__} has no single raw output; only SSD-like detectors can be cut"
        )
    return RawDetector(network.eval()).eval()


class RawDetector(nn.Module):
    """Boxes and class scores of all anchors in one tensor.

    Args:
        ssd: the whole detector, in evaluation mode.
    """

    anchors: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, ssd: SSD) -> None:
        super().__init__()
        self.backbone, self.head, self.box_coder = ssd.backbone, ssd.head, ssd.box_coder
        self.width, self.height = ssd.transform.fixed_size
        self.register_buffer("anchors", _anchors(ssd))
        self.register_buffer("mean", torch.tensor(ssd.transform.image_mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(ssd.transform.image_std).view(1, 3, 1, 1))
        self.to(self.anchors.device)

    def forward(self, images: Tensor) -> Tensor:
        """Detect, without choosing.

        Args:
            images: (B, 3, H, W) float32 RGB in [0, 1].

        Returns:
            (B, A, 4 + K): boxes xyxy in pixels of the input, clipped to it, then class scores that sum to 1.
        """
        height, width = images.shape[2:]
        x = (images - self.mean) / self.std
        if (height, width) != (self.height, self.width):
            x = functional.interpolate(
                x, size=(self.height, self.width), mode="bilinear", align_corners=False
            )
        outputs = self.head(list(self.backbone(x).values()))
        codes = outputs["bbox_regression"].transpose(0, 1)  # (A, B, 4): the coder takes many codes an anchor
        boxes = self.box_coder.decode_single(codes.flatten(1), self.anchors).view(codes.shape).transpose(0, 1)
        boxes = clip_boxes_to_image(boxes, (self.height, self.width))
        boxes = boxes * boxes.new_tensor([width / self.width, height / self.height] * 2)
        return torch.cat((boxes, functional.softmax(outputs["cls_logits"], dim=-1)), dim=-1)


def _anchors(ssd: SSD) -> Tensor:
    """(A, 4) xyxy in pixels of the network's own frame."""
    width, height = ssd.transform.fixed_size
    with torch.no_grad():
        image = torch.zeros(1, 3, height, width, device=next(ssd.parameters()).device)
        features = list(ssd.backbone(image).values())
        anchors: Tensor = ssd.anchor_generator(ImageList(image, [(height, width)]), features)[0]
    return anchors


def postprocess(raw: Tensor, settings: NmsSettings) -> list[Detections]:
    """Choose detections as the whole network would.

    Args:
        raw: (B, A, 4 + K) of `RawDetector`.
        settings: of `nms_settings`.

    Returns:
        One dict per image: `boxes`, `labels` from 0 (foreground only), `scores`, best first.
    """
    return [_chosen(image, settings) for image in raw]


def _chosen(image: Tensor, settings: NmsSettings) -> Detections:
    boxes, scores = image[:, :4], image[:, 5:]
    top = min(int(settings["topk_candidates"]), len(image))
    best, anchors = scores.topk(top, dim=0)  # (top, K - 1): each class by itself
    keep = best > settings["score_thresh"]
    labels = torch.arange(scores.shape[1], device=image.device).expand_as(best)
    # Class by class, as the whole network does, so that ties fall alike.
    candidates = boxes[anchors.T[keep.T]]
    chances, classes = best.T[keep.T], labels.T[keep.T]
    kept = batched_nms(candidates, chances, classes, float(settings["nms_thresh"]))
    kept = kept[: int(settings["detections_per_img"])]
    return {"boxes": candidates[kept], "labels": classes[kept], "scores": chances[kept]}
