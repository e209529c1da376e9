"""Every data format, found by itself: each module here that exports `FORMAT` adds to the list. No torch."""

import difflib
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rccar_models.errors import DataError, UnknownNameError
from rccar_models.formats.definition import FormatDef
from rccar_models.samples import DataIndex

DEMO = "demo"
"""The one data source that is no folder; a folder of this name is reached as `./demo`."""


def _found() -> dict[str, FormatDef]:
    formats: dict[str, FormatDef] = {}
    for module in sorted(iter_modules(__path__), key=lambda info: info.name):
        found = getattr(import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if found is not None:
            formats[found.name] = found
    return formats


FORMATS = _found()

__all__ = ["DEMO", "FORMATS", "FormatDef", "detect", "open_data"]


def open_data(source: str, task: str, format_name: str | None = None) -> DataIndex:
    """List what is in a data set, without decoding a frame.

    Args:
        source: "demo", or a folder.
        task: "segmentation" or "detection".
        format_name: of the layout, None to recognise it.

    Returns:
        The data set.

    Raises:
        UnknownNameError: no format has this name.
        DataError: the folder is missing, has no known layout, cannot serve the task, or its files are faulty.
    """
    if format_name is not None and format_name not in FORMATS:
        near = difflib.get_close_matches(format_name, FORMATS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownNameError(f"unknown format {format_name!r}{hint} (known: {', '.join(FORMATS)})")
    if (source == DEMO) != ((format_name or source) == DEMO):
        raise DataError(source, [f"--format {format_name} does not fit; the demo is --data demo alone"])
    root = Path(source).expanduser()
    if source == DEMO:
        chosen = FORMATS[DEMO]
    else:
        _check_folder(root, source)
        chosen = FORMATS[format_name] if format_name else detect(root, task)
    if task not in chosen.tasks:
        raise DataError(source, [_wrong_task(chosen.name, chosen.tasks, task)])
    return replace(chosen.index(root, task), source=source)


def detect(root: Path, task: str) -> FormatDef:
    """Recognise the layout of a folder.

    Args:
        root: the folder.
        task: "segmentation" or "detection"; decides where several layouts fit.

    Returns:
        The format.

    Raises:
        DataError: no known layout fits, none that fits serves the task, or several do.
    """
    fitting = [found for found in FORMATS.values() if found.recognises(root)]
    serving = [found for found in fitting if task in found.tasks]
    if len(serving) == 1:
        return serving[0]
    if serving:
        names = " or ".join(f"--format {found.name}" for found in serving)
        raise DataError(str(root), [f"several layouts fit; choose {names}"])
    if fitting:
        raise DataError(str(root), [_wrong_task(found.name, found.tasks, task) for found in fitting])
    raise DataError(str(root), [_unrecognised(root)])


def _check_folder(root: Path, source: str) -> None:
    if root.is_dir():
        return
    what = "is a file, not the folder of a data set" if root.exists() else "no such folder"
    near = difflib.get_close_matches(root.name, _subfolders(root.parent), n=1)
    hint = f"; did you mean {root.parent / near[0]}?" if near else "; give a folder, or --data demo"
    raise DataError(source, [f"{what}{hint}"])


def _wrong_task(name: str, tasks: tuple[str, ...], task: str) -> str:
    others = ", ".join(found.name for found in FORMATS.values() if task in found.tasks)
    return f"its format {name} serves {' and '.join(tasks)}, not {task}; {task} needs one of: {others}"


def _unrecognised(root: Path) -> str:
    """Say what was looked for, and what was nearly found."""
    folders = _subfolders(root)
    near = [root / name for name in folders] + [root.parent]
    fits = [path for path in near if any(found.recognises(path) for found in FORMATS.values())]
    hint = f"did you mean {fits[0]}?" if fits else f"it holds the folders: {', '.join(folders) or 'none'}"
    known = [f"    {found.name}: {found.text}" for found in FORMATS.values()]
    return "\n".join([f"no known layout; {hint}; known layouts:", *known])


def _subfolders(folder: Path) -> list[str]:
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    except OSError:  # a folder that is missing or closed to us has no near names to offer
        return []
    return [name for name in names if not name.startswith(".")]
