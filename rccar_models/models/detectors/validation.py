"""A detector's loss on images it does not learn from, leaving no trace in it.

torchvision's detectors compute losses in training mode only, which updates BatchNorm (138 to 210
buffers, also without gradients), and Faster R-CNN draws its proposals at random.
"""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

# The parts whose `training` flag decides, in torchvision's detectors, between losses and detections.
DECIDING_PARTS = ("rpn", "roi_heads")


def validation_loss(
    network: nn.Module, images: Sequence[Tensor], targets: Sequence[dict[str, Tensor]], *, seed: int
) -> dict[str, Tensor]:
    """Compute the losses that training would see, without changing buffers, modes or the random state.

    Args:
        network: one of torchvision's detectors.
        images: (3, H, W) float32 RGB in [0, 1].
        targets: of `as_targets`.
        seed: of the drawing of proposals; equal seeds give equal losses.

    Returns:
        Losses by torchvision's names, scalars; their sum is the loss.
    """
    device = images[0].device
    forked = [device] if device.type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices=forked), _answering_with_losses(network):
        torch.manual_seed(seed)
        losses: dict[str, Tensor] = network(list(images), list(targets))
    return losses


@contextlib.contextmanager
def _answering_with_losses(network: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    deciding = [network, *(getattr(network, name) for name in DECIDING_PARTS if hasattr(network, name))]
    for part in deciding:
        part.training = True  # not .train(): that would reach BatchNorm and dropout below
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
