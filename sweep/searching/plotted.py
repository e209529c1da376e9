"""A study as plots show it: in memory, with the names that users write.

A model's own range of a parameter is a parameter of its own in Optuna (`lr@MODEL`), and a range may have been
narrowed in the middle of a sweep. For looking they are one parameter again, wherever one axis can hold them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

Numeric = FloatDistribution | IntDistribution
SHOWN_ATTRIBUTES = ("slot", "reason")
CELLS = 40
"""Of a contour's axis: Optuna makes a cell of each value, and a browser does not draw 300 x 300 of them."""


def plotted_study(study: optuna.Study) -> optuna.Study:
    """Copy a study into memory, once, for any number of plots.

    Args:
        study: of any storage.

    Returns:
        The same trials under the names users write; parameters that never varied are left out.
    """
    trials = study.get_trials(deepcopy=False)
    together = merged(trials)
    found = optuna.create_study(study_name=study.study_name, direction=study.direction)
    found.add_trials([_shown(trial, together) for trial in trials])
    return found


def rounded(study: optuna.Study) -> optuna.Study:
    """Bring numbers onto a grid of `CELLS` steps where there are more different ones than that.

    Args:
        study: in memory.

    Returns:
        A copy of its complete trials.
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    steps = {name: step for name in _names(trials) if (step := _step(trials, name)) is not None}
    found = optuna.create_study(study_name=study.study_name, direction=study.direction)
    found.add_trials(
        [
            _copied(
                trial,
                params={
                    name: steps[name](value) if name in steps else value
                    for name, value in trial.params.items()
                },
                distributions=trial.distributions,
            )
            for trial in trials
            if trial.values is not None
        ]
    )
    return found


def merged(trials: Sequence[FrozenTrial]) -> dict[str, tuple[str, BaseDistribution]]:
    """Find for each parameter the name and range that it is shown with.

    Args:
        trials: of a study.

    Returns:
        By the name in Optuna; only parameters with two values or more.
    """
    ranges: dict[str, dict[str, list[BaseDistribution]]] = {}
    values: dict[str, set[Any]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            own = ranges.setdefault(name.partition("@")[0], {}).setdefault(name, [])
            if distribution not in own:
                own.append(distribution)
            values.setdefault(name, set()).add(trial.params[name])
    found: dict[str, tuple[str, BaseDistribution]] = {}
    for shown, parts in ranges.items():
        whole = _union(distribution for part in parts.values() for distribution in part)
        groups = {shown: list(parts)} if whole else {name: [name] for name in parts}
        for name, drawn in groups.items():
            held = whole or _union(parts[name])
            if held is not None and len(set().union(*(values[part] for part in drawn))) > 1:
                found |= dict.fromkeys(drawn, (name, held))
    return found


def _union(distributions: Iterable[BaseDistribution]) -> BaseDistribution | None:
    """One range that holds all of them; None where no axis does."""
    parts = list(distributions)
    if all(isinstance(part, CategoricalDistribution) for part in parts):
        choices = dict.fromkeys(choice for part in parts for choice in part.choices)  # type: ignore[attr-defined]
        return CategoricalDistribution(tuple(choices))
    if not all(isinstance(part, FloatDistribution | IntDistribution) for part in parts):
        return None
    return _whole_range([part for part in parts if isinstance(part, FloatDistribution | IntDistribution)])


def _whole_range(parts: Sequence[Numeric]) -> Numeric | None:
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    is_log = any(part.log for part in parts)
    if is_log and low <= 0:
        return None
    if all(isinstance(part, IntDistribution) for part in parts):
        step = 1 if is_log else math.gcd(*(int(part.step or 1) for part in parts))
        step = math.gcd(step, *(int(part.low - low) for part in parts)) or 1
        return IntDistribution(int(low), int(high), log=is_log, step=1 if is_log else step)
    # Steps from different starts meet nowhere.
    is_same = len({(part.step, part.low, part.high) for part in parts}) == 1
    return FloatDistribution(
        float(low), float(high), log=is_log, step=parts[0].step if is_same and not is_log else None
    )


def _names(trials: Iterable[FrozenTrial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.params))


def _step(trials: Sequence[FrozenTrial], name: str) -> Callable[[float], float] | None:
    """Round to a step of the values' range; None where there are few values."""
    own = [trial for trial in trials if name in trial.params]
    held, values = own[0].distributions[name], {trial.params[name] for trial in own}
    if not isinstance(held, FloatDistribution) or len(values) <= CELLS:
        return None
    to, back = (math.log, math.exp) if held.log else (float, float)
    low, high = to(min(values)), to(max(values))

    def nearest(value: float) -> float:
        cell = round((to(value) - low) / (high - low) * CELLS)
        return min(max(back(low + cell * (high - low) / CELLS), held.low), held.high)

    return nearest


def _shown(trial: FrozenTrial, together: Mapping[str, tuple[str, BaseDistribution]]) -> FrozenTrial:
    drawn = {name: together[name] for name in trial.params if name in together}
    return _copied(
        trial,
        params={
            shown: float(trial.params[name]) if isinstance(held, FloatDistribution) else trial.params[name]
            for name, (shown, held) in drawn.items()
        },
        distributions=dict(drawn.values()),
    )


def _copied(
    trial: FrozenTrial, *, params: dict[str, Any], distributions: dict[str, BaseDistribution]
) -> FrozenTrial:
    is_sound = trial.values is not None and all(map(math.isfinite, trial.values))
    return FrozenTrial(
        number=trial.number,
        trial_id=trial.number,
        # Optuna asks a complete trial for a value; one that is no number counts as failed, as in a sweep.
        state=trial.state if is_sound or trial.state is not TrialState.COMPLETE else TrialState.FAIL,
        value=None,
        values=trial.values if is_sound else None,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
        params=params,
        distributions=distributions,
        user_attrs={key: trial.user_attrs[key] for key in SHOWN_ATTRIBUTES if key in trial.user_attrs},
        system_attrs={},
        intermediate_values=trial.intermediate_values,
    )
