"""A training that is not at its end: everything it needs to go on, in `last.pt`.

The file is a torch archive, and behind it one line of JSON, its seal: a format number and the archive's
sha256. It is one file so that no crash can part the two. It loads with `torch.load(..., weights_only=True)`.
"""

import hashlib
import io
import json
import math
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rccar_models.errors import WeightsError
from rccar_models.options import OptionValue
from rccar_models.whole_file import write_whole

FORMAT = 1

SMALL_BYTES = 32 * 2**20
"""Up to here written after every epoch, in hundredths of a second. unet_resnet18: 164 MiB, half a second."""

LARGEST_SHARE = 0.05
"""Of the time that training takes, for writing larger ones."""

MadeFor = Mapping[str, OptionValue]
"""Facts that make a training what it is: task, model, seed, digest of the data, every option, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Where a training stands after an epoch.

    Args:
        made_for: of which training.
        epoch: the last finished one, from 1.
        best_epoch: whose checkpoint lies beside it.
        best_metrics: of that epoch, by logged name.
        train_time_s: spent so far.
        network: its state_dict.
        optimisation: states of optimiser, schedule and scaler.
        chance: states of the random generators, uint8, by name.
    """

    made_for: dict[str, OptionValue]
    epoch: int
    best_epoch: int
    best_metrics: dict[str, float]
    train_time_s: float
    network: dict[str, Tensor]
    optimisation: dict[str, dict[str, Any]]
    chance: dict[str, Tensor]

    def goes_with(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Say whether a best checkpoint may lie beside this.

        Args:
            epoch: of the checkpoint.
            metrics: of that epoch.

        Returns:
            True for the checkpoint that was there when this was written, and for a later one: the cut may
            have come between the two, or the disk was full for the one and not for the other.
        """
        return epoch > self.epoch or (epoch, metrics) == (self.best_epoch, self.best_metrics)


class ProgressFile:
    """The `last.pt` of one attempt, rewritten as often as costs next to nothing.

    Args:
        file: `last.pt`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._due_s = -math.inf

    def write(self, unfinished: Unfinished, *, at_once: bool) -> None:
        """Write where a training stands, unless it is large and was written just now.

        Args:
            unfinished: where it stands.
            at_once: whether training ends here, so that there is no later time for it.

        Raises:
            OSError: the disk is full or closed to us; what was written before is still there.
        """
        began_s = time.perf_counter()
        if at_once or began_s >= self._due_s:
            n_bytes = save(self._file, unfinished)
            self._due_s = began_s + period_s(n_bytes, writing_s=time.perf_counter() - began_s)


def period_s(n_bytes: int, *, writing_s: float) -> float:
    """Say how long one writing is to be enough.

    Args:
        n_bytes: of the file.
        writing_s: what it took.

    Returns:
        Seconds from its beginning; 0 where every epoch may write.
    """
    return 0.0 if n_bytes <= SMALL_BYTES else writing_s / LARGEST_SHARE


def save(file: Path, unfinished: Unfinished) -> int:
    """Write where a training stands in place of what was written before.

    Args:
        file: `last.pt`.
        unfinished: where it stands; tensors on any device.

    Returns:
        Size of the archive in bytes.

    Raises:
        OSError: the disk is full or closed to us; what was written before is still there.
    """
    buffer = io.BytesIO()
    torch.save({field.name: getattr(unfinished, field.name) for field in fields(Unfinished)}, buffer)
    archive = buffer.getbuffer()
    seal = {"format": FORMAT, "sha256": hashlib.sha256(archive).hexdigest()}
    write_whole(file, archive, f"\n{json.dumps(seal)}".encode())
    return archive.nbytes


def load(file: Path, *, made_for: MadeFor) -> Unfinished:
    """Read where a training stood, onto the CPU; nothing in the file is executed.

    Args:
        file: `last.pt`.
        made_for: the training that is to go on.

    Returns:
        Where it stood.

    Raises:
        WeightsError: the file is missing, torn, altered, of another format or of another training.
    """
    archive = _unsealed(file)
    try:
        body = torch.load(io.BytesIO(archive), map_location="cpu", weights_only=True)
        unfinished = Unfinished(**body)
        its_own = dict(unfinished.made_for)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, ValueError) as error:
        raise WeightsError(f"{file}: not an unfinished training of this program: {error}") from error
    others = [
        f"{name}: {its_own.get(name)!r} there, {made_for.get(name)!r} here"
        for name in sorted({*its_own, *made_for})
        if its_own.get(name) != made_for.get(name)
    ]
    if others:
        raise WeightsError(f"{file}: of another training ({'; '.join(others)})")
    return unfinished


def _unsealed(file: Path) -> bytes:
    try:
        archive, _, line = file.read_bytes().rpartition(b"\n")
    except OSError as error:
        raise WeightsError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        seal = json.loads(line)
    except ValueError:
        seal = None
    if not isinstance(seal, dict):
        raise WeightsError(f"{file}: torn")
    if seal.get("format") != FORMAT:
        raise WeightsError(f"{file}: of format {seal.get('format')}, this program writes {FORMAT}")
    if seal.get("sha256") != hashlib.sha256(archive).hexdigest():
        raise WeightsError(f"{file}: torn or altered")
    return archive
