"""Every name users can write, answered without torch: models, tasks, formats, trainers and their options.

Beside `sweep.workshop` the only module of the office that imports `rccar_models`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Generic, TypeVar

from rccar_models.formats.definition import FormatDef
from rccar_models.metrics import METRICS_VERSION
from rccar_models.models.definition import ModelDef
from rccar_models.options import Option
from rccar_models.tasks.definition import MetricDef, TaskDef
from sweep.errors import InputError

T = TypeVar("T")

__all__ = [
    "EXECUTORS",
    "FORMATS",
    "METRICS_VERSION",
    "MODELS",
    "PRUNERS",
    "SAMPLERS",
    "TASKS",
    "TRAINERS",
    "Catalog",
    "Option",
    "TrainerDef",
    "logged_param_name",
    "metric_of",
    "models_of",
    "near",
    "options_for",
    "trainer_options",
    "unknown",
]

EXECUTORS = ("inline", "local")
SAMPLERS = ("tpe", "gp", "random", "grid", "qmc")
PRUNERS = ("median", "hyperband", "asha", "patient", "none")


def near(name: str, known: Iterable[str]) -> str | None:
    """Guess what was meant.

    Args:
        name: what the user wrote.
        known: what there is.

    Returns:
        The most similar known name, None if none is similar.
    """
    by_lower_case = {word.lower(): word for word in known}
    matches = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[matches[0]] if matches else None


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Say that a name is unknown, with the near one and all there are.

    Args:
        kind: what it should name, e.g. "model".
        name: what the user wrote.
        known: what there is.

    Returns:
        A sentence.
    """
    names = list(known)
    guess = near(str(name), names)
    meant = f"did you mean {guess}? " if guess else ""
    return f"unknown {kind} {str(name)!r}; {meant}known: {', '.join(names)}"


class Catalog(Generic[T]):
    """Names of one kind and what they stand for.

    Args:
        kind: what is named, for messages.
        load: gives the entries by name; called when they are first needed.
    """

    def __init__(self, kind: str, load: Callable[[], Mapping[str, T]]) -> None:
        self._kind = kind
        self._load = load

    @cached_property
    def _entries(self) -> Mapping[str, T]:
        return self._load()

    def names(self) -> tuple[str, ...]:
        """All names, in the order of the catalog."""
        return tuple(self._entries)

    def get(self, name: str) -> T:
        """Find an entry.

        Args:
            name: as the user wrote it.

        Returns:
            What it stands for.

        Raises:
            InputError: there is no such name; the message has the near one and all known ones.
        """
        if name not in self._entries:
            raise InputError(unknown(self._kind, name, self._entries))
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerDef:
    """One way to run a trial.

    Args:
        name: as users write it.
        options: what it accepts beside a model's own options.
        text: what it is, one line.
    """

    name: str
    options: tuple[Option, ...]
    text: str


def _models() -> Mapping[str, ModelDef]:
    from rccar_models.models import MODELS

    return MODELS


def _tasks() -> Mapping[str, TaskDef]:
    from rccar_models.tasks import TASKS

    return TASKS


def _formats() -> Mapping[str, FormatDef]:
    from rccar_models.formats import FORMATS

    return FORMATS


def _trainers() -> Mapping[str, TrainerDef]:
    from rccar_models.training_options import OPTIONS, STAND_IN_OPTIONS

    return {
        "torch": TrainerDef(name="torch", options=OPTIONS, text="trains the model on the data"),
        "stand_in": TrainerDef(
            name="stand_in",
            options=STAND_IN_OPTIONS,
            text="learning curves out of a formula, to try a set-up",
        ),
    }


MODELS: Catalog[ModelDef] = Catalog("model", _models)
TASKS: Catalog[TaskDef] = Catalog("task", _tasks)
FORMATS: Catalog[FormatDef] = Catalog("data format", _formats)
TRAINERS: Catalog[TrainerDef] = Catalog("trainer", _trainers)


def models_of(task: str) -> tuple[str, ...]:
    """Models that serve a task.

    Args:
        task: its name.

    Returns:
        Their names.
    """
    return tuple(model.name for model in MODELS if model.task == task)


def metric_of(task: str, name: str | None) -> MetricDef:
    """Find what a sweep optimises.

    Args:
        task: its name.
        name: as users write it; None for the task's default.

    Returns:
        The metric.

    Raises:
        InputError: there is no such task, or it has no such metric.
    """
    metrics = {metric.name: metric for metric in TASKS.get(task).metrics}
    if name is None:
        return next(iter(metrics.values()))
    if name not in metrics:
        raise InputError(unknown(f"metric of {task}", name, metrics))
    return metrics[name]


def trainer_options(trainer: str, task: str) -> dict[str, Option]:
    """What a trainer accepts for a task, whatever the model.

    Args:
        trainer: its name.
        task: options of other tasks are left out.

    Returns:
        Options by name.

    Raises:
        InputError: there is no such trainer.
    """
    return {option.name: option for option in TRAINERS.get(trainer).options if option.task in {None, task}}


def options_for(trainer: str, task: str, models: Iterable[str]) -> dict[str, Option]:
    """Everything that can be set for some models.

    Args:
        trainer: its name.
        task: its name.
        models: names of models.

    Returns:
        Options by name: the trainer's, then each model's own. Where two models have an option of the
        same name, the first one's; `MODELS.get(model).options` has each model's.

    Raises:
        InputError: a name is unknown.
    """
    options = trainer_options(trainer, task)
    for model in models:
        for option in MODELS.get(model).options:
            options.setdefault(option.name, option)
    return options


def logged_param_name(task: str, param: str) -> str:
    """Name of a parameter in MLflow.

    Args:
        task: of the sweep.
        param: as users write it in a search space, or "epochs".

    Returns:
        `common_NAME`, or `segmentation_NAME` / `detection_NAME` for the model's name, for options of one
        task only, and for a model's own options.
    """
    shared = {option.name for trainer in TRAINERS for option in trainer.options if option.task is None}
    return f"common_{param}" if param in shared | {"epochs"} else f"{task}_{param}"
