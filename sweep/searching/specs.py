"""What a worker is told to do: the first attempt at a slot."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from sweep.records import ParamValue, SweepPlan, TrialSpec


def first_attempt(
    plan: SweepPlan, *, uid: str, slot: int, number: int, seed: int, params: Mapping[str, ParamValue]
) -> TrialSpec:
    """Say what the first attempt at a slot does.

    Args:
        plan: what all trials have in common.
        uid: of the trial.
        slot: 0..N-1.
        number: Optuna's.
        seed: of all chance in training.
        params: of the search space, `model_name` among them.

    Returns:
        The spec, without device and threads.
    """
    spec = TrialSpec(
        trial_uid=uid,
        slot=slot,
        number=number,
        task=plan.task,
        trainer=plan.trainer,
        model=str(params["model_name"]),
        params={name: value for name, value in params.items() if name != "model_name"},
        seed=seed,
        until_epoch=plan.epochs,
        objectives=(plan.objective,),
        folder="",
        data_ref=plan.data_ref,
        digest=plan.digest,
        weights=plan.weights,
    )
    return in_folder(spec, plan)


def in_folder(spec: TrialSpec, plan: SweepPlan) -> TrialSpec:
    """Give a trial the folder of its name.

    Args:
        spec: the trial.
        plan: says where all trials' folders lie.

    Returns:
        The same trial.
    """
    return dataclasses.replace(spec, folder=str(Path(plan.folder) / spec.run_name))
