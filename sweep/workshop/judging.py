"""Judges a packaged model beside the champion, in a worker: loads what users will load, and scores that."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

from rccar_models.errors import RccarModelsError
from sweep.judgement import Judgement, JudgeRequest
from sweep.workshop.failures import Failure, attempt

if TYPE_CHECKING:
    from rccar_models.cache import CachedSplit
    from rccar_models.metrics.tally import Tally
    from rccar_models.predictor import Predictor, PredictorCard

VAL_LOSS = "val_loss_detection"
INSTEAD = "f1_50_detection"


def judge(request: JudgeRequest) -> Judgement:
    """Judge a candidate, and the champion if it is a rival.

    Args:
        request: which packages, on which frames.

    Returns:
        What was found out, or the reason why nothing was.
    """
    made = attempt(lambda: _judge(request))
    if isinstance(made, Failure):
        return Judgement(trial_uid=request.trial_uid, reason=made.reason)
    return made


def _judge(request: JudgeRequest) -> Judgement:
    import torch

    from rccar_models.cache import open_split
    from rccar_models.judging import tally
    from rccar_models.metrics.tally import scores
    from rccar_models.predictor import load_predictor

    torch.set_num_threads(request.n_threads)
    split = open_split(Path(request.data_ref), "val")
    candidate = load_predictor(Path(request.candidate))
    champion, no_rival = _rival(request, candidate)
    metric, notes = _metric(request, candidate.card, champion.card if champion else None)
    own_file = Path(request.checkpoints[0]) if metric == VAL_LOSS else None
    ignore_id = candidate.card.ignore_id
    own = tally(candidate, split, ignore_id=ignore_id, checkpoint=own_file, seed=request.seed)
    found = scores(own)
    judgement = Judgement(
        trial_uid=request.trial_uid,
        metric=metric,
        maximise=True if metric != request.metric else request.maximise,
        task=candidate.card.task,
        scores=found,
        value=found[metric],
        n_images=own.n_images,
        n_true_classes=own.n_true_classes,
        n_predicted_classes=own.n_predicted_classes,
        no_rival=no_rival,
        notes=notes,
        size_mb=_size_mb(Path(request.candidate)),
        latency_ms=_latency_ms(candidate, split) if request.is_timed else None,
    )
    if champion is None or not math.isfinite(found[metric]):
        return judgement
    file = Path(request.checkpoints[1]) if metric == VAL_LOSS else None
    other = tally(champion, split, ignore_id=ignore_id, checkpoint=file, seed=request.seed)
    return _compared(request, judgement, own, other)


def _latency_ms(predictor: "Predictor", split: "CachedSplit") -> float:
    from rccar_models.examination import a_frame
    from rccar_models.latency import frame_latency_ms

    return frame_latency_ms(predictor.raw_outputs, a_frame(predictor, split))


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _rival(request: JudgeRequest, candidate: "Predictor") -> "tuple[Predictor | None, str]":
    """The champion, or why it is no rival."""
    from rccar_models.judging import why_incomparable
    from rccar_models.predictor import load_predictor

    if not request.champion:
        return None, ""
    try:
        champion = load_predictor(Path(request.champion))
    except RccarModelsError as error:
        return None, f"it cannot be loaded: {' '.join(str(error).split())}"
    why = why_incomparable(candidate.card, champion.card)
    return (None, why) if why else (champion, "")


def _metric(
    request: JudgeRequest, own: "PredictorCard", other: "PredictorCard | None"
) -> tuple[str, tuple[str, ...]]:
    """By what both are compared: a detector's loss says nothing beside that of another family."""
    from rccar_models.models import MODELS

    if request.metric != VAL_LOSS:
        return request.metric, ()
    cards = [card for card in (own, other) if card is not None]
    if len({MODELS[card.model].family for card in cards}) > 1:
        return INSTEAD, ("models of different families have losses that cannot be compared; F1 decides",)
    if len(request.checkpoints) < len(cards):
        return INSTEAD, ("a checkpoint that could tell the validation loss is gone; F1 decides",)
    return request.metric, ()


def _compared(request: JudgeRequest, judgement: Judgement, own: "Tally", other: "Tally") -> Judgement:
    from rccar_models.metrics.bootstrap import paired_interval
    from rccar_models.metrics.tally import scores

    metric, sign = judgement.metric, 1.0 if judgement.maximise else -1.0
    interval = paired_interval(
        lambda counts: sign * own.resampled(metric, counts),
        lambda counts: sign * other.resampled(metric, counts),
        n_images=own.n_images,
        seed=request.seed,
        n_resamples=request.n_resamples,
        confidence=request.confidence,
    )
    return dataclasses.replace(
        judgement, champion_value=scores(other)[metric], low=interval.low, high=interval.high
    )
