"""LabelMe: a JSON file for each image, with polygons and rectangles in pixels, in any layout.

The files lie in `labels_all/` beside `images_all/`, in `labels/` beside `images/`, in `H1_Annotations/`
beside `H1/`, or beside their images. A file that has `labels` instead of `shapes` is the earlier tool's
variant in percent of the image; a data set may hold both. A file may hold its image itself (`imageData`).
Class names stand in `classes.txt` or `class_names.txt`, else they are the labels in order of name; what is
labelled `__ignore__` counts nowhere. An image without a file holds no object.
"""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import mapping_key
from rccar_models.formats.class_table import IGNORED
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import name_of
from rccar_models.formats.folders import holds_labels
from rccar_models.formats.json_files import read_json
from rccar_models.formats.labelling import extent, flat_boxes, labelled_frame
from rccar_models.formats.labelme.classes import Classes, labelled_classes
from rccar_models.formats.labelme.labels import (
    MAX_MIB,
    Drawing,
    image_path,
    looks_like_drawing,
    picture,
    read_drawing,
)
from rccar_models.formats.labelme.shapes import Shape
from rccar_models.formats.layouts import Pair, Pairs, find_pairs
from rccar_models.formats.orphans import Claim
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample, Thing

_FOLDERS = ("labels", "annotations", "labelme", "json")

_N_PEEKED = 30
"""Folders that are looked into to recognise the format."""


@dataclass(kw_only=True)
class _Survey:
    """What all label files of a data set hold, without keeping them.

    Args:
        labels: shapes of each label, by split.
        places: where each label stands: file and shape.
        n_flat: outlines without width or height.
        empty: files without a shape.
        unlabelled: images without a file.
        renamed: files that name another image than theirs, each with what it names.
        faults: of the files.
    """

    labels: dict[str, Counter[str]] = field(default_factory=dict)
    places: list[tuple[str, str, str]] = field(default_factory=list)
    n_flat: int = 0
    empty: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, drawing: Drawing, *, split: str, where: str) -> None:
        """Count what one file holds."""
        if not drawing.n_entries:
            self.empty.append(where)
        for shape in drawing.shapes:
            self.labels[split][shape.label] += 1
            self.places.append((shape.label, where, shape.where))
            self.n_flat += _is_flat(shape)


def _recognises(tree: Tree) -> bool:
    """Look at some files of each folder, those of labels first: other JSON may lie among them."""
    folders: dict[str, list[str]] = defaultdict(list)
    for name in tree.named(".json"):
        folders[posixpath.dirname(name)].append(name)
    likely = sorted(folders, key=lambda folder: not any(map(holds_labels, folder.split("/"))))
    return any(
        looks_like_drawing(tree.path(names[position]))
        for names in (folders[folder] for folder in likely[:_N_PEEKED])
        for position in sorted({0, len(names) // 2, len(names) - 1})
    )


def _index(tree: Tree, task: str) -> DataIndex:
    root = tree.root
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".json", claims=partial(_claim, tree))
    survey = _surveyed(root, pairs)
    found = [label for counts in survey.labels.values() for label in counts]
    classes, class_faults = labelled_classes(tree, found, task)
    key = mapping_key(classes.ids)
    faults = [*pairs.faults, *class_faults, *survey.faults, *_unknown(survey, classes)]
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes.names,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={
            split: tuple(_sample(root, pair, classes, task, key) for pair in kept)
            for split, kept in pairs.splits.items()
        },
        warnings=(*pairs.warnings, *_warnings(survey, classes, task)),
        faults=tuple(faults or _without_objects(survey, classes)),
    )


def _claim(tree: Tree, name: str) -> Claim | None:
    """Say which picture a label file names or holds."""
    path = tree.path(name)
    if not looks_like_drawing(path):
        # A label file cut down to nothing is one still if it lies where they do.
        is_empty = path.stat().st_size == 0 and any(map(holds_labels, name.split("/")[:-1]))
        return Claim() if is_empty else None
    content = read_json(path, root=tree.root, max_mib=MAX_MIB)
    if not isinstance(content, dict):
        return None
    named = image_path(content)
    where = posixpath.normpath(posixpath.join(posixpath.dirname(name), named)) if named else ""
    return Claim(picture=where, is_inside=bool(picture(content)))


def _surveyed(root: Path, pairs: Pairs) -> _Survey:
    survey = _Survey(labels={split: Counter() for split in pairs.splits})
    for split, pair in ((split, pair) for split, kept in pairs.splits.items() for pair in kept):
        if not pair.has_companion:
            survey.unlabelled.append(pair.name)
            continue
        try:
            drawing, faults = read_drawing(pair.companion, root=root)
        except DataError as error:
            survey.faults += error.faults
            continue
        survey.faults += faults
        where = name_of(pair.companion, root)
        survey.add(drawing, split=split, where=where)
        if pair.image != pair.companion and _names_another(drawing.image_path, pair.name):
            survey.renamed.append((where, drawing.image_path))
    return survey


def _names_another(said: str, image: str) -> bool:
    """Whether a file names another image than the one of its own name; H1_001.jpg was H1/001.jpg once."""
    stems = [posixpath.splitext(posixpath.basename(name))[0].casefold() for name in (said, image)]
    return bool(said) and not normalize("NFC", stems[1]).endswith(normalize("NFC", stems[0]))


def _unknown(survey: _Survey, classes: Classes) -> Iterator[Fault]:
    faults = {label: classes.fault(label) for label, _, _ in survey.places}
    for label, file, shape in survey.places:
        if fault := faults[label]:
            yield fault.at(file=file, object=shape)


