"""How a data set is divided, in figures and in words. Shapes: N frames, S splits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rccar_models.inspection.splitting.dealing import LEFT_OUT, MISSED_SHARE, Grouping
from rccar_models.inspection.splitting.frames import OrderedFrames
from rccar_models.samples import DataIndex

# Of all frames, above which leaving out is worth a warning.
_MUCH_LEFT_OUT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitShares:
    """Wanted shares of all frames.

    Args:
        val: above 0.
        test: 0 for no test split.
    """

    val: float = 0.2
    test: float = 0.1

    def by_split(self) -> dict[str, float]:
        """Shares of all splits that are wanted.

        Raises:
            ValueError: a share is negative, or nothing is left for train.
        """
        if not (0 < self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise ValueError(
                f"--val {self.val:g} and --test {self.test:g}: "
                "shares lie between 0 and 1 and leave some for train"
            )
        shares = {"train": 1 - self.val - self.test, "val": self.val, "test": self.test}
        return {split: share for split, share in shares.items() if share > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """How a data set is divided.

    Args:
        source: as the user named it.
        format: of it.
        task: it was read for.
        method: how frames were kept together, a sentence.
        splits: names of frames by split, in file order.
        n_groups: by split.
        classes: class names.
        class_frames: frames with each class, by split.
        class_groups: groups with each class.
        left_out: frames in no split, and why.
        n_cuts: places where one drive continues in another split.
        warnings: one line each.
        lists: names of the files that were written, empty if none were.
        kept_lists: names under which earlier lists are kept.
    """

    source: str
    format: str
    task: str
    method: str
    splits: Mapping[str, tuple[str, ...]]
    n_groups: Mapping[str, int]
    classes: tuple[str, ...]
    class_frames: Mapping[str, tuple[int, ...]]
    class_groups: tuple[int, ...]
    left_out: Mapping[str, str]
    n_cuts: int
    warnings: tuple[str, ...]
    lists: tuple[str, ...] = ()
    kept_lists: tuple[str, ...] = ()


def described(
    index: DataIndex,
    frames: OrderedFrames,
    wanted: Mapping[str, float],
    *,
    grouping: Grouping,
    splits: NDArray[np.int64],
    missed: float,
) -> SplitPlan:
    """Say how frames were dealt out.

    Args:
        index: the data set.
        frames: N.
        wanted: shares by split.
        grouping: how frames were kept together.
        splits: (N,) of each frame, or `LEFT_OUT`.
        missed: by how much the shares are.

    Returns:
        The plan, with its warnings.
    """
    groups, names = grouping.groups, np.asarray(frames.names, object)
    members = {split: np.flatnonzero(splits == number) for number, split in enumerate(wanted)}
    class_groups = tuple(len(np.unique(groups[frames.holds[:, k]])) for k in range(len(frames.classes)))
    n_cuts = int((grouping.is_cut & np.concatenate([[False], np.diff(splits) != 0])).sum())
    why = "too near a cut between two splits, or looks like a frame on the other side"
    plan = SplitPlan(
        source=index.source,
        format=index.format,
        task=index.task,
        method=grouping.method,
        splits={split: tuple(names[places]) for split, places in members.items()},
        n_groups={split: len(np.unique(groups[places])) for split, places in members.items()},
        classes=frames.classes,
        class_frames={
            split: tuple(frames.holds[places].sum(axis=0).tolist()) for split, places in members.items()
        },
        class_groups=class_groups,
        left_out={str(name): why for name in names[splits == LEFT_OUT]},
        n_cuts=n_cuts,
        warnings=(),
    )
    warnings = [
        *map(str, index.warnings),
        *_size_warnings(plan, wanted, missed, has_drives=grouping.has_drives),
        *_class_warnings(plan, grouping.mend),
    ]
    return replace(plan, warnings=tuple(warnings))


def _size_warnings(
    plan: SplitPlan, wanted: Mapping[str, float], missed: float, *, has_drives: bool
) -> Iterator[str]:
    n_frames = sum(map(len, plan.splits.values())) + len(plan.left_out)
    if missed > MISSED_SHARE:
        counts = {split: len(names) / n_frames for split, names in plan.splits.items()}
        found = ", ".join(f"{split} {counts[split]:.0%} not {share:.0%}" for split, share in wanted.items())
        more = "; --by block cuts drives into time blocks" if has_drives else ""
        yield f"sizes are far from what is wanted ({found}), because many frames belong together{more}"
    if len(plan.left_out) > _MUCH_LEFT_OUT * n_frames:
        yield f"{len(plan.left_out)} of {n_frames} frames are left out: they look like frames elsewhere"


def _class_warnings(plan: SplitPlan, mend: str) -> Iterator[str]:
    for position, name in enumerate(plan.classes):
        held = {split: counts[position] for split, counts in plan.class_frames.items()}
        absent = [split for split, count in held.items() if not count]
        n_groups = plan.class_groups[position]
        if not n_groups:
            yield f"class {name} is in no frame"
        elif absent and n_groups < len(held):
            where = " and ".join(split for split, count in held.items() if count) or "no split"
            kinds = "1 group" if n_groups == 1 else f"{n_groups} groups"
            yield (
                f"class {name} lives in {kinds} of frames only, so it cannot be in every split: it is in "
                f"{where}, not in {' and '.join(absent)}; {mend}"
            )
        elif absent:
            yield f"class {name} is not in {' and '.join(absent)}; try another --seed"
