"""Names of params and metrics as people read them, their order, and which way a metric is better. Pure.

The names are those of CLI.md; the earlier tool of the teams logged the same.
"""

import re
from collections.abc import Iterable

from sweep.logged_run import LoggedRun

TASKS = ("segmentation", "detection")

HEADLINE = {"segmentation": "miou_segmentation", "detection": "f1_50_detection"}
"""What runs are judged by where nobody says by what."""

_ORDER = {
    "detection": ("precision_50", "recall_50", "f1_50", "map_50", "map", "val_loss", "train_loss"),
    "segmentation": ("pixel_acc", "miou", "dice", "iou_", "dice_", "val_loss", "train_loss"),
}
_ONCE = ("train_time_s", "best_epoch", "n_parameters")

_LARGER = re.compile(
    r"(^|_)(m?iou|m?ap|f1|dice|precision|recall|accuracy|acc|auc|score|fps)(_|$|@)", re.IGNORECASE
)
_SMALLER = re.compile(
    r"(^|_)(loss|error|mae|mse|rmse|latency|time|duration|bytes|gib|mib)(_|$)|_(ms|s)$|^n_parameters$",
    re.IGNORECASE,
)
_NEITHER = re.compile(r"^(best_epoch|trials_\w+|system/.*)$")


def task_of(run: LoggedRun) -> str:
    """Find a run's task.

    Args:
        run: any.

    Returns:
        What it says, else what its metrics are named after; empty if neither helps.
    """
    if run.task:
        return run.task
    return next((task for task in TASKS if any(name.endswith(f"_{task}") for name in run.metrics)), "")


def short_param(name: str) -> str:
    """Name a param as users do.

    Args:
        name: logged, e.g. `common_lr`.

    Returns:
        E.g. `lr`.
    """
    for head in ("common_", *(f"{task}_" for task in TASKS)):
        if name.startswith(head) and len(name) > len(head):
            return name.removeprefix(head)
    return name


def short_params(run: LoggedRun, *, without: Iterable[str] = ()) -> dict[str, str]:
    """A run's params under users' names.

    Args:
        run: any.
        without: logged names that are left out.

    Returns:
        By name; where two would get the same one, both keep their logged names.
    """
    left_out = set(without)
    names = [name for name in run.params if name not in left_out]
    shorts = [short_param(name) for name in names]
    return {
        short if shorts.count(short) == 1 else name: run.params[name]
        for name, short in zip(names, shorts, strict=True)
    }


def model_of(run: LoggedRun) -> str:
    """Find a run's model.

    Args:
        run: any.

    Returns:
        Its name, empty if it does not say.
    """
    named = (run.params.get(f"{task}_model_name", "") for task in (task_of(run), *TASKS))
    return next((name for name in named if name), "")


def is_maximised(metric: str) -> bool | None:
    """Say which way a metric is better.

    Args:
        metric: logged name.

    Returns:
        True if larger is better, False if smaller is, None where neither can be said.
    """
    if _NEITHER.match(metric):
        return None
    if _SMALLER.search(metric):
        return False
    return True if _LARGER.search(metric) else None


def in_order(metrics: Iterable[str]) -> tuple[str, ...]:
    """Put metrics into the order in which they are read.

    Args:
        metrics: logged names.

    Returns:
        Those of the tasks first, as CLI.md has them; then what is logged once a trial; then all others.
    """
    return tuple(sorted(set(metrics), key=_rank))


def _rank(metric: str) -> tuple[int, int, int, str]:
    for at, task in enumerate(TASKS):
        if metric.endswith(f"_{task}"):
            plain = metric.removesuffix(f"_{task}")
            if plain.startswith("best_"):
                return 1, at, 0, metric
            return 0, at, _place(plain, _ORDER[task]), metric
    if metric in _ONCE:
        return 2, 0, _ONCE.index(metric), metric
    return 3, 0, 0, metric


def _place(plain: str, order: tuple[str, ...]) -> int:
    if plain in order:
        return order.index(plain)
    starts = (at for at, name in enumerate(order) if name.endswith("_") and plain.startswith(name))
    return next(starts, len(order))
