"""Label Studio: one or several JSON or JSON-MIN exports, and the images somewhere beside them.

Rectangles, polygons and brush strokes are read. An upright rectangle is a box: in masks what it covers is
ignored (Label Studio's own COCO export gives it no outline either). One that is turned is an outline, whose
extent is its box. Splits are the usual folders and lists of the images. Tasks that nobody labelled are left
out; labelled ones without regions are images without objects.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import class_file, classes_for, read_class_names
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.label_studio.export import Task, read_tasks
from rccar_models.formats.label_studio.files import Images, export_files
from rccar_models.formats.label_studio.shapes import Shape
from rccar_models.formats.labelling import flat_boxes, labelled_frame
from rccar_models.formats.layouts import divided, images_of
from rccar_models.formats.split_lists import listed_twice
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One image with all that is needed to read it.

    Args:
        root: folder of the data set.
        name: of the image.
        task: with its regions.
        ids: class id of each label.
    """

    root: Path
    name: str
    task: Task
    ids: Mapping[str, int]


def _index(tree: Tree, task: str) -> DataIndex:
    tasks, faults = _all_tasks(tree)
    by_image, lost = _by_image(tree, tasks)
    labelled = {name: one for name, one in by_image.items() if one.n_annotations}
    names = _class_names(tree, labelled)
    classes, numbers = classes_for(names, task)
    ids = {name: numbers[position] for position, name in enumerate(names)}
    division = divided(tree, *images_of(tree))
    splits = {split: [name for name in kept if name in labelled] for split, kept in division.splits.items()}
    faults = [*faults, *lost, *division.faults, *listed_twice(splits), *_unknown_classes(labelled, ids)]
    return DataIndex(
        source=str(tree.root),
        format=FORMAT.name,
        task=task,
        classes=classes,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={
            split: tuple(
                _sample(_Source(root=tree.root, name=name, task=labelled[name], ids=ids), task)
                for name in kept
            )
            for split, kept in splits.items()
        },
        warnings=(*division.warnings, *_warnings(tree, by_image, task)),
        faults=tuple(faults or _without_objects(splits, labelled, task)),
    )


def _all_tasks(tree: Tree) -> tuple[list[Task], list[Fault]]:
    tasks: list[Task] = []
    faults: list[Fault] = []
    for path in export_files(tree):
        try:
            found, wrong = read_tasks(path, root=tree.root)
        except DataError as error:
            faults += error.faults
            continue
        tasks += found
        faults += wrong
    if not tasks:
        raise DataError(str(tree.root), faults or ["there is no JSON or JSON-MIN export of Label Studio"])
    return tasks, faults


def _by_image(tree: Tree, tasks: list[Task]) -> tuple[Mapping[str, Task], list[Fault]]:
    """Find the image of every task, and name those that have none or share one."""
    named, others = images_of(tree)
    images = Images([*named, *others])
    found: dict[str, Task] = {}
    faults: list[Fault] = []
    for one in tasks:
        try:
            name = images.find(one.address)
        except LabelError as error:
            faults.append(error.at(file=one.file, object=one.name))
            continue
        if name in found:
            text = f"{name} belongs to {found[name].where} as well; keep one of them"
            faults.append(Fault(Rule.ANNOTATION, text, file=one.file, object=one.name))
        found.setdefault(name, one)
    return found, faults


def _class_names(tree: Tree, tasks: Mapping[str, Task]) -> tuple[str, ...]:
    path = class_file(tree, ())
    if path is not None:
        return read_class_names(path, root=tree.root, background=False)
    return tuple(sorted({shape.label for _, shape in _all_shapes(tasks)}))


def _all_shapes(tasks: Mapping[str, Task]) -> Iterator[tuple[Task, Shape]]:
    return ((task, shape) for task in tasks.values() for shape in task.shapes)


def _unknown_classes(tasks: Mapping[str, Task], ids: Mapping[str, int]) -> Iterator[Fault]:
    for task, shape in _all_shapes(tasks):
        if shape.label not in ids:
            known = ", ".join(list(ids)[:10])
            what = f"label {shape.label[:80]!r} is not in classes.txt ({known}); add it or correct the label"
            called = f"{task.name}, {shape.where}"
            yield Fault(Rule.UNKNOWN_CLASS, what, file=task.file, object=called)


