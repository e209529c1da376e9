"""Pictures that are there twice, or nearly. Shapes: N frames, P pairs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rccar_models.faults import Rule
from rccar_models.inspection.findings import Finding
from rccar_models.inspection.frames import SeenFrame
from rccar_models.inspection.hashing import near_blocks
from rccar_models.samples import UNSPLIT

NEAR_BITS = 4
NEAR_LEVELS = 6.0
"""Two frames look the same if so few of 64 bits and, on average, of 256 levels of their thumbnails differ.

Measured: frames of the three real sets and of the demo, saved anew as JPEG of quality 30, brightened by 2 %
or shrunk by half, differ from themselves by 0 to 4 bits and 0.2 to 2.9 levels; different frames of the demo
differ by 12 bits and 20 levels at least.
"""

# Thumbnails compared at once: 2048 pairs take 2 x 1.5 MiB as bytes.
_PAIRS_AT_ONCE = 2048


def levels_apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Compare thumbnails, pair by pair.

    Args:
        one: (P, 16, 16, 3) uint8.
        other: (P, 16, 16, 3) uint8, or one for all of (1, 16, 16, 3).

    Returns:
        (P,) mean difference in levels, 0 to 255.
    """
    other = np.broadcast_to(other, one.shape)
    apart = np.empty(len(one))
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        apart[rows] = np.abs(one[rows].astype(np.int16) - other[rows]).mean((1, 2, 3))
    return apart


def duplicate_findings(frames: Sequence[SeenFrame]) -> list[Finding]:
    """Find equal and nearly equal pictures.

    Args:
        frames: all readable ones.

    Returns:
        One finding for each group of frames.
    """
    groups: dict[bytes, list[SeenFrame]] = defaultdict(list)
    for frame in frames:
        if frame.look is not None:
            groups[frame.look.content].append(frame)
    equal = [_equal(group) for group in groups.values() if len(group) > 1]
    # A picture that is there twice is told of once; its double takes no part in the search for near ones.
    near = [_near(group) for group in _near_groups([group[0] for group in groups.values()])]
    return equal + near


def _equal(group: Sequence[SeenFrame]) -> Finding:
    others = _listed(group[1:])
    if len({frame.split for frame in group}) > 1:
        text = f"is in {group[0].split}, and the same picture is {others}; keep it in one split"
        return Finding(Rule.LEAKED_IMAGE, False, text, group[0].name)
    return Finding(Rule.DUPLICATE_IMAGE, False, f"is the same picture as {others}; keep one", group[0].name)


def _near(group: Sequence[SeenFrame]) -> Finding:
    splits = {frame.split for frame in group}
    mend = "keep them in one split, or keep one" if len(splits) > 1 or UNSPLIT in splits else "keep one"
    text = f"looks the same as {_listed(group[1:])}; {mend}"
    return Finding(Rule.NEAR_DUPLICATE, False, text, group[0].name)


def _listed(frames: Sequence[SeenFrame]) -> str:
    shown = ", ".join(
        frame.name if frame.split == UNSPLIT else f"{frame.name} ({frame.split})" for frame in frames[:3]
    )
    return shown if len(frames) <= 3 else f"{shown} and {len(frames) - 3} more"


def _near_groups(frames: Sequence[SeenFrame]) -> Iterator[list[SeenFrame]]:
    looks = [frame.look for frame in frames if frame.look is not None]
    if len(looks) < 2:
        return
    hashes = np.asarray([look.hash for look in looks], np.uint64)
    thumbnails = np.stack([look.thumbnail for look in looks])
    group_of = np.arange(len(looks))
    for pairs in near_blocks(hashes, NEAR_BITS):
        apart = levels_apart(thumbnails[pairs[:, 0]], thumbnails[pairs[:, 1]])
        for one, other in pairs[apart <= NEAR_LEVELS]:
            group_of[_top(group_of, int(one))] = _top(group_of, int(other))
    groups: dict[int, list[SeenFrame]] = defaultdict(list)
    for position, frame in enumerate(frames):
        groups[_top(group_of, position)].append(frame)
    yield from (group for group in groups.values() if len(group) > 1)


def _top(group_of: NDArray[np.int64], position: int) -> int:
    """The frame that stands for a group; paths are shortened on the way."""
    path = [position]
    while group_of[path[-1]] != path[-1]:
        path.append(int(group_of[path[-1]]))
    for below, _ in pairwise(path):
        group_of[below] = path[-1]
    return path[-1]
