"""One training at hand: its network, data, optimiser and chance, and how they outlive a cut.

What an epoch needs of the ones before lies in `last.pt` beside the best checkpoint. A training that goes on
from there computes, on a CPU, the same bits as one that was never cut.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from rccar_models import checkpoints, unfinished
from rccar_models.cache import CachedSplit, CacheInfo, open_split
from rccar_models.checkpoints import CheckpointInfo
from rccar_models.datasets.batches import gather, shuffled_chunks
from rccar_models.earlier import LAST, Earlier
from rccar_models.errors import OptionError, WeightsError
from rccar_models.evaluation import evaluate
from rccar_models.models import MODELS, BuildRequest, BuiltModel
from rccar_models.optimisation import Optimisation
from rccar_models.options import OptionValue
from rccar_models.seeding import derived_seed
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import Evaluation, StepsRequest, TaskSteps
from rccar_models.training_request import TrainRequest, checked_info, parted_options
from rccar_models.unfinished import ProgressFile, Unfinished


def open_run(request: TrainRequest) -> tuple["TrainingRun", CheckpointInfo | None]:
    """Prepare a training, or go on with one that was cut.

    Args:
        request: what to train.

    Returns:
        The training, and its best checkpoint so far, None before the first epoch. Where the earlier attempt
        left nothing that can be gone on from, the training begins, and its notes say why.

    Raises:
        UnknownNameError, DataError, OptionError, WeightsError: see `train`.
        OSError: the earlier attempt's best checkpoint cannot be taken over: the disk is full.
    """
    run = TrainingRun.prepared(request)
    if request.resume_from is None:
        return run, None
    try:
        return run, run.resume(request.resume_from)
    except WeightsError as error:
        run = TrainingRun.prepared(request)  # half of the other one's state may have been changed
        run.notes.append(f"begun anew from epoch 1: what the earlier attempt left is of no use: {error}")
        return run, None


@dataclass(slots=True, kw_only=True)
class TrainingRun:
    """Everything one training needs at hand.

    Args:
        request: what to train.
        info: of the frame cache.
        training: its frames to learn from.
        validation: its frames to be judged on.
        built: the network.
        options: of the trainer.
        model_options: of the model.
        steps: the task's.
        optimisation: turns losses into better weights.
        device: where the network is.
        generator: decides the order of frames and their augmentation.
        progress: takes down where training stands.
        epoch: the one at work or just finished, from 1; 0 before the first.
        began_s: on the clock `time.perf_counter`, set back by what earlier attempts took.
        notes: what the user should know.
    """

    request: TrainRequest
    info: CacheInfo
    training: CachedSplit
    validation: CachedSplit
    built: BuiltModel
    options: dict[str, OptionValue]
    model_options: dict[str, OptionValue]
    steps: TaskSteps
    optimisation: Optimisation
    device: torch.device
    generator: torch.Generator
    progress: ProgressFile
    epoch: int = 0
    began_s: float = field(default_factory=time.perf_counter)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def prepared(cls, request: TrainRequest) -> "TrainingRun":
        """Check the request, build the network and open the data."""
        options, model_options = parted_options(request)
        info = checked_info(request)
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
            options=options,
            model_options=model_options,
            steps=TASKS[request.task].steps(
                StepsRequest(classes=info.classes, ignore_id=info.ignore_id, options=options)
            ),
            optimisation=Optimisation(
                network, options=options, n_steps=request.epochs * steps_an_epoch, device=device
            ),
            device=device,
            generator=torch.Generator().manual_seed(derived_seed(request.seed, "frames")),
            progress=ProgressFile(request.checkpoint.with_name(LAST)),
            notes=[built.note] if built.note else [],
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
        batch_size = int(self.options["batch_size"])
        for indices in shuffled_chunks(n_frames, batch_size=batch_size, generator=self.generator):
            batch = self.steps.augmented(gather(self.training, indices, device=self.device), self.generator)
            with self.optimisation.autocast():
                loss = self.steps.loss(self.network, batch)
            self.optimisation.step(loss)
            # Summed on the device: reading it every step would wait for it.
            total += loss.detach() * len(indices)
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

    def checkpoint_info(self, metrics: Mapping[str, float], score_threshold: float | None) -> CheckpointInfo:
        """Describe the network as it is now."""
        return CheckpointInfo(
            task=self.request.task,
            model=self.request.model,
            options=self.model_options,
            classes=self.info.classes,
            ignore_id=self.info.ignore_id,
            image_size=self.info.image_size,
            epoch=self.epoch,
            metrics=dict(metrics),
            score_threshold=score_threshold,
        )

    def keep_progress(self, best: CheckpointInfo, *, at_once: bool) -> None:
        """Write down where training stands; a disk that does not take it is noted once, and training goes on.

        Args:
            best: the best checkpoint so far.
            at_once: also where a large file was written just now.
        """
        standing = Unfinished(
            made_for=self._made_for(),
            epoch=self.epoch,
            best_epoch=best.epoch,
            best_metrics=best.metrics,
            train_time_s=time.perf_counter() - self.began_s,
            network=dict(self.network.state_dict()),
            optimisation=self.optimisation.state(),
            chance=self._chance(),
        )
        try:
            self.progress.write(standing, at_once=at_once)
        except OSError as error:
            note = f"{error}: the trial went on, but cut then it would have gone on from an earlier epoch"
            if note not in self.notes:
                self.notes.append(note)

    def resume(self, folder: Path) -> CheckpointInfo:
        """Take over where an earlier attempt stood, and its files.

        Args:
            folder: of the earlier attempt.

        Returns:
            The best checkpoint so far; it and `last.pt` are in this attempt's folder now, too.

        Raises:
            WeightsError: a file is missing, damaged or of another training; this run is of no use any more.
            OSError: the disk is full.
        """
        standing = unfinished.load(folder / LAST, made_for=self._made_for())
        state, best = checkpoints.load(folder / self.request.checkpoint.name)
        if not standing.goes_with(best.epoch, best.metrics):
            raise WeightsError(f"{folder}: the checkpoint, of epoch {best.epoch}, does not go with {LAST}")
        try:
            self.network.load_state_dict(standing.network)
            self.optimisation.restore(standing.optimisation)
            self._set_chance(standing.chance)
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(f"{folder / LAST}: does not fit {self.request.model}: {error}") from error
        self.epoch = standing.epoch
        self.began_s -= standing.train_time_s
        checkpoints.save(self.request.checkpoint, state=state, info=best)
        self.keep_progress(best, at_once=True)
        return best

    def earlier(self, best: CheckpointInfo) -> Earlier:
        """Say what was done before this attempt.

        Args:
            best: the best checkpoint so far.

        Returns:
            Epochs, best epoch and time.
        """
        return Earlier(
            epochs=self.epoch,
            best_epoch=best.epoch,
            metrics=best.metrics,
            train_time_s=time.perf_counter() - self.began_s,
        )

    def _made_for(self) -> dict[str, OptionValue]:
        """Everything that decides what is computed, but the machine."""
        width, height = self.info.image_size
        return {
            **self.options,
            **self.model_options,
            "task": self.request.task,
            "model": self.request.model,
            "seed": self.request.seed,
            "epochs": self.request.epochs,
            "weights": self.request.weights,
            "data": self.info.digest,
            "image_size": f"{width}x{height}",
            "objective": self.request.objective_metric,
            "maximise": self.request.maximise,
        }

    def _chance(self) -> dict[str, Tensor]:
        states = {"frames": self.generator.get_state(), "torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def _set_chance(self, states: Mapping[str, Tensor]) -> None:
        self.generator.set_state(states["frames"])
        torch.set_rng_state(states["torch"])
        if self.device.type == "cuda" and "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"], self.device)


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
