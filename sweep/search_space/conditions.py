"""Order and reach of conditional parameters: who must be known before whom, and for which models it exists.

Faults are (path, text) pairs; a path is the keys of a value in the file, from the parameter's name inwards.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sweep.catalog import near
from sweep.records import ParamValue
from sweep.search_space.definition import MODEL_NAME, Parameter, values_of

PathFault = tuple[tuple[str, ...], str]
When = Mapping[str, tuple[ParamValue, ...]]


def in_order(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Put the model's name first and every parent before its children, else keep the order.

    Args:
        parameters: in the order of the file.

    Returns:
        The same parameters; those in a circle of conditions come last.
    """
    waiting = sorted(parameters, key=lambda parameter: parameter.name != MODEL_NAME)
    placed: list[Parameter] = []
    while waiting:
        names = {parameter.name for parameter in waiting}
        ready = next((one for one in waiting if not names & set(one.when)), None)
        if ready is None:
            break
        waiting.remove(ready)
        placed.append(ready)
    return (*placed, *waiting)


def condition_faults(parameters: Sequence[Parameter], broken: Mapping[str, When]) -> Iterator[PathFault]:
    """Check every `when`.

    Args:
        parameters: those that could be read, in any order.
        broken: conditions of those that could not, by name.

    Yields:
        Unknown parents, parents that are ranges, values that a parent never has, and circles.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    whens = {parameter.name: parameter.when for parameter in parameters} | dict(broken)
    for name, when in whens.items():
        for parent, values in when.items():
            path = (name, "when", parent)
            if parent not in whens:
                yield path, _unknown_parent(parent, whens)
            elif parent in by_name:  # of a broken one nobody knows which values it was to have
                yield from ((path, text) for text in _value_faults(by_name[parent], values))
    ordered = in_order(parameters)
    for position, parameter in enumerate(ordered):
        later = {other.name for other in ordered[position:]}
        if set(parameter.when) & later:
            circle = ", ".join(sorted(set(parameter.when) & later))
            yield (parameter.name, "when"), f"depends in a circle on {circle}; drop one of the conditions"


def descendants(parameters: Sequence[Parameter], names: Iterable[str]) -> frozenset[str]:
    """Find everything that exists or not because of some parameters.

    Args:
        parameters: in order, parents first.
        names: of the ancestors.

    Returns:
        The ancestors and all that depend on one of them.
    """
    found = set(names)
    for parameter in parameters:
        if found & set(parameter.when):
            found.add(parameter.name)
    return frozenset(found)


def reach(parameters: Sequence[Parameter], models: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Find out for which models each parameter can exist.

    Args:
        parameters: in order, parents first.
        models: all models of the space.

    Returns:
        Models by parameter; none if some condition can never hold.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    reached: dict[str, tuple[str, ...]] = {}
    for parameter in parameters:
        possible = set(models)
        for parent, wanted in parameter.when.items():
            if parent == MODEL_NAME:
                possible &= {str(value) for value in wanted}
            elif parent in by_name:
                values = values_of(by_name[parent]) or ()
                possible &= set(reached.get(parent, ())) if set(values) & set(wanted) else set()
        reached[parameter.name] = tuple(model for model in models if model in possible)
    return reached


def _unknown_parent(parent: str, declared: Iterable[str]) -> str:
    guess = near(parent, declared)
    meant = f"did you mean {guess}?" if guess else f"declared are: {', '.join(declared)}"
    return f"no parameter of this name is declared; {meant}"


def _value_faults(parent: Parameter, wanted: Sequence[object]) -> Iterator[str]:
    values = values_of(parent)
    if values is None:
        yield f"{parent.name} is a range; a condition needs a categorical or fixed parameter"
        return
    for value in wanted:
        if value not in values:
            guess = near(str(value), [str(known) for known in values])
            meant = f"did you mean {guess}?" if guess else f"it may be: {', '.join(map(str, values))}"
            yield f"{parent.name} is never {value!r}; {meant}"
