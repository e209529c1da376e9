"""Training: one epoch loop for every task and model.

AdamW (Loshchilov & Hutter, ICLR 2019), linear warm-up and cosine decay per step, mixed precision where
the device has it, the best checkpoint kept. Everything random comes from the request's seed: the same
request on the same CPU gives the same metrics, bit by bit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from rccar_models import checkpoints
from rccar_models.cache import CachedSplit, CacheInfo, open_split, read_info
from rccar_models.checkpoints import CheckpointInfo
from rccar_models.datasets.batches import gather, shuffled_chunks
from rccar_models.errors import DataError, NonFiniteLossError, OptionError, UnknownNameError
from rccar_models.evaluation import evaluate
from rccar_models.models import MODELS, BuildRequest, BuiltModel
from rccar_models.optimisation import Optimisation
from rccar_models.options import OptionValue, resolve
from rccar_models.seeding import derived_seed
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import Evaluation, StepsRequest, TaskSteps
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


def train(request: TrainRequest, on_epoch: Callable[[int, Mapping[str, float]], bool]) -> TrainOutcome:
    """Train a network and keep its best checkpoint.

    Args:
        request: what to train. Seeds torch's random state and sets its number of threads.
        on_epoch: takes the epoch, from 1, and its metrics by logged name; False stops.

    Returns:
        The best epoch and what else there is to say. Its checkpoint is on disk.

    Raises:
        UnknownNameError: the task, the model, the metric or an option is unknown.
        DataError: the cache is damaged, or was made for another task.
        OptionError: an option is outside its range, or the batch is larger than the training split.
        WeightsError: the weights file cannot be used.
        NonFiniteLossError: a loss became NaN or infinite.
    """
    run = _Run.prepared(request)
    best: CheckpointInfo | None = None
    epoch, goes_on = 0, True
    while goes_on and epoch < request.epochs:
        epoch += 1
        train_loss = run.train_epoch()
        evaluation = run.evaluate()
        metrics = {f"train_loss_{request.task}": train_loss, **evaluation.metrics}
        _check_losses(metrics, task=request.task, epoch=epoch)
        if best is None or _is_better(request, metrics, best.metrics):
            best = run.checkpoint_info(epoch, metrics, evaluation.score_threshold)
            checkpoints.save(request.checkpoint, state=run.network.state_dict(), info=best)
        goes_on = on_epoch(epoch, metrics)
    if best is None:
        raise OptionError(f"epochs: {request.epochs} is below the smallest allowed value 1")
    return TrainOutcome(
        best_epoch=best.epoch,
        metrics=best.metrics,
        epochs=epoch,
        stopped=not goes_on,
        n_parameters=sum(parameter.numel() for parameter in run.network.parameters()),
        weights=run.built.weights,
        notes=(run.built.note,) if run.built.note else (),
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """Everything one training needs at hand."""

    request: TrainRequest
    info: CacheInfo
    training: CachedSplit
    validation: CachedSplit
    built: BuiltModel
    model_options: dict[str, OptionValue]
    batch_size: int
    steps: TaskSteps
    optimisation: Optimisation
    device: torch.device
    generator: torch.Generator = field(default_factory=torch.Generator)

    @classmethod
    def prepared(cls, request: TrainRequest) -> "_Run":
        """Check the request, build the network and open the data."""
        options, model_options = _options(request)
        info = _checked_info(request)
        training = open_split(request.data, "train")
        batch_size = _checked_batch_size(int(options["batch_size"]), n_frames=len(training.images))
        torch.set_num_threads(request.n_threads)
        torch.manual_seed(derived_seed(request.seed, "network"))
        built = _build(request, info, model_options)
        device = torch.device(request.device)
        network = built.network.to(device).to(memory_format=torch.channels_last)
        steps_an_epoch = len(
            shuffled_chunks(len(training.images), batch_size=batch_size, generator=torch.Generator())
        )
        return cls(
            request=request,
            info=info,
            training=training,
            validation=open_split(request.data, "val"),
            built=built,
            model_options=model_options,
            batch_size=batch_size,
            steps=TASKS[request.task].steps(
                StepsRequest(classes=info.classes, ignore_id=info.ignore_id, options=options)
            ),
            optimisation=Optimisation(
                network, options=options, n_steps=request.epochs * steps_an_epoch, device=device
            ),
            device=device,
            generator=torch.Generator().manual_seed(derived_seed(request.seed, "frames")),
        )

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self.built.network

    def train_epoch(self) -> float:
        """Show every training frame once.

        Returns:
            Mean loss of a frame.
        """
        self.network.train()
        total = torch.zeros((), device=self.device)
        n_frames = len(self.training.images)
        for indices in shuffled_chunks(n_frames, batch_size=self.batch_size, generator=self.generator):
            batch = self.steps.augmented(gather(self.training, indices, device=self.device), self.generator)
            with self.optimisation.autocast():
                loss = self.steps.loss(self.network, batch)
            self.optimisation.step(loss)
            total += loss.detach() * len(
                indices
            )  # summed on the device: reading it every step would wait for it
        return float(total) / n_frames

    def evaluate(self) -> Evaluation:
        """Judge the network on the validation split."""
        return evaluate(
            self.network,
            self.validation,
            task=self.request.task,
            classes=self.info.classes,
            ignore_id=self.info.ignore_id,
            device=self.device,
            seed=self.request.seed,
        )

    def checkpoint_info(
        self, epoch: int, metrics: Mapping[str, float], score_threshold: float | None
    ) -> CheckpointInfo:
        """Describe the network as it is now."""
        return CheckpointInfo(
            task=self.request.task,
            model=self.request.model,
            options=self.model_options,
            classes=self.info.classes,
            ignore_id=self.info.ignore_id,
            image_size=self.info.image_size,
            epoch=epoch,
            metrics=dict(metrics),
            score_threshold=score_threshold,
        )


def _options(request: TrainRequest) -> tuple[dict[str, OptionValue], dict[str, OptionValue]]:
    """Part the parameters into the trainer's and the model's; every one of them must be somebody's."""
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


def _checked_info(request: TrainRequest) -> CacheInfo:
    info = read_info(request.data)
    if info.task != request.task:
        raise DataError(
            info.source, [f"was cached for {info.task}, not for {request.task}; prepare it again"]
        )
    return info


def _checked_batch_size(batch_size: int, *, n_frames: int) -> int:
    if batch_size > n_frames:
        raise OptionError(
            f"batch_size: {batch_size} is more than the {n_frames} training frames; set it to at most that"
        )
    return batch_size


def _build(request: TrainRequest, info: CacheInfo, options: Mapping[str, OptionValue]) -> BuiltModel:
    return MODELS[request.model].build(
        BuildRequest(
            n_classes=len(info.classes), image_size=info.image_size, options=options, weights=request.weights
        )
    )


def _is_better(request: TrainRequest, metrics: Mapping[str, float], best: Mapping[str, float]) -> bool:
    value, other = metrics[request.objective_metric], best[request.objective_metric]
    return value > other if request.maximise else value < other


def _check_losses(metrics: Mapping[str, float], *, task: str, epoch: int) -> None:
    for name in (f"train_loss_{task}", f"val_loss_{task}"):
        if not math.isfinite(metrics[name]):
            raise NonFiniteLossError(f"{name} became {metrics[name]} in epoch {epoch}; a smaller lr may help")
