"""U-Net of segmentation-models-pytorch with a ResNet-18 encoder."""

from typing import TYPE_CHECKING

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef

if TYPE_CHECKING:
    from torch import Tensor

ENCODER = "resnet18"
WEIGHTS = "imagenet"


def build(request: BuildRequest) -> BuiltModel:
    """Make the U-Net; pretrained weights are those of the encoder.

    Args:
        request: what for.

    Returns:
        The network.

    Raises:
        WeightsError: the weights file cannot be read or does not fit.
    """
    import segmentation_models_pytorch as smp

    from rccar_models.models.networks.batch_norm import replace_batch_norm, steady
    from rccar_models.models.networks.weights import pretrained
    from rccar_models.models.networks.wrapping import SegmentationNetwork

    body = smp.Unet(encoder_name=ENCODER, encoder_weights=None, classes=request.n_classes)
    replace_batch_norm(body, steady)
    network = SegmentationNetwork(body, stride=32)
    return pretrained(
        network, request.weights, name=f"{ENCODER} {WEIGHTS} (encoder)", download=encoder_weights
    )


def encoder_weights() -> "dict[str, Tensor]":
    """Get the encoder's weights by smp's own means.

    Returns:
        Tensors named as in the whole network.

    Raises:
        OSError: they are not in the local cache and could not be downloaded.
    """
    from segmentation_models_pytorch.encoders import encoders, get_encoder

    from rccar_models.models.networks.hub import DOWNLOAD_ERRORS, ensure_reachable

    settings = encoders[ENCODER]["pretrained_settings"][WEIGHTS]
    ensure_reachable(settings["repo_id"], settings["revision"], files=("config.json", "model.safetensors"))
    try:
        encoder = get_encoder(ENCODER, weights=WEIGHTS)
    except DOWNLOAD_ERRORS as error:
        raise OSError(str(error)) from error
    return {f"body.encoder.{name}": value for name, value in encoder.state_dict().items()}


MODELS = (
    ModelDef(
        name="unet_resnet18",
        task="segmentation",
        family="segmentation",
        build=build,
        licence="MIT (segmentation-models-pytorch); encoder weights trained on ImageNet images",
        source="U-Net, arXiv:1505.04597; segmentation-models-pytorch",
        text="fine borders, needs a GPU or patience",
    ),
)
