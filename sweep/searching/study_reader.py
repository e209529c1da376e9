"""Reads a study, and changes nothing."""

from dataclasses import dataclass

from optuna.storages import RDBStorage

from sweep.searching.storage import storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    """A trial as the storage has it.

    Args:
        number: of the trial.
        state: Optuna's word: RUNNING, COMPLETE, PRUNED, FAIL or WAITING.
        uid: trial_uid, empty if it has none.
        slot: of the sweep, -1 if it has none.
        run_id: MLflow's, empty if it is not known.
        reason: why it did not complete.
        value: of the objective, None unless it completed.
        steps: objective by epoch.
    """

    number: int
    state: str
    uid: str
    slot: int
    run_id: str
    reason: str
    value: float | None
    steps: dict[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """A study as the storage has it.

    Args:
        name: of the study.
        uid: of the sweep, empty if it does not say.
        maximise: the direction.
        trials: by number.
    """

    name: str
    uid: str
    maximise: bool
    trials: tuple[TrialFacts, ...]

    @property
    def best(self) -> TrialFacts | None:
        """The best complete trial; of equal ones the first."""
        complete = [trial for trial in self.trials if trial.state == "COMPLETE" and trial.value is not None]
        sign = -1.0 if self.maximise else 1.0
        return min(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)


def read_study(storage: RDBStorage, name: str) -> StudyFacts | None:
    """Read a study.

    Args:
        storage: an open one.
        name: of the study.

    Returns:
        Its trials, None if there is no such study.

    Raises:
        UnavailableError: the storage cannot be used.
    """
    with storage_errors(f"reading the study {name}"):
        try:
            study_id = storage.get_study_id_from_name(name)
        except KeyError:
            return None
        attributes = storage.get_study_user_attrs(study_id)
        directions = storage.get_study_directions(study_id)
        trials = storage.get_all_trials(study_id, deepcopy=False)
    return StudyFacts(
        name=name,
        uid=str(attributes.get("sweep.uid", "")),
        maximise=directions[0].name == "MAXIMIZE",
        trials=tuple(
            TrialFacts(
                number=trial.number,
                state=trial.state.name,
                uid=str(trial.user_attrs.get("trial_uid", "")),
                slot=int(trial.user_attrs.get("slot", -1)),
                run_id=str(trial.user_attrs.get("mlflow_run_id", "")),
                reason=str(trial.user_attrs.get("reason", "")),
                value=trial.value if trial.state.name == "COMPLETE" else None,
                steps=dict(trial.intermediate_values),
            )
            for trial in sorted(trials, key=lambda trial: trial.number)
        ),
    )
