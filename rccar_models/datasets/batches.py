"""Batches of tensors, straight from the memory-mapped frame cache.

No loader processes: gathering eight cached frames costs less than a tenth of a millisecond, and a worker
has one thread anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rccar_models.cache import CachedSplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Frames with their labels, on one device.

    Args:
        images: (B, 3, H, W) float32 RGB in [0, 1], channels_last.
        masks: (B, H, W) int64 class ids; None for detection.
        boxes: B tensors (N, 4) float32 xyxy in pixels of the frames; empty for segmentation.
        labels: B tensors (N,) int64, classes 0..K-1; empty for segmentation.
    """

    images: Tensor
    masks: Tensor | None = None
    boxes: tuple[Tensor, ...] = ()
    labels: tuple[Tensor, ...] = ()


def gather(split: CachedSplit, indices: NDArray[np.int64], *, device: torch.device) -> Batch:
    """Read frames.

    Args:
        split: of the cache.
        indices: (B,) which frames, in which order.
        device: where the tensors go.

    Returns:
        A batch.
    """
    images = images_to_tensor(split.images[indices], device=device)
    if split.masks is not None:
        return Batch(images=images, masks=torch.from_numpy(split.masks[indices]).to(device).long())
    return Batch(
        images=images,
        boxes=tuple(torch.from_numpy(np.array(split.boxes[i], np.float32)).to(device) for i in indices),
        labels=tuple(torch.from_numpy(np.array(split.labels[i], np.int64)).to(device) for i in indices),
    )


def images_to_tensor(images: NDArray[np.uint8], *, device: torch.device) -> Tensor:
    """Bring frames into the form that networks take.

    Args:
        images: (B, H, W, 3) uint8 RGB.
        device: where the tensor goes.

    Returns:
        (B, 3, H, W) float32 in [0, 1]; channels_last without a copy, since that is how they lay.
    """
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float().div_(255.0)


def shuffled_chunks(n_frames: int, *, batch_size: int, generator: torch.Generator) -> list[NDArray[np.int64]]:
    """Draw the batches of one training epoch.

    A last batch of a single frame joins the one before: BatchNorm cannot estimate a variance from it, and
    deeplabv3 raises on it.

    Args:
        n_frames: in the training split.
        batch_size: frames a batch.
        generator: decides the order.

    Returns:
        Indices batch by batch; each frame once.
    """
    order = torch.randperm(n_frames, generator=generator).numpy()
    cuts = list(range(batch_size, n_frames, batch_size))
    if cuts and n_frames - cuts[-1] == 1 and batch_size > 1:
        cuts.pop()
    return np.split(order, cuts)


def in_order(split: CachedSplit, *, batch_size: int, device: torch.device) -> Iterator[Batch]:
    """Read a whole split from first to last frame.

    Args:
        split: of the cache.
        batch_size: frames a batch.
        device: where the tensors go.

    Yields:
        Batches; the last one may be smaller.
    """
    n_frames = len(split.images)
    for start in range(0, n_frames, batch_size):
        yield gather(split, np.arange(start, min(start + batch_size, n_frames)), device=device)
