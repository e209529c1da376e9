"""Small pictures of frames, to tell whether two of them look alike. Shapes: N frames."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_PX = 16


def thumbnails(images: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Shrink frames.

    Args:
        images: (H, W, 3) uint8 RGB each, of any sizes.

    Returns:
        (N, 16, 16, 3) uint8 RGB.
    """
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    small = [
        np.asarray(Image.fromarray(np.asarray(image)).resize(size, Image.Resampling.BOX)) for image in images
    ]
    return np.stack(small) if small else np.zeros((0, *size, 3), np.uint8)
