"""Classes of a LabelMe data set: what its `classes.txt` says, else the labels found, in order of name."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import BACKGROUND_NAMES, class_file, classes_for, read_class_names
from rccar_models.formats.class_table import IGNORED
from rccar_models.formats.files import name_of
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID

_FOLDERS = ("labels_all", "labels", "annotations_all", "annotations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """How labels become class ids.

    Args:
        names: of the task, in order of class id.
        ids: class id of each label that may stand in a file; None for one that is no object of the task,
            `IGNORE_ID` for what counts nowhere in masks.
        file: that names the classes, below the data set; empty if the labels do.
        n_named: classes in that file.
    """

    names: tuple[str, ...]
    ids: Mapping[str, int | None]
    file: str = ""
    n_named: int = 0

    def fault(self, label: str) -> LabelError | None:
        """Find out whether a label is a class.

        Args:
            label: of a shape.

        Returns:
            What is wrong, with the class that is probably meant; None if it is one.
        """
        if label in self.ids:
            return None
        if label.isdecimal():
            known = f"which names ids 0 to {self.n_named - 1}"
            text = f"class {label} is not in {self.file}, {known}; correct it"
            return LabelError(text, Rule.CLASS_OUT_OF_RANGE)
        lower = {name.lower(): name for name in self.ids}
        near = difflib.get_close_matches(label.lower(), lower, n=1)
        hint = f"did you mean {lower[near[0]]!r}?" if near else "correct it, or add it there"
        return LabelError(f"class {label!r} is not in {self.file}; {hint}", Rule.UNKNOWN_CLASS)


def labelled_classes(tree: Tree, labels: Iterable[str], task: str) -> tuple[Classes, list[Fault]]:
    """Number the classes of a data set.

    Args:
        tree: the data set.
        labels: of all its shapes.
        task: "segmentation" or "detection".

    Returns:
        Its classes, and the faults of its `classes.txt`; if there are any, the labels are the classes.
        Numbers among the labels are ids where a `classes.txt` gives them names.
    """
    faults: list[Fault] = []
    try:
        path = class_file(tree, _FOLDERS)
        if path is not None:
            return _named(path, tree, task), []
    except DataError as error:
        faults += error.faults
    return _numbered(sorted(set(labels), key=_order), task), faults


def _named(path: Path, tree: Tree, task: str) -> Classes:
    names = read_class_names(path, root=tree.root, background=True)
    spaced = [" ".join(name.split()) for name in names]
    classes = _numbered(spaced, task)
    by_number = {str(number): classes.ids[name] for number, name in enumerate(spaced)}
    return replace(
        classes, ids={**by_number, **classes.ids}, file=name_of(path, tree.root), n_named=len(names)
    )


def _numbered(labels: list[str], task: str) -> Classes:
    names = [label for label in labels if label != IGNORED]
    if task == "segmentation":
        classes, ids = classes_for(names, task)
        by_name = {name: ids[number] for number, name in enumerate(names)}
        return Classes(names=classes, ids=by_name | {IGNORED: IGNORE_ID})
    objects = [name for name in names if name.lower() not in BACKGROUND_NAMES]
    numbers = {name: number for number, name in enumerate(objects)}
    return Classes(names=tuple(objects), ids={name: numbers.get(name) for name in (*names, IGNORED)})


def _order(label: str) -> tuple[bool, int, str]:
    """Numbers first, by their value."""
    return (not label.isdecimal(), int(label) if label.isdecimal() else 0, label)
