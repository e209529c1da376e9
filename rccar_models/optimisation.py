"""One optimiser step: AdamW, warm-up and cosine schedule, clipping, mixed precision."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rccar_models.options import OptionValue

LARGEST_GRADIENT_NORM = 10.0
"""Gradients are clipped to this norm. A healthy step lies far below; it catches the outliers of the first
steps at a high learning rate (Pascanu et al., On the difficulty of training RNNs, ICML 2013)."""


class Optimisation:
    """Turns losses into better weights.

    Args:
        network: on `device`.
        options: of the trainer: lr, weight_decay, warmup.
        n_steps: in the whole training.
        device: where the network is.
    """

    def __init__(
        self, network: nn.Module, *, options: Mapping[str, OptionValue], n_steps: int, device: torch.device
    ) -> None:
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(
            _groups(self._parameters, weight_decay=float(options["weight_decay"])),
            lr=float(options["lr"]),
            fused=True,  # one kernel for all tensors: on a CPU, too, several times faster than the loop
        )
        n_warmup = round(float(options["warmup"]) * n_steps)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: learning_rate_factor(step, n_warmup=n_warmup, n_steps=n_steps)
        )
        self._device = device
        self._dtype = mixed_precision(device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._dtype is torch.float16)

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which to compute the loss.

        Returns:
            Mixed precision on devices that have it; float32 on a CPU.
        """
        return torch.autocast(self._device.type, dtype=self._dtype, enabled=self._dtype is not None)

    def step(self, loss: Tensor) -> None:
        """Change the weights once.

        Args:
            loss: a scalar.
        """
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch's
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._parameters, LARGEST_GRADIENT_NORM)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._schedule.step()

    def state(self) -> dict[str, dict[str, Any]]:
        """Everything that the next step depends on beside the network.

        Returns:
            States of optimiser, schedule and scaler: tensors on the device, numbers and texts.
        """
        return {name: part.state_dict() for name, part in self._parts()}

    def restore(self, state: Mapping[str, dict[str, Any]]) -> None:
        """Go on from there.

        Args:
            state: of `state`, of the same network and options; tensors on any device.

        Raises:
            KeyError: a part is missing.
            ValueError: it is of another network.
        """
        for name, part in self._parts():
            part.load_state_dict(state[name])

    def _parts(self) -> tuple[tuple[str, "_Stateful"], ...]:
        return ("optimiser", self._optimiser), ("schedule", self._schedule), ("scaler", self._scaler)


class _Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


def learning_rate_factor(step: int, *, n_warmup: int, n_steps: int) -> float:
    """Linear rise to 1, then half a cosine to 0.

    Args:
        step: from 0.
        n_warmup: steps of the rise.
        n_steps: of the whole training.

    Returns:
        What the peak learning rate is multiplied with, in (0, 1].
    """
    if step < n_warmup:
        return (step + 1) / (n_warmup + 1)
    share = (step - n_warmup) / max(1, n_steps - n_warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))


def mixed_precision(device: torch.device) -> torch.dtype | None:
    """Choose the type of mixed precision.

    Args:
        device: where the network is.

    Returns:
        bfloat16 where a GPU computes with it, else float16 on GPUs, None (float32 throughout) on a CPU.
    """
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _groups(parameters: list[nn.Parameter], *, weight_decay: float) -> list[dict[str, object]]:
    # Biases and normalisation are not decayed (He et al., Bag of Tricks, CVPR 2019, section 3.1).
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
