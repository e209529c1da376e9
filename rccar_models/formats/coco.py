"""COCO annotations: boxes, and masks painted from their outlines.

Two layouts: `<split>/_annotations.coco.json` beside the images (Roboflow), and
`annotations/instances_<split>*.json` with the images in `images/<split>/`, `<split>/`, `images/` or a
folder called as the end of the file's name (`train2017/`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import at_least, clipped, xyxy_from_xywh
from rccar_models.errors import DataError
from rccar_models.formats.coco_classes import Classes, agreed_classes
from rccar_models.formats.coco_files import Annotated, annotation_files, has_annotations, located
from rccar_models.formats.coco_json import CocoFile, Picture, read_coco
from rccar_models.formats.coco_masks import painted_mask
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import images_below, name_of
from rccar_models.formats.splits import REQUIRED, split_faults
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


def _index(root: Path, task: str) -> DataIndex:
    annotated = annotation_files(root)
    files = _read_all(root, annotated)
    _check_contents(root, files, task)
    paths = {split: annotated[split].path for split in files}
    classes = agreed_classes({paths[split]: file for split, file in files.items()}, root=root, task=task)
    sources = _sources(root, annotated, files, classes)
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes.names,
        ignore_id=IGNORE_ID if task == "segmentation" else None,
        splits={split: tuple(_sample(source, task) for source in kept) for split, kept in sources.items()},
        warnings=(*_warnings(files, task), *_unlisted(sources)),
    )


def _read_all(root: Path, annotated: Mapping[str, Annotated]) -> Mapping[str, CocoFile]:
    files: dict[str, CocoFile] = {}
    faults: list[str] = []
    for split, entry in annotated.items():
        try:
            files[split] = read_coco(entry.path, root=root)
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(str(root), faults)
    return files


def _check_contents(root: Path, files: Mapping[str, CocoFile], task: str) -> None:
    """Refuse missing splits, and splits in which nothing is labelled for the task."""
    mend = "add <split>/_annotations.coco.json or annotations/instances_<split>.json for train and val"
    faults = split_faults({split: len(file.pictures) for split, file in files.items()}, mend=mend)
    counts = {split: _n_objects(file, task) for split, file in files.items()}
    what = "outlined" if task == "segmentation" else "boxed"
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    faults += [
        f"no object is {what} in {split} (objects found: {found}); label some"
        + ("" if task == "detection" else ", or use --task detection if the objects have boxes only")
        for split in REQUIRED
        if counts.get(split) == 0
    ]
    if faults:
        raise DataError(str(root), faults)


def _n_objects(file: CocoFile, task: str) -> int:
    things = [thing for picture in file.pictures for thing in picture.things]
    if task == "segmentation":
        return sum(bool(thing.region) for thing in things)
    return sum(not thing.is_crowd and thing.has_area for thing in things)


def _sources(
    root: Path, annotated: Mapping[str, Annotated], files: Mapping[str, CocoFile], classes: Classes
) -> Mapping[str, list[_Source]]:
    """Find every image; all that are missing, misplaced or named twice are one error."""
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
    if faults:
        raise DataError(str(root), faults)
    return sources


def _warnings(files: Mapping[str, CocoFile], task: str) -> list[str]:
    things = [thing for file in files.values() for picture in file.pictures for thing in picture.things]
    if task == "segmentation":
        bare = sum(not thing.region for thing in things)
        return [f"{bare} objects have a box but no outline: their boxes are ignored (255)"] if bare else []
    crowds = sum(thing.is_crowd for thing in things)
    flat = sum(not thing.is_crowd and not thing.has_area for thing in things)
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
    read = _read_masked if task == "segmentation" else _read_boxed
    return Sample(
        name=name_of(source.path, source.root),
        read=partial(read, source),
        files=(source.path,),
        key=_key(source),
    )


def _key(source: _Source) -> str:
    """Identify the annotations of one image, which share a file with those of all others."""
    things = [
        (source.classes.ids[thing.category], thing.box, thing.is_crowd, thing.region)
        for thing in source.picture.things
    ]
    return hashlib.sha256(json.dumps(things, sort_keys=True).encode()).hexdigest()


def _image(source: _Source) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Decode the image, which must be as large as its entry says."""
    image, warnings = read_image(source.path, root=source.root)
    height, width = image.shape[:2]
    if source.picture.size not in {None, (width, height)}:
        said = "x".join(map(str, source.picture.size or ()))
        fault = (
            f"{name_of(source.path, source.root)} is {width}x{height}, but its annotation is for {said}; "
            "use the picture that was labelled, or correct width and height"
        )
        raise DataError(str(source.root), [fault])
    return image, warnings


def _read_boxed(source: _Source) -> Frame:
    image, warnings = _image(source)
    height, width = image.shape[:2]
    things = [thing for thing in source.picture.things if not thing.is_crowd and thing.has_area]
    boxes = clipped(xyxy_from_xywh([thing.box for thing in things]), width=width, height=height)
    labels = np.asarray([source.classes.ids[thing.category] for thing in things], np.int64)
    inside = at_least(boxes, 0)
    if not inside.all():
        warnings = (*warnings, "boxes outside the picture were left out")
    return Frame(image=image, boxes=boxes[inside], labels=labels[inside], warnings=warnings)


def _read_masked(source: _Source) -> Frame:
    image, warnings = _image(source)
    height, width = image.shape[:2]
    try:
        mask = painted_mask(source.picture.things, source.classes.ids, width=width, height=height)
    except ValueError as error:
        raise DataError(str(source.root), [f"{name_of(source.path, source.root)}: {error}"]) from error
    return Frame(image=image, mask=mask, warnings=warnings)


FORMAT = FormatDef(
    name="coco",
    tasks=("segmentation", "detection"),
    recognises=has_annotations,
    index=_index,
    text="<split>/_annotations.coco.json beside the images, or annotations/instances_<split>.json",
)
