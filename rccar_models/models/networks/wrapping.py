"""What a segmentation body needs around it: RGB float32 in [0, 1] of any size in, logits of that size out."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rccar_models.errors import ShapeError

# Mean and standard deviation of ImageNet's RGB in [0, 1]: what torchvision's and smp's weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
SMALLEST_SIDE_PX = 32


class SegmentationNetwork(nn.Module):
    """Normalises, pads, runs a body and crops: any size in, logits of that size out.

    Args:
        body: takes (B, 3, H, W), ImageNet-normalised, sides a multiple of `stride`; returns logits of the
            same size, alone or as "out" of a dict (torchvision).
        stride: sides are padded to a multiple of it, right and below, by repeating the edge.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, body: nn.Module, *, stride: int) -> None:
        super().__init__()
        self.body = body
        self.stride = stride
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Classify every pixel.

        Args:
            images: (B, 3, H, W) float32 RGB in [0, 1], H and W at least 32.

        Returns:
            (B, K, H, W) logits.

        Raises:
            ShapeError: not three channels, or a side below 32 pixels.
        """
        height, width = check_images(images)
        x = (images - self.mean) / self.std
        below, right = -height % self.stride, -width % self.stride
        if below or right:
            x = functional.pad(x, (0, right, 0, below), mode="replicate")
        output = self.body(x)
        logits: Tensor = output["out"] if isinstance(output, dict) else output
        return logits[:, :, :height, :width]


def check_images(images: Tensor) -> tuple[int, int]:
    """Check a batch of images.

    Args:
        images: should be (B, 3, H, W).

    Returns:
        Height and width in pixels.

    Raises:
        ShapeError: it is not, or a side is below 32 pixels.
    """
    if images.dim() != 4 or images.shape[1] != 3 or min(images.shape[2:]) < SMALLEST_SIDE_PX:
        raise ShapeError(
            f"images of shape {tuple(images.shape)}: expected (B, 3, H, W) with sides of at least "
            f"{SMALLEST_SIDE_PX} pixels; choose a larger --image-size"
        )
    return images.shape[2], images.shape[3]
