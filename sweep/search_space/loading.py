"""Finds a search space: one that comes with the program, by name, or a file of the user's."""

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sweep.catalog import unknown
from sweep.documents import Document, Entry, read_document
from sweep.errors import InputError
from sweep.search_space.definition import SearchSpace
from sweep.search_space.reading import space_from

PACKAGE = "search_spaces"


def builtin_names() -> tuple[str, ...]:
    """Names of the spaces that come with the program."""
    found = (Path(entry.name) for entry in files(PACKAGE).iterdir())
    return tuple(sorted(file.stem for file in found if file.suffix == ".yaml"))


def load_space(name_or_path: str, *, task: str | None = None, trainer: str | None = None) -> SearchSpace:
    """Read a search space and check it.

    Args:
        name_or_path: name of a built-in space, or a YAML file.
        task: what the sweep is for; None takes the space as it is.
        trainer: what the sweep trains with; None takes the space as it is.

    Returns:
        A space whose every value is accepted by its trainer and models.

    Raises:
        InputError: there is no such space or file, it is for another task or trainer, or something in it
            is wrong; all faults are listed.
    """
    space = _read(name_or_path)
    if task is not None and space.task != task:
        raise InputError(
            f"--space {name_or_path}: is for {space.task}, not for {task}; "
            f"use --task {space.task}, or another space"
        )
    # The stand-in accepts whatever torch accepts; the other way round it is not so.
    if trainer not in {None, space.trainer, "stand_in"}:
        raise InputError(f"--space {name_or_path}: is for another trainer; add --trainer {space.trainer}")
    return space


def stored_space(body: Mapping[str, Any], *, name: str) -> SearchSpace:
    """Read a search space that a sweep was started with.

    Args:
        body: what `SearchSpace.to_dict` made, from JSON or not.
        name: of the space.

    Returns:
        The space.

    Raises:
        InputError: it is none that this version of the program accepts.
    """
    entry = _entry(body)
    entries = entry.value if isinstance(entry.value, Mapping) else {}
    return space_from(Document(f"the space of {name}", entries), name=name)


def _entry(value: Any) -> Entry:
    if isinstance(value, Mapping):
        return Entry({str(key): _entry(inner) for key, inner in value.items()}, 1)
    if isinstance(value, list | tuple):
        return Entry(tuple(_entry(item) for item in value), 1)
    return Entry(value, 1)


def _read(name_or_path: str) -> SearchSpace:
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        return space_from(read_document(path), name=path.stem)
    names = builtin_names()
    if name_or_path not in names:
        raise InputError(f"--space: {unknown('search space', name_or_path, names)}; or give a .yaml file")
    with as_file(files(PACKAGE) / f"{name_or_path}.yaml") as file:
        shown = f"{PACKAGE}/{file.name}"
        return space_from(read_document(file, shown=shown), name=name_or_path)
