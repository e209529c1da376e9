"""Every task, found by itself: each module here that exports `TASK` adds to the list. No torch."""

from importlib import import_module
from pkgutil import iter_modules

from rccar_models.tasks.definition import MetricDef, TaskDef


def _found() -> dict[str, TaskDef]:
    tasks: dict[str, TaskDef] = {}
    for module in sorted(iter_modules(__path__), key=lambda info: info.name):
        task = getattr(import_module(f"{__name__}.{module.name}"), "TASK", None)
        if task is not None:
            tasks[task.name] = task
    return tasks


TASKS = _found()

__all__ = ["TASKS", "MetricDef", "TaskDef"]
