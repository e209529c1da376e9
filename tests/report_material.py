"""What a report is written from, without a sweep: a few trials, the rest at its least."""

from typing import Any

from sweep.evaluation import ClassFigures, Evaluation
from sweep.history import PastTrial
from sweep.records import ParamValue, Status, SweepRecord
from sweep.report.blocks import Code, Paragraph, Section
from sweep.report.material import Figures, Material, Next, Places
from sweep.search_space import Narrowed, load_space
from sweep.summary import summarise
from tests.making import MIOU, a_result, a_spec

HOME = "/home/me/mlruns"
CONFIG = {"task": "segmentation", "data": "/data/track", "pruner": "asha", "epochs": 4, "workers": 1}


def a_trial(
    slot: int,
    *values: float,
    status: Status = Status.COMPLETE,
    until: int = 4,
    model: str = "tiny_unet",
    reason: str = "",
    **params: ParamValue,
) -> PastTrial:
    """A trial by the objective of its epochs, two seconds each."""
    found = a_spec(slot, until_epoch=until, model=model, params={"lr": 0.001 * (slot + 1)} | params)
    best = max(values, default=None)
    result = a_result(
        found,
        best,
        status=status,
        reason=reason,
        epochs=len(values),
        best_epoch=values.index(best) + 1 if best is not None else 0,
        train_time_s=2.0 * len(values),
    )
    return PastTrial(found, values=dict(enumerate(values, 1)), result=result)


def a_material(*trials: PastTrial, **changes: Any) -> Material:
    """Of a sweep over the stand-in's space with these trials."""
    record = SweepRecord(
        name="monday",
        task="segmentation",
        objective=MIOU,
        config="",
        data_source="/data/track",
        data_digest="abc",
        classes=("road", "cone"),
        total_slots=len(trials),
    )
    values: dict[str, Any] = {
        "state": "done",
        "why": "all trials ended",
        "record": record,
        "config": CONFIG,
        "space": load_space("stand_in_segmentation"),
        "summary": summarise(record, [(one.spec, one.ending) for one in trials], "all trials ended"),
        "trials": trials,
        "notes": {},
        "evaluation": Evaluation(trial_uid="x", reason="nobody looked"),
        "figures": Figures(),
        "places": Places(home=HOME, tracking_uri="", storage=""),
        "next": Next(narrowed=Narrowed(space=None, why_not="3 trials completed, and 5 are needed")),
    }
    return Material(**(values | changes))


def an_evaluation(**ious: float) -> Evaluation:
    """Of a segmentation with these classes."""
    return Evaluation(
        trial_uid="x",
        task="segmentation",
        value=0.3229,
        low=0.3166,
        high=0.3293,
        n_images=101,
        classes=tuple(
            ClassFigures(name=name, n_true=100, figures={"iou": iou}) for name, iou in ious.items()
        ),
    )


def words(section: Section) -> str:
    """Its paragraphs and commands, a line each."""
    return "\n".join(
        f"{block.caption}: {block.text}" if isinstance(block, Code) else f"{block.tone}| {block.text}"
        for block in section.blocks
        if isinstance(block, Code | Paragraph)
    )
