"""Dealing frames out to splits: ways to keep them together, and what is left out where a drive had to be cut.

Shapes: N frames in file order, S splits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.inspection.splitting.assignment import assigned
from rccar_models.inspection.splitting.frames import OrderedFrames
from rccar_models.inspection.splitting.groups import (
    Groups,
    block_groups,
    drive_groups,
    joined_groups,
    time_groups,
)

DRIVE, BLOCK, AUTO = "drive", "block", "auto"
WAYS = (DRIVE, BLOCK, AUTO)

LEFT_OUT = -1
"""Stands for the split of frames in no split."""

MISSED_SHARE = 0.5
"""A split may miss its share by half before another way of grouping is tried."""

# A split of whole drives may fall short by so much: three equal drives give train a third, not 70 %.
_DRIVES_MISS_SHARE = 0.55

# Frames left out at a cut at least, so that no two neighbours stand on its two sides.
_LEAST_GAP = 2
_N_DRAWS = 8

_RECORD = "record it in further drives"
_BY_BLOCK = f"{_RECORD}, or try --by block"


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way to keep frames together.

    Args:
        method: a sentence about it.
        groups: (N,) of the frames.
        mend: what may help where a class cannot be in every split.
        is_cut: (N,) whether a frame was parted from the one before it, which it belongs to.
        has_drives: whether groups are drives that names tell, which are worth a split that is too large.
    """

    method: str
    mend: str
    groups: Groups
    is_cut: NDArray[np.bool_]
    has_drives: bool = False


def groupings(frames: OrderedFrames, shares: NDArray[np.float64], by: str) -> Iterator[Grouping]:
    """Ways to keep frames together, the one that keeps most together first.

    Args:
        frames: N.
        shares: (S,) wanted.
        by: one of `WAYS`.

    Yields:
        Groupings.
    """
    nowhere = np.zeros(len(frames), bool)
    drives = drive_groups(frames)
    tells_drives = int(drives.max()) + 1 <= len(frames) / 2
    if by in {DRIVE, AUTO}:
        whole = joined_groups(frames, drives)
        n_drives = int(drives.max()) + 1
        said = f"{n_drives} drives by folder or file name" if tells_drives else "file names tell no drives"
        said = f"{said}; frames that look alike kept together"
        yield Grouping(said, _BY_BLOCK, whole, nowhere, has_drives=tells_drives)
    if by == DRIVE:
        return
    blocks = block_groups(frames)
    joined = joined_groups(frames, blocks)
    n_blocks = int(blocks.max()) + 1
    yield Grouping(
        f"{n_blocks} time blocks between changes of scene; frames that look alike kept together",
        _RECORD,
        joined,
        nowhere,
    )
    for part in (1.0, 0.5):
        longest = max(1, int(part * shares.min() * len(frames)))
        cut, is_cut = time_groups(joined, longest=longest)
        yield Grouping(
            f"time blocks of at most {longest} frames, because whole drives and scenes do not fit the shares",
            _RECORD,
            cut,
            is_cut,
        )


def dealt(
    frames: OrderedFrames,
    grouping: Grouping,
    shares: NDArray[np.float64],
    *,
    seed: int,
    gap: int | None,
) -> NDArray[np.int64]:
    """Deal groups out to splits, and leave out what stands too near a cut.

    Args:
        frames: N.
        grouping: of them.
        shares: (S,) wanted.
        seed: of all chance.
        gap: frames left out at each cut at least, None for 2.

    Returns:
        (N,) split of each frame, or `LEFT_OUT`.
    """
    groups = grouping.groups
    amounts = np.zeros((int(groups.max()) + 1, frames.holds.shape[1] + 1))
    np.add.at(amounts, groups, np.column_stack([frames.holds, np.ones(len(frames))]))
    if not grouping.is_cut.any():
        return assigned(amounts, shares, seed=seed)[groups]
    # What is left out shows only after dealing: the deal that leaves out least is kept.
    found: list[NDArray[np.int64]] = []
    for draw in range(_N_DRAWS):
        splits = assigned(amounts, shares, seed=_N_DRAWS * seed + draw)[groups]
        _leave_gaps(splits, grouping.is_cut, gap=_LEAST_GAP if gap is None else gap)
        _leave_alike(frames, splits)
        found.append(splits)
    return min(found, key=lambda splits: (missed_share(splits, shares) > MISSED_SHARE, (splits < 0).sum()))


def _leave_gaps(splits: NDArray[np.int64], is_cut: NDArray[np.bool_], *, gap: int) -> None:
    """Leave out frames beside each cut between two splits, of the larger of the two."""
    sizes = np.bincount(splits)
    dealt = splits.copy()
    for place in np.flatnonzero(is_cut & np.concatenate([[False], np.diff(dealt) != 0])):
        before, after = dealt[place - 1], dealt[place]
        side = range(place - gap, place) if sizes[before] >= sizes[after] else range(place, place + gap)
        owner = before if sizes[before] >= sizes[after] else after
        for frame in side:
            if 0 <= frame < len(splits) and dealt[frame] == owner:
                splits[frame] = LEFT_OUT


def _leave_alike(frames: OrderedFrames, splits: NDArray[np.int64]) -> None:
    """Leave out look-alikes across splits: of train rather than val, of val rather than test."""
    for pairs in frames.alike_pairs(splits):
        for pair in pairs:
            one, other = splits[pair]
            if LEFT_OUT not in {int(one), int(other)}:
                splits[pair[0] if one < other else pair[1]] = LEFT_OUT


def missed_share(splits: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """By how much the split that misses its share most does.

    Args:
        splits: (N,) of each frame, or `LEFT_OUT`.
        shares: (S,) wanted.

    Returns:
        A share of what is wanted, below 1; infinite where a split is empty.
    """
    counts = np.bincount(splits[splits >= 0], minlength=len(shares))
    if (counts == 0).any():
        return float("inf")
    # Too large a split is a lesser evil: it has what it needs.
    wanted = shares * len(splits)
    return float(min(np.maximum((wanted - counts) / wanted, (counts - wanted) / (2 * wanted)).max(), 0.999))


def is_met(splits: NDArray[np.int64], shares: NDArray[np.float64], grouping: Grouping) -> bool:
    """Whether no split misses its share so much that another way of grouping is worth a try.

    Args:
        splits: (N,) of each frame, or `LEFT_OUT`.
        shares: (S,) wanted.
        grouping: how frames were kept together; of whole drives only what a split lacks counts.

    Returns:
        False also where a split is empty.
    """
    if not grouping.has_drives:
        return missed_share(splits, shares) <= MISSED_SHARE
    counts = np.bincount(splits[splits >= 0], minlength=len(shares))
    return bool((counts >= (1 - _DRIVES_MISS_SHARE) * shares * len(splits)).all() and counts.all())
