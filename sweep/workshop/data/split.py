"""Data sets divided into train, val and test, for the office."""

from dataclasses import dataclass

from rccar_models.inspection.splitting import SplitPlan, SplitShares
from rccar_models.inspection.splitting import split_data as divided
from sweep.workshop.data.errors import Progress, check_task, data_errors, unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class DividedData:
    """How a data set was divided.

    Args:
        source: as the user named it.
        format: of it.
        task: it was read for.
        method: how frames were kept together, a sentence.
        counts: frames by split.
        groups: groups of frames that had to stay together, by split.
        classes: frames with each class, by class, then by split.
        class_groups: groups with each class.
        left_out: frames in no split, and why.
        n_cuts: places where one drive continues in another split.
        warnings: one line each.
        lists: files written, below the data set; empty if none were.
        kept_lists: where earlier lists are kept.
    """

    source: str
    format: str
    task: str
    method: str
    counts: dict[str, int]
    groups: dict[str, int]
    classes: dict[str, dict[str, int]]
    class_groups: dict[str, int]
    left_out: dict[str, str]
    n_cuts: int
    warnings: tuple[str, ...]
    lists: tuple[str, ...]
    kept_lists: tuple[str, ...]


def split_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    val: float = 0.2,
    test: float = 0.1,
    by: str = "auto",
    gap: int | None = None,
    seed: int = 0,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress = unheard,
) -> DividedData:
    """Divide a data set by drive or time block, and write `splits/*.txt` into it; nothing else is changed.

    Args:
        source: folder of the data set.
        task: what to read it for; None for detection where there are boxes or outlines, else segmentation.
        format_name: overrides recognition.
        val: share of all frames.
        test: share of all frames, 0 for none.
        by: "drive", "block", or "auto" for drives where they can be divided and else blocks.
        gap: frames left out at each cut of a drive at least; None for 2. Look-alikes always are.
        seed: of all chance.
        force: divide again what is divided already; earlier lists are kept as `*.txt.bak`.
        dry_run: write nothing.
        progress: told (done, total) frames.

    Returns:
        What was done.

    Raises:
        InputError: a name or share is wrong, or the data is faulty, divided already, or cannot be divided.
        UnavailableError: the disk is full or read-only.
    """
    check_task(task)
    with data_errors(f"the lists in {source}"):
        plan = divided(
            source,
            task=task,
            format_name=format_name,
            shares=SplitShares(val=val, test=test),
            by=by,
            gap=gap,
            seed=seed,
            force=force,
            dry_run=dry_run,
            progress=progress,
        )
    return _divided(plan)


def _divided(plan: SplitPlan) -> DividedData:
    return DividedData(
        source=plan.source,
        format=plan.format,
        task=plan.task,
        method=plan.method,
        counts={split: len(names) for split, names in plan.splits.items()},
        groups=dict(plan.n_groups),
        classes={
            name: {split: counts[class_id] for split, counts in plan.class_frames.items()}
            for class_id, name in enumerate(plan.classes)
        },
        class_groups=dict(zip(plan.classes, plan.class_groups, strict=True)),
        left_out=dict(plan.left_out),
        n_cuts=plan.n_cuts,
        warnings=plan.warnings,
        lists=plan.lists,
        kept_lists=plan.kept_lists,
    )
