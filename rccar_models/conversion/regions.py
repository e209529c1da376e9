"""The objects of a mask: each connected region of a class is one.

Masks are (H, W) uint8 class ids. Pixels that touch at an edge or a corner belong together, so that a thin
slanted pole stays one object.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TOUCHING = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRegion:
    """One connected region of a class.

    Args:
        class_id: of its pixels.
        x: left edge of its window, pixels.
        y: upper edge of its window, pixels.
        window: (h, w) True inside; the smallest that holds it.
    """

    class_id: int
    x: int
    y: int
    window: NDArray[np.bool_]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 in pixels."""
        height, width = self.window.shape
        return float(self.x), float(self.y), float(self.x + width), float(self.y + height)

    def code(self, *, width: int, height: int) -> dict[str, object]:
        """Its COCO run-length code.

        Args:
            width: of the mask, pixels.
            height: of the mask, pixels.

        Returns:
            `size` and compressed `counts`.
        """
        whole = np.zeros((height, width), bool)
        rows, columns = self.window.shape
        whole[self.y : self.y + rows, self.x : self.x + columns] = self.window
        return run_length_code(whole)


def mask_regions(mask: NDArray[np.uint8], *, leaving_out: Collection[int]) -> Iterator[MaskRegion]:
    """Divide a mask into objects.

    Args:
        mask: (H, W) class ids.
        leaving_out: ids that are no objects.

    Yields:
        Regions in order of class id, within a class from the top.
    """
    from scipy import ndimage

    for class_id in np.unique(mask).tolist():
        if class_id in leaving_out:
            continue
        numbered, _ = ndimage.label(mask == class_id, structure=_TOUCHING)
        for number, (rows, columns) in enumerate(ndimage.find_objects(numbered), start=1):
            window = numbered[rows, columns] == number
            yield MaskRegion(class_id=class_id, x=columns.start, y=rows.start, window=window)


def run_length_code(region: NDArray[np.bool_]) -> dict[str, object]:
    """Encode a region as COCO does.

    Args:
        region: (H, W) True inside.

    Returns:
        `size` (height, width) and compressed `counts`.
    """
    from pycocotools import mask as coco

    code: Mapping[str, bytes] = coco.encode(np.asfortranarray(region, np.uint8))
    return {"size": list(region.shape), "counts": code["counts"].decode("ascii")}
