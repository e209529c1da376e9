"""A U-Net small enough to train on one CPU core in minutes.

Plain 3x3 convolutions with BatchNorm, a stride-2 stem and three levels below it: per CPU second this
learns faster than depthwise or Fast-SCNN-like networks of its size (measured on 128x96 track scenes).
Source: Ronneberger et al., U-Net, MICCAI 2015 (arXiv:1505.04597), shrunk.
"""

from typing import TYPE_CHECKING

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef
from rccar_models.options import Option

if TYPE_CHECKING:
    from torch import nn

STRIDE = 16


def build(request: BuildRequest) -> BuiltModel:
    """Make the network.

    Args:
        request: option `width` is the number of channels after the stem.

    Returns:
        The network; there are no pretrained weights, so "default" means from scratch, without a warning.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from rccar_models.models.networks.weights import from_file_or_scratch

    return from_file_or_scratch(network(request.n_classes, int(request.options["width"])), request.weights)


def network(n_classes: int, width: int) -> "nn.Module":
    """Make the bare network.

    Args:
        n_classes: output channels.
        width: channels after the stem; they double at each of three levels.

    Returns:
        A segmentation network, 110 k parameters at width 8.
    """
    from rccar_models.models.networks.tiny_unet import TinyUNet
    from rccar_models.models.networks.wrapping import SegmentationNetwork

    return SegmentationNetwork(TinyUNet(n_classes, width), stride=STRIDE)


MODELS = (
    ModelDef(
        name="tiny_unet",
        task="segmentation",
        family="segmentation",
        build=build,
        options=(
            Option(
                name="width",
                default=8,
                low=4,
                high=16,
                text="channels after the stem; cost grows with its square",
            ),
        ),
        licence="Apache-2.0 (this project)",
        source="U-Net, arXiv:1505.04597, shrunk",
        text="fast on CPUs and small frames, no pretrained weights",
    ),
)
