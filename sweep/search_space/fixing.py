"""Fixes parameters of a search space from the command line: `--set lr=1e-3`."""

import dataclasses
from collections.abc import Mapping

from sweep import catalog
from sweep.faults import Fault, input_error
from sweep.records import ParamValue
from sweep.search_space.checking import catalog_faults
from sweep.search_space.conditions import in_order, reach
from sweep.search_space.definition import MODEL_NAME, Parameter, SearchSpace
from sweep.search_space.domains import Fixed


def fix(space: SearchSpace, values: Mapping[str, ParamValue]) -> SearchSpace:
    """Fix parameters, all at once, so that their order does not matter.

    Args:
        space: to be narrowed; it stays as it is.
        values: by parameter. One that is not in the space is added if its trainer or models know it.

    Returns:
        The narrower space.

    Raises:
        InputError: a name is unknown, a value is not accepted, or no model would use it; all faults are
            listed.
    """
    if not values:
        return space
    kept = tuple(
        dataclasses.replace(one, domain=Fixed(value=values[one.name]), by_model={})
        if one.name in values
        else one
        for one in space.parameters
    )
    narrowed = dataclasses.replace(space, parameters=kept)
    added = tuple(
        _added(narrowed, name, value) for name, value in values.items() if space.parameter(name) is None
    )
    narrowed = _without_the_unreachable(dataclasses.replace(narrowed, parameters=in_order((*kept, *added))))
    faults = [Fault(".".join(path), text) for path, text in catalog_faults(narrowed)]
    models = ", ".join(narrowed.models())
    faults.extend(
        Fault(
            name,
            f"no trial would use it, its condition never holds (models: {models}); "
            "drop it, or what excludes it",
        )
        for name in values
        if narrowed.parameter(name) is None
    )
    if faults:
        raise input_error("--set", faults)
    return narrowed


def _added(space: SearchSpace, name: str, value: ParamValue) -> Parameter:
    """A parameter the file does not name; an option of some models exists for those alone."""
    own = tuple(
        model
        for model in space.models()
        if model in catalog.MODELS
        and any(option.name == name for option in catalog.MODELS.get(model).options)
    )
    is_shared = name in catalog.trainer_options(space.trainer, space.task)
    when = {} if is_shared or not own else {MODEL_NAME: own}
    return Parameter(name=name, domain=Fixed(value=value), when=when)


def _without_the_unreachable(space: SearchSpace) -> SearchSpace:
    """Drop parameters and own ranges of models that were fixed away."""
    models = space.models()
    reached = reach(space.parameters, models)
    return dataclasses.replace(
        space,
        parameters=tuple(
            dataclasses.replace(
                one, by_model={model: own for model, own in one.by_model.items() if model in models}
            )
            for one in space.parameters
            if reached[one.name]
        ),
    )
