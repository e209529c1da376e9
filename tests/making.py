"""Small records for tests: everything has a default, a test names what it is about."""

from typing import Any

from sweep.records import Objective, Status, SweepPlan, TrialResult, TrialSpec

MIOU = Objective("miou_segmentation", maximise=True)
VAL_LOSS = Objective("val_loss_segmentation", maximise=False)


def a_plan(**changes: Any) -> SweepPlan:
    values: dict[str, Any] = {
        "name": "a-sweep",
        "task": "segmentation",
        "trainer": "stand_in",
        "epochs": 4,
        "objective": MIOU,
        "seed": 0,
        "n_slots": 5,
        "folder": "trials",
    }
    return SweepPlan(**(values | changes))


def a_spec(slot: int = 0, **changes: Any) -> TrialSpec:
    values: dict[str, Any] = {
        "trial_uid": f"uid-{slot}-{changes.get('attempt', 0)}",
        "slot": slot,
        "number": slot,
        "task": "segmentation",
        "trainer": "stand_in",
        "model": "tiny_unet",
        "params": {"lr": 1e-3, "weight_decay": 1e-4, "batch_size": 8},
        "seed": slot,
        "until_epoch": 4,
        "objectives": (MIOU,),
        "folder": f"trials/{slot}",
    }
    return TrialSpec(**(values | changes))


def a_result(spec: TrialSpec, value: float | None = 0.5, **changes: Any) -> TrialResult:
    values: dict[str, Any] = {
        "trial_uid": spec.trial_uid,
        "status": Status.COMPLETE,
        "attempt": spec.attempt,
        "value": value,
        "metrics": {} if value is None else {spec.objectives[0].metric: value},
        "best_epoch": 4,
        "epochs": 4,
    }
    return TrialResult(**(values | changes))