def _without_objects(
    splits: Mapping[str, list[str]], tasks: Mapping[str, Task], task: str
) -> Iterator[Fault]:
    counts = {
        split: sum(_is_useful(shape, task) for name in kept for shape in tasks[name].shapes)
        for split, kept in splits.items()
    }
    what = "outlined" if task == "segmentation" else "labelled"
    mend = ", or use --task detection if the objects have boxes only" if task == "segmentation" else ""
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    for split in REQUIRED:
        if splits.get(split) and not counts[split]:
            text = f"no object is {what} in {split} (objects found: {found}); label some{mend}"
            yield Fault(Rule.NO_OBJECTS, text)


def _is_useful(shape: Shape, task: str) -> bool:
    return not shape.is_box if task == "segmentation" else not shape.is_flat


def _warnings(tree: Tree, tasks: Mapping[str, Task], task: str) -> Iterator[Fault]:
    images = images_of(tree)[0]
    without = [name for name in images if name not in tasks]
    if without:
        text = f"{len(without)} images stand in no export and are not used, e.g. {without[0]}"
        yield Fault(Rule.IMAGE_WITHOUT_LABEL, text)
    unlabelled = [name for name, one in tasks.items() if not one.n_annotations]
    if unlabelled:
        text = f"{len(unlabelled)} tasks have no annotation and are not used, e.g. that of {unlabelled[0]}"
        yield Fault(Rule.IMAGE_WITHOUT_LABEL, text)
    for is_true, which in ((True, "the ground truth"), (False, "the first that is not empty")):
        several = [
            one.where for one in tasks.values() if one.n_annotations > 1 and one.is_ground_truth == is_true
        ]
        if several:
            count = f"{len(several)} tasks have several annotations"
            yield Fault(Rule.NOTE, f"{count}, of which {which} is used, e.g. {several[0]}")
    shapes = [shape for _, shape in _all_shapes(tasks)]
    n_turned = sum(shape.is_turned for shape in shapes)
    if n_turned:
        what = "polygons" if task == "segmentation" else "the upright boxes around them"
        yield Fault(Rule.NOTE, f"{n_turned} rectangles are turned and become {what}")
    n_flat = sum(shape.is_flat for shape in shapes)
    if n_flat:
        yield flat_boxes(n_flat)
    n_boxes = sum(shape.is_box for shape in shapes)
    if n_boxes and task == "segmentation":
        text = f"{n_boxes} objects have a box but no outline: their boxes are ignored (255)"
        yield Fault(Rule.NOTE, text)


def _sample(source: _Source, task: str) -> Sample:
    path = source.root / source.name
    regions = [(source.ids.get(shape.label), shape) for shape in source.task.shapes]
    return Sample(
        name=source.name,
        read=partial(_read, source, task),
        files=(path,),
        key=hashlib.sha256(repr(regions).encode()).hexdigest(),
    )


def _read(source: _Source, task: str) -> Frame:
    """Decode the image, which must be as large as the one that was labelled."""
    image, warnings = read_image(source.root / source.name, root=source.root)
    height, width = image.shape[:2]
    shapes = [shape for shape in source.task.shapes if shape.label in source.ids]
    try:
        _check_size(shapes, source.name, width=width, height=height)
        things = [shape.thing(source.ids[shape.label], width=width, height=height) for shape in shapes]
    except LabelError as error:
        fault = error.at(file=source.task.file, object=source.task.name)
        raise DataError(str(source.root), [fault]) from error
    return labelled_frame(
        image,
        things,
        task=task,
        root=str(source.root),
        file=source.task.file,
        object=source.task.name,
        warnings=warnings,
    )


def _check_size(shapes: list[Shape], name: str, *, width: int, height: int) -> None:
    for shape in shapes:
        if shape.size not in {None, (width, height)}:
            said = "x".join(map(str, shape.size or ()))
            raise LabelError(
                f"{shape.where} was drawn on a picture of {said}, but {name} is {width}x{height}; "
                "use the picture that was labelled",
                Rule.SIZE_MISMATCH,
            )


FORMAT = FormatDef(
    name="label_studio",
    tasks=("segmentation", "detection"),
    recognises=lambda tree: bool(export_files(tree)),
    index=_index,
    text="images/NAME.jpg and a JSON or JSON-MIN export of Label Studio of any name",
)
