"""Segmentation networks of torchvision with a MobileNetV3 backbone."""

from typing import TYPE_CHECKING

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef

if TYPE_CHECKING:
    from torch import nn
    from torchvision.models import WeightsEnum

LICENCE = "BSD-3-Clause (torchvision); weights trained on COCO images"


def build_lraspp(request: BuildRequest) -> BuiltModel:
    """Make LR-ASPP.

    Args:
        request: what for.

    Returns:
        The network.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from torchvision.models import segmentation

    body = segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=request.n_classes
    )
    return _started(body, segmentation.LRASPP_MobileNet_V3_Large_Weights.DEFAULT, request.weights)


def build_deeplabv3(request: BuildRequest) -> BuiltModel:
    """Make DeepLabV3, without the auxiliary head.

    Args:
        request: what for.

    Returns:
        The network.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from torchvision.models import segmentation

    body = segmentation.deeplabv3_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=request.n_classes, aux_loss=False
    )
    return _started(body, segmentation.DeepLabV3_MobileNet_V3_Large_Weights.DEFAULT, request.weights)


def _started(body: "nn.Module", library: "WeightsEnum", weights: str) -> BuiltModel:
    from rccar_models.models.networks.batch_norm import replace_batch_norm, steady
    from rccar_models.models.networks.weights import pretrained
    from rccar_models.models.networks.wrapping import SegmentationNetwork

    replace_batch_norm(body, steady)
    # Both bodies resize their logits to the input themselves, so no padding.
    network = SegmentationNetwork(body, stride=1)
    return pretrained(
        network,
        weights,
        name=str(library),
        download=lambda: library.get_state_dict(progress=False, check_hash=True, weights_only=True),
    )


MODELS = (
    ModelDef(
        name="lraspp_mobilenet_v3_large",
        task="segmentation",
        family="segmentation",
        build=build_lraspp,
        licence=LICENCE,
        source="Searching for MobileNetV3, arXiv:1905.02244 (torchvision)",
        text="the fastest pretrained one for Jetson and Raspberry Pi class devices",
    ),
    ModelDef(
        name="deeplabv3_mobilenet_v3_large",
        task="segmentation",
        family="segmentation",
        build=build_deeplabv3,
        licence=LICENCE,
        source="Rethinking Atrous Convolution, arXiv:1706.05587 (torchvision)",
        text="larger context than LR-ASPP, about three times its cost",
    ),
)
