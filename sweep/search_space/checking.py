"""A search space against the catalog: every value must be one that its trainer or model accepts.

So a misspelt or out-of-range parameter is found before the first trial, and no parameter can be drawn
for a model that would not use it.
"""

from collections.abc import Collection, Iterator, Sequence

from sweep import catalog
from sweep.catalog import Option
from sweep.errors import InputError
from sweep.records import ParamValue
from sweep.search_space.conditions import PathFault, reach
from sweep.search_space.definition import MODEL_NAME, Parameter, SearchSpace
from sweep.search_space.domains import Choice, Domain, Fixed, FloatRange


def catalog_faults(
    space: SearchSpace, *, broken: Sequence[str] = (), doubtful: Collection[str] = ()
) -> Iterator[PathFault]:
    """Check models, parameters and values.

    Args:
        space: parameters in order, parents first.
        broken: names of parameters that could not be read: only the names are checked.
        doubtful: names of parameters of which nobody can say for which models they exist, because a
            condition is at fault.

    Yields:
        Every fault.
    """
    models = space.models()
    known = catalog.models_of(space.task)
    for model in models:
        if model not in known:
            yield (MODEL_NAME,), _unknown_model(model, space.task)
    usable = [model for model in models if model in known]
    reached = reach(space.parameters, usable)
    for name in (*broken, *(parameter.name for parameter in space.parameters)):
        if name != MODEL_NAME and not _owners(space, name, usable or known):
            yield (
                (name,),
                _unknown_parameter(name, task=space.task, trainer=space.trainer, models=usable or known),
            )
    for parameter in space.parameters:
        if parameter.name == MODEL_NAME:
            continue
        if not usable or parameter.name in doubtful:
            yield from _doubtful_faults(space, parameter, usable or known)
        else:
            yield from _parameter_faults(space, parameter, usable=usable, reached=reached[parameter.name])


def fixed_fault(name: str, value: ParamValue, *, task: str, trainer: str) -> str | None:
    """Say what is wrong with a fixed parameter whatever the space.

    Args:
        name: of the parameter.
        value: that it is to have.
        task: of the sweep.
        trainer: of the sweep.

    Returns:
        A sentence, or None if some model accepts it.
    """
    models = catalog.models_of(task)
    if name == MODEL_NAME:
        return None if value in models else _unknown_model(str(value), task)
    options = _options(name, task=task, trainer=trainer, models=models)
    if not options:
        return _unknown_parameter(name, task=task, trainer=trainer, models=models)
    faults = [option.fault_of(value) for option in options]
    return faults[0] if all(faults) else None


def check_metric(space: SearchSpace, metric: str) -> None:
    """Refuse to compare losses of detectors that are computed in different ways.

    Args:
        space: with one or more models.
        metric: as users write it.

    Raises:
        InputError: detection by `val_loss` over models of several families.
    """
    if space.task != "detection" or metric != "val_loss":
        return
    families: dict[str, list[str]] = {}
    for model in space.models():
        families.setdefault(catalog.MODELS.get(model).family, []).append(model)
    if len(families) > 1:
        listed = "; ".join(f"{family}: {', '.join(models)}" for family, models in families.items())
        raise InputError(
            f"--metric val_loss: {space.name} mixes model families, whose losses are not comparable "
            f"({listed}); use --metric f1_50, map_50 or map, or fix the model with --set model_name=NAME"
        )


def _unknown_model(model: str, task: str) -> str:
    if model in catalog.MODELS:
        other = catalog.MODELS.get(model).task
        return f"{model} is a model for {other}; for {task} there are: {', '.join(catalog.models_of(task))}"
    return catalog.unknown("model", model, catalog.models_of(task))


def _parameter_faults(
    space: SearchSpace, parameter: Parameter, *, usable: Sequence[str], reached: Sequence[str]
) -> Iterator[PathFault]:
    for model in parameter.by_model:
        if model not in space.models():
            yield (
                (parameter.name, "by_model", model),
                catalog.unknown("model of this space", model, space.models()),
            )
        elif model in usable and model not in reached:
            yield (
                (parameter.name, "by_model", model),
                f"{parameter.name} never exists for {model}; drop this range",
            )
    shared = catalog.trainer_options(space.trainer, space.task).get(parameter.name)
    own = {model: option for model in usable if (option := _own_option(model, parameter.name))}
    if shared is None and not own:
        return
    lacking = [model for model in reached if shared is None and model not in own]
    if lacking:
        yield (parameter.name,), _lacking(have=list(own), lack=lacking)
    options = {model: shared or own[model] for model in reached if model not in lacking}
    yield from _domain_faults(parameter, options)


def _own_option(model: str, name: str) -> Option | None:
    return next((option for option in catalog.MODELS.get(model).options if option.name == name), None)


def _doubtful_faults(space: SearchSpace, parameter: Parameter, models: Sequence[str]) -> Iterator[PathFault]:
    """Values that are wrong for whichever model the parameter was meant."""
    owners = _owners(space, parameter.name, models)
    if len(owners) == 1:
        for model, domain in parameter.domains():
            path = (parameter.name,) if model is None else (parameter.name, "by_model", model)
            yield from ((path + key, text) for key, text in _value_faults(domain, owners[0]))


def _owners(space: SearchSpace, name: str, models: Sequence[str]) -> list[Option]:
    return _options(name, task=space.task, trainer=space.trainer, models=models)


def _options(name: str, *, task: str, trainer: str, models: Sequence[str]) -> list[Option]:
    """What a name may stand for: an option of the trainer, or one of some models."""
    shared = catalog.trainer_options(trainer, task).get(name)
    if shared is not None:
        return [shared]
    return [option for model in models if (option := _own_option(model, name))]


def _unknown_parameter(name: str, *, task: str, trainer: str, models: Sequence[str]) -> str:
    for option in catalog.TRAINERS.get(trainer).options:
        if option.name == name:
            return f"belongs to {option.task}, and this space is for {task}; drop it"
    known = [MODEL_NAME, *catalog.options_for(trainer, task, models)]
    return catalog.unknown("parameter", name, known)


def _lacking(*, have: Sequence[str], lack: Sequence[str]) -> str:
    whom = have[0] if len(have) == 1 else f"[{', '.join(have)}]"
    return f"{', '.join(lack)} would ignore it; add when: {{{MODEL_NAME}: {whom}}}"


def _domain_faults(parameter: Parameter, options: dict[str, Option]) -> Iterator[PathFault]:
    for model, domain in parameter.domains():
        path = (parameter.name,) if model is None else (parameter.name, "by_model", model)
        for owner, option in options.items():
            if parameter.domain_for(owner) is domain:
                yield from ((path + key, text) for key, text in _value_faults(domain, option))


def _value_faults(domain: Domain, option: Option) -> Iterator[PathFault]:
    is_number = not isinstance(option.default, bool | str)
    if not isinstance(domain, Choice | Fixed) and not is_number:
        kind = f"one of {', '.join(option.choices)}" if option.choices else "true or false"
        yield ("type",), f"{option.name} is {kind}; use type: categorical, or a fixed value"
    elif isinstance(domain, FloatRange) and isinstance(option.default, int):
        yield ("type",), f"{option.name} takes whole numbers; use type: int"
    else:
        for key, value in domain.stated():
            fault = option.fault_of(value)
            if fault:
                yield ((key,) if key else ()), fault
