"""The searcher: an in-memory Optuna study that decides, and a mirror that writes it down."""

import dataclasses
import uuid
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from sweep.errors import InputError
from sweep.records import EpochReport, ParamValue, SweepPlan, TrialResult, TrialSpec
from sweep.search_space import SearchSpace
from sweep.searching.attempts import Attempts
from sweep.searching.mirror import StorageMirror
from sweep.searching.pruners import PRUNERS
from sweep.searching.samplers import SAMPLERS
from sweep.searching.specs import first_attempt, in_folder
from sweep.searching.states import STATES, direction_of
from sweep.seeds import slot_seed


class OptunaDraw:
    """Lets a search space draw from an Optuna trial.

    Args:
        trial: being asked.
        fixed: what it is to have, by the name it is drawn under. A range that has been narrowed since is
            widened to it: Optuna takes no trial back whose parameters lie outside of their ranges.
    """

    def __init__(self, trial: Trial, fixed: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._trial = trial
        self._fixed = fixed

    def float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw a real number in [low, high]."""
        value = self._fixed.get(name, low)
        return self._trial.suggest_float(name, min(low, value), max(high, value), step=step, log=log)

    def int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Draw a whole number in [low, high]."""
        value = self._fixed.get(name, low)
        return self._trial.suggest_int(name, min(low, value), max(high, value), step=step, log=log)

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:
        """Draw one of the choices."""
        return cast(ParamValue, self._trial.suggest_categorical(name, choices))


class StudySearcher:
    """Asks, prunes and tells in memory; writes everything through.

    Args:
        space: what is drawn from.
        plan: what all trials have in common.
        sampler: a name of SAMPLERS.
        pruner: a name of PRUNERS.
        mirror: where the study is written.
        earlier: trials of a sweep that is resumed, all ended, in the order of their numbers.
        attributes: what the sampler had noted in the study of a sweep that is resumed.
    """

    def __init__(
        self,
        *,
        space: SearchSpace,
        plan: SweepPlan,
        sampler: str,
        pruner: str,
        mirror: StorageMirror,
        earlier: Sequence[FrozenTrial] = (),
        attributes: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._space = space
        self._plan = plan
        self._sampler = SAMPLERS[sampler]
        self._mirror = mirror
        self._study = optuna.create_study(
            # Hyperband chooses brackets by this name: like all chance they come from the seed.
            study_name=f"seed-{plan.seed}",
            direction=direction_of(plan),
            sampler=optuna.samplers.RandomSampler(),  # each slot gets its own
            pruner=PRUNERS[pruner](plan.epochs),
        )
        self._attempts = Attempts(earlier)
        self._study.add_trials(self._attempts.trials)
        for key, value in attributes.items():
            self._memory.set_study_system_attr(self._study_id, key, value)
        self._grid = space.grid() if self._sampler.enumerates else []
        self._trials: dict[str, tuple[Trial, TrialSpec]] = {}

    def ask(self, slot: int, *, same: TrialSpec | None = None) -> TrialSpec | None:
        """Draw the parameters of a slot.

        Args:
            slot: 0..N-1; slot 0 is the space's stated default configuration.
            same: an attempt that was cut; its parameters and seed are tried again, from its last epoch.

        Returns:
            What a worker needs, without device and threads; None if a grid has no further point.
        """
        wanted = self._wanted(slot, same)
        if wanted is None and self._sampler.enumerates:
            return None
        # The slot first: by it hyperband chooses the bracket whose trials a sampler looks at.
        fixed = {} if wanted is None else dict(self._space.stored(wanted))
        self._study.enqueue_trial(fixed, user_attrs={"slot": slot})
        self._study.sampler = self._sampler_of(slot, is_drawn=wanted is None)
        places = dict(self._memory.get_study_system_attrs(self._study_id))
        trial = self._study.ask()
        spec = self._spec(trial, slot, same, fixed)
        for key, value in (("trial_uid", spec.trial_uid), ("seed", spec.seed)):
            trial.set_user_attr(key, value)
        for key, value in self._memory.get_study_system_attrs(self._study_id).items():
            if places.get(key) != value:  # a sequence's place: written in one with what was drawn there
                self._memory.set_trial_system_attr(trial._trial_id, key, value)
        self._trials[spec.trial_uid] = (trial, spec)
        self._mirror.started(self._frozen(trial))
        return spec

    def report(self, report: EpochReport) -> bool:
        """Take in an epoch and judge it.

        Args:
            report: with the objective among its metrics.

        Returns:
            Whether to prune. Slot 0 never: it is what the gain is measured against. Not after the last
            epoch either: nothing would be saved.
        """
        trial, spec = self._trials[report.trial_uid]
        value = report.metrics[self._plan.objective.metric]
        if not self._memory.get_trial(trial._trial_id).intermediate_values:
            for epoch, reached in self._attempts.before(spec.slot, report.epoch).items():
                trial.report(reached, epoch)
        is_pruned = self._attempts.is_condemned(spec.slot, report.epoch)
        if not is_pruned:
            self._attempts.take(spec.slot, report.epoch, value)
            trial.report(value, report.epoch)
            is_spared = spec.slot == 0 or report.epoch >= spec.until_epoch
            is_pruned = not is_spared and trial.should_prune()
        if is_pruned:
            self._attempts.prune(spec.slot, report.epoch)
        self._mirror.reported(trial.number, report.epoch, value, is_pruned=is_pruned)
        return is_pruned

    def tell(self, result: TrialResult) -> None:
        """Take in how a trial ended.

        Args:
            result: a complete one carries its value.
        """
        trial, _ = self._trials.pop(result.trial_uid)
        state = STATES[result.status]
        values = [result.value] if state is TrialState.COMPLETE and result.value is not None else None
        self._study.tell(trial, values=values, state=state)
        self._mirror.ended(self._frozen(trial), trial_uid=result.trial_uid, reason=result.reason)

    def close(self) -> None:
        """Write what is still in memory."""
        self._mirror.settle(all_of_it=True)

    def settle(self) -> None:
        """Write what can be written without waiting for anybody."""
        self._mirror.settle()

    def _sampler_of(self, slot: int, *, is_drawn: bool) -> optuna.samplers.BaseSampler:
        seed = slot_seed(self._plan.seed, "sampler", slot)
        if not is_drawn:  # nothing is drawn, so a sequence must not go on by a place
            return optuna.samplers.RandomSampler(seed=seed)
        return self._sampler.make(slot_seed(self._plan.seed, "sampler", 0), seed)

    @property
    def _memory(self) -> optuna.storages.BaseStorage:
        return self._study._storage

    @property
    def _study_id(self) -> int:
        return self._study._study_id

    def _wanted(self, slot: int, same: TrialSpec | None) -> Mapping[str, ParamValue] | None:
        if same is not None:
            return {"model_name": same.model, **same.params}
        if self._sampler.enumerates:
            return self._grid[slot] if slot < len(self._grid) else None
        return self._space.default() if slot == 0 else None

    def _spec(self, trial: Trial, slot: int, same: TrialSpec | None, fixed: Mapping[str, Any]) -> TrialSpec:
        params = self._space.suggest(OptunaDraw(trial, fixed))
        uid = uuid.uuid4().hex
        if same is None:
            seed = slot_seed(self._plan.seed, "trial", slot)
            return first_attempt(
                self._plan, uid=uid, slot=slot, number=trial.number, seed=seed, params=params
            )
        again = dataclasses.replace(
            same,
            trial_uid=uid,
            number=trial.number,
            attempt=same.attempt + 1,
            retry_of=same.trial_uid,
            data_ref=self._plan.data_ref,
            digest=self._plan.digest,
        )
        return in_folder(again, self._plan)

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[trial.number]


def open_study(storage: optuna.storages.RDBStorage, *, plan: SweepPlan, attributes: Mapping[str, str]) -> int:
    """Create the study in Optuna's storage.

    Args:
        storage: an open one.
        plan: gives name, direction and metric.
        attributes: user attributes of the study (data digest, space fingerprint, ...).

    Returns:
        The study's id in the storage.

    Raises:
        InputError: a study of this name exists.
    """
    try:
        study = optuna.create_study(storage=storage, study_name=plan.name, direction=direction_of(plan))
    except optuna.exceptions.DuplicatedStudyError as error:
        raise InputError(
            f"--name {plan.name}: a sweep of this name exists already; "
            "choose another name, or leave --name out"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([plan.objective.metric])
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    return storage.get_study_id_from_name(plan.name)
