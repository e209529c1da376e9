"""Brings a sweep that was left in the middle to rest: Optuna, MLflow and its own files say the same.

Optuna's storage is the truth about trials. The sweep's spool is written before both databases, so what they
lack is in it; MLflow's share of it is delivered by the scribe.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.history import PastTrial, SweepHistory
from sweep.records import SweepPlan
from sweep.search_space import SearchSpace
from sweep.searching.restoring import FrozenTrial, ended_trials, result_of, sampler_notes, spec_of
from sweep.searching.storage import RDBStorage
from sweep.tracking import Scribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested:
    """A sweep at rest.

    Args:
        trials: of the study, all ended, in the order of their numbers.
        past: the same as this program's records, in the order of their ends.
        attributes: what the sampler noted in the study.
        n_cut: trials that nobody had ended.
    """

    trials: list[FrozenTrial]
    past: list[PastTrial]
    attributes: Mapping[str, Any]
    n_cut: int


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
    trials = ended_trials(storage, study_id, history.trials, scribe.known_runs)
    n_cut = 0
    for trial in trials:
        uid = str(trial.user_attrs["trial_uid"])
        if uid not in history.trials:
            # Killed between the storage and the spool: the trial never reached a worker, and has no run yet.
            history.trials[uid] = PastTrial(spec_of(trial, space=space, plan=plan))
            scribe.started(history.trials[uid].spec)
        past = history.trials[uid]
        if past.result is None:
            past.result = result_of(trial, past)
            history.ended.append(uid)
            scribe.finished(past.result)
            n_cut += 1
    in_study = {str(trial.user_attrs["trial_uid"]) for trial in trials}
    for past in history.cut:  # the storage lost it in a power cut: its slot is asked for again
        scribe.finished(past.ending)
    return Rested(
        trials=trials,
        past=[history.trials[uid] for uid in history.ended if uid in in_study],
        attributes=sampler_notes(storage, study_id),
        n_cut=n_cut,
    )
