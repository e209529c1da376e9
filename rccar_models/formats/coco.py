"""COCO annotations: boxes, and masks painted from their outlines.

Three layouts: `<split>/_annotations.coco.json` beside the images (Roboflow), and
`annotations/instances_<split>*.json` with the images in `images/<split>/`, `<split>/`, `images/` or a
folder called as the end of the file's name (`train2017/`); or one file for all frames
(`annotations/instances_default.json` and the like). Split lists count more than what the files are called.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.formats.coco_classes import Classes, agreed_classes
from rccar_models.formats.coco_files import Annotated, annotation_files, has_annotations
from rccar_models.formats.coco_json import CocoFile, Picture, read_coco
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import images_below, name_of
from rccar_models.formats.labelling import labelled_frame
from rccar_models.formats.locating import located
from rccar_models.formats.split_lists import listed_frames
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample


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
    annotated = annotation_files(root)
    files, faults = _read_all(root, annotated)
    paths = {split: annotated[split].path for split in files}
    classes = agreed_classes({paths[split]: file for split, file in files.items()}, root=root, task=task)
    by_file, lost = _sources(root, annotated, files, classes)
    sources, unknown, unused = _divided(tree, by_file)
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes.names,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={split: tuple(_sample(source, task) for source in kept) for split, kept in sources.items()},
        warnings=(*_warnings(files, task), *_unlisted(by_file), *unused),
        faults=(*faults, *lost, *unknown, *_unlabelled(sources, task)),
    )


def _read_all(root: Path, annotated: Mapping[str, Annotated]) -> tuple[Mapping[str, CocoFile], list[str]]:
    files: dict[str, CocoFile] = {}
    faults: list[str] = []
    for split, entry in annotated.items():
        try:
            files[split], found = read_coco(entry.path, root=root)
            faults += found
        except DataError as error:
            faults += error.faults
    if not files:
        raise DataError(str(root), faults)
    return files, faults


def _divided(
    tree: Tree, by_file: Mapping[str, list[_Source]]
) -> tuple[Mapping[str, list[_Source]], Sequence[str], Sequence[str]]:
    """Frames by split: as lists say if there are any, else by annotation file. Also faults and warnings."""
    by_name = {name_of(source.path, source.root): source for kept in by_file.values() for source in kept}
    listed = listed_frames(tree, list(by_name))
    if listed is None:
        return by_file, [], []
    sources = {split: [by_name[name] for name in names] for split, names in listed.splits.items()}
    return sources, [*listed.faults, *_listed_twice(listed.splits)], listed.warnings


def _listed_twice(splits: Mapping[str, Sequence[str]]) -> Iterator[str]:
    first: dict[str, str] = {}
    for split, name in ((split, name) for split, names in splits.items() for name in names):
        if name in first:
            yield f"{name} is listed in {first[name]} and in {split}; keep it in one of them"
        first[name] = split


def _unlabelled(sources: Mapping[str, list[_Source]], task: str) -> list[str]:
    """Name the required splits in which nothing is labelled for the task."""
    counts = {split: _n_objects(kept, task) for split, kept in sources.items()}
    what = "outlined" if task == "segmentation" else "boxed"
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    return [
        f"no object is {what} in {split} (objects found: {found}); label some"
        + ("" if task == "detection" else ", or use --task detection if the objects have boxes only")
        for split in REQUIRED
        if counts.get(split) == 0
    ]


def _n_objects(sources: Sequence[_Source], task: str) -> int:
    annotations = [one for source in sources for one in source.picture.annotations]
    if task == "segmentation":
        return sum(bool(one.region) for one in annotations)
    return sum(not one.is_crowd and min(one.box[2:]) > 0 for one in annotations)


def _sources(
    root: Path, annotated: Mapping[str, Annotated], files: Mapping[str, CocoFile], classes: Classes
) -> tuple[Mapping[str, list[_Source]], list[str]]:
    """Find every image, and name those that are missing, misplaced or named twice."""
    sources: dict[str, list[_Source]] = {split: [] for split in files}
    faults: list[str] = []
    seen: dict[Path, str] = {}
    for split, picture in ((split, picture) for split, file in files.items() for picture in file.pictures):
        where = name_of(annotated[split].path, root)
        try:
            path = located(picture.file_name, annotated[split].folders, root)
        except ValueError as error:
            faults.append(f"{where}: image {picture.id}: {error}")
            continue
        if path in seen:
            name = name_of(path, root)
            faults.append(f"{where}: image {picture.id}: {name} is in {seen[path]} already; keep one")
        seen[path] = split
        sources[split].append(_Source(root=root, path=path, picture=picture, classes=classes))
    return sources, faults


def _warnings(files: Mapping[str, CocoFile], task: str) -> list[str]:
    annotations = [one for file in files.values() for picture in file.pictures for one in picture.annotations]
    if task == "segmentation":
        bare = sum(not one.region for one in annotations)
        return [f"{bare} objects have a box but no outline: their boxes are ignored (255)"] if bare else []
    crowds = sum(one.is_crowd for one in annotations)
    flat = sum(not one.is_crowd and min(one.box[2:]) <= 0 for one in annotations)
    warnings = [f"{crowds} crowd annotations (iscrowd) were left out"] if crowds else []
    return warnings + ([f"{flat} boxes without width or height were left out"] if flat else [])


def _unlisted(sources: Mapping[str, list[_Source]]) -> list[str]:
    """Warn of images that lie beside the others but stand in no annotation file."""
    listed = {source.path for kept in sources.values() for source in kept}
    beside = {image for folder in {path.parent for path in listed} for image in images_below(folder)}
    unlisted = sorted(beside - listed)
    if not unlisted:
        return []
    return [f"{len(unlisted)} images stand in no annotation file, e.g. {unlisted[0].name}"]


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
        raise DataError(str(source.root), [fault])
    things = [one.thing(source.classes.ids[one.category]) for one in source.picture.annotations]
    return labelled_frame(image, things, task=task, where=where, root=str(source.root), warnings=warnings)


FORMAT = FormatDef(
    name="coco",
    tasks=("segmentation", "detection"),
    recognises=lambda tree: has_annotations(tree.root),
    index=_index,
    text="<split>/_annotations.coco.json beside the images, or annotations/instances_<split|default>.json",
)
