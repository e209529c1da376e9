"""Masks painted from COCO outlines with pycocotools, the reference for how COCO fills a polygon."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import as_boxes, clipped, xyxy_from_xywh
from rccar_models.formats.coco_json import Region, Thing
from rccar_models.samples import IGNORE_ID


def painted_mask(
    things: Sequence[Thing], class_ids: Mapping[int, int], *, width: int, height: int
) -> NDArray[np.uint8]:
    """Paint all objects of an image over the background, in file order.

    Args:
        things: the objects; one without an outline makes its box count nowhere.
        class_ids: mask value of each category id.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        (height, width) uint8; 0 is background.

    Raises:
        ValueError: an outline lies far outside the image or is no valid run-length code.
    """
    mask = np.zeros((height, width), np.uint8)
    # What has only a box is unknown below it: ignored, but never over what an outline tells.
    for thing in sorted(things, key=lambda thing: bool(thing.region)):
        if not thing.region:
            box = clipped(xyxy_from_xywh(as_boxes(thing.box)), width=width, height=height)[0]
            x1, y1, x2, y2 = (round(float(edge)) for edge in box)
            mask[y1:y2, x1:x2] = IGNORE_ID
            continue
        try:
            mask[_filled(thing.region, width=width, height=height)] = class_ids[thing.category]
        except ValueError as error:
            raise ValueError(f"object {thing.id}: {error}") from error
    return mask


def _filled(region: Region, *, width: int, height: int) -> NDArray[np.bool_]:
    from pycocotools import mask as coco

    if isinstance(region, Mapping):
        return np.asarray(coco.decode(_checked_code(region, width=width, height=height)), bool)
    for polygon in region:
        # pycocotools walks along every edge point by point: far corners would take all memory.
        corners = zip(polygon[::2], polygon[1::2], strict=True)
        far = [corner for corner in corners if _is_far(corner, width, height)]
        if far:
            raise ValueError(f"its corner {far[0]} lies far outside the {width}x{height} image; correct it")
    codes = coco.frPyObjects([list(polygon) for polygon in region], height, width)
    return np.asarray(coco.decode(coco.merge(codes)), bool)


def _is_far(corner: tuple[float, float], width: int, height: int) -> bool:
    x, y = corner
    return not (-width <= x <= 2 * width and -height <= y <= 2 * height)


def _checked_code(region: Mapping[str, object], *, width: int, height: int) -> object:
    """Bring a run-length code, compressed or not, into the form that pycocotools decodes."""
    from pycocotools import mask as coco

    size, counts = region.get("size"), region.get("counts")
    if size != [height, width]:
        raise ValueError(f"its run-length code is made for size {size}, but the image is {[height, width]}")
    if isinstance(counts, str):
        return {"size": size, "counts": counts.encode()}
    if not isinstance(counts, list) or not all(isinstance(run, int) and run >= 0 for run in counts):
        raise ValueError("its run-length code has no valid counts")
    if sum(counts) != height * width:
        raise ValueError(f"its run-length code covers {sum(counts)} of {height * width} pixels")
    return coco.frPyObjects(region, height, width)
