"""The trainer `stand_in`: learning curves out of a formula, deterministic, without torch and without data.

It runs in the same workers and sends the same reports as real training, so a set-up (databases,
servers, workers, pruners) can be tried in seconds. The score has one smooth optimum (see `quality`) and
saturates over epochs. With the option `fault` it goes wrong on purpose:

    raise  an exception            nan   every metric is NaN from then on
    exit   the process ends        hang  the epoch never ends
    oom    out of memory

With the inline executor `exit` ends, and `hang` blocks, the whole program: use `--executor local` there.
"""

import math
import os
import random
import time
from collections.abc import Callable, Mapping

from rccar_models.options import OptionValue, resolve
from rccar_models.seeding import derived_seed
from rccar_models.training_options import STAND_IN_OPTIONS
from sweep.records import TrialSpec

OPTIONS = STAND_IN_OPTIONS
EXIT_CODE = 17

_SCORES = {
    "segmentation": {"miou": 1.0, "dice": 0.7, "pixel_acc": 0.3},
    "detection": {"f1_50": 0.95, "map_50": 1.0, "map": 1.8},
}
"""Exponent of each score over the common one: below 1 it runs ahead of it, above 1 behind."""


def train(spec: TrialSpec, on_epoch: Callable[[int, Mapping[str, float]], bool]) -> None:
    """Run a trial's epochs.

    Args:
        spec: what to pretend to train. Options of models are accepted and change nothing.
        on_epoch: takes the epoch, from 1, and five metrics by logged name; False stops.

    Raises:
        OptionError: an option of the trainer is outside its range.
        RuntimeError: `fault: raise`.
        MemoryError: `fault: oom`.
    """
    known = {option.name: option for option in OPTIONS}
    options = resolve(known, {name: value for name, value in spec.params.items() if name in known})
    for epoch in range(spec.start_epoch + 1, spec.until_epoch + 1):
        if options["epoch_s"]:
            time.sleep(float(options["epoch_s"]))
        faulty = epoch >= int(options["fault_epoch"]) and _is_hit(spec.seed, float(options["fault_share"]))
        metrics = _metrics(spec, options=options, epoch=epoch)
        if faulty:
            _go_wrong(str(options["fault"]), epoch=epoch)
            if options["fault"] == "nan":
                metrics = dict.fromkeys(metrics, math.nan)
        if not on_epoch(epoch, metrics):
            return


def quality(model: str, options: Mapping[str, OptionValue]) -> float:
    """The score that a configuration reaches after endless training.

    Args:
        model: any name; each has its own ceiling.
        options: with lr, weight_decay and batch_size.

    Returns:
        In (0, 1): largest at lr 3e-3, weight decay 1e-3 and batch size 8.
    """
    ceiling = 0.8 + 0.15 * random.Random(derived_seed("ceiling", model)).random()
    lr = math.log10(float(options["lr"]) / 3e-3)
    weight_decay = math.log10(max(float(options["weight_decay"]), 1e-8) / 1e-3)
    batch_size = math.log2(float(options["batch_size"]) / 8)
    return ceiling * math.exp(-0.5 * (lr**2 + (weight_decay / 4) ** 2 + (batch_size / 4) ** 2))


def _metrics(spec: TrialSpec, *, options: Mapping[str, OptionValue], epoch: int) -> dict[str, float]:
    noise = random.Random(derived_seed(spec.seed, "noise", epoch)).gauss(0.0, 0.005)
    learnt = 1.0 - math.exp(-epoch / 4.0)
    score = min(max(quality(spec.model, options) * learnt + noise, 1e-3), 0.999)
    return {
        f"train_loss_{spec.task}": -math.log(score) * 0.9,
        f"val_loss_{spec.task}": -math.log(score),
        **{f"{name}_{spec.task}": score**power for name, power in _SCORES[spec.task].items()},
    }


def _is_hit(seed: int, share: float) -> bool:
    return random.Random(derived_seed(seed, "fault")).random() < share


def _go_wrong(fault: str, *, epoch: int) -> None:
    if fault == "raise":
        raise RuntimeError(f"the stand-in was told to raise in epoch {epoch}")
    if fault == "oom":
        raise MemoryError(f"the stand-in was told to run out of memory in epoch {epoch}")
    if fault == "exit":
        os._exit(EXIT_CODE)  # as a crash does it: no clean-up, no farewell
    while fault == "hang":
        time.sleep(1.0)
