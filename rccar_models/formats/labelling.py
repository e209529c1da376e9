"""From labelled objects to what a task trains on: masks painted in file order, boxes clipped to the frame.

Shared by all formats whose labels are objects (COCO, YOLO, Pascal VOC, LabelMe, Label Studio). pycocotools
paints, the reference for how an outline is filled.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import as_boxes, at_least, clipped
from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.run_lengths import code_extent, decoded_mask
from rccar_models.samples import IGNORE_ID, Frame, Region, Thing

OUTSIDE = "boxes outside the picture were left out"


def labelled_frame(
    image: NDArray[np.uint8],
    things: Sequence[Thing],
    *,
    task: str,
    root: str,
    file: str,
    object: str = "",
    warnings: tuple[str, ...] = (),
) -> Frame:
    """Make the frame that a task trains on from an image and its objects.

    Args:
        image: (H, W, 3) uint8 RGB.
        things: its objects, in file order.
        task: "segmentation": outlines are painted over background 0, later ones over earlier ones; an object
            with a box only makes that box count nowhere. "detection": boxes of all but crowds and flat ones.
        root: the data set, for messages.
        file: what messages call the file of its labels.
        object: what they call the frame within a file of many.
        warnings: of the image.

    Returns:
        The frame, with the objects as they came in `things`.

    Raises:
        DataError: an outline lies far outside the image or is no valid run-length code.
    """
    height, width = image.shape[:2]
    kept = tuple(things)
    if task == "segmentation":
        try:
            mask = painted_mask(kept, width=width, height=height)
        except LabelError as error:
            raise DataError(root, [error.at(file=file, object=object)]) from error
        return Frame(image=image, mask=mask, warnings=warnings, things=kept)
    boxed = [thing for thing in kept if not thing.is_crowd and thing.has_area]
    boxes = clipped(as_boxes([thing.box for thing in boxed]), width=width, height=height)
    labels = np.asarray([thing.class_id for thing in boxed], np.int64)
    inside = at_least(boxes, 0)
    if not inside.all():
        warnings = (*warnings, OUTSIDE)
    return Frame(image=image, boxes=boxes[inside], labels=labels[inside], warnings=warnings, things=kept)


def flat_boxes(n: int, *, example: str = "") -> Fault:
    """Warn of boxes that detection cannot use.

    Args:
        n: how many, at least one.
        example: where one of them is.

    Returns:
        The warning.
    """
    text = "1 box without width or height was" if n == 1 else f"{n} boxes without width or height were"
    return Fault(Rule.FLAT_BOX, f"{text} left out" + (f", e.g. {example}" if example else ""))


def extent(region: Region) -> tuple[float, float, float, float]:
    """The box around an outline.

    Args:
        region: polygons in pixels; a run-length code is decoded.

    Returns:
        x1, y1, x2, y2; zeros if it encloses nothing.

    Raises:
        LabelError: it is no valid run-length code.
    """
    if isinstance(region, Mapping):
        return code_extent(region)
    if not region:
        return (0.0, 0.0, 0.0, 0.0)
    corners = np.concatenate([np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in region])
    (x1, y1), (x2, y2) = corners.min(axis=0), corners.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def painted_mask(things: Sequence[Thing], *, width: int, height: int) -> NDArray[np.uint8]:
    """Paint all objects of an image over the background, in file order.

    Args:
        things: the objects; one without an outline makes its box count nowhere.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        (height, width) uint8; 0 is background.

    Raises:
        LabelError: an outline lies far outside the image or is no valid run-length code.
    """
    mask = np.zeros((height, width), np.uint8)
    # What has only a box is unknown below it: ignored, but never over what an outline tells.
    for thing in sorted(things, key=lambda thing: bool(thing.region)):
        if not thing.region:
            x1, y1, x2, y2 = clipped(as_boxes(thing.box), width=width, height=height)[0].round().astype(int)
            mask[y1:y2, x1:x2] = IGNORE_ID
            continue
        try:
            mask[filled(thing.region, width=width, height=height)] = thing.class_id
        except LabelError as error:
            raise LabelError(error.text, error.rule, line=thing.line, object=thing.where) from error
    return mask


def filled(region: Region, *, width: int, height: int) -> NDArray[np.bool_]:
    """Fill an outline as pycocotools does.

    Args:
        region: polygons in pixels, or a run-length code.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        (height, width) True inside.

    Raises:
        LabelError: it lies far outside the image, or is no valid run-length code for it.
    """
    if isinstance(region, Mapping):
        return decoded_mask(region, width=width, height=height)
    from pycocotools import mask as coco

    for polygon in region:
        # pycocotools walks along every edge point by point: far corners would take all memory.
        corners = zip(polygon[::2], polygon[1::2], strict=True)
        far = [corner for corner in corners if _is_far(corner, width, height)]
        if far:
            text = f"its corner {far[0]} lies far outside the {width}x{height} image; correct it"
            raise LabelError(text, Rule.BOX_OUTSIDE)
    codes = coco.frPyObjects([list(polygon) for polygon in region], height, width)
    return np.asarray(coco.decode(coco.merge(codes)), bool)


def _is_far(corner: tuple[float, float], width: int, height: int) -> bool:
    x, y = corner
    return not (-width <= x <= 2 * width and -height <= y <= 2 * height)
