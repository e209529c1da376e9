"""Frames brought to the size in which models see them. Sizes are (width, height) in pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.samples import DataIndex

_STEP_PX = 16
"""Networks halve a picture four times or more: sides that 16 divides lose nothing at the edges."""


def resized_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture: every pixel of the source counts when it shrinks, none is made up when it grows.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: wanted width and height.

    Returns:
        (height, width, 3) uint8.
    """
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    shrinks = size[0] <= width and size[1] <= height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize(size, method))


def resized_mask(mask: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a mask without mixing class ids.

    Args:
        mask: (H, W) uint8.
        size: wanted width and height.

    Returns:
        (height, width) uint8; each pixel is the source's at the same place.
    """
    if mask.shape[::-1] == size:
        return mask
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def suggested_size(index: DataIndex, long_side_px: int) -> tuple[int, int]:
    """Choose a size for the cache that keeps the shape of the first training frame.

    Args:
        index: the data set.
        long_side_px: of the longer side.

    Returns:
        (width, height), each a multiple of 16 and at least 32.

    Raises:
        DataError: the frame cannot be read.
    """
    height, width = index.splits["train"][0].read().image.shape[:2]
    return fitted_size((width, height), long_side_px)


def fitted_size(size: tuple[int, int], long_side_px: int) -> tuple[int, int]:
    """Shrink or enlarge a size and keep its shape.

    Args:
        size: width and height of a frame.
        long_side_px: wanted longer side.

    Returns:
        (width, height), each a multiple of 16 and at least 32.
    """
    scale = long_side_px / max(size)
    return _rounded(size[0] * scale), _rounded(size[1] * scale)


def _rounded(side_px: float) -> int:
    return max(2, round(side_px / _STEP_PX)) * _STEP_PX
