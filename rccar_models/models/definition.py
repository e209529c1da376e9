"""What a model is to the rest of the house: a name, options, licences, and a way to build it.

This module imports no torch: the catalog lists models for `sweep --help` in milliseconds. A new
model is one new file in this package that exports `MODELS`, a tuple of `ModelDef`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rccar_models.options import Option, OptionValue

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What a model is built for.

    Args:
        n_classes: classes of the data set. Segmentation: output channels. Detection: foreground
            classes, numbered 0..n_classes-1 everywhere outside the model.
        image_size: (width, height) of the frames in pixels.
        options: every option of the model, resolved.
        weights: "default" for the library's pretrained weights, "none", or a file of a state_dict.
    """

    n_classes: int
    image_size: tuple[int, int]
    options: Mapping[str, OptionValue]
    weights: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltModel:
    """A network and what is to be said about how it came to be.

    Args:
        network: takes RGB float32 in [0, 1]; normalises inside. Segmentation: (B, 3, H, W) to logits
            (B, n_classes, H, W). Detection: torchvision's detector interface (a list of (3, H, W)
            images and, in training, targets with boxes xyxy in pixels and labels from 1).
        weights: what it starts from: "scratch", the weights' name, or the file.
        note: a warning for the user, e.g. that pretrained weights could not be had; empty if none.
    """

    network: "nn.Module"
    weights: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDef:
    """One model users can name.

    Args:
        name: as users write it.
        task: "segmentation" or "detection".
        family: models of one family have comparable validation losses.
        build: makes the network; imports torch itself.
        options: what can be set beside the trainer's options.
        licence: of the code and, where they differ, of the pretrained weights.
        source: paper or library it comes from.
        exportable: whether torch.export can write it as pt2.
        text: what it is good for, one line.
    """

    name: str
    task: str
    family: str
    build: Callable[[BuildRequest], BuiltModel]
    licence: str
    source: str
    text: str
    exportable: bool = True
    options: tuple[Option, ...] = field(default=())
