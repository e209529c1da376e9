"""Semantic masks as pictures: `images/` beside `masks/` (or `labels/`, `annotations/` holding PNGs).

A mask has the size of its image, and each pixel is a class id; 255 means ignore. `classes.txt` names the
classes ("id name" a line, or one name a line); ids that start at 1 leave 0 to the background.
"""

from collections.abc import Iterable
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from rccar_models.errors import DataError
from rccar_models.formats.class_names import class_file, numbered_names, read_class_names
from rccar_models.formats.decoding import read_image, read_mask
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import name_of
from rccar_models.formats.layouts import Pair, find_pairs
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample

_FOLDERS = ("labels/segmentation", "masks", "labels", "annotations")


def _recognises(tree: Tree) -> bool:
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".png")
    return any(pair.has_companion for kept in pairs.splits.values() for pair in kept)


def _index(tree: Tree, task: str) -> DataIndex:
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".png")
    faults = [*pairs.faults, *_missing_masks(tree.root, pairs.splits.values())]
    masked = {split: [pair for pair in kept if pair.has_companion] for split, kept in pairs.splits.items()}
    classes, warnings = _classes(tree, chain.from_iterable(masked.values()))
    return DataIndex(
        source=str(tree.root),
        format=FORMAT.name,
        task=task,
        classes=classes,
        ignore_id=IGNORE_ID,
        splits={
            split: tuple(_sample(tree.root, pair, classes) for pair in kept) for split, kept in masked.items()
        },
        warnings=(*pairs.warnings, *warnings),
        faults=tuple(faults),
    )


def _missing_masks(root: Path, splits: Iterable[tuple[Pair, ...]]) -> Iterable[str]:
    for pairs in splits:
        missing = [pair for pair in pairs if not pair.has_companion]
        if missing and len(missing) == len(pairs):
            folder = name_of(missing[0].companion.parent, root)
            yield f"{folder}/: holds no mask for any of {len(pairs)} images, e.g. {missing[0].companion.name}"
            continue
        for pair in missing:
            yield f"{pair.name}: has no mask {name_of(pair.companion, root)}; add it or remove the image"


def _classes(tree: Tree, pairs: Iterable[Pair]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Class names, and what to warn of."""
    root = tree.root
    path = class_file(tree, _FOLDERS)
    if path is not None:
        return read_class_names(path, root=root, background=True), ()
    highest = 0
    for pair in pairs:
        ids = read_mask(pair.companion, root=root)
        highest = max(highest, int(ids.max(where=ids != IGNORE_ID, initial=0)))
    warning = f"there is no classes.txt: classes are called class_0 to class_{highest} by the ids found"
    return numbered_names(highest), (warning,)


def _sample(root: Path, pair: Pair, classes: tuple[str, ...]) -> Sample:
    return Sample(
        name=pair.name,
        read=partial(_read, root, pair, len(classes)),
        files=(pair.image, pair.companion),
    )


def _read(root: Path, pair: Pair, n_classes: int) -> Frame:
    image, warnings = read_image(pair.image, root=root)
    mask = read_mask(pair.companion, root=root)
    name = name_of(pair.companion, root)
    if mask.shape != image.shape[:2]:
        sizes = [f"{shape[1]}x{shape[0]}" for shape in (mask.shape, image.shape)]
        fault = f"{name} is {sizes[0]}, but {pair.name} is {sizes[1]}; a mask must have the size of its image"
        raise DataError(str(root), [fault])
    pixels = np.bincount(mask.ravel(), minlength=256)
    unknown = [class_id for class_id in range(n_classes, IGNORE_ID) if pixels[class_id]]
    if unknown:
        fault = (
            f"{name}: class id {unknown[0]} ({pixels[unknown[0]]} pixels), but classes.txt names ids 0 to "
            f"{n_classes - 1}; name it there, or paint it {IGNORE_ID} to have it ignored"
        )
        raise DataError(str(root), [fault])
    return Frame(image=image, mask=mask, warnings=warnings)


FORMAT = FormatDef(
    name="mask_folder",
    tasks=("segmentation",),
    recognises=_recognises,
    index=_index,
    text="images/<split>/NAME.jpg and masks/<split>/NAME.png of class ids, classes.txt; 255 is ignored",
    own_folders={"segmentation": "labels/segmentation"},
)
