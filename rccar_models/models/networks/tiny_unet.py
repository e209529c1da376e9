"""The layers of the tiny U-Net."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rccar_models.models.networks.batch_norm import SteadyBatchNorm2d


def block(n_in: int, n_out: int, *, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, BatchNorm, ReLU.

    Args:
        n_in: input channels.
        n_out: output channels.
        stride: of the convolution.

    Returns:
        The layers.
    """
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False),
        SteadyBatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


class TinyUNet(nn.Module):
    """Stem, three levels down, three up, each one block with a skip connection.

    Args:
        n_classes: output channels.
        width: channels after the stem.
    """

    def __init__(self, n_classes: int, width: int) -> None:
        super().__init__()
        w1, w2, w3, w4 = width, 2 * width, 4 * width, 8 * width
        self.stem = block(3, w1, stride=2)
        self.down1 = nn.Sequential(block(w1, w2, stride=2), block(w2, w2))
        self.down2 = nn.Sequential(block(w2, w3, stride=2), block(w3, w3))
        self.down3 = nn.Sequential(block(w3, w4, stride=2), block(w4, w4))
        self.up2 = block(w4 + w3, w3)
        self.up1 = block(w3 + w2, w2)
        self.up0 = block(w2 + w1, w1)
        self.head = nn.Conv2d(w1, n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Classify every pixel.

        Args:
            x: (B, 3, H, W), sides a multiple of 16.

        Returns:
            (B, K, H, W) logits.
        """
        level0 = self.stem(x)
        level1 = self.down1(level0)
        level2 = self.down2(level1)
        level3 = self.down3(level2)
        y = self.up2(_joined(level3, level2))
        y = self.up1(_joined(y, level1))
        y = self.up0(_joined(y, level0))
        return functional.interpolate(self.head(y), scale_factor=2.0, mode="bilinear", align_corners=False)


def _joined(small: Tensor, skip: Tensor) -> Tensor:
    grown = functional.interpolate(small, scale_factor=2.0, mode="nearest")
    return torch.cat((grown, skip), dim=1)
