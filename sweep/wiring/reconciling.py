"""Brings a sweep that was left in the middle to rest: Optuna, MLflow and its own files say the same.

A trial is made in Optuna before the sweep's spool has it; how far it came and how it ended is in the spool
before Optuna has it. What one of them lacks comes from the other. Where both say how a trial ended and do not
agree, Optuna's storage is the truth. MLflow's share of the spool is delivered by the scribe.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sweep.history import PastTrial, SweepHistory
from sweep.records import SweepPlan
from sweep.search_space import SearchSpace
from sweep.searching.attempts import Attempts
from sweep.searching.restoring import FrozenTrial, ended_trials, result_of, sampler_notes, spec_of
from sweep.searching.storage import RDBStorage
from sweep.tracking import Scribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested:
    """A sweep at rest.

    Args:
        trials: of the study, all ended, in the order of their numbers.
        past: the same as this program's records, in the order of their ends.
        attributes: where a sampler with a fixed sequence stands in it.
    """

    trials: list[FrozenTrial]
    past: list[PastTrial]
    attributes: Mapping[str, int]


def at_rest(
    storage: RDBStorage,
    study_id: int,
    *,
    history: SweepHistory,
    space: SearchSpace,
    plan: SweepPlan,
    scribe: Scribe,
) -> Rested:
    """End every trial that nobody runs any more, in Optuna and in MLflow. Running it again changes nothing.

    Args:
        storage: Optuna's.
        study_id: of the sweep's study.
        history: what the sweep's files say.
        space: what was drawn from.
        plan: what all trials have in common.
        scribe: writes to MLflow; its parent run is open.

    Returns:
        The sweep as it stands.

    Raises:
        UnavailableError: the storage cannot be used; run it again.
    """
    trials = ended_trials(storage, study_id, history.trials, scribe.known_runs, space=space)
    for trial in Attempts(trials).trials:
        uid = str(trial.user_attrs["trial_uid"])
        if uid not in history.trials:
            # Killed between the storage and the spool: the trial never reached a worker, and has no run yet.
            history.trials[uid] = PastTrial(spec_of(trial, space=space, plan=plan))
            scribe.started(history.trials[uid].spec)
        past = history.trials[uid]
        if past.spec.number != trial.number:  # made again after others had taken its number
            past.spec = replace(past.spec, number=trial.number)
        _end(past, trial, history=history, scribe=scribe)
    return Rested(
        trials=trials,
        past=[history.trials[uid] for uid in history.ended],
        attributes=sampler_notes(storage, study_id, trials),
    )


def _end(past: PastTrial, trial: FrozenTrial, *, history: SweepHistory, scribe: Scribe) -> None:
    result = result_of(trial, past)
    if result is past.result:
        return
    if past.result is None:
        history.ended.append(result.trial_uid)
    past.result = result
    if result.value is not None:
        scribe.measured(result.trial_uid, {f"best_{past.spec.objectives[0].metric}": result.value})
    scribe.finished(result)
