"""Outlines as one ring of corners, which is all that a YOLO line can hold.

A region of pixels is traced along the edges of its pixels, so that filling the ring gives the same pixels
again. Holes and further parts are joined to the ring by a line that is walked there and back: it encloses
nothing, and what fills by crossings (pycocotools, OpenCV) keeps hole and part. Coordinates are pixels,
float64, origin top left; rings are (N, 2) and closed without repeating their first corner.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]


def traced(region: NDArray[np.bool_]) -> list[Ring]:
    """Follow the edges between the pixels of a region and all others.

    Corners on a line of the pixel grid, in order, are the ends of the edges that lie on it; edges across and
    down take turns along a ring.

    Args:
        region: (H, W) True inside.

    Returns:
        Rings around parts and holes, in order of their first corner, top first; none for an empty region.
    """
    padded = np.pad(region, 1)
    upper, lower = padded[:-1], padded[1:]
    is_odd = upper[:, :-1] ^ upper[:, 1:] ^ lower[:, :-1] ^ lower[:, 1:]
    # Two pixels that touch at a corner only: two rings meet there.
    is_double = ~is_odd & (upper[:, :-1] == lower[:, 1:]) & (upper[:, :-1] != upper[:, 1:])
    y, x = (np.repeat(ends, 1 + is_double[is_odd | is_double]) for ends in np.nonzero(is_odd | is_double))
    by_column = np.lexsort((y, x))
    below = np.empty_like(by_column)
    below[by_column] = by_column.reshape(-1, 2)[:, ::-1].ravel()
    corners = np.stack([x, y], axis=1).astype(np.float64)
    return [corners[loop] for loop in _loops(below.tolist())]


def _loops(below: Sequence[int]) -> list[list[int]]:
    """Walk across (to the neighbour in the row) and down or up (to the neighbour in the column) in turns."""
    is_open = [True] * len(below)
    loops: list[list[int]] = []
    for start in range(len(below)):
        if not is_open[start]:
            continue
        loop, corner = [], start
        while is_open[corner]:
            across = corner ^ 1
            loop += [corner, across]
            is_open[corner] = is_open[across] = False
            corner = below[across]
        loops.append(loop)
    return loops


def joined(rings: Sequence[Ring]) -> Ring:
    """Join rings by lines that enclose nothing, each at the place where it comes nearest.

    Args:
        rings: at least one.

    Returns:
        One ring.
    """
    whole = rings[0]
    for ring in rings[1:]:
        apart = ((whole[:, None] - ring[None]) ** 2).sum(axis=2)
        here, there = np.unravel_index(apart.argmin(), apart.shape)
        detour = np.concatenate([ring[there:], ring[: there + 1]])
        whole = np.concatenate([whole[: here + 1], detour, whole[here:]])
    return whole


def cut_to_picture(ring: Ring, *, width: int, height: int) -> Ring:
    """Cut off what lies outside the picture.

    Source: I. Sutherland, G. Hodgman, Reentrant polygon clipping, Communications of the ACM 17, 1974.

    Args:
        ring: corners anywhere.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Returns:
        The ring inside; fewer than three corners if nothing of it is.
    """
    for axis, limit in ((0, width), (1, height)):
        for sign, edge in ((-1, 0.0), (1, float(limit))):
            ring = _cut(ring, axis=axis, sign=sign, edge=edge)
    return ring


def _cut(ring: Ring, *, axis: int, sign: int, edge: float) -> Ring:
    """Keep what lies on one side of a line."""
    outside = sign * (ring[:, axis] - edge)
    if not (outside > 0).any():
        return ring
    kept: list[Ring] = []
    for position in range(len(ring)):
        before, here = outside[position - 1], outside[position]
        if (before > 0) != (here > 0):
            share = before / (before - here)
            crossing = ring[position - 1] + share * (ring[position] - ring[position - 1])
            crossing[axis] = edge
            kept.append(crossing)
        if here <= 0:
            kept.append(ring[position])
    return np.asarray(kept, np.float64).reshape(-1, 2)
