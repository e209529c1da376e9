"""How good a network is on a split: the one function of training, re-evaluation and loaded models."""

import torch
from torch import nn

from rccar_models.cache import CachedSplit
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import Evaluation, StepsRequest

BATCH_SIZE = 16
"""Frames a batch. Fixed, not the trial's: rounding then is the same in every evaluation of a network."""


def evaluate(
    network: nn.Module,
    split: CachedSplit,
    *,
    task: str,
    classes: tuple[str, ...],
    ignore_id: int | None,
    device: torch.device,
    seed: int = 0,
) -> Evaluation:
    """Compute the validation loss and all metrics in float32.

    Leaves the network's buffers, its mode and the random state as they were.

    Args:
        network: on `device`.
        split: of the frame cache.
        task: "segmentation" or "detection".
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, None if there is none.
        device: where to compute.
        seed: of detectors whose validation loss samples.

    Returns:
        Metrics by logged name (`val_loss_segmentation`, `miou_segmentation`, ...).
    """
    steps = TASKS[task].steps(StepsRequest(classes=classes, ignore_id=ignore_id))
    was_training = network.training
    network.eval()
    try:
        # TensorFloat-32, the default of convolutions on GPUs, has 10 bits of mantissa: a CPU could not
        # reproduce the logged metric to 1e-4.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return steps.evaluate(network, split, device=device, batch_size=BATCH_SIZE, seed=seed)
    finally:
        network.train(was_training)
