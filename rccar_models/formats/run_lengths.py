"""COCO's run-length codes of masks, decoded without trust: pycocotools reads a damaged text out of bounds.

Runs count pixels down the columns, unset ones first. Compressed, each run is a number of 5-bit groups, the
lowest first, in the characters "0" to "o"; from the third run on it is the difference to the run before the
last. Source: https://github.com/cocodataset/cocoapi, common/maskApi.c, rleToString and rleFrString.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import LabelError
from rccar_models.faults import Rule

Code = Mapping[str, object]
"""`size`: [height, width]; `counts`: the runs, as a list or as a text."""

_MAX_GROUPS = 7  # 35 bits: more than the pixels of any picture that is read


def decoded_mask(code: Code, *, width: int, height: int) -> NDArray[np.bool_]:
    """Decode a run-length code.

    Args:
        code: as the file has it.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        (height, width), True where it is set.

    Raises:
        LabelError: it is made for another size, or is no valid code.
    """
    size = code.get("size")
    if _size_of(code) != (height, width):
        text = f"its run-length code is made for size {size}, but the image is {[height, width]}"
        raise LabelError(text, Rule.SIZE_MISMATCH)
    runs = _checked_runs(code)
    is_set = np.arange(len(runs)) % 2 == 1
    return np.repeat(is_set, runs).reshape(width, height).T


def code_extent(code: Code) -> tuple[float, float, float, float]:
    """Measure the box around a run-length code, without decoding the mask.

    Args:
        code: as the file has it.

    Returns:
        x1, y1, x2, y2 in pixels; zeros if nothing is set.

    Raises:
        LabelError: it is no valid code.
    """
    height, _ = _size_of(code)
    ends = np.cumsum(_checked_runs(code))
    starts, lasts = ends[:-1:2], ends[1::2] - 1
    kept = lasts >= starts
    if not kept.any():
        return (0.0, 0.0, 0.0, 0.0)
    first, last = starts[kept], lasts[kept]
    # A run that goes on in the next column reaches from the top edge to the bottom edge.
    turns = bool((first // height != last // height).any())
    top, bottom = (0, height) if turns else ((first % height).min(), (last % height).max() + 1)
    return float(first.min() // height), float(top), float(last.max() // height + 1), float(bottom)


def _size_of(code: Code) -> tuple[int, int]:
    size = code.get("size")
    if isinstance(size, list | tuple) and len(size) == 2:
        height, width = size
        if type(height) is int and type(width) is int and 0 < height < 2**16 and 0 < width < 2**16:
            return height, width
    raise LabelError(f"its run-length code has size {str(size)[:80]} instead of height and width")


def _checked_runs(code: Code) -> NDArray[np.int64]:
    """Runs that together cover the image, and no more."""
    height, width = _size_of(code)
    counts = code.get("counts")
    runs = _uncompressed(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise LabelError("its run-length code has no valid counts; label the object again")
    if sum(runs) != height * width:
        raise LabelError(f"its run-length code covers {sum(runs)} of {height * width} pixels")
    return np.asarray(runs, np.int64)


def _uncompressed(text: str) -> list[int]:
    runs: list[int] = []
    value = n_groups = 0
    for character in text:
        group = ord(character) - 48
        if not 0 <= group < 64:
            raise LabelError(f"its run-length code holds {character!r}, which no such code has")
        value |= (group & 0x1F) << 5 * n_groups
        n_groups += 1
        if n_groups > _MAX_GROUPS:
            raise LabelError("its run-length code holds a run longer than any picture")
        if group & 0x20:
            continue
        if group & 0x10:  # the sign
            value -= 1 << 5 * n_groups
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = n_groups = 0
    if n_groups:
        raise LabelError("its run-length code is cut off")
    return runs
