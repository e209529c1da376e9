"""Which frames must stay together: drives, or time blocks, and always those that look alike.

Groups are (N,) ids 0..G-1 of N frames in file order, numbered by their first frame.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rccar_models.inspection.alike import levels_apart
from rccar_models.inspection.drives import LIKE_BITS
from rccar_models.inspection.hashing import bits_apart
from rccar_models.inspection.splitting.frames import OrderedFrames

Groups = NDArray[np.int64]

# A scene changes where neighbours differ by more bits than moving on does, and by three times as many levels
# as neighbours of their drive usually do. Unrelated pictures differ by 32 of 64 bits, give or take 4.
_SCENE_BITS = 2 * LIKE_BITS
_SCENE_TIMES = 3.0
# Frames are missing where their numbers jump by so many times the usual step.
_JUMP_TIMES = 5.0


def drive_groups(frames: OrderedFrames) -> Groups:
    """Keep each drive together.

    Args:
        frames: N.

    Returns:
        (N,) groups.
    """
    return numbered_anew(np.unique(frames.drives, return_inverse=True)[1].astype(np.int64))


def block_groups(frames: OrderedFrames) -> Groups:
    """Cut each drive where its scene changes or frames are missing.

    Args:
        frames: N.

    Returns:
        (N,) groups.
    """
    starts = np.zeros(len(frames), bool)
    for drive in _runs(drive_groups(frames)):
        starts[drive.start] = True
        if drive.stop - drive.start > 1:
            starts[drive.start + 1 : drive.stop] = _scene_changes(frames, drive)
    return np.cumsum(starts) - 1


def time_groups(groups: Groups, *, longest: int) -> tuple[Groups, NDArray[np.bool_]]:
    """Cut groups that are too long to be put anywhere into time blocks of about equal length.

    Args:
        groups: (N,).
        longest: frames that a block may have.

    Returns:
        (N,) groups, and (N,) True where a frame and the one before it were together and no longer are.
    """
    cut = groups.copy()
    counts = np.bincount(groups)
    following = len(counts)
    for group in np.flatnonzero(counts > longest):
        places = np.flatnonzero(groups == group)
        n_blocks = -(-len(places) // longest)
        for number, block in enumerate(np.array_split(places, n_blocks)):
            if number:
                cut[block] = following
                following += 1
    is_cut = np.concatenate([[False], (np.diff(groups) == 0) & (np.diff(cut) != 0)])
    return numbered_anew(cut), is_cut


def joined_groups(frames: OrderedFrames, groups: Groups) -> Groups:
    """Join groups that hold frames which look alike.

    Args:
        frames: N.
        groups: (N,).

    Returns:
        (N,) groups.
    """
    joined = groups.copy()
    for alike in frames.alike_pairs(joined):
        if len(alike):
            n_groups = int(joined.max()) + 1
            one, other = joined[alike].T
            edges = coo_array((np.ones(len(alike), bool), (one, other)), shape=(n_groups, n_groups))
            joined[:] = connected_components(edges, directed=False)[1][joined]
    return numbered_anew(joined)


def numbered_anew(groups: Groups) -> Groups:
    """Number groups by their first frame, without gaps.

    Args:
        groups: (N,) any ids.

    Returns:
        (N,) 0..G-1.
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _runs(groups: Groups) -> list[slice]:
    edges = np.flatnonzero(np.diff(groups, prepend=-1, append=-1))
    return [slice(int(start), int(stop)) for start, stop in pairwise(edges)]


def _scene_changes(frames: OrderedFrames, drive: slice) -> NDArray[np.bool_]:
    """Whether each frame of a drive but the first begins a scene."""
    hashes, thumbnails, numbers = frames.hashes[drive], frames.thumbnails[drive], frames.numbers[drive]
    levels = levels_apart(thumbnails[:-1], thumbnails[1:])
    is_other = bits_apart(hashes[:-1], hashes[1:]) > _SCENE_BITS
    steps = np.diff(numbers)
    usual = max(1.0, float(np.median(steps)))
    is_other &= levels > _SCENE_TIMES * float(np.median(levels))
    return is_other | (steps > _JUMP_TIMES * usual)
