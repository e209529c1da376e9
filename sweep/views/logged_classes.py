"""What a run logged of each class, for one that nobody evaluated. Pure."""

import re
from dataclasses import dataclass

from sweep.evaluation import ClassFigures, Evaluation
from sweep.logged_run import LoggedRun
from sweep.views.best_epoch import Curves, best_epoch, value_at

_OF_A_CLASS = re.compile(r"(iou|dice)_(.+)_segmentation")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedClasses:
    """A run class by class.

    Args:
        evaluation: with the classes alone.
        is_last: whether a figure of it is of the last epoch, for want of the best one.
    """

    evaluation: Evaluation
    is_last: bool = False


def class_metrics(run: LoggedRun) -> tuple[str, ...]:
    """Find the metrics that are of one class each.

    Args:
        run: any.

    Returns:
        Logged names, e.g. `iou_road_segmentation`; none of a detection.
    """
    return tuple(metric for metric in run.metrics if _OF_A_CLASS.fullmatch(metric))


def logged_classes(run: LoggedRun, curves: Curves) -> LoggedClasses | None:
    """Put together what a run logged of its classes.

    Args:
        run: any.
        curves: of `class_metrics` and of what the run is judged by, as many as there are.

    Returns:
        The figures at its best epoch, at the last one where that is not known; None without any.
    """
    epoch, is_last = best_epoch(run, curves), False
    figures: dict[str, dict[str, float]] = {}
    for metric in class_metrics(run):
        match = _OF_A_CLASS.fullmatch(metric)
        found = value_at(run, metric, curve=curves.get(metric), epoch=epoch)
        if match and found is not None:
            figures.setdefault(match[2], {})[match[1]] = found.value
            is_last |= found.is_last
    if not figures:
        return None
    classes = tuple(ClassFigures(name=name, n_true=0, figures=of) for name, of in figures.items())
    evaluation = Evaluation(trial_uid="", run_name=run.name, task="segmentation", classes=classes)
    return LoggedClasses(evaluation=evaluation, is_last=is_last)
