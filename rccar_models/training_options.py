"""What can be set on the trainers, without torch: the catalog checks search spaces against these.

A model's own options stand in its `ModelDef`; these belong to training itself.
"""

from rccar_models.options import Option
from rccar_models.transforms.options import OPTIONS as AUGMENTATION_OPTIONS

OPTIONS: tuple[Option, ...] = (
    Option(name="lr", default=1e-3, low=1e-8, high=1.0, text="peak learning rate of AdamW"),
    Option(name="weight_decay", default=1e-2, low=0.0, high=1.0, text="decoupled weight decay of AdamW"),
    Option(name="batch_size", default=8, low=1, high=1024, text="frames a step"),
    Option(
        name="warmup", default=0.1, low=0.0, high=0.9, text="share of all steps with a rising learning rate"
    ),
    Option(
        name="loss",
        default="ce",
        choices=("ce", "dice", "ce_dice"),
        task="segmentation",
        text="cross-entropy, Dice loss, or their sum",
    ),
    *AUGMENTATION_OPTIONS,
)
"""Of the trainer `torch`."""

STAND_IN_OPTIONS: tuple[Option, ...] = (
    *OPTIONS,
    Option(name="epoch_s", default=0.0, low=0.0, high=3600.0, text="seconds an epoch pretends to take"),
    Option(
        name="fault",
        default="none",
        choices=("none", "raise", "nan", "exit", "hang", "oom"),
        text="what goes wrong in the epoch `fault_epoch`: an exception, a NaN, the end of the process, ...",
    ),
    Option(name="fault_epoch", default=1, low=1, high=1_000_000, text="the epoch in which `fault` happens"),
    Option(
        name="fault_share",
        default=1.0,
        low=0.0,
        high=1.0,
        text="share of trials that `fault` hits, chosen by seed",
    ),
)
"""Of the trainer `stand_in`: it accepts whatever `torch` does, so that it runs the same search spaces."""


def options_of(task: str) -> dict[str, Option]:
    """Choose the trainer's options that a task knows.

    Args:
        task: "segmentation" or "detection".

    Returns:
        Options by name.
    """
    return {option.name: option for option in OPTIONS if option.task in {None, task}}
