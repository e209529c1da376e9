"""Detectors of torchvision with a MobileNetV3 backbone."""

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef

LICENCE = "BSD-3-Clause (torchvision); weights trained on COCO images"


def build_ssdlite(request: BuildRequest) -> BuiltModel:
    """Make SSDlite; it resizes every frame to 320x320 inside.

    Args:
        request: what for.

    Returns:
        The network.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from torchvision.models.detection import SSDLite320_MobileNet_V3_Large_Weights as Library
    from torchvision.models.detection import ssdlite320_mobilenet_v3_large

    from rccar_models.models.networks.batch_norm import replace_batch_norm, steady
    from rccar_models.models.networks.weights import pretrained

    network = ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=request.n_classes + 1
    )
    replace_batch_norm(network, steady)
    return pretrained(
        network,
        request.weights,
        name=str(Library.DEFAULT),
        download=lambda: Library.DEFAULT.get_state_dict(progress=False, check_hash=True, weights_only=True),
    )


def build_faster_rcnn(request: BuildRequest) -> BuiltModel:
    """Make Faster R-CNN; it resizes the shorter side of every frame to 320 pixels inside.

    Args:
        request: what for.

    Returns:
        The network. BatchNorm is frozen if it starts from weights: batches are too small to re-estimate
        the mean and variance of the backbone (torchvision does the same).

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from torchvision.models.detection import FasterRCNN_MobileNet_V3_Large_320_FPN_Weights as Library
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

    from rccar_models.models.networks.batch_norm import frozen, replace_batch_norm, steady
    from rccar_models.models.networks.weights import pretrained

    network = fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=request.n_classes + 1
    )
    replace_batch_norm(network, steady)
    built = pretrained(
        network,
        request.weights,
        name=str(Library.DEFAULT),
        download=lambda: Library.DEFAULT.get_state_dict(progress=False, check_hash=True, weights_only=True),
    )
    if built.weights != "scratch":
        replace_batch_norm(network, frozen)
    return built


MODELS = (
    ModelDef(
        name="ssdlite320_mobilenet_v3_large",
        task="detection",
        family="ssd",
        build=build_ssdlite,
        licence=LICENCE,
        source="SSDLite, arXiv:1801.04381; Searching for MobileNetV3, arXiv:1905.02244 (torchvision)",
        text="pretrained, for Jetson and Raspberry Pi class devices; needs a GPU to train",
    ),
    ModelDef(
        name="fasterrcnn_mobilenet_v3_large_320_fpn",
        task="detection",
        family="faster_rcnn",
        build=build_faster_rcnn,
        exportable=False,
        licence=LICENCE,
        source="Faster R-CNN, arXiv:1506.01497; Searching for MobileNetV3, arXiv:1905.02244 (torchvision)",
        text="two stages, pretrained; most accurate and slowest, needs a GPU",
    ),
)
