"""YOLO text labels: `images/` beside `labels/`, or all in one folder; a line an object, in shares of images.

A line is "class cx cy w h", or "class x1 y1 x2 y2 x3 y3 ..." for an outline. Class names stand in
`data.yaml`, darknet's `obj.names`, `labels/classes.txt` or `classes.txt`. Splits are the usual lists, else
the folders and lists that `data.yaml` or `obj.data` names, else the usual folders. A picture without a label
file holds no object.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import (
    class_file,
    classes_for,
    mapping_key,
    numbered_names,
    numbered_span,
    read_class_names,
)
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import filled_lines, name_of, read_text
from rccar_models.formats.labelling import flat_boxes, labelled_frame
from rccar_models.formats.layouts import Pair, Pairs, find_pairs
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.formats.yolo.description import Description, description_file, read_description
from rccar_models.formats.yolo.labels import Labels, read_labels
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample

_FOLDERS = ("labels/detection", "labels")


def _recognises(tree: Tree) -> bool:
    if description_file(tree) is not None:
        return True
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".txt")
    return any(pair.has_companion for kept in pairs.splits.values() for pair in kept)


def _index(tree: Tree, task: str) -> DataIndex:
    root = tree.root
    described = read_description(tree)
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".txt", folders=described.places)
    names, contradictions = _named_classes(tree, described)
    labels, faults = _all_labels(
        root, pairs, n_classes=len(names) if names else None, has_keypoints=described.has_keypoints
    )
    told = (*described.warnings, *contradictions, *pairs.warnings)
    warnings = [*told, *_warnings(pairs, labels.values(), task)]
    if names is None:
        highest = max((found.highest for found in labels.values()), default=0)
        names = numbered_names(highest)
        text = f"nothing names the classes: they are called {numbered_span(highest)} by their ids"
        warnings.append(Fault(Rule.NOTE, text))
    classes, ids = classes_for(names, task)
    key = mapping_key(ids, {"kpt_shape": int(described.has_keypoints)})
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={
            split: tuple(_sample(root, pair, labels[pair.name], ids=ids, task=task, key=key) for pair in kept)
            for split, kept in pairs.splits.items()
        },
        warnings=tuple(warnings),
        faults=(*pairs.faults, *(faults or _without_objects(root, pairs, labels, task))),
    )


def _named_classes(tree: Tree, described: Description) -> tuple[tuple[str, ...] | None, list[Fault]]:
    """Class names, and what to warn of."""
    path = class_file(tree, _FOLDERS) or _names_file(tree)
    if path is None or (path.name.endswith(".names") and described.names):
        return described.names, []
    if not described.names:
        return read_class_names(path, root=tree.root, background=False), []
    lines = [line for _, line in filled_lines(path, root=tree.root)]
    agree = len(lines) == len(described.names) and all(map(str.endswith, lines, described.names))
    other = f"{name_of(path, tree.root)} names other classes than {described.file}, which counts"
    return described.names, [] if agree else [Fault(Rule.NOTE, other)]


def _names_file(tree: Tree) -> Path | None:
    """The class names of darknet: `obj.names`, and `_darknet.labels` beside the images of each split."""
    found = [tree.path(name) for name in tree.named(".names", ".labels")]
    said = {read_text(path, root=tree.root) for path in found}
    return found[0] if len(said) == 1 else None


def _all_labels(
    root: Path, pairs: Pairs, *, n_classes: int | None, has_keypoints: bool
) -> tuple[Mapping[str, Labels], list[Fault]]:
    """Read the labels of all images, by the image's name; also the faults."""
    labels: dict[str, Labels] = {}
    faults: list[Fault] = []
    for pair in (pair for kept in pairs.splits.values() for pair in kept):
        labels[pair.name] = Labels()
        if pair.has_companion:
            try:
                labels[pair.name], found = read_labels(
                    pair.companion, root=root, n_classes=n_classes, has_keypoints=has_keypoints
                )
            except DataError as error:  # one file that is no text hides nothing of the others
                found = list(error.faults)
            faults += found
    return labels, faults


def _without_objects(root: Path, pairs: Pairs, labels: Mapping[str, Labels], task: str) -> list[Fault]:
    what = "outlined" if task == "segmentation" else "labelled"
    counts = {
        split: sum(labels[pair.name].n_useful(task) for pair in kept) for split, kept in pairs.splits.items()
    }
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    where = {split: name_of(kept[0].companion, root) for split, kept in pairs.splits.items() if kept}
    mend = "; with boxes only use --task detection" if task == "segmentation" else ""
    return [
        Fault(
            Rule.NO_OBJECTS,
            f"no object is {what} in {split} (objects found: {found}); "
            f"each image needs a label file of its name, e.g. {where[split]}{mend}",
        )
        for split in REQUIRED
        if pairs.splits.get(split) and not counts[split]
    ]


def _warnings(pairs: Pairs, labels: Iterable[Labels], task: str) -> Iterator[Fault]:
    found = list(labels)
    unlabelled = [pair for kept in pairs.splits.values() for pair in kept if not pair.has_companion]
    degenerate = sum(one.n_degenerate for one in found)
    bare = sum(one.n_boxes for one in found) if task == "segmentation" else 0
    if unlabelled:
        text = f"{len(unlabelled)} images have no label file and count as images without objects"
        yield Fault(Rule.IMAGE_WITHOUT_LABEL, f"{text}, e.g. {unlabelled[0].name}")
    if degenerate:
        yield flat_boxes(degenerate)
    n_posed = sum(one.n_with_keypoints for one in found)
    if n_posed:
        text = f"{n_posed} objects have keypoints (kpt_shape), which are not used: their boxes are"
        yield Fault(Rule.NOTE, text)
    if bare:
        text = f"{bare} objects have a box but no outline: their boxes are ignored (255)"
        yield Fault(Rule.NOTE, text)


def _sample(root: Path, pair: Pair, labels: Labels, *, ids: Mapping[int, int], task: str, key: str) -> Sample:
    files = (pair.image, pair.companion) if pair.has_companion else (pair.image,)
    read = partial(_read, root, pair, labels, ids, task)
    return Sample(name=pair.name, read=read, files=files, key=key)


def _read(root: Path, pair: Pair, labels: Labels, ids: Mapping[int, int], task: str) -> Frame:
    image, warnings = read_image(pair.image, root=root)
    height, width = image.shape[:2]
    return labelled_frame(
        image,
        labels.things(ids, width=width, height=height),
        task=task,
        root=str(root),
        file=name_of(pair.companion, root),
        warnings=warnings,
    )


FORMAT = FormatDef(
    name="yolo",
    tasks=("segmentation", "detection"),
    recognises=_recognises,
    index=_index,
    text="images/NAME.jpg and labels/NAME.txt of 'class cx cy w h' or outlines, classes.txt or data.yaml",
    own_folders={"detection": "labels/detection"},
)
