"""One affine map per frame, axes apart, and what it does to frames, masks and boxes alike.

Maps go from output to input, as sampling needs it, in coordinates where the frame spans [-1, 1] from edge
to edge (torch's align_corners=False). Shapes: B frames, H x W pixels, N boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# A box of which less is left shows too little of its object to learn from.
SMALLEST_BOX_SHARE = 0.25
SMALLEST_BOX_SIDE_PX = 1.0


@dataclass(frozen=True, slots=True)
class Geometry:
    """One affine map per frame, axes apart: input = factor * output + shift, in [-1, 1].

    Args:
        factor: (B, 2) for x and y; a negative x mirrors.
        shift: (B, 2).
    """

    factor: Tensor
    shift: Tensor

    def sampled(self, images: Tensor) -> Tensor:
        """Move frames, bilinear; outside, the edge is repeated.

        Args:
            images: (B, C, H, W) float.

        Returns:
            Same shape.
        """
        height, width = images.shape[2:]
        x, y = self._sources(width, axis=0), self._sources(height, axis=1)
        # By hand: affine_grid takes longer than the sampling itself, for a rotation that is not wanted.
        shape = (len(images), height, width)
        grid = torch.stack((x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)), dim=-1).to(
            images.dtype
        )
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)

    def picked(self, masks: Tensor, *, outside: int | None) -> Tensor:
        """Move masks: every pixel takes the id of the nearest one.

        Args:
            masks: (B, H, W) int64.
            outside: id beyond the frame; None repeats the edge.

        Returns:
            Same shape.
        """
        height, width = masks.shape[1:]
        columns = ((self._sources(width, axis=0) + 1) / 2 * width).floor().long().unsqueeze(1)
        rows = ((self._sources(height, axis=1) + 1) / 2 * height).floor().long().unsqueeze(2)
        moved = masks.gather(1, rows.clamp(0, height - 1).expand_as(masks))
        moved = moved.gather(2, columns.clamp(0, width - 1).expand_as(masks))
        if outside is None:
            return moved
        beyond = (columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)
        return moved.masked_fill(beyond, outside)

    def moved(self, boxes: Tensor, frames: Tensor, *, size: Tensor) -> Tensor:
        """Move boxes.

        Args:
            boxes: (N, 4) xyxy in pixels.
            frames: (N,) int64, the frame of each box.
            size: (2,) width and height in pixels.

        Returns:
            (N, 4) xyxy in pixels, not clipped.
        """
        corners = boxes.view(-1, 2, 2) / size * 2 - 1
        corners = (corners - self.shift[frames].unsqueeze(1)) / self.factor[frames].unsqueeze(1)
        corners = (corners + 1) / 2 * size
        return torch.cat((corners.amin(dim=1), corners.amax(dim=1)), dim=1)

    def _sources(self, n_pixels: int, *, axis: int) -> Tensor:
        """(B, n_pixels) where each output pixel's centre lies in the input, in [-1, 1]."""
        centres = (torch.arange(n_pixels, device=self.shift.device) * 2 + 1) / n_pixels - 1
        return self.factor[:, axis, None] * centres + self.shift[:, axis, None]


def move_boxes(
    geometry: Geometry, boxes: Sequence[Tensor], labels: Sequence[Tensor], *, shape: torch.Size
) -> tuple[list[Tensor], list[Tensor]]:
    """Move the boxes of a batch and drop those of which too little stays in the frame.

    Args:
        geometry: of the frames.
        boxes: B times (N, 4) float32 xyxy in pixels.
        labels: B times (N,) int64.
        shape: of the frames, (B, 3, H, W).

    Returns:
        Boxes cut at the frame's edge and their labels, without those of which less than a quarter of the
        area or less than a pixel of a side is left.
    """
    counts = [len(frame) for frame in boxes]
    every, device = torch.cat(list(boxes)), geometry.shift.device
    frames = torch.repeat_interleave(torch.tensor(counts, device=device))
    size = torch.tensor([shape[3], shape[2]], dtype=every.dtype, device=device)
    moved = geometry.moved(every, frames, size=size)
    cut = torch.minimum(moved.clamp(min=0), size.repeat(2))
    sides, full_sides = cut[:, 2:] - cut[:, :2], moved[:, 2:] - moved[:, :2]
    enough = sides.prod(dim=1) >= SMALLEST_BOX_SHARE * full_sides.prod(dim=1)
    keep = enough & (sides >= SMALLEST_BOX_SIDE_PX).all(dim=1)
    n_left = torch.bincount(frames[keep], minlength=len(counts)).tolist()
    new_labels = torch.cat(list(labels))[keep]
    return list(torch.split(cut[keep], n_left)), list(torch.split(new_labels, n_left))
