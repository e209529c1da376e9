"""A narrower search space out of what a sweep has found: where to look next.

Each range is judged on its own trials: a model's own range, or a conditional parameter, by those that have
it. It shrinks to the hull of the best of them, widened by a margin, on the scale it is drawn on. What too few
trials have tried stays as it is.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sweep.records import ParamValue
from sweep.search_space.checking import fixed_fault
from sweep.search_space.conditions import reach
from sweep.search_space.definition import MODEL_NAME, Parameter, SearchSpace, values_of
from sweep.search_space.domains import Choice, Domain, Fixed, FloatRange, IntRange
from sweep.search_space.shrinking import AS_BEFORE, Found, beyond_edge, chosen, n_trials, shrunk, with_default

FEWEST = 5
"""Complete trials below which a hull says nothing, and the fewest that make one."""
BEST_SHARE = 4  # the best quarter

At = tuple[str, str | None]
"""A parameter, and the model whose own range is meant; None for the range of all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial that ended complete or pruned.

    Args:
        params: all of them, `model_name` among them.
        value: the objective if it is complete, None if it was pruned.
    """

    params: Mapping[str, ParamValue]
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Where to look next.

    Args:
        space: the narrower one, None if too few trials completed to say.
        found: what was made of each domain and why.
        why_not: why there is no narrower space, empty if there is.
    """

    space: SearchSpace | None
    found: Mapping[At, Found] = field(default_factory=dict)
    why_not: str = ""

    def remarks(self, parameter: Parameter) -> Iterator[tuple[str | None, str]]:
        """What is to be said of a parameter.

        Args:
            parameter: of the narrower space.

        Yields:
            The model whose own range is meant or None, and a sentence.
        """
        for model, _ in parameter.domains():
            found = self.found.get((parameter.name, model))
            for text in (found.remark, found.edge) if found else ():
                if text:
                    yield model, text

    @property
    def counted(self) -> tuple[int, int]:
        """How many domains were narrowed, and how many there are that vary."""
        varied = [one for one in self.found.values() if one.remark]
        return sum(one.is_narrower for one in varied), len(varied)

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Parameters whose best lies at an end of what was searched, with a sentence each."""
        return [(_told(name, model), one.edge) for (name, model), one in self.found.items() if one.edge]


def narrow(space: SearchSpace, trials: Sequence[Tried], *, maximise: bool, name: str) -> Narrowed:
    """Shrink a search space to where its best trials lie.

    Args:
        space: that the trials were drawn from.
        trials: complete and pruned ones.
        maximise: whether a larger value is better.
        name: of the new space.

    Returns:
        A space that starts from the best trial, and what was changed; or why it cannot be said.
    """
    sign = -1.0 if maximise else 1.0
    complete = sorted(
        (one for one in trials if one.value is not None and math.isfinite(one.value)),
        key=lambda one: sign * (one.value or 0.0),
    )
    if len(complete) < FEWEST:
        count = n_trials(len(complete)) if complete else "no trial"
        return Narrowed(
            space=None, why_not=f"{count} completed, and {FEWEST} are needed to say where to look next"
        )
    found = {
        (parameter.name, model): _narrowed(space, parameter, domain, trials, complete)
        for parameter in space.parameters
        for model, domain in parameter.domains()
    }
    parameters = tuple(
        dataclasses.replace(
            one,
            domain=found[one.name, None].domain,
            by_model={model: found[one.name, model].domain for model in one.by_model},
        )
        for one in space.parameters
    )
    return _of_one_model(dataclasses.replace(space, name=name, parameters=_fitted(parameters)), found)


def _possible(space: SearchSpace, parameter: Parameter, domain: FloatRange | IntRange, found: Found) -> Found:
    """Without the advice to widen a range where nothing lies beyond its end, e.g. below 0."""
    if not found.edge:
        return found
    beyond = beyond_edge(domain, is_lower=found.edge_is_lower)
    fault = fixed_fault(parameter.name, beyond, task=space.task, trainer=space.trainer)
    return dataclasses.replace(found, edge="") if fault else found


def _narrowed(
    space: SearchSpace,
    parameter: Parameter,
    domain: Domain,
    trials: Sequence[Tried],
    complete: Sequence[Tried],
) -> Found:
    if isinstance(domain, Fixed):
        return Found(domain, "")
    values = _values(parameter, domain, complete)
    if not values:
        return Found(domain, f"{AS_BEFORE}: no complete trial has it")
    if len(values) < FEWEST:
        remark = f"{AS_BEFORE}: {n_trials(len(values))} of {len(complete)} complete ones have it, too few"
        return Found(with_default(domain, values[0]), remark)
    best = values[: max(FEWEST, math.ceil(len(values) / BEST_SHARE))]
    told = f"the best {len(best)} of {len(values)} complete trials"
    if isinstance(domain, Choice):
        tries = dict.fromkeys(domain.choices, 0)
        for value in _values(parameter, domain, trials):
            tries[value] += 1
        return chosen(domain, best, tries, told, fix=parameter.name != MODEL_NAME)
    return _possible(space, parameter, domain, shrunk(domain, [float(value) for value in best], told))


def _values(parameter: Parameter, domain: Domain, trials: Sequence[Tried]) -> list[ParamValue]:
    """What trials drew from a domain; others drew from another one, or before it was changed."""
    return [
        one.params[parameter.name]
        for one in trials
        if parameter.name in one.params
        and parameter.domain_for(one.params.get(MODEL_NAME)) is domain
        and _is_inside(domain, one.params[parameter.name])
    ]


def _is_inside(domain: Domain, value: ParamValue) -> bool:
    if isinstance(domain, Fixed | Choice):
        return value in domain.points()
    return not isinstance(value, bool | str) and domain.low <= value <= domain.high


def _fitted(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Take out what belongs to models and values that are gone."""
    while True:
        by_name = {one.name: one for one in parameters}
        models = [str(value) for value in values_of(by_name[MODEL_NAME]) or ()]
        reached = reach(parameters, models)
        fitted = tuple(_trimmed(one, models, by_name) for one in parameters if reached[one.name])
        if fitted == parameters:
            return parameters
        parameters = fitted


def _trimmed(parameter: Parameter, models: Sequence[str], by_name: Mapping[str, Parameter]) -> Parameter:
    when = {}
    for parent, wanted in parameter.when.items():
        known = values_of(by_name[parent]) if parent in by_name else None
        when[parent] = wanted if known is None else tuple(value for value in wanted if value in known)
    own = {model: domain for model, domain in parameter.by_model.items() if model in models}
    return dataclasses.replace(parameter, when=when, by_model=own)


def _of_one_model(space: SearchSpace, found: Mapping[At, Found]) -> Narrowed:
    """A space of a single model needs no ranges of a model's own, and no remarks on what is gone."""
    models = space.models()
    parameters: list[Parameter] = []
    kept: dict[At, Found] = {}
    for one in space.parameters:
        if len(models) == 1 and models[0] in one.by_model:
            kept[one.name, None] = found[one.name, models[0]]
            parameters.append(dataclasses.replace(one, domain=one.by_model[models[0]], by_model={}))
        else:
            kept |= {(one.name, model): found[one.name, model] for model, _ in one.domains()}
            parameters.append(one)
    return Narrowed(space=dataclasses.replace(space, parameters=tuple(parameters)), found=kept)


def _told(name: str, model: str | None) -> str:
    return f"{name} of {model}" if model else name
