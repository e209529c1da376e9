"""Tensors by name: read from a file without executing it, and fitted into a network."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rccar_models.errors import WeightsError

# A torn or foreign file makes torch.load raise any of these.
UNREADABLE = (
    OSError, RuntimeError, EOFError, pickle.PickleError, LookupError, ValueError, AttributeError, TypeError,
)  # fmt: skip
# How a state_dict of the same network may be prefixed: ours wraps it, DataParallel and compile add theirs.
PREFIXES = ("", "module.", "_orig_mod.", "body.")
NESTED = ("state_dict", "model_state_dict", "model")

StateDict = Mapping[str, Tensor]


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """Read tensors by name, executing nothing.

    Args:
        file: a state_dict, or a dict that holds one as "state_dict", "model_state_dict" or "model".

    Returns:
        Tensors on the CPU; entries that are no tensors are left out.

    Raises:
        WeightsError: no such file, not a torch file, or one that holds more than tensors.
    """
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{file}: cannot be read as weights ({reason}); expected a file written by "
            "torch.save(network.state_dict(), FILE)"
        ) from error
    for key in NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise WeightsError(f"{file}: holds a {type(content).__name__}, not a state_dict (names to tensors)")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def adopt(network: nn.Module, state: StateDict, *, source: str) -> str:
    """Copy every tensor that fits by name and shape; heads for other classes keep their fresh values.

    Args:
        network: changed in place.
        state: tensors by name.
        source: for messages.

    Returns:
        How much was used, if it was not everything; else an empty text.

    Raises:
        WeightsError: nothing fits.
    """
    own = network.state_dict()
    renamed = max(
        (_renamed(state, prefix) for prefix in PREFIXES), key=lambda names: len(_fitting(own, names))
    )
    used = _fitting(own, renamed)
    if not any(tensor.dim() > 1 for tensor in used.values()):
        raise WeightsError(
            f"{source}: none of its {len(state)} tensors fits this model by name and shape; "
            "is it a file of another model?"
        )
    network.load_state_dict(used, strict=False)
    # torchvision's older files lack these counters; nothing is learnt from them.
    missing = [name for name in own if name not in used and not name.endswith("num_batches_tracked")]
    if not missing:
        return ""
    shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
    return f"{source}: {len(used)} of {len(own)} tensors used; from scratch: {shown}"


def _renamed(state: StateDict, prefix: str) -> dict[str, Tensor]:
    if prefix == "body.":
        return {prefix + name: value for name, value in state.items()}
    return {name.removeprefix(prefix): value for name, value in state.items()}


def _fitting(own: StateDict, state: StateDict) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
