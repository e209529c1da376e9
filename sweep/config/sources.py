"""Where settings come from: a file, the environment, flags. Each gives keys, raw values and origins."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweep.catalog import near, unknown
from sweep.config.schema import KEYS
from sweep.documents import Entry, read_document, scalar_of
from sweep.faults import Fault
from sweep.records import ParamValue

PREFIX = "SWEEP_"
SET = "set"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value as it was given.

    Args:
        key: of the config; "set.NAME" for a fixed parameter of the search space.
        value: as it stands there.
        origin: e.g. "file sweep.yaml line 3", "env SWEEP_TRIALS", "flag --trials".
    """

    key: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Source:
    """What one source says.

    Args:
        settings: by key.
        faults: what is wrong with its keys and its form.
    """

    settings: dict[str, Setting]
    faults: list[Fault]


def from_file(path: Path) -> Source:
    """Read a config file.

    Args:
        path: YAML with the keys of the config.

    Returns:
        Its settings.

    Raises:
        InputError: it cannot be read, or is no YAML mapping.
    """
    document = read_document(path)
    source = Source(
        {}, [Fault(fault.field, fault.text, place=_in_file(path, fault.line)) for fault in document.faults]
    )
    for key, entry in document.entries.items():
        origin = _in_file(path, entry.line)
        if key not in KEYS:
            source.faults.append(Fault(key, unknown("key", key, KEYS), place=origin))
        elif entry.is_faulty or entry.value is None:
            continue
        elif key == SET:
            _take_mapping(source, entry, path)
        elif isinstance(entry.value, Mapping | tuple):
            source.faults.append(Fault(key, "expected a single value", place=origin))
        else:
            source.settings[key] = Setting(key, entry.value, origin)
    return source


def from_environment(environ: Mapping[str, str]) -> Source:
    """Read the variables SWEEP_TRIALS, SWEEP_HOME and so on.

    Args:
        environ: all variables. Others that start with SWEEP_ may belong to another program: they are a
            fault only if they look like a misspelt one of ours.

    Returns:
        Their settings; empty values count as not set.
    """
    source = Source({}, [])
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or not environ[variable].strip():
            continue
        key, origin = variable.removeprefix(PREFIX).lower(), f"env {variable}"
        if key == SET:
            _take_words(source, environ[variable], origin)
        elif key in KEYS:
            source.settings[key] = Setting(key, environ[variable].strip(), origin)
        elif guess := near(key, KEYS):
            source.faults.append(Fault(key, f"unknown; did you mean {PREFIX}{guess.upper()}?", place=origin))
    return source


def from_flags(flags: Mapping[str, object]) -> Source:
    """Read what was given on the command line, or as keywords from Python.

    Args:
        flags: by key; None counts as not given. `set` is a list of "key=value", or a mapping.

    Returns:
        Their settings.
    """
    source = Source({}, [])
    for key, value in flags.items():
        origin = f"flag --{key.replace('_', '-')}"
        if value is None or key == SET:
            continue
        if key not in KEYS:
            source.faults.append(Fault(key, unknown("key", key, KEYS), place=origin))
            continue
        source.settings[key] = Setting(key, value, origin)
    assignments = flags.get(SET) or ()
    if isinstance(assignments, Mapping):
        for name, value in assignments.items():
            _take(source, Setting(str(name), value, "flag --set"))
    elif isinstance(assignments, Iterable) and not isinstance(assignments, str):
        _take_assignments(source, [str(one) for one in assignments], "flag --set")
    else:
        _take_assignments(source, [str(assignments)], "flag --set")
    return source


def _take_mapping(source: Source, entry: Entry, path: Path) -> None:
    if not isinstance(entry.value, Mapping):
        source.faults.append(
            Fault(
                SET, "expected parameters and their values, e.g. {lr: 1e-3}", place=_in_file(path, entry.line)
            )
        )
        return
    for name, inner in entry.value.items():
        if not inner.is_faulty:
            _take(source, Setting(name, inner.value, _in_file(path, inner.line)))


def _take_assignments(source: Source, assignments: Iterable[str], origin: str) -> None:
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            source.faults.append(Fault(assignment, "expected key=value, e.g. lr=1e-3", place=origin))
            continue
        key = name.strip()
        try:
            _take(source, Setting(key, _value(key, text.strip()), origin))
        except ValueError as error:
            source.faults.append(Fault(key, str(error), place=origin))


def _value(key: str, text: str) -> ParamValue | None:
    """A key of the config reads its own text; a parameter's is read as in a search space."""
    return text if key.replace("-", "_") in KEYS else scalar_of(text)


def _take(source: Source, setting: Setting) -> None:
    """Keep what `set` says: for a key of the config if there is one, else for the search space."""
    name = setting.key.replace("-", "_")
    key = name if name in KEYS and name != SET else f"{SET}.{setting.key}"
    former = source.settings.get(key)
    if former is not None and str(former.value) != str(setting.value):
        text = f"given twice, as {former.value} ({former.origin}) and as {setting.value}; keep one"
        source.faults.append(Fault(setting.key, text, place=setting.origin))
    if setting.value is None or isinstance(setting.value, Mapping | tuple | list):
        source.faults.append(Fault(setting.key, "expected a single value", place=setting.origin))
        return
    source.settings[key] = Setting(key, setting.value, setting.origin)


def _take_words(source: Source, text: str, origin: str) -> None:
    """Split as a shell does, so that a value in quotes may hold blanks."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        fault = f'{text!r} cannot be split into words: {error}; write e.g. {PREFIX}SET="lr=1e-3 loss=dice"'
        source.faults.append(Fault(SET, fault, place=origin))
        return
    _take_assignments(source, words, origin)


def _in_file(path: Path, line: int) -> str:
    return f"file {path} line {line}"
