"""Training: one epoch loop for every task and model.

AdamW (Loshchilov & Hutter, ICLR 2019), linear warm-up and cosine decay per step, mixed precision where
the device has it, the best checkpoint kept. Everything random comes from the request's seed: the same
request on the same CPU gives the same metrics, bit by bit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rccar_models import checkpoints
from rccar_models.earlier import Earlier
from rccar_models.errors import NonFiniteLossError, OptionError
from rccar_models.training_request import TrainRequest
from rccar_models.training_run import open_run

__all__ = ["TrainOutcome", "TrainRequest", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOutcome:
    """What came of it.

    Args:
        best_epoch: from 1.
        metrics: of the best epoch, by logged name.
        epochs: done.
        stopped: whether `on_epoch` ended it.
        n_parameters: of the network.
        weights: what the network started from.
        notes: what the user should know.
    """

    best_epoch: int
    metrics: Mapping[str, float]
    epochs: int
    stopped: bool
    n_parameters: int
    weights: str
    notes: tuple[str, ...]


def train(
    request: TrainRequest,
    on_epoch: Callable[[int, Mapping[str, float]], bool],
    on_resumed: Callable[[Earlier], None] = lambda _: None,
) -> TrainOutcome:
    """Train a network and keep its best checkpoint, and in `last.pt` what it needs to go on after a cut.

    Args:
        request: what to train. Seeds torch's random state and sets its number of threads.
        on_epoch: takes the epoch, from 1, and its metrics by logged name; False stops.
        on_resumed: told before the first epoch what an earlier attempt has done, if it is gone on from.

    Returns:
        The best epoch and what else there is to say. Its checkpoint is on disk.

    Raises:
        UnknownNameError: the task, the model, the metric or an option is unknown.
        DataError: the cache is damaged, or was made for another task.
        OptionError: an option is outside its range, or the batch is larger than the training split.
        WeightsError: the weights file cannot be used.
        NonFiniteLossError: a loss became NaN or infinite.
        OSError: the best checkpoint cannot be written.
    """
    run, best = open_run(request)
    if best is not None:
        on_resumed(run.earlier(best))
    goes_on = True
    while goes_on and run.epoch < request.epochs:
        run.epoch += 1
        train_loss = run.train_epoch()
        evaluation = run.evaluate()
        metrics = {f"train_loss_{request.task}": train_loss, **evaluation.metrics}
        _check_losses(metrics, task=request.task, epoch=run.epoch)
        if best is None or _is_better(request, metrics, best.metrics):
            best = run.checkpoint_info(metrics, evaluation.score_threshold)
            checkpoints.save(request.checkpoint, state=run.network.state_dict(), info=best)
        goes_on = on_epoch(run.epoch, metrics)
        # After the report: an epoch that a cut kept from being reported is run and reported again.
        run.keep_progress(best, at_once=not goes_on)
    if best is None:
        raise OptionError(f"epochs: {request.epochs} is below the smallest allowed value 1")
    return TrainOutcome(
        best_epoch=best.epoch,
        metrics=best.metrics,
        epochs=run.epoch,
        stopped=not goes_on,
        n_parameters=sum(parameter.numel() for parameter in run.network.parameters()),
        weights=run.built.weights,
        notes=tuple(run.notes),
    )


def _is_better(request: TrainRequest, metrics: Mapping[str, float], best: Mapping[str, float]) -> bool:
    value, other = metrics[request.objective_metric], best[request.objective_metric]
    return value > other if request.maximise else value < other


def _check_losses(metrics: Mapping[str, float], *, task: str, epoch: int) -> None:
    for name in (f"train_loss_{task}", f"val_loss_{task}"):
        if not math.isfinite(metrics[name]):
            raise NonFiniteLossError(f"{name} became {metrics[name]} in epoch {epoch}; a smaller lr may help")
