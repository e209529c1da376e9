"""A single-shot detector small enough to train on one CPU core in minutes.

torchvision's SSD with a plain-convolution backbone: mobilenet backbones do not learn from scratch on some
hundred frames; this one reaches a mAP50 above 0.8 on 240 drawn track scenes in ten epochs.
Source: Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016 (arXiv:1512.02325), shrunk.
"""

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef
from rccar_models.options import Option

N_MAPS = 3
LARGEST_ANCHOR = 0.95
# 0.5 (the paper's) leaves too few anchors to learn from where the anchors' sizes lie this far apart.
MATCH_IOU = 0.4


def build(request: BuildRequest) -> BuiltModel:
    """Make the detector for frames of `request.image_size`, which are not resized.

    Args:
        request: options `width` and `anchor`.

    Returns:
        The network; there are no pretrained weights, so "default" means from scratch, without a warning.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
    from torchvision.models.detection.ssd import SSD

    from rccar_models.models.networks.small_ssd import PlainBackbone
    from rccar_models.models.networks.weights import from_file_or_scratch

    anchors = DefaultBoxGenerator([[2]] * N_MAPS, scales=anchor_scales(float(request.options["anchor"])))
    network = SSD(
        PlainBackbone(int(request.options["width"])),
        anchors,
        request.image_size,  # (width, height), as torchvision's SSD wants it; a swap would distort silently
        request.n_classes + 1,
        iou_thresh=MATCH_IOU,
    )
    return from_file_or_scratch(network, request.weights)


def anchor_scales(smallest: float) -> list[float]:
    """Space the anchors' sizes by equal factors, so that small and large objects get as many.

    Args:
        smallest: side of the smallest anchor as a share of the frame.

    Returns:
        One more than there are maps, ending at 0.95: 0.08, 0.18, 0.42, 0.95 for 0.08.
    """
    factor = (LARGEST_ANCHOR / smallest) ** (1 / N_MAPS)
    return [smallest * factor**index for index in range(N_MAPS + 1)]


MODELS = (
    ModelDef(
        name="small_ssd",
        task="detection",
        family="ssd",
        build=build,
        options=(
            Option(
                name="width",
                default=8,
                low=4,
                high=32,
                text="channels after the stem; cost grows with its square",
            ),
            Option(
                name="anchor",
                default=0.08,
                low=0.03,
                high=0.5,
                text="smallest anchor as a share of the frame; best near the size of a small object",
            ),
        ),
        licence="Apache-2.0 (this project)",
        source="SSD, arXiv:1512.02325 (torchvision's implementation), shrunk",
        text="fast on CPUs and frames of about 160 px, no pretrained weights",
    ),
)
