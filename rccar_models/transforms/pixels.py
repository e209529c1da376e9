"""Colour and blur of a batch of frames, a different change for each frame.

Frames are (B, 3, H, W) float RGB in [0, 1].
"""

import torch
from torch import Tensor
from torch.nn import functional

# Brightness of RGB as the eye sees it: ITU-R BT.601.
GREY = (0.299, 0.587, 0.114)
# Binomial approximation of a Gaussian with a standard deviation of one pixel.
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def uniform(rows: int, columns: int, *, generator: torch.Generator, like: Tensor) -> Tensor:
    """Draw numbers on the generator's device and bring them where they are needed.

    Args:
        rows: how many rows.
        columns: how many columns.
        generator: source of all chance.
        like: tensor whose device and kind the result takes.

    Returns:
        (rows, columns) in [0, 1).
    """
    return torch.rand(rows, columns, generator=generator, device=generator.device).to(like)


def jitter_colour(images: Tensor, *, strength: float, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation.

    Saturation mixes a frame with its grey self, contrast with its mean grey; being linear, all three
    become two multiplications and an addition.

    Args:
        images: (B, 3, H, W) in [0, 1].
        strength: every factor lies in [1 - strength, 1 + strength].
        generator: source of all chance.

    Returns:
        New frames in [0, 1].
    """
    factors = 1 + strength * (2 * uniform(len(images), 3, generator=generator, like=images) - 1)
    brightness, contrast, saturation = factors.view(-1, 3, 1, 1, 1).unbind(dim=1)
    red, green, blue = images.unbind(dim=1)
    grey = (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2]).unsqueeze(1)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    both = brightness * contrast
    rest = both * (1 - saturation) * grey + brightness * (1 - contrast) * mean
    return (images * (both * saturation)).add_(rest).clamp_(0, 1)


def blur_some(images: Tensor, *, probability: float, generator: torch.Generator) -> Tensor:
    """Blur frames chosen by chance.

    Args:
        images: (B, 3, H, W).
        probability: of each frame.
        generator: source of all chance.

    Returns:
        New frames, or the given tensor if none was chosen.
    """
    chosen = uniform(len(images), 1, generator=generator, like=images).squeeze(1) < probability
    if not bool(chosen.any()):
        return images
    taps = images.new_tensor(BLUR)
    frames = functional.pad(images[chosen].flatten(0, 1).unsqueeze(1), (2, 2, 2, 2), mode="replicate")
    frames = functional.conv2d(functional.conv2d(frames, taps.view(1, 1, 1, 5)), taps.view(1, 1, 5, 1))
    blurred = images.clone()
    blurred[chosen] = frames.view(-1, *images.shape[1:])
    return blurred
