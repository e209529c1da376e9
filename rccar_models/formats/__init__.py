"""Every data format, found by itself: each module here that exports `FORMAT` adds to the list. No torch."""

import difflib
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rccar_models.errors import AmbiguousLayoutError, DataError, UnknownNameError, WrongTaskError
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.folders import IMAGE_FOLDERS, holds_labels
from rccar_models.formats.splits import split_faults
from rccar_models.formats.tree import Tree, tree_of
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

__all__ = ["DEMO", "FORMATS", "FormatDef", "detect", "open_data", "scan_best", "scan_data"]


def open_data(source: str, task: str, format_name: str | None = None) -> DataIndex:
    """List what is in a data set that is to be trained on, without decoding a frame.

    Args:
        source: "demo", or a folder.
        task: "segmentation" or "detection".
        format_name: of the layout, None to recognise it.

    Returns:
        The data set, with train and val.

    Raises:
        UnknownNameError: no format has this name.
        DataError: the folder is missing, has no known layout, cannot serve the task, is not divided into
            train and val, or its files are faulty; all faults are listed.
    """
    index = scan_data(source, task, format_name)
    if index.faults:
        raise DataError(source, index.faults)
    return index


def scan_data(
    source: str, task: str, format_name: str | None = None, *, must_be_divided: bool = True
) -> DataIndex:
    """List what is in a data set however faulty it is, without decoding a frame.

    Args:
        source: "demo", or a folder.
        task: "segmentation" or "detection".
        format_name: of the layout, None to recognise it.
        must_be_divided: whether missing and empty splits are faults.

    Returns:
        The data set; `faults` says why it cannot be used.

    Raises:
        UnknownNameError: no format has this name.
        AmbiguousLayoutError: the labels of several formats serve the task.
        DataError: the folder is missing, has no known layout, cannot serve the task, or nothing in it can be
            listed.
    """
    if format_name is not None and format_name not in FORMATS:
        near = difflib.get_close_matches(format_name, FORMATS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownNameError(f"unknown format {format_name!r}{hint} (known: {', '.join(FORMATS)})")
    if (source == DEMO) != ((format_name or source) == DEMO):
        raise DataError(source, [f"--format {format_name} does not fit; the demo is --data demo alone"])
    tree, chosen = Tree(Path(source), ()), FORMATS[DEMO]
    if source != DEMO:
        root = Path(source).expanduser()
        _check_folder(root, source)
        tree = tree_of(root)
        chosen = FORMATS[format_name] if format_name else detect(tree, task)
    if task not in chosen.tasks:
        raise WrongTaskError(source, [_wrong_task(chosen.name, chosen.tasks, task)])
    index = _index_within_memory(chosen, tree, task)
    if index is None:
        fault = "its labels need more memory than there is; divide the annotation files, or read it elsewhere"
        raise DataError(source, [fault])
    counts = {split: len(samples) for split, samples in index.splits.items()}
    missing = split_faults(counts, index.faults) if must_be_divided else ()
    return replace(index, source=source, faults=(*index.faults, *missing))


_TASKS = ("detection", "segmentation")
"""In the order in which they are tried: labelled objects tell more than the masks made from them."""


def scan_best(
    source: str, task: str | None, format_name: str | None = None, *, must_be_divided: bool = True
) -> DataIndex:
    """List what is in a data set for a task, or for the one that it serves best.

    Args:
        source: "demo", or a folder.
        task: "segmentation" or "detection"; None for the one with fewer faults, detection if equal.
        format_name: of the layout, None to recognise it.
        must_be_divided: whether missing and empty splits are faults.

    Returns:
        The data set, with its faults.

    Raises:
        UnknownNameError: no format has this name.
        AmbiguousLayoutError: the labels of several formats serve a task that was tried.
        DataError: nothing in it can be listed for any task.
    """
    if task is not None:
        return scan_data(source, task, format_name, must_be_divided=must_be_divided)
    found: list[DataIndex] = []
    refusals: list[DataError] = []
    for tried in _TASKS:
        try:
            found.append(scan_data(source, tried, format_name, must_be_divided=must_be_divided))
        except AmbiguousLayoutError:
            raise  # another task would silently take the labels of one format
        except DataError as error:
            refusals.append(error)
        if found and not found[-1].faults:
            break
    if not found:
        raise refusals[0]
    return min(found, key=lambda index: len(index.faults))


def _index_within_memory(chosen: FormatDef, tree: Tree, task: str) -> DataIndex | None:
    """List a data set; None if the memory is too small. The error itself would keep the memory occupied."""
    try:
        return chosen.index(tree, task)
    except MemoryError:
        return None


def detect(tree: Tree, task: str) -> FormatDef:
    """Recognise the layout of a folder.

    Args:
        tree: the folder.
        task: "segmentation" or "detection"; decides where several layouts fit.

    Returns:
        The format.

    Raises:
        AmbiguousLayoutError: several layouts fit, each without a fault.
        DataError: no known layout fits, none that fits serves the task, or several do and all are faulty.
    """
    fitting = [found for found in FORMATS.values() if found.recognises(tree)]
    serving = [found for found in fitting if task in found.tasks]
    meant = [one for one in serving if tree.has_folder(one.own_folders.get(task, ""))]
    if len(serving) == 1 or len(meant) == 1:
        return (meant or serving)[0]
    root = tree.root
    if serving:
        usable = [found for found in serving if _is_usable(found, tree, task)]
        if len(usable) == 1:
            return usable[0]
        names = " or ".join(f"--format {found.name}" for found in serving)
        # Only where several could be trained on is it the user's choice, and not one that their faults make.
        unclear = AmbiguousLayoutError if usable else DataError
        raise unclear(str(root), [f"for {task} several layouts fit; choose {names}"])
    if fitting:
        raise WrongTaskError(str(root), [_wrong_task(found.name, found.tasks, task) for found in fitting])
    raise DataError(str(root), [_unrecognised(tree)])


def _is_usable(found: FormatDef, tree: Tree, task: str) -> bool:
    """Whether the labels of a format are of use for the task: boxes beside masks are not."""
    try:
        return not found.index(tree, task).faults
    except DataError:
        return False


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


def _unrecognised(tree: Tree) -> str:
    """Say what was looked for, and what was nearly found."""
    folders = _subfolders(tree.root)
    parent = [tree.root.parent] if tree.root.name.lower() in IMAGE_FOLDERS else []
    near = [tree.root / name for name in folders] + parent
    fits = [path for path in near if any(found.recognises(tree_of(path)) for found in FORMATS.values())]
    hint = f"did you mean {fits[0]}?" if fits else _held(tree, folders)
    known = [f"    {found.name}: {found.text}" for found in FORMATS.values()]
    return "\n".join([f"no known layout; {hint}; known layouts:", *known])


def _held(tree: Tree, folders: list[str]) -> str:
    """Say what lies in a folder of no known layout."""
    pictures = list(tree.pictures())
    lossy = [name for name in pictures if name.lower().endswith((".jpg", ".jpeg"))]
    masks = [name for name in lossy if any(map(holds_labels, name.split("/")[:-1]))]
    if masks:
        return f"{masks[0]} is JPEG, which changes the values of a mask's pixels: export masks as PNG"
    if pictures:
        return f"it holds images ({len(pictures)}, e.g. {pictures[0]}) but no labels in a known layout"
    return f"it holds no images; its folders: {', '.join(folders) or 'none'}"


def _subfolders(folder: Path) -> list[str]:
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    except OSError:  # a folder that is missing or closed to us has no near names to offer
        return []
    return [name for name in names if not name.startswith(".")]
