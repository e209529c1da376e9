"""From the entries of a YAML file to a search space, with every fault on the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sweep import catalog
from sweep.catalog import unknown
from sweep.documents import Document, Entry, Scalar
from sweep.faults import Fault, input_error
from sweep.search_space.checking import catalog_faults
from sweep.search_space.conditions import PathFault, When, condition_faults, descendants, in_order
from sweep.search_space.definition import MODEL_NAME, Parameter, SearchSpace
from sweep.search_space.parameters import read_parameter
from sweep.search_space.section import Section, whole, word

KEYS = ("task", "trainer", "description", "epochs", "long_side_px", "parameters")


def space_from(document: Document, *, name: str) -> SearchSpace:
    """Build a search space.

    Args:
        document: the file.
        name: of the space.

    Returns:
        A space whose every value is accepted by its trainer and models.

    Raises:
        InputError: something is wrong; all faults are listed.
    """
    root = Entry(document.entries, 1)
    faults = [replace(fault, field=fault.field.removeprefix("parameters.")) for fault in document.faults]
    top = Section(root, (), faults)
    top.only(KEYS)
    tasks, trainers = catalog.TASKS.names(), catalog.TRAINERS.names()
    task = top.scalar("task", _one_of("task", tasks), missing=f"missing; one of {', '.join(tasks)}")
    trainer = top.scalar("trainer", _one_of("trainer", trainers), missing="")
    epochs = top.scalar("epochs", _between(1, 100_000), missing="missing; e.g. epochs: 20")
    long_side_px = top.scalar("long_side_px", _between(32, 4096), missing="missing; e.g. long_side_px: 320")
    description = top.scalar("description", word, missing="") or ""
    parameters, broken = _parameters(top)
    space = SearchSpace(
        name=name,
        task=task or "",
        trainer=trainer or "torch",
        description=description,
        epochs=epochs or 1,
        long_side_px=long_side_px or 32,
        parameters=in_order(parameters),
    )
    for path, text in _deep_faults(space, broken):
        faults.append(Fault(".".join(path), text, root.line_at(("parameters", *path))))
    if faults:
        raise input_error(document.source, faults)
    return space


def _parameters(top: Section) -> tuple[list[Parameter], dict[str, When]]:
    """Parameters that could be read, and the conditions of those that could not."""
    entry = top.entry("parameters")
    if entry is None or not isinstance(entry.value, Mapping) or MODEL_NAME not in entry.value:
        example = "model_name: {type: categorical, choices: [...], default: ...}"
        top.fault("parameters", f"{MODEL_NAME} is missing; a space names its model or models, e.g. {example}")
    if entry is None or not isinstance(entry.value, Mapping):
        return [], {}
    read = {name: read_parameter(name, body, top.faults) for name, body in entry.value.items()}
    sound = [one.parameter for one in read.values() if one.parameter]
    return sound, {name: one.when for name, one in read.items() if one.parameter is None}


def _deep_faults(space: SearchSpace, broken: Mapping[str, When]) -> Sequence[PathFault]:
    """Faults between parameters and against the catalog, unless a fault found before may be their cause."""
    faults = list(condition_faults(space.parameters, broken))
    doubtful = descendants(space.parameters, {path[0] for path, _ in faults} | set(broken))
    if space.task:
        faults.extend(catalog_faults(space, broken=tuple(broken), doubtful=doubtful))
    return faults


def _one_of(kind: str, known: Sequence[str]) -> Callable[[Scalar], str]:
    def check(value: Scalar) -> str:
        if value not in known:
            raise ValueError(unknown(kind, value, known))
        return str(value)

    return check


def _between(low: int, high: int) -> Callable[[Scalar], int]:
    def check(value: Scalar) -> int:
        number = whole(value)
        if not low <= number <= high:
            raise ValueError(f"{number} is not between {low} and {high}")
        return number

    return check
