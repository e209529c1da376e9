"""Semantic masks as pictures: `images/` beside `masks/` (or `labels/`, `annotations/` holding PNGs).

A mask has the size of its image and its name, perhaps with an ending (`a_mask.png`, `a_L.png`), and may lie
beside it. Each pixel is a class id, or a colour where `classes.txt`, `class_dict.csv` or `label_colors.txt`
says which class that is; 255 means ignore. Ids that start at 1 leave 0 to the background.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import BACKGROUND, highest_id, numbered_names, numbered_span
from rccar_models.formats.decoding import read_image, read_mask_pixels
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import name_of
from rccar_models.formats.layouts import Pair, Pairs, find_pairs
from rccar_models.formats.mask_folder.classes import MEND, MaskClasses, colours_found, named_classes
from rccar_models.formats.tree import Tree
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample

_FOLDERS = ("labels/segmentation", "masks", "labels", "annotations", "mask", "label", "annotation", "gt")
_ENDINGS = ("", "_mask", "_masks", "_L", "_label", "_labels", "_gt", "_seg", "_labelIds", "_labelTrainIds")
_RARER = (".tif", ".tiff", ".bmp")

_N_SHOWN = 20  # masks whose colours are listed


def _pairs(tree: Tree) -> Pairs:
    return find_pairs(tree, companions=_FOLDERS, suffix=".png", endings=_ENDINGS, more_suffixes=_RARER)


def _recognises(tree: Tree) -> bool:
    return any(pair.has_companion for kept in _pairs(tree).splits.values() for pair in kept)


def _index(tree: Tree, task: str) -> DataIndex:
    pairs = _pairs(tree)
    masked = {split: [pair for pair in kept if pair.has_companion] for split, kept in pairs.splits.items()}
    classes, wrong = _classes(tree, masked)
    return DataIndex(
        source=str(tree.root),
        format=FORMAT.name,
        task=task,
        classes=classes.names,
        ignore_id=IGNORE_ID,
        splits={
            split: tuple(_sample(tree.root, pair, classes) for pair in kept) for split, kept in masked.items()
        },
        warnings=(*pairs.warnings, *classes.warnings),
        faults=(*pairs.faults, *_missing_masks(tree, pairs.splits.values()), *wrong),
    )


def _missing_masks(tree: Tree, splits: Iterable[tuple[Pair, ...]]) -> Iterable[Fault]:
    for pairs in splits:
        missing = [pair for pair in pairs if not pair.has_companion]
        if missing and len(missing) == len(pairs):
            folder = name_of(missing[0].companion.parent, tree.root)
            mend = _lossy_mask(tree, missing[0]) or f"e.g. {missing[0].companion.name}"
            text = f"holds no mask for any of {len(pairs)} images, {mend}"
            yield Fault(Rule.IMAGE_WITHOUT_LABEL, text, file=f"{folder}/")
            continue
        for pair in missing:
            mend = _lossy_mask(tree, pair) or "add it or remove the image"
            text = f"has no mask {name_of(pair.companion, tree.root)}; {mend}"
            yield Fault(Rule.IMAGE_WITHOUT_LABEL, text, file=pair.name)


def _lossy_mask(tree: Tree, pair: Pair) -> str:
    """Say how to mend a mask that was saved as JPEG; empty if there is none."""
    names = (name_of(pair.companion.with_suffix(suffix), tree.root) for suffix in (".jpg", ".jpeg"))
    found = next((name for name in names if name in tree and name != pair.name), None)
    return f"{found} is JPEG, which changes the values of pixels: export it as PNG" if found else ""


def _classes(tree: Tree, masked: Mapping[str, Sequence[Pair]]) -> tuple[MaskClasses, list[Fault]]:
    """What pixels mean, and the faults that show before all masks are read."""
    named = named_classes(tree, _FOLDERS)
    if named is None:
        return _numbered(tree.root, [*chain.from_iterable(masked.values())])
    if named.colours:
        return named, []
    binary = list(_binary_faults(tree.root, chain.from_iterable(masked.values()), named))
    # Colours that nothing explains are told at once; to find one mask of them the first of a split will do.
    colours: dict[str, NDArray[np.uint8]] = {}
    for kept in masked.values():
        for pair in kept[:1]:
            with suppress(DataError):  # who reads the frame says so
                pixels = read_mask_pixels(pair.companion, root=tree.root)
                if pixels.ndim == 3:
                    colours[name_of(pair.companion, tree.root)] = pixels
    return named, [*_colour_faults(colours), *binary]


def _binary_faults(root: Path, pairs: Iterable[Pair], classes: MaskClasses) -> Iterator[Fault]:
    """Find masks of one class and 255; the first mask that holds two classes ends the search."""
    found: set[int] = set()
    if classes.ids.get(IGNORE_ID) != IGNORE_ID:
        return
    for pair in pairs:
        try:
            pixels = read_mask_pixels(pair.companion, root=root)
        except DataError:  # who reads the frame says so
            return
        if pixels.ndim == 3:
            return
        found.update(np.flatnonzero(np.bincount(pixels.ravel())).tolist())
        if len({classes.ids.get(value) for value in found} - {IGNORE_ID}) > 1:
            return
    yield from _binary(found, classes.names, classes.file)


def _binary(found: set[int], names: Sequence[str], file: str) -> Iterator[Fault]:
    """The fault of masks that hold one value and 255."""
    others = sorted(found - {IGNORE_ID})
    if len(others) != 1 or len(found) != 2:
        return
    one = names[others[0]] if others[0] < len(names) else BACKGROUND
    other = names[1] if len(names) == 2 and others == [0] else "NAME"
    yield Fault(
        Rule.ONE_CLASS,
        f"masks hold {others[0]} and {IGNORE_ID} only, and {IGNORE_ID} is ignored, so nothing can be "
        f"learnt; if it is a class, write two lines: '{others[0]} {one}' and '{IGNORE_ID} {other}'",
        file=file,
    )


def _numbered(root: Path, pairs: Sequence[Pair]) -> tuple[MaskClasses, list[Fault]]:
    """Classes without names: the ids found in all masks."""
    counts: Counter[int] = Counter()
    faults: list[Fault] = []
    colours: dict[str, NDArray[np.uint8]] = {}
    for pair in pairs:
        try:
            pixels = read_mask_pixels(pair.companion, root=root)
        except DataError as error:
            faults += error.faults
            continue
        if pixels.ndim == 2:
            counts.update(np.flatnonzero(np.bincount(pixels.ravel())).tolist())
        elif len(colours) < _N_SHOWN:
            colours[name_of(pair.companion, root)] = pixels
    ignored = {IGNORE_ID} & counts.keys()
    del counts[IGNORE_ID]
    highest = highest_id(counts, len(pairs))
    text = f"there is no classes.txt: classes are called {numbered_span(highest)} by the ids found"
    ids = {class_id: class_id for class_id in (*range(highest + 1), IGNORE_ID)}
    classes = MaskClasses(names=numbered_names(highest), ids=ids, file="", warnings=(Fault(Rule.NOTE, text),))
    found = {value for value in counts if value <= highest} | ignored
    binary = [] if faults or colours else _binary(found, (), "classes.txt")
    return classes, [*faults, *_colour_faults(colours), *binary]


def _colour_faults(colours: Mapping[str, NDArray[np.uint8]]) -> list[Fault]:
    if not colours:
        return []
    text = f"{colours_found([*colours.values()])}; {MEND}"
    first = next(iter(colours))
    if len(colours) == 1:
        return [Fault(Rule.UNKNOWN_CLASS, text, file=first)]
    return [Fault(Rule.UNKNOWN_CLASS, f"masks in colours, e.g. {first}: {text}")]


def _sample(root: Path, pair: Pair, classes: MaskClasses) -> Sample:
    return Sample(
        name=pair.name,
        read=partial(_read, root, pair, classes),
        files=(pair.image, pair.companion),
        key=classes.key,
    )


def _read(root: Path, pair: Pair, classes: MaskClasses) -> Frame:
    image, warnings = read_image(pair.image, root=root)
    pixels = read_mask_pixels(pair.companion, root=root, has_colours=bool(classes.colours))
    name = name_of(pair.companion, root)
    if pixels.shape[:2] != image.shape[:2]:
        sizes = [f"{shape[1]}x{shape[0]}" for shape in (pixels.shape, image.shape)]
        fault = f"{name} is {sizes[0]}, but {pair.name} is {sizes[1]}; a mask must have the size of its image"
        raise DataError(str(root), [Fault(Rule.SIZE_MISMATCH, fault)])
    try:
        mask = classes.of_pixels(pixels)
    except LabelError as error:
        raise DataError(str(root), [error.at(file=name)]) from error
    return Frame(image=image, mask=mask, warnings=warnings)


FORMAT = FormatDef(
    name="mask_folder",
    tasks=("segmentation",),
    recognises=_recognises,
    index=_index,
    text="images/<split>/NAME.jpg and masks/<split>/NAME.png of ids or colours, classes.txt; 255 is ignored",
    own_folders={"segmentation": "labels/segmentation"},
)
