"""Flip, zoom, crop, colour and blur of a whole batch at once, on the batch's device.

Frames, masks and boxes of a batch go through the same geometry. All chance comes from the caller's
generator. Shapes: B frames, H x W pixels.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rccar_models.options import OptionValue
from rccar_models.transforms.geometry import Geometry, move_boxes
from rccar_models.transforms.options import OPTIONS
from rccar_models.transforms.pixels import blur_some, jitter_colour, uniform


class Augmentation:
    """Random changes of a batch of frames with their masks or boxes.

    Args:
        options: options of `OPTIONS` by name; what is missing has its default, other names are not read.
        ignore_id: mask value put where a zoomed-out frame ends; None repeats the frame's edge.
    """

    def __init__(self, options: Mapping[str, OptionValue], *, ignore_id: int | None = None) -> None:
        chosen = {option.name: float(options.get(option.name, option.default)) for option in OPTIONS}
        self._flip, self._scale, self._crop = chosen["flip"], chosen["scale"], chosen["crop"]
        self._colour, self._blur = chosen["colour"], chosen["blur"]
        self._ignore_id = ignore_id

    def apply_segmentation(
        self, images: Tensor, masks: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Change frames and masks alike.

        Args:
            images: (B, 3, H, W) float in [0, 1].
            masks: (B, H, W) int64, same device.
            generator: on any device.

        Returns:
            New tensors of the same shapes and kinds; the given ones stay as they are.
        """
        geometry = self._geometry(images, generator)
        if geometry is not None:
            images = geometry.sampled(images)
            masks = geometry.picked(masks, outside=self._ignore_id)
        return self._recoloured(images, generator), masks

    def apply_detection(
        self, images: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor], generator: torch.Generator
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Change frames and boxes alike.

        Args:
            images: (B, 3, H, W) float in [0, 1].
            boxes: B times (N, 4) float32 xyxy in pixels; (0, 4) without objects.
            labels: B times (N,) int64.
            generator: on any device.

        Returns:
            New frames of the same shape, and what is left of the boxes and labels: cut at the frame's edge,
            without those of which less than a quarter or less than a pixel is left.
        """
        geometry = self._geometry(images, generator)
        if geometry is None:
            return self._recoloured(images, generator), list(boxes), list(labels)
        new_boxes, new_labels = move_boxes(geometry, boxes, labels, shape=images.shape)
        images = geometry.sampled(images)
        return self._recoloured(images, generator), new_boxes, new_labels

    def _geometry(self, images: Tensor, generator: torch.Generator) -> Geometry | None:
        if not (self._flip or self._scale or self._crop):
            return None
        chance = uniform(len(images), 5, generator=generator, like=images)
        mirror = torch.where(chance[:, 0] < self._flip, -1.0, 1.0)
        # As often in as out: the zoom's logarithm is uniform.
        zoom = (1 + self._scale) ** (2 * chance[:, 1] - 1)
        window = 1 - self._crop * chance[:, 2]
        shift = (2 * chance[:, 3:] - 1) * (1 - window).unsqueeze(1)
        factor = torch.stack((mirror * window / zoom, window / zoom), dim=1)
        return Geometry(factor, shift)

    def _recoloured(self, images: Tensor, generator: torch.Generator) -> Tensor:
        if self._colour:
            images = jitter_colour(images, strength=self._colour, generator=generator)
        if self._blur:
            images = blur_some(images, probability=self._blur, generator=generator)
        return images
