"""COCO annotations: boxes, and masks painted from their outlines.

Layouts: `<split>/_annotations.coco.json` beside the images (Roboflow); `annotations/instances_<split>*.json`
with the images in `images/<split>/`, `<split>/`, `images/` or a folder called as the end of the file's name
(`train2017/`); or any JSON file of this kind for all frames (CVAT, Label Studio, LabelMe's exports), which
lists or the folders of the images divide. Split lists count more than what the files are called.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.coco.annotations import CocoFile, Picture, read_coco
from rccar_models.formats.coco.classes import Classes, agreed_classes
from rccar_models.formats.coco.crowds import told_apart
from rccar_models.formats.coco.fields import shown
from rccar_models.formats.coco.files import Annotated, AnnotationFiles, annotation_files
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import name_of
from rccar_models.formats.labelling import flat_boxes, labelled_frame
from rccar_models.formats.layouts import divided
from rccar_models.formats.named_images import NamedImages
from rccar_models.formats.split_lists import listed_frames, listed_twice
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, SPLITS, UNSPLIT, DataIndex, Frame, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One image with all that is needed to read it.

    Args:
        root: folder of the data set.
        path: of the image.
        picture: its entry.
        classes: of the data set.
    """

    root: Path
    path: Path
    picture: Picture
    classes: Classes


def _index(tree: Tree, task: str) -> DataIndex:
    root = tree.root
    found = annotation_files(tree)
    files, faults = _read_all(root, found)
    paths = {tree.path(one.name): file for one, file in files.items()}
    classes = agreed_classes(paths, root=root, task=task)
    by_file, lost = _sources(tree, files, classes)
    sources, unknown, unused = _divided(tree, by_file)
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes.names,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={split: tuple(_sample(source, task) for source in kept) for split, kept in sources.items()},
        warnings=(*found.warnings, *_warnings(files, task), *_unlisted(tree, by_file), *unused),
        faults=(*faults, *lost, *unknown, *_unlabelled(sources, task)),
    )


def _read_all(root: Path, found: AnnotationFiles) -> tuple[Mapping[Annotated, CocoFile], list[Fault]]:
    files: dict[Annotated, CocoFile] = {}
    faults = list(found.faults)
    for one in () if faults else found.files:
        try:
            read, wrong = read_coco(root / one.name, root=root)
            files[one] = told_apart(read)
            faults += wrong
        except DataError as error:
            faults += error.faults
    if not files:
        raise DataError(str(root), faults or [f"there is no annotation file; {FORMAT.text}"])
    return files, faults


def _divided(
    tree: Tree, by_file: Mapping[Annotated, list[_Source]]
) -> tuple[Mapping[str, list[_Source]], Sequence[Fault], Sequence[Fault]]:
    """Frames by split: by lists, else by annotation file, else by folders. Also faults and warnings."""
    by_name = {name_of(source.path, source.root): source for kept in by_file.values() for source in kept}
    listed = listed_frames(tree, list(by_name))
    if listed is None and UNSPLIT not in {one.split for one in by_file}:
        sources: dict[str, list[_Source]] = {
            split: [] for split in SPLITS if split in {one.split for one in by_file}
        }
        for one, kept in by_file.items():
            sources[one.split] += kept
        return sources, [], []
    division = listed or divided(tree, list(by_name))
    sources = {split: [by_name[name] for name in names] for split, names in division.splits.items()}
    return sources, [*division.faults, *listed_twice(division.splits)], division.warnings


def _unlabelled(sources: Mapping[str, list[_Source]], task: str) -> list[Fault]:
    """Name the required splits in which nothing is labelled for the task."""
    counts = {split: _n_objects(kept, task) for split, kept in sources.items()}
    what = "outlined" if task == "segmentation" else "boxed"
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    return [
        Fault(
            Rule.NO_OBJECTS,
            f"no object is {what} in {split} (objects found: {found}); label some"
            + ("" if task == "detection" else ", or use --task detection if the objects have boxes only"),
        )
        for split in REQUIRED
        if sources.get(split) and not counts[split]
    ]


def _n_objects(sources: Sequence[_Source], task: str) -> int:
    annotations = [one for source in sources for one in source.picture.annotations]
    if task == "segmentation":
        return sum(bool(one.region) for one in annotations)
    return sum(not one.is_crowd and min(one.box[2:]) > 0 for one in annotations)


