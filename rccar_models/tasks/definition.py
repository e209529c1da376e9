"""What a task is to the rest of the house: its metrics, their directions and logged names. No torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from rccar_models.options import OptionValue

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from rccar_models.cache import CachedSplit
    from rccar_models.datasets.batches import Batch
    from rccar_models.metrics.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDef:
    """One number a sweep can optimise.

    Args:
        name: as users write it (`--metric miou`).
        logged: its name in MLflow and in every report (`miou_segmentation`).
        maximise: whether larger is better.
        text: what it measures, one line.
    """

    name: str
    logged: str
    maximise: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsRequest:
    """What the steps of a task are made for.

    Args:
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, None if there is none.
        options: the trainer's options, resolved; only the steps of training need them.
    """

    classes: tuple[str, ...]
    ignore_id: int | None
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a network is on a split.

    Args:
        metrics: by logged name.
        score_threshold: detection: boxes below it are best left out (largest F1); None for segmentation.
    """

    metrics: dict[str, float]
    score_threshold: float | None = None


class TaskSteps(Protocol):
    """What one task does with batches; everything else of training and evaluation is common to all."""

    def augmented(self, batch: "Batch", generator: "torch.Generator") -> "Batch":
        """Change frames and labels alike, at random, for training."""

    def loss(self, network: "nn.Module", batch: "Batch") -> "Tensor":
        """Training loss, a scalar, of a network in training mode."""

    def evaluate(
        self,
        network: "nn.Module",
        split: "CachedSplit",
        *,
        device: "torch.device",
        batch_size: int,
        seed: int,
    ) -> Evaluation:
        """Validation loss and all metrics of a network in evaluation mode."""

    def measure(
        self,
        outputs: Callable[["Tensor"], Any],
        split: "CachedSplit",
        *,
        device: "torch.device",
        batch_size: int,
    ) -> Evaluation:
        """All metrics that follow from the outputs alone: what a packaged model can be judged by."""

    def tally(self, outputs: Callable[["Tensor"], Any], split: "CachedSplit", *, batch_size: int) -> "Tally":
        """The same image by image, on the CPU, so that it can be computed of any draw of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDef:
    """One kind of work.

    Args:
        name: as users write it.
        metrics: what can be optimised, the default first.
        text: what it is, one line.
        steps: makes its steps; imports torch itself.
    """

    name: str
    metrics: tuple[MetricDef, ...]
    text: str
    steps: Callable[[StepsRequest], TaskSteps]

    def metric(self, name: str) -> MetricDef:
        """Find a metric by the name users write.

        Args:
            name: e.g. "miou".

        Returns:
            Its definition.

        Raises:
            KeyError: the task has no such metric.
        """
        return {metric.name: metric for metric in self.metrics}[name]
