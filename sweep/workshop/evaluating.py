"""Evaluates a trial's best checkpoint, in a worker: figures for people, and pictures beside them.

montage.png             the best and the worst frames of the validation split
confusion_matrix.png    what each class is taken for
frames/best-1.png ...   each of these frames: itself, its truth, the prediction
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sweep.evaluation import (
    CONFUSION,
    MONTAGE,
    NOTHING,
    ClassFigures,
    EvaluateRequest,
    Evaluation,
    FrameFigures,
)
from sweep.workshop.failures import Failure, attempt

if TYPE_CHECKING:
    from rccar_models.examination import Examination

UNITS = {"segmentation": "pixels", "detection": "objects"}


def evaluate(request: EvaluateRequest) -> Evaluation:
    """Evaluate a checkpoint.

    Args:
        request: which one, and where the pictures go.

    Returns:
        What was found out, or the reason why nothing was.
    """
    made = attempt(lambda: _evaluate(request))
    if isinstance(made, Failure):
        return Evaluation(trial_uid=request.trial_uid, run_name=request.run_name, reason=made.reason)
    return made


def _evaluate(request: EvaluateRequest) -> Evaluation:
    import torch

    from rccar_models.cache import open_split
    from rccar_models.confusion_chart import confusion_chart
    from rccar_models.examination import ExaminationRequest, examine, live_predictor
    from rccar_models.montage import Gallery

    torch.set_num_threads(request.n_threads)
    checkpoint, folder = Path(request.checkpoint), Path(request.folder)
    predictor, split = live_predictor(checkpoint), open_split(Path(request.data_ref), "val")
    found = examine(
        predictor,
        split,
        ExaminationRequest(
            metric=request.metric,
            seed=request.seed,
            n_resamples=request.n_resamples,
            confidence=request.confidence,
        ),
        ignore_id=predictor.card.ignore_id,
        checkpoint=checkpoint,
    )
    note = _note(request, found)
    confusion_chart(
        found.confusion,
        _names(found),
        folder / CONFUSION,
        title=f"{found.card.model}; {note}",
        unit=UNITS[found.card.task],
    )
    pictures: list[Path] = []
    if found.chosen:
        gallery = Gallery(predictor, split, found.chosen, note=note)
        gallery.save(folder / MONTAGE)
        pictures = gallery.frames(folder / "frames")
    return _evaluation(request, found, [split.names[one.index] for one in found.chosen], pictures)


def _note(request: EvaluateRequest, found: "Examination") -> str:
    short = request.metric.removesuffix(f"_{found.card.task}")
    value = found.scores.get(request.metric)
    return f"{request.run_name}{'' if value is None else f': {short} {value:.4f}'} on val"


def _names(found: "Examination") -> list[str]:
    """A detector's confusion matrix has a row and a column more than there are classes."""
    return [*found.card.classes, NOTHING][: len(found.confusion)]


def _evaluation(
    request: EvaluateRequest, found: "Examination", names: list[str], pictures: list[Path]
) -> Evaluation:
    interval = found.interval
    return Evaluation(
        trial_uid=request.trial_uid,
        run_name=request.run_name,
        task=found.card.task,
        model=found.card.model,
        metric=request.metric,
        maximise=request.maximise,
        value=found.scores.get(request.metric),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        confidence=request.confidence,
        n_images=found.n_images,
        scores=found.scores,
        classes=tuple(
            ClassFigures(name=one.name, n_true=one.n_true, figures=one.figures) for one in found.classes
        ),
        confusion=tuple(tuple(map(int, row)) for row in found.confusion),
        confusion_names=tuple(_names(found)),
        frames=tuple(
            FrameFigures(
                name=name,
                group=one.group,
                rank=one.rank,
                score=one.score,
                picture=file.relative_to(request.folder).as_posix(),
            )
            for one, name, file in zip(found.chosen, names, pictures, strict=True)
        ),
        frames_differ=True,
        latency_ms=found.latency_ms,
        latency_threads=found.latency_threads,
        image_size=found.card.image_size,
        score_threshold=found.card.score_threshold,
    )
