"""Brings a study that was left in the middle to rest: every trial in it has ended, and says why.

The storage is the truth about trials. What it lacks of them comes from the sweep's own files, which are
written first: an end that was still to be written, the last epochs, and whole trials after a power cut or
from a backup.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweep.errors import InputError
from sweep.history import CUT, PastTrial
from sweep.records import Status, SweepPlan, TrialResult, TrialSpec
from sweep.search_space import SearchSpace
from sweep.searching.replaying import Replay
from sweep.searching.specs import first_attempt
from sweep.searching.states import STATES, direction_of
from sweep.searching.storage import storage_errors

CHECKPOINT = "best.pt"
SEQUENCE = "qmc:"

__all__ = ["FrozenTrial", "ended_trials", "find_study", "result_of", "sampler_notes", "spec_of"]


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
    storage: RDBStorage,
    study_id: int,
    past: Mapping[str, PastTrial],
    run_ids: Mapping[str, str],
    *,
    space: SearchSpace,
) -> list[FrozenTrial]:
    """Make the trials that a study has lost, and end every one that nobody runs any more.

    Args:
        storage: an open one.
        study_id: of the study.
        past: what the sweep's files say, by trial_uid, in the order of their starts.
        run_ids: MLflow's run ids by trial_uid, as far as they are known.
        space: what they were drawn from.

    Returns:
        All trials in the order of their numbers, all of them ended.

    Raises:
        UnavailableError: the storage cannot be used; run it again.
    """
    with storage_errors("bringing the study to rest"):
        trials = storage.get_all_trials(study_id, deepcopy=False)
        if _make_lost(storage, study_id, trials, past, space):
            trials = storage.get_all_trials(study_id, deepcopy=False)
        for trial in trials:
            if not trial.state.is_finished():
                _end(storage, trial, past, run_ids)
        if all(trial.state.is_finished() for trial in trials):
            return trials
        return storage.get_all_trials(study_id, deepcopy=False)


def _make_lost(
    storage: RDBStorage,
    study_id: int,
    trials: Sequence[FrozenTrial],
    past: Mapping[str, PastTrial],
    space: SearchSpace,
) -> bool:
    known = {str(trial.user_attrs.get("trial_uid", "")) for trial in trials}
    lost = [one.spec for uid, one in past.items() if uid not in known]
    places = sampler_notes(storage, study_id, trials)
    for spec in lost:
        if spec.attempt == 0 and spec.slot != 0:  # it was drawn: a sequence had gone on by one
            places = {key: place + 1 for key, place in places.items()}
        drawn = Replay(space.stored({"model_name": spec.model, **spec.params}))
        space.suggest(drawn)
        storage.create_new_trial(
            study_id,
            template_trial=create_trial(
                state=TrialState.RUNNING,
                params=dict(drawn.drawn),
                distributions=drawn.distributions,
                user_attrs={"trial_uid": spec.trial_uid, "slot": spec.slot, "seed": spec.seed},
                system_attrs=places,
            ),
        )
    return bool(lost)


def _end(
    storage: RDBStorage, trial: FrozenTrial, past: Mapping[str, PastTrial], run_ids: Mapping[str, str]
) -> None:
    uid = str(trial.user_attrs.get("trial_uid", ""))
    known = past.get(uid)
    result = known.ending if known else TrialResult(trial_uid=uid, status=Status.FAILED, reason=CUT)
    for epoch, reached in known.values.items() if known else ():
        if epoch not in trial.intermediate_values:
            storage.set_trial_intermediate_value(trial._trial_id, epoch, reached)
    if uid in run_ids and "mlflow_run_id" not in trial.user_attrs:
        storage.set_trial_user_attr(trial._trial_id, "mlflow_run_id", run_ids[uid])
    if result.reason:
        storage.set_trial_user_attr(trial._trial_id, "reason", result.reason)
    state = STATES[result.status]
    value = result.value if state is TrialState.COMPLETE else None
    if state is TrialState.PRUNED:  # as Optuna has it: the last one reported
        curve = trial.intermediate_values | (known.values if known else {})
        value = curve[max(curve)] if curve else None
    storage.set_trial_state_values(trial._trial_id, state, None if value is None else [value])


def sampler_notes(storage: RDBStorage, study_id: int, trials: Iterable[FrozenTrial]) -> dict[str, int]:
    """Where a sampler with a fixed sequence stands in it.

    Args:
        storage: an open one.
        study_id: of the study.
        trials: of the study, which hold the place that they were drawn at.

    Returns:
        Its latest places, by Optuna's name of the sequence.
    """
    with storage_errors("reading the study"):
        notes = [storage.get_study_system_attrs(study_id)]  # where earlier versions kept the place
    notes += [trial.system_attrs for trial in trials]
    found: dict[str, int] = {}
    for note in notes:
        for key, place in note.items():
            if key.startswith(SEQUENCE):
                found[key] = max(place, found.get(key, place))
    return found


def spec_of(trial: FrozenTrial, *, space: SearchSpace, plan: SweepPlan) -> TrialSpec:
    """Rebuild what a trial was to do from the storage alone.

    Args:
        trial: of the sweep's study.
        space: what it was drawn from.
        plan: what all trials have in common.

    Returns:
        Its spec, as a first attempt.
    """
    return first_attempt(
        plan,
        uid=str(trial.user_attrs["trial_uid"]),
        slot=int(trial.user_attrs["slot"]),
        number=trial.number,
        seed=int(trial.user_attrs["seed"]),
        params=space.suggest(Replay(trial.params)),
    )


def result_of(trial: FrozenTrial, past: PastTrial) -> TrialResult:
    """How a trial ended: as the storage has it, with what else the sweep's files know.

    Args:
        trial: ended, with the epochs of earlier attempts at its slot.
        past: what the files say.

    Returns:
        The files' result if it is the same ending, else the storage's; one that was cut may be tried again.
    """
    if past.result is not None and STATES[past.result.status] is trial.state:
        return past.result
    seen = dataclasses.replace(past, result=None)
    reason = str(trial.user_attrs.get("reason", ""))
    if trial.state is TrialState.FAIL and reason.startswith(CUT):
        return seen.ending
    status = {TrialState.COMPLETE: Status.COMPLETE, TrialState.PRUNED: Status.PRUNED}.get(
        trial.state, Status.FAILED
    )
    value, epoch = _best_of(trial, past)
    metric = past.spec.objectives[0].metric
    metrics = {} if value is None else {metric: value}
    if past.best is not None and past.best.epoch == epoch:
        metrics = past.best.metrics
    return TrialResult(
        trial_uid=past.spec.trial_uid,
        attempt=past.spec.attempt,
        status=status,
        value=value,
        metrics=metrics,
        best_epoch=epoch,
        epochs=max(trial.intermediate_values, default=0),
        checkpoint=_checkpoint(past.spec, status),
        reason=reason or ("" if status is not Status.FAILED else "unknown: Optuna's storage says no more"),
        train_time_s=past.last.wall_s if past.last else 0.0,
    )


def _best_of(trial: FrozenTrial, past: PastTrial) -> tuple[float | None, int]:
    """The objective at its best epoch, and that epoch; of equal ones the first."""
    value: float | None = None
    best = 0
    for epoch, reached in sorted(trial.intermediate_values.items()):
        if past.spec.objectives[0].better(reached, value):
            value, best = reached, epoch
    if trial.state is TrialState.COMPLETE and trial.value != value:
        return trial.value, 0  # of an epoch that nobody wrote down
    return value, best


def _checkpoint(spec: TrialSpec, status: Status) -> str | None:
    """Where its best weights are, or were before they were brought into its run."""
    file = Path(spec.folder) / CHECKPOINT
    is_made = status is Status.COMPLETE and spec.trainer == "torch"
    return str(file) if is_made or file.is_file() else None
