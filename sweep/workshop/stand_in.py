"""The trainer `stand_in`: learning curves out of a formula, deterministic, without torch and without data.

It runs in the same workers and sends the same reports as real training, so a set-up (databases,
servers, workers, pruners) can be tried in seconds. The score has one smooth optimum (see `quality`) and
saturates over epochs. A trial whose epochs take time goes on from its last one after a cut. With the
option `fault` it goes wrong on purpose:

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
from dataclasses import dataclass, field

from rccar_models.earlier import Earlier
from rccar_models.options import OptionValue, resolve
from rccar_models.seeding import derived_seed
from rccar_models.training_options import STAND_IN_OPTIONS
from sweep.errors import InputError
from sweep.records import TrialSpec
from sweep.workshop import stand_in_progress

OPTIONS = STAND_IN_OPTIONS
EXIT_CODE = 17

_SCORES = {
    "segmentation": {"miou": 1.0, "dice": 0.7, "pixel_acc": 0.3},
    "detection": {"f1_50": 0.95, "map_50": 1.0, "map": 1.8},
}
"""Exponent of each score over the common one: below 1 it runs ahead of it, above 1 behind."""


def train(
    spec: TrialSpec,
    on_epoch: Callable[[int, Mapping[str, float]], bool],
    on_resumed: Callable[[Earlier], None] = lambda _: None,
) -> tuple[str, ...]:
    """Run a trial's epochs.

    Args:
        spec: what to pretend to train. Options of models are accepted and change nothing.
        on_epoch: takes the epoch, from 1, and five metrics by logged name; False stops.
        on_resumed: told before the first epoch what an earlier attempt has done, if it is gone on from.

    Returns:
        What the user should know.

    Raises:
        OptionError: an option of the trainer is outside its range.
        RuntimeError: `fault: raise`.
        MemoryError: `fault: oom`.
    """
    known = {option.name: option for option in OPTIONS}
    options = resolve(known, {name: value for name, value in spec.params.items() if name in known})
    run = _Run(spec=spec, options=options)
    earlier = run.resumed()
    if earlier is not None:
        on_resumed(earlier)
    goes_on = True
    while goes_on and run.epoch < spec.until_epoch:
        run.epoch += 1
        goes_on = on_epoch(run.epoch, run.epoch_metrics())
        run.keep_progress()
    return tuple(run.notes)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One trial at hand."""

    spec: TrialSpec
    options: Mapping[str, OptionValue]
    epoch: int = 0
    began_s: float = field(default_factory=time.perf_counter)
    notes: list[str] = field(default_factory=list)

    def epoch_metrics(self) -> dict[str, float]:
        """Let an epoch take its time, and perhaps go wrong."""
        if self.options["epoch_s"]:
            time.sleep(float(self.options["epoch_s"]))
        is_late = self.epoch >= int(self.options["fault_epoch"])
        metrics = _metrics(self.spec, options=self.options, epoch=self.epoch)
        if is_late and _is_hit(self.spec.seed, float(self.options["fault_share"])):
            _go_wrong(str(self.options["fault"]), epoch=self.epoch)
            if self.options["fault"] == "nan":
                return dict.fromkeys(metrics, math.nan)
        return metrics

    def resumed(self) -> Earlier | None:
        """Take over what an earlier attempt has done; None, with a note, if it left nothing of use."""
        self.epoch = self.spec.start_epoch
        if not self.spec.resume_from:
            return None
        try:
            self.epoch, train_time_s = stand_in_progress.load(self.spec)
        except InputError as error:
            self.notes.append(f"begun anew from epoch 1: what the earlier attempt left is of no use: {error}")
            return None
        self.began_s -= train_time_s
        self.keep_progress()
        return self._earlier(train_time_s)

    def keep_progress(self) -> None:
        """Write down how far the trial has come, if that saves a later attempt any time."""
        if not self.options["epoch_s"]:
            return
        try:
            stand_in_progress.save(
                self.spec, epoch=self.epoch, train_time_s=time.perf_counter() - self.began_s
            )
        except OSError as error:
            note = f"{error}: the trial went on, but cut then it would have gone on from an earlier epoch"
            if note not in self.notes:
                self.notes.append(note)

    def _earlier(self, train_time_s: float) -> Earlier:
        objective = self.spec.objectives[0]
        curve = [_metrics(self.spec, options=self.options, epoch=epoch) for epoch in range(1, self.epoch + 1)]
        best = curve[0]
        for metrics in curve:
            if objective.better(metrics[objective.metric], best[objective.metric]):
                best = metrics
        return Earlier(
            epochs=self.epoch,
            best_epoch=curve.index(best) + 1,
            metrics=best,
            train_time_s=train_time_s,
        )


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