def _sources(
    tree: Tree, files: Mapping[Annotated, CocoFile], classes: Classes
) -> tuple[Mapping[Annotated, list[_Source]], list[Fault]]:
    """Find every image, and name those that are missing, misplaced or named twice."""
    images = NamedImages(tree)
    sources: dict[Annotated, list[_Source]] = {one: [] for one in files}
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for one, picture in ((one, picture) for one, file in files.items() for picture in file.pictures):
        entry = f"image {shown(picture.id)}"
        try:
            name = images.find(picture.file_name, one.folders)
        except LabelError as error:
            faults.append(error.at(file=one.name, object=entry))
            continue
        called = one.split if one.split != UNSPLIT else one.name
        if name in seen:
            text = f"{name} is in {seen[name]} already; keep one of them"
            rule = Rule.DUPLICATE_IMAGE if seen[name] == called else Rule.LEAKED_IMAGE
            faults.append(Fault(rule, text, file=one.name, object=entry))
        seen[name] = called
        source = _Source(root=tree.root, path=tree.path(name), picture=picture, classes=classes)
        sources[one].append(source)
    return sources, faults


def _warnings(files: Mapping[Annotated, CocoFile], task: str) -> list[Fault]:
    same = [
        Fault(Rule.NOTE, f"{file.n_same_ids} annotations have the id of another one", file=one.name)
        for one, file in files.items()
        if file.n_same_ids
    ]
    crowds = [
        Fault(
            Rule.NOTE,
            f"{file.n_told_apart} crowds (iscrowd) count as single objects: every mask of the file "
            "is marked as a crowd, as CVAT does with all that was painted with its brush",
            file=one.name,
        )
        for one, file in files.items()
        if file.n_told_apart
    ]
    return [*same, *crowds, *_left_out(files, task)]


def _left_out(files: Mapping[Annotated, CocoFile], task: str) -> Iterator[Fault]:
    annotations = [
        (file.name, one)
        for file, read in files.items()
        for picture in read.pictures
        for one in picture.annotations
    ]
    if task == "segmentation":
        bare = sum(not one.region for _, one in annotations)
        if bare:
            text = f"{bare} objects have a box but no outline: their boxes are ignored (255)"
            yield Fault(Rule.NOTE, text)
        return
    crowds = sum(one.is_crowd for _, one in annotations)
    flat = [
        f"object {one.id} in {file}"
        for file, one in annotations
        if not one.is_crowd and min(one.box[2:]) <= 0
    ]
    if crowds:
        yield Fault(Rule.NOTE, f"{crowds} crowd annotations (iscrowd) were left out")
    if flat:
        yield flat_boxes(len(flat), example=flat[0])


def _unlisted(tree: Tree, sources: Mapping[Annotated, list[_Source]]) -> list[Fault]:
    """Warn of images that lie beside the others but stand in no annotation file."""
    listed = {name_of(source.path, source.root) for kept in sources.values() for source in kept}
    folders = {name.rpartition("/")[0] for name in listed}
    beside = [name for name in tree.pictures() if name.rpartition("/")[0] in folders]
    unlisted = [name for name in beside if name not in listed]
    if not unlisted:
        return []
    text = f"{len(unlisted)} images stand in no annotation file, e.g. {unlisted[0]}"
    return [Fault(Rule.IMAGE_WITHOUT_LABEL, text)]


def _sample(source: _Source, task: str) -> Sample:
    return Sample(
        name=name_of(source.path, source.root),
        read=partial(_read, source, task),
        files=(source.path,),
        key=_key(source),
    )


def _key(source: _Source) -> str:
    """Identify the annotations of one image, which share a file with those of all others."""
    annotations = [
        (source.classes.ids[one.category], one.box, one.is_crowd, one.region)
        for one in source.picture.annotations
    ]
    return hashlib.sha256(json.dumps(annotations, sort_keys=True).encode()).hexdigest()


def _read(source: _Source, task: str) -> Frame:
    """Decode the image, which must be as large as its entry says."""
    image, warnings = read_image(source.path, root=source.root)
    where = name_of(source.path, source.root)
    height, width = image.shape[:2]
    if source.picture.size not in {None, (width, height)}:
        said = "x".join(map(str, source.picture.size or ()))
        fault = (
            f"{where} is {width}x{height}, but its annotation is for {said}; "
            "use the picture that was labelled, or correct width and height"
        )
        raise DataError(str(source.root), [Fault(Rule.SIZE_MISMATCH, fault)])
    things = [one.thing(source.classes.ids[one.category]) for one in source.picture.annotations]
    return labelled_frame(image, things, task=task, root=str(source.root), file=where, warnings=warnings)


FORMAT = FormatDef(
    name="coco",
    tasks=("segmentation", "detection"),
    recognises=lambda tree: bool(annotation_files(tree).files),
    index=_index,
    text="<split>/_annotations.coco.json by the images, annotations/instances_<split>.json, or COCO .json",
)
