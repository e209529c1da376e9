"""Dividing a data set into train, val and test so that no frame of val has been all but seen in train.

Frames stay together by drive, or by time block where drives are too few or too long; frames that look alike
always do. One long drive whose frames all look like their neighbours is cut into time blocks, and frames at
the cuts are left out until nothing on one side looks like anything on the other. Shapes: N frames, S splits.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import DataError
from rccar_models.formats import DEMO, FORMATS, scan_best, scan_data
from rccar_models.formats.tree import tree_of
from rccar_models.inspection.splitting.dealing import (
    AUTO,
    DRIVE,
    MISSED_SHARE,
    WAYS,
    Grouping,
    dealt,
    groupings,
    is_met,
    missed_share,
)
from rccar_models.inspection.splitting.frames import OrderedFrames, Progress, ordered_frames
from rccar_models.inspection.splitting.lists import existing_lists, without_lists, write_lists
from rccar_models.inspection.splitting.plan import SplitPlan, SplitShares, described
from rccar_models.samples import UNSPLIT, DataIndex


def split_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    shares: SplitShares,
    by: str = AUTO,
    gap: int | None = None,
    seed: int = 0,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SplitPlan:
    """Divide a data set, and write the lists `splits/*.txt` into it.

    Args:
        source: folder of the data set.
        task: what to read it for, None for the one with fewer faults, detection if equal.
        format_name: None to recognise it.
        shares: wanted of val and test.
        by: "drive", "block", or "auto" to take drives where they can be divided, else blocks.
        gap: frames left out at each cut of a drive at least; None for 2. Those that look alike always are.
        seed: of all chance.
        force: divide a set again that is divided already; earlier lists are kept as `*.txt.bak`.
        dry_run: write nothing.
        progress: told (done, total) frames.

    Returns:
        What was done.

    Raises:
        UnknownNameError: no format has this name.
        DataError: the data set is faulty (all faults are listed), is divided already, or cannot be divided.
        OSError: the disk is full or read-only.
    """
    wanted = _wanted(source, shares, by)
    index = _undivided(source, task, format_name, force=force or dry_run)
    frames = ordered_frames(index, progress)
    plan = _plan(index, frames, wanted, by=by, gap=gap, seed=seed)
    if dry_run:
        return plan
    try:
        kept = write_lists(Path(source).expanduser(), plan.splits, lambda: _reads_as(plan))
    except ValueError as error:
        what = f"the format {index.format} divides this set by its own files and not by splits/*.txt"
        mend = "convert it first, e.g. sweep data convert --to coco"
        raise DataError(source, [f"{what}; {mend}; nothing was written"]) from error
    return replace(plan, lists=tuple(f"splits/{split}.txt" for split in plan.splits), kept_lists=kept)


def _wanted(source: str, shares: SplitShares, by: str) -> dict[str, float]:
    try:
        wanted = shares.by_split()
    except ValueError as error:
        raise DataError(source, [str(error)]) from error
    if by not in WAYS:
        raise DataError(source, [f"--by {by}: must be one of {', '.join(WAYS)}"])
    if source == DEMO:
        raise DataError(source, ["the demo is divided already; give the folder of a data set"])
    return wanted


def _undivided(source: str, task: str | None, format_name: str | None, *, force: bool) -> DataIndex:
    """All frames, as if no list divided them."""
    first = scan_best(source, task, format_name)
    tree = tree_of(Path(source).expanduser())
    lists = existing_lists(tree)
    plain = without_lists(tree)
    index = replace(FORMATS[first.format].index(plain, first.task), source=source)
    empty = () if any(index.splits.values()) else ("it holds no frame",)
    if index.faults or empty:
        raise DataError(source, [*index.faults, *empty])
    # An export with the folder train/ alone is divided by nothing.
    if not force and (lists or not set(index.splits) <= {UNSPLIT, "train"}):
        how = f"by {', '.join(lists)}" if lists else "by its folders or annotation files"
        raise DataError(
            source, [f"is divided already, {how}; --force divides it anew (lists are kept as .bak)"]
        )
    return index


def _reads_as(plan: SplitPlan) -> bool:
    index = scan_data(plan.source, plan.task, plan.format)
    read = {split: [sample.name for sample in samples] for split, samples in index.splits.items()}
    return {split: sorted(names) for split, names in read.items()} == {
        split: sorted(names) for split, names in plan.splits.items()
    }


def _plan(
    index: DataIndex,
    frames: OrderedFrames,
    wanted: Mapping[str, float],
    *,
    by: str,
    gap: int | None,
    seed: int,
) -> SplitPlan:
    """Try the ways of grouping, the one that keeps most together first, until the shares are met."""
    shares = np.asarray(list(wanted.values()))
    best: tuple[float, Grouping, NDArray[np.int64]] | None = None
    for grouping in groupings(frames, shares, by):
        splits = dealt(frames, grouping, shares, seed=seed, gap=gap)
        is_lopsided = _is_lopsided(frames, grouping, splits)
        missed = missed_share(splits, shares) + (MISSED_SHARE + 0.01 if is_lopsided else 0.0)
        if best is None or missed < best[0]:
            best = (missed, grouping, splits)
        if is_met(splits, shares, grouping) and not is_lopsided:
            break
    if best is None or not np.isfinite(best[0]):
        raise DataError(index.source, [_indivisible(len(frames), by)])
    return described(index, frames, wanted, grouping=best[1], splits=best[2], missed=best[0])


def _is_lopsided(frames: OrderedFrames, grouping: Grouping, splits: NDArray[np.int64]) -> bool:
    """Whether a split has no class at all, or one group holds most frames and with them all of a class.

    Such a group is no drive, but numbering that runs through.
    """
    largest = np.bincount(grouping.groups).max()
    n_splits = int(splits.max()) + 1
    held = np.stack([frames.holds[splits == split].any(axis=0) for split in range(n_splits)])
    lacks = bool((held.any(axis=0) & ~held.all(axis=0)).any())
    is_bare = bool(held.any() and not held.any(axis=1).all())
    return is_bare or (lacks and bool(largest > len(frames) / 2))


def _indivisible(n_frames: int, by: str) -> str:
    if by == DRIVE:
        return (
            f"its {n_frames} frames come from too few drives that look unlike; divide it with --by block, "
            "or record further drives"
        )
    return (
        f"its {n_frames} frames look so much alike, or are so few, that a split would be empty; record other "
        "scenes, or divide with --test 0"
    )
