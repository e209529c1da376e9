"""Packages: a checkpoint as a folder that `predictor.load_predictor` turns into masks and boxes.

Segmentation networks and SSD-like detectors are written as pt2 (torch.export) with a dynamic batch; of a
detector only the part before non-maximum suppression, whose settings go into the card. Networks that
torch.export cannot write (Faster R-CNN) become a state_dict and a card that rebuilds them.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rccar_models import checkpoints
from rccar_models.models import MODELS
from rccar_models.models.detectors.raw import nms_settings, raw_head
from rccar_models.predictor import CARD, PredictorCard, write_card

PT2_FILE = "network.pt2"
STATE_FILE = "network.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packable:
    """What a package is made from.

    Args:
        whole: the network as it was trained, on the CPU, in evaluation mode.
        network: what is written: a copy of `whole`, or of its part before non-maximum suppression.
        card: describes it.
        example: (2, 3, H, W) float32; two frames, since export would freeze a batch of one.
    """

    whole: nn.Module
    network: nn.Module
    card: PredictorCard
    example: Tensor


def packable(checkpoint: Path) -> Packable:
    """Rebuild a checkpoint's network for packaging.

    Args:
        checkpoint: `best.pt`.

    Returns:
        The network and its card, whose `file` names one of this module's files.

    Raises:
        WeightsError: the checkpoint cannot be used.
    """
    network, info = checkpoints.restore(checkpoint)
    is_exportable = MODELS[info.model].exportable
    is_cut = is_exportable and info.task == "detection"
    card = PredictorCard(
        kind="pt2" if is_exportable else "state_dict",
        file=PT2_FILE if is_exportable else STATE_FILE,
        task=info.task,
        model=info.model,
        options=info.options,
        classes=info.classes,
        ignore_id=info.ignore_id,
        image_size=info.image_size,
        score_threshold=info.score_threshold,
        nms=nms_settings(network) if is_cut else None,
    )
    width, height = info.image_size
    return Packable(
        whole=network,
        network=_for_export(network, is_cut=is_cut) if is_exportable else network,
        card=card,
        example=torch.zeros(2, 3, height, width),
    )


def package(checkpoint: Path, folder: Path) -> PredictorCard:
    """Write a checkpoint as a package for `load_predictor`.

    Args:
        checkpoint: `best.pt`.
        folder: is made if missing.

    Returns:
        The card.

    Raises:
        WeightsError: the checkpoint cannot be used.
    """
    made = packable(checkpoint)
    write_package(made, folder)
    return made.card


def write_package(made: Packable, folder: Path) -> None:
    """Write a package for `load_predictor`.

    Args:
        made: of `packable`.
        folder: is made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if made.card.kind == "pt2":
        batch = {0: torch.export.Dim.DYNAMIC}
        with torch.no_grad():
            program = torch.export.export(made.network, (made.example,), dynamic_shapes=(batch,))
        torch.export.save(program, folder / made.card.file)
    else:
        torch.save(made.network.state_dict(), folder / made.card.file)
    write_card(made.card, folder / CARD)  # last: a folder with a card is complete


def _for_export(network: nn.Module, *, is_cut: bool) -> nn.Module:
    # A copy, since `whole` stays laid out as in training; pt2 stores contiguous tensors without ado.
    copied = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    return raw_head(copied) if is_cut else copied
