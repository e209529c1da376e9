"""Checkpoints: a plain state_dict in `best.pt`, and beside it `best.json` with what rebuilds the network.

`best.pt` alone loads with `torch.load(file, weights_only=True)`. The JSON names the sha256 of the file it
belongs to, so a torn or swapped file is found before it is used.
"""

import dataclasses
import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rccar_models.errors import WeightsError
from rccar_models.models import MODELS, BuildRequest
from rccar_models.options import OptionValue
from rccar_models.whole_file import write_whole

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointInfo:
    """What a state_dict belongs to.

    Args:
        task: "segmentation" or "detection".
        model: the model's name.
        options: of the model, resolved.
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, None if there is none.
        image_size: (width, height) in pixels it was trained at.
        epoch: after which it was taken, from 1.
        metrics: of that epoch, by logged name.
        score_threshold: detection: where F1 was largest.
    """

    task: str
    model: str
    options: dict[str, OptionValue]
    classes: tuple[str, ...]
    ignore_id: int | None
    image_size: tuple[int, int]
    epoch: int
    metrics: dict[str, float]
    score_threshold: float | None = None


def info_file(file: Path) -> Path:
    """Where the JSON of a checkpoint lies.

    Args:
        file: `best.pt`.

    Returns:
        `best.json` beside it.
    """
    return file.with_suffix(".json")


def sha256_of(content: bytes) -> str:
    """Hash a checkpoint.

    Args:
        content: of `best.pt`.

    Returns:
        64 hex digits, as the JSON names them.
    """
    return hashlib.sha256(content).hexdigest()


def save(file: Path, *, state: Mapping[str, Tensor], info: CheckpointInfo) -> None:
    """Write a checkpoint beside, then rename, so that a reader never sees half of it.

    Args:
        file: `best.pt`; its folder is made.
        state: of the network, on any device.
        info: what it belongs to.

    Raises:
        OSError: the disk is full or closed to us.
    """
    buffer = io.BytesIO()
    torch.save({name: tensor.detach().cpu() for name, tensor in state.items()}, buffer)
    content = buffer.getvalue()
    body = {"format": FORMAT, "sha256": sha256_of(content), **dataclasses.asdict(info)}
    write_whole(file, content)
    write_whole(info_file(file), json.dumps(body, indent=1).encode())


def load(file: Path) -> tuple[dict[str, Tensor], CheckpointInfo]:
    """Read a checkpoint onto the CPU; nothing in it is executed.

    Args:
        file: `best.pt`.

    Returns:
        The state_dict and what it belongs to.

    Raises:
        WeightsError: a file is missing, torn, of another format or does not belong to the other.
    """
    try:
        body = json.loads(info_file(file).read_text(encoding="utf-8"))
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{file}: cannot read the checkpoint and its {info_file(file).name}: {error}"
        ) from error
    if not isinstance(body, dict) or body.pop("format", None) != FORMAT:
        raise WeightsError(f"{info_file(file)}: not the description of a checkpoint of format {FORMAT}")
    if body.pop("sha256", None) != sha256_of(content):
        raise WeightsError(f"{file}: torn or not the file that {info_file(file).name} describes; train again")
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        info = CheckpointInfo(
            **{**body, "classes": tuple(body["classes"]), "image_size": tuple(body["image_size"])}
        )
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError) as error:
        raise WeightsError(f"{file}: not a checkpoint of this program: {error}") from error
    return state, info


def restore(file: Path) -> tuple[nn.Module, CheckpointInfo]:
    """Rebuild a checkpoint's network on the CPU, in evaluation mode.

    Args:
        file: `best.pt`.

    Returns:
        The network and what it belongs to.

    Raises:
        WeightsError: see `load`; or the state_dict does not fit the model.
    """
    state, info = load(file)
    network = build_network(
        model=info.model,
        options=info.options,
        n_classes=len(info.classes),
        image_size=info.image_size,
        state=state,
    )
    return network, info


def build_network(
    *,
    model: str,
    options: Mapping[str, OptionValue],
    n_classes: int,
    image_size: tuple[int, int],
    state: Mapping[str, Tensor],
) -> nn.Module:
    """Build the network that a state_dict belongs to.

    Args:
        model: its name.
        options: of the model.
        n_classes: of the data set.
        image_size: (width, height) in pixels.
        state: all its tensors.

    Returns:
        The network on the CPU, in evaluation mode.

    Raises:
        WeightsError: the model is unknown here, or the tensors do not fit it.
    """
    if model not in MODELS:
        raise WeightsError(f"model {model!r} is unknown here; known: {', '.join(sorted(MODELS))}")
    request = BuildRequest(n_classes=n_classes, image_size=image_size, options=options)
    network = MODELS[model].build(request).network
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise WeightsError(f"the state_dict does not fit {model}: {error}") from error
    # Laid out as in training: the same kernels round alike, so an evaluation gives the very same numbers.
    return network.to(memory_format=torch.channels_last).eval()
