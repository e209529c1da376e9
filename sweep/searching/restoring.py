"""Brings a study that was left in the middle to rest: every trial in it has ended, and says why.

The storage is the truth about trials; what it lacks of them (the end that was still to be written, the
last epochs) comes from the sweep's own files, which are written first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from sweep.errors import InputError
from sweep.history import CUT, PastTrial
from sweep.records import ParamValue, Status, SweepPlan, TrialResult, TrialSpec
from sweep.search_space import SearchSpace
from sweep.searching.states import STATES, direction_of
from sweep.searching.storage import storage_errors

__all__ = ["FrozenTrial", "Replay", "ended_trials", "find_study", "result_of", "sampler_notes", "spec_of"]


def find_study(storage: RDBStorage, *, plan: SweepPlan, uid: str, shown: str) -> int:
    """Find the study of a sweep that is to be resumed.

    Args:
        storage: an open one.
        plan: gives name, metric and direction.
        uid: of the sweep, as its own files say; empty if they do not.
        shown: the storage's address without password, for messages.

    Returns:
        The study's id.

    Raises:
        InputError: there is no such study, it is of another sweep, or it optimises something else.
        UnavailableError: the storage cannot be used.
    """
    with storage_errors(f"looking for the study {plan.name}"):
        try:
            study_id = storage.get_study_id_from_name(plan.name)
        except KeyError:
            raise InputError(
                f"study {plan.name} not found in {shown}: the database was deleted, emptied or is another "
                "one. Put it back, or name it with --storage; nothing was changed"
            ) from None
        attributes = storage.get_study_user_attrs(study_id)
        directions = storage.get_study_directions(study_id)
        metrics = storage.get_study_system_attrs(study_id).get("study:metric_names")
    if uid and attributes.get("sweep.uid", uid) != uid:
        raise InputError(
            f"study {plan.name} in {shown} belongs to another sweep of the same name; name the right "
            "database with --storage"
        )
    if directions != [direction_of(plan)] or (metrics and metrics != [plan.objective.metric]):
        raise InputError(
            f"study {plan.name} optimises {metrics or 'a metric'} ({directions[0].name.lower()}), not "
            f"{plan.objective.metric} ({direction_of(plan).name.lower()}): another objective is a new sweep"
        )
    return study_id


def ended_trials(
    storage: RDBStorage, study_id: int, past: Mapping[str, PastTrial], run_ids: Mapping[str, str]
) -> list[FrozenTrial]:
    """End every trial of a study that nobody runs any more.

    Args:
        storage: an open one.
        study_id: of the study.
        past: what the sweep's files say, by trial_uid.
        run_ids: MLflow's run ids by trial_uid, as far as they are known.

    Returns:
        All trials in the order of their numbers, all of them ended.

    Raises:
        UnavailableError: the storage cannot be used; run it again.
    """
    with storage_errors("bringing the study to rest"):
        trials = storage.get_all_trials(study_id, deepcopy=False)
        for trial in trials:
            if not trial.state.is_finished():
                _end(storage, trial, past, run_ids)
        if all(trial.state.is_finished() for trial in trials):
            return trials
        return storage.get_all_trials(study_id, deepcopy=False)


def _end(
    storage: RDBStorage, trial: FrozenTrial, past: Mapping[str, PastTrial], run_ids: Mapping[str, str]
) -> None:
    uid = str(trial.user_attrs.get("trial_uid", ""))
    known = past.get(uid)
    result = known.ending if known else TrialResult(trial_uid=uid, status=Status.FAILED, reason=CUT)
    for epoch, value in known.values.items() if known else ():
        if epoch not in trial.intermediate_values:
            storage.set_trial_intermediate_value(trial._trial_id, epoch, value)
    if uid in run_ids and "mlflow_run_id" not in trial.user_attrs:
        storage.set_trial_user_attr(trial._trial_id, "mlflow_run_id", run_ids[uid])
    if result.reason:
        storage.set_trial_user_attr(trial._trial_id, "reason", result.reason)
    state = STATES[result.status]
    values = [result.value] if state is TrialState.COMPLETE and result.value is not None else None
    storage.set_trial_state_values(trial._trial_id, state, values)


def sampler_notes(storage: RDBStorage, study_id: int) -> dict[str, Any]:
    """What a sampler with a fixed sequence noted in the study, e.g. its place in it.

    Args:
        storage: an open one.
        study_id: of the study.

    Returns:
        System attributes, without Optuna's own.
    """
    with storage_errors("reading the study"):
        found = storage.get_study_system_attrs(study_id)
    return {key: value for key, value in found.items() if not key.startswith("study:")}


def spec_of(trial: FrozenTrial, *, space: SearchSpace, plan: SweepPlan) -> TrialSpec:
    """Rebuild what a trial was to do from the storage alone.

    Args:
        trial: of the sweep's study.
        space: what it was drawn from.
        plan: what all trials have in common.

    Returns:
        Its spec, as a first attempt.
    """
    drawn = {name: trial.params[name] for name in trial.params}
    params = dict(space.suggest(Replay(drawn)))
    uid = str(trial.user_attrs["trial_uid"])
    return TrialSpec(
        trial_uid=uid,
        slot=int(trial.user_attrs["slot"]),
        number=trial.number,
        task=plan.task,
        trainer=plan.trainer,
        model=str(params.pop("model_name")),
        params=params,
        seed=int(trial.user_attrs["seed"]),
        until_epoch=plan.epochs,
        objectives=(plan.objective,),
        folder=str(Path(plan.folder) / uid),
        data_ref=plan.data_ref,
        digest=plan.digest,
        weights=plan.weights,
    )


def result_of(trial: FrozenTrial, past: PastTrial) -> TrialResult:
    """How a trial ended that the storage knows of and the sweep's files do not.

    Args:
        trial: ended.
        past: what the files say.

    Returns:
        Its result; one that was cut may be tried again.
    """
    reason = str(trial.user_attrs.get("reason", ""))
    if trial.state is TrialState.FAIL and reason.startswith(CUT):
        return past.ending
    metric = past.spec.objectives[0].metric
    value = trial.value if trial.state is TrialState.COMPLETE else None
    result = TrialResult(
        trial_uid=past.spec.trial_uid,
        attempt=past.spec.attempt,
        status={TrialState.COMPLETE: Status.COMPLETE, TrialState.PRUNED: Status.PRUNED}.get(
            trial.state, Status.FAILED
        ),
        value=value,
        metrics={} if value is None else {metric: value},
        reason=reason,
    )
    return past.with_progress(result) if value is None else result


class Replay:
    """Lets a search space draw again what was drawn before.

    Args:
        drawn: by the name it was drawn under.
    """

    def __init__(self, drawn: Mapping[str, ParamValue]) -> None:
        self._drawn = drawn

    def float(
        self,
        name: str,
        low: float,  # noqa: ARG002
        high: float,  # noqa: ARG002
        *,
        step: float | None = None,  # noqa: ARG002
        log: bool = False,  # noqa: ARG002
    ) -> float:
        """A real number that was drawn."""
        return float(self._drawn[name])

    def int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:  # noqa: ARG002
        """A whole number that was drawn."""
        return int(self._drawn[name])

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:  # noqa: ARG002
        """A choice that was drawn."""
        return self._drawn[name]
