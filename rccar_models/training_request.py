"""What a training is asked for, and whether it can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.cache import CacheInfo, read_info
from rccar_models.errors import DataError, UnknownNameError
from rccar_models.models import MODELS
from rccar_models.options import OptionValue, resolve
from rccar_models.tasks import TASKS
from rccar_models.training_options import options_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to train.

    Args:
        task: "segmentation" or "detection".
        model: the model's name.
        params: options of the trainer and of the model; what is not named has its default.
        epochs: how many.
        data: folder of the frame cache.
        seed: of all chance.
        objective_metric: logged name of what makes an epoch the best.
        maximise: whether larger is better.
        checkpoint: where the best state_dict is written.
        device: "cpu", "cuda" or "cuda:0".
        n_threads: CPU threads; set for the whole process.
        weights: "default" for pretrained weights, "none", or a file.
        resume_from: folder of an earlier attempt at the same training that was cut, with its `last.pt` and
            best checkpoint; None to begin.
    """

    task: str
    model: str
    params: Mapping[str, OptionValue]
    epochs: int
    data: Path
    seed: int
    objective_metric: str
    maximise: bool
    checkpoint: Path
    device: str = "cpu"
    n_threads: int = 1
    weights: str = "none"
    resume_from: Path | None = None


def parted_options(request: TrainRequest) -> tuple[dict[str, OptionValue], dict[str, OptionValue]]:
    """Part the parameters into the trainer's and the model's; every one of them must be somebody's.

    Args:
        request: what to train.

    Returns:
        All options of the trainer and all of the model, what is not named by default.

    Raises:
        UnknownNameError: the task, the model, the metric or an option is unknown.
        OptionError: a value is outside its range.
    """
    if request.task not in TASKS or request.model not in MODELS:
        raise UnknownNameError(f"unknown task or model: {request.task!r}, {request.model!r}")
    if MODELS[request.model].task != request.task:
        raise UnknownNameError(
            f"{request.model} is a model for {MODELS[request.model].task}, not {request.task}"
        )
    known = [metric.logged for metric in TASKS[request.task].metrics]
    if request.objective_metric not in known:
        raise UnknownNameError(f"unknown metric {request.objective_metric!r}; known: {', '.join(known)}")
    of_model = {option.name: option for option in MODELS[request.model].options}
    mine = {name: value for name, value in request.params.items() if name in of_model}
    rest = {name: value for name, value in request.params.items() if name not in of_model}
    return resolve(options_of(request.task), rest), resolve(of_model, mine)


def checked_info(request: TrainRequest) -> CacheInfo:
    """Read what the data are.

    Args:
        request: what to train.

    Returns:
        The frame cache.

    Raises:
        DataError: the cache is damaged, or was made for another task.
    """
    info = read_info(request.data)
    if info.task != request.task:
        raise DataError(
            info.source, [f"was cached for {info.task}, not for {request.task}; prepare it again"]
        )
    return info