def _without_objects(survey: _Survey, classes: Classes) -> list[Fault]:
    """Name the required splits in which nothing is labelled."""
    counts = {
        split: sum(
            count
            for label, count in labels.items()
            if label != IGNORED and classes.ids.get(label) is not None
        )
        for split, labels in survey.labels.items()
    }
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    mend = "each image needs a label file of its name with shapes, e.g. labels_all/NAME.json"
    return [
        Fault(Rule.NO_OBJECTS, f"no object is labelled in {split} (objects found: {found}); {mend}")
        for split in REQUIRED
        if counts.get(split) == 0
    ]


def _warnings(survey: _Survey, classes: Classes, task: str) -> Iterator[Fault]:
    if survey.unlabelled:
        count = f"{len(survey.unlabelled)} images have no label file and count as images without objects"
        yield Fault(Rule.IMAGE_WITHOUT_LABEL, f"{count}, e.g. {survey.unlabelled[0]}")
    if survey.renamed:
        first, said = survey.renamed[0]
        text = f"{len(survey.renamed)} label files say in imagePath that they belong to another image, e.g. "
        text += f"{first} to {said[:80]!r}; the image of the file's own name is taken"
        yield Fault(Rule.NOTE, text)
    if survey.empty:
        text = f"{len(survey.empty)} label files hold no shape, e.g. {survey.empty[0]}"
        yield Fault(Rule.NOTE, text)
    if survey.n_flat and task == "detection":
        yield flat_boxes(survey.n_flat)
    ignored = sum(label == IGNORED for label, _, _ in survey.places)
    if ignored:
        what = "count nowhere (255)" if task == "segmentation" else "were left out"
        yield Fault(Rule.NOTE, f"{ignored} shapes labelled {IGNORED} {what}")
    ground = sum(classes.ids.get(label, 0) is None for label, _, _ in survey.places if label != IGNORED)
    if ground:
        text = f"{ground} shapes of the background are no objects and were left out"
        yield Fault(Rule.NOTE, text)
    yield from _twins(classes)


def _twins(classes: Classes) -> Iterator[Fault]:
    """Warn of labels that differ in case only, where no file says which are right."""
    spellings = Counter(name.lower() for name in classes.names)
    twice = sorted(name for name in classes.names if spellings[name.lower()] > 1)
    if twice:
        names = " and ".join(map(repr, twice))
        mend = "write them alike, or list the right ones in classes.txt"
        yield Fault(Rule.NOTE, f"classes {names} differ in case only; {mend}")


def _sample(root: Path, pair: Pair, classes: Classes, task: str, key: str) -> Sample:
    files = (pair.image, pair.companion) if pair.has_companion else (pair.image,)
    read = partial(_read, root, pair, classes.ids, task)
    return Sample(name=pair.name, read=read, files=tuple(dict.fromkeys(files)), key=key)


def _read(root: Path, pair: Pair, ids: Mapping[str, int | None], task: str) -> Frame:
    drawing = read_drawing(pair.companion, root=root)[0] if pair.has_companion else Drawing()
    where = name_of(pair.companion, root)
    image, warnings = _image(root, pair, drawing)
    height, width = image.shape[:2]
    _check_size(root, pair, drawing, (width, height))
    scale = (width / 100, height / 100) if drawing.is_percent else (1.0, 1.0)
    # A label that is no class is a fault of the index already.
    known = ((shape, ids.get(shape.label)) for shape in drawing.shapes)
    things = [_thing(shape, class_id, scale) for shape, class_id in known if class_id is not None]
    frame = labelled_frame(image, things, task=task, root=str(root), file=where, warnings=warnings)
    if task == "detection":
        return frame
    # What counts nowhere is painted in its turn, but it is no object.
    return replace(frame, things=tuple(thing for thing in frame.things if thing.class_id != IGNORE_ID))


def _image(root: Path, pair: Pair, drawing: Drawing) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if pair.image != pair.companion:
        return read_image(pair.image, root=root)
    try:
        return read_image(pair.image, root=root, content=drawing.decoded_picture())
    except LabelError as error:
        raise DataError(str(root), [error.at(file=name_of(pair.companion, root))]) from error


def _check_size(root: Path, pair: Pair, drawing: Drawing, size: tuple[int, int]) -> None:
    """Refuse a picture of another size than that which was labelled.

    Raises:
        DataError: pixels would be others; percent would be others if the picture is not only larger.
    """
    said = drawing.size
    if said is None or said == size:
        return
    is_scaled = abs(said[0] * size[1] / (said[1] * size[0]) - 1) < 0.01
    if drawing.is_percent and is_scaled:
        return
    turned = " (stored on its side, which its EXIF tag mends: turn the pixels)" if said == size[::-1] else ""
    fault = (
        f"{pair.name} is {size[0]}x{size[1]}{turned}, but {name_of(pair.companion, root)} is for "
        f"{said[0]}x{said[1]}; use the picture that was labelled, or correct imageWidth and imageHeight"
    )
    raise DataError(str(root), [Fault(Rule.SIZE_MISMATCH, fault)])


def _thing(shape: Shape, class_id: int, scale: tuple[float, float]) -> Thing:
    outline = tuple(number * scale[position % 2] for position, number in enumerate(shape.outline))
    return Thing(where=shape.where, class_id=class_id, box=extent((outline,)), region=(outline,))


def _is_flat(shape: Shape) -> bool:
    x, y = shape.outline[::2], shape.outline[1::2]
    return min(x) == max(x) or min(y) == max(y)


FORMAT = FormatDef(
    name="labelme",
    tasks=("segmentation", "detection"),
    recognises=_recognises,
    index=_index,
    text="images_all/NAME.jpg and labels_all/NAME.json of shapes (or labels in percent), classes.txt; "
    "also H1/ and H1_Annotations/",
)
