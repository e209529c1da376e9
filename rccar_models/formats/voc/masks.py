"""Masks of Pascal VOC: `SegmentationClass/NAME.png`, a palette picture whose indices are class ids.

255 (void) is ignored. Masks in colours are read by those of `labelmap.txt`, else by those of Pascal VOC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import (
    class_file,
    classes_for,
    mapping_key,
    numbered_names,
    read_class_names,
)
from rccar_models.formats.decoding import read_image, read_mask
from rccar_models.formats.files import name_of
from rccar_models.formats.layouts import Pair, find_pairs
from rccar_models.formats.split_lists import list_files
from rccar_models.formats.tree import Tree
from rccar_models.formats.voc.classes import (
    IGNORED_NAMES,
    VOC_NAMES,
    Labelmap,
    find_labelmap,
    read_labelmap,
    voc_colour,
)
from rccar_models.samples import IGNORE_ID, Frame, Sample

_FOLDERS = ("segmentationclass", "segmentationclassaug")
_OWN_LISTS = "imagesets/segmentation"
_LISTS = ("splits", _OWN_LISTS, "imagesets/main", "imagesets")

_UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """Frames with masks.

    Args:
        classes: names in order of class id.
        splits: samples by split.
        warnings: what the user should know.
        faults: what must be mended.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Sample, ...]]
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """How pixels of masks become class ids.

    Args:
        classes: names in order of class id.
        by_index: (256,) int16 class id of each pixel value, `_UNKNOWN` where there is none.
        by_colour: class id of each colour, written 0xRRGGBB.
    """

    classes: tuple[str, ...]
    by_index: NDArray[np.int16]
    by_colour: Mapping[int, int]


def has_masks(tree: Tree) -> bool:
    """Tell whether a data set has masks in a folder of Pascal VOC.

    Args:
        tree: the data set.

    Returns:
        False also if no image lies where it would belong to a mask.
    """
    if not any(folder.rpartition("/")[2].lower() in _FOLDERS for folder in tree.folders):
        return False
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".png", lists=_LISTS)
    return any(pair.has_companion for kept in pairs.splits.values() for pair in kept)


def masked_frames(tree: Tree) -> Masked:
    """List the frames of a data set with their masks.

    Args:
        tree: the data set.

    Returns:
        Frames by split. An image without a mask is a fault where the lists of segmentation name it, and is
        left out elsewhere: Pascal VOC has masks for a part of its images only.

    Raises:
        DataError: there is no mask at all, or the file that names the classes is faulty.
    """
    pairs = find_pairs(tree, companions=_FOLDERS, suffix=".png", lists=_LISTS)
    masked = {split: [pair for pair in kept if pair.has_companion] for split, kept in pairs.splits.items()}
    bare = [pair.name for kept in pairs.splits.values() for pair in kept if not pair.has_companion]
    if not any(masked.values()):
        fault = "no image has a mask in SegmentationClass/; with boxes only use --task detection"
        raise DataError(str(tree.root), [*pairs.faults, fault])
    faults, warnings = list(pairs.faults), list(pairs.warnings)
    if list_files(tree, (_OWN_LISTS,)):
        text = "has no mask in SegmentationClass/; add it or take it off the list"
        faults += [Fault(Rule.IMAGE_WITHOUT_LABEL, text, file=name) for name in bare]
    elif bare:
        text = f"{len(bare)} images have no mask and are not used, e.g. {bare[0]}"
        warnings.append(Fault(Rule.IMAGE_WITHOUT_LABEL, text))
    key, unnamed = _key(tree, (pair.companion for kept in masked.values() for pair in kept))
    digest = mapping_key(dict(enumerate(key.by_index.tolist())), key.by_colour)
    return Masked(
        classes=key.classes,
        splits={
            split: tuple(_sample(tree.root, pair, key, digest) for pair in kept)
            for split, kept in masked.items()
        },
        warnings=(*warnings, *unnamed),
        faults=tuple(faults),
    )


def _key(tree: Tree, masks: Iterable[Path]) -> tuple[_Key, tuple[Fault, ...]]:
    """Whatever names the classes, and what to warn of."""
    path = find_labelmap(tree)
    if path is not None:
        return _key_of_labelmap(read_labelmap(path, root=tree.root)), ()
    path = class_file(tree, [folder for folder in tree.folders if folder.lower().endswith(_FOLDERS[0])])
    if path is not None:
        return _key_of_names(read_class_names(path, root=tree.root, background=True)), ()
    highest = max((_highest(mask, root=tree.root) for mask in masks), default=0)
    if highest < len(VOC_NAMES):
        warning = "nothing names the classes: they are called as the 20 of Pascal VOC"
        return _key_of_names(VOC_NAMES), (Fault(Rule.NOTE, warning),)
    warning = f"nothing names the classes: they are called class_0 to class_{highest} by their ids"
    return _key_of_names(numbered_names(highest)), (Fault(Rule.NOTE, warning),)


def _key_of_names(names: tuple[str, ...]) -> _Key:
    ids = [*range(min(len(names), IGNORE_ID)), IGNORE_ID]
    by_index = np.full(256, _UNKNOWN, np.int16)
    by_index[ids] = ids
    return _Key(
        classes=names,
        by_index=by_index,
        by_colour={_code(*voc_colour(class_id)): class_id for class_id in ids},
    )


def _key_of_labelmap(labelmap: Labelmap) -> _Key:
    real = [name for name in labelmap.names if name.lower() not in IGNORED_NAMES]
    classes, ids = classes_for(real, "segmentation")
    by_name = {name: ids[number] for number, name in enumerate(real)}
    by_index = np.full(256, _UNKNOWN, np.int16)
    by_index[IGNORE_ID] = IGNORE_ID
    # What no class claims: black is the background and VOC's cream is void, as in every mask of VOC.
    by_colour = {_code(0, 0, 0): 0, _code(*voc_colour(IGNORE_ID)): IGNORE_ID}
    for index, name in enumerate(labelmap.names[:IGNORE_ID]):
        class_id = by_name.get(name, IGNORE_ID)
        by_index[index] = class_id
        by_colour[_code(*labelmap.colours[name])] = class_id
    return _Key(classes=classes, by_index=by_index, by_colour=by_colour)


def _code(red: int, green: int, blue: int) -> int:
    return red << 16 | green << 8 | blue


def _highest(mask: Path, *, root: Path) -> int:
    try:
        ids = _class_ids(mask, _key_of_names(numbered_names(IGNORE_ID - 1)), root=root)
    except DataError:  # reading the frame says so again
        return 0
    return int(ids.max(where=ids != IGNORE_ID, initial=0))


def _sample(root: Path, pair: Pair, key: _Key, digest: str) -> Sample:
    return Sample(
        name=pair.name,
        read=partial(_read, root, pair, key),
        files=(pair.image, pair.companion),
        key=digest,
    )


def _read(root: Path, pair: Pair, key: _Key) -> Frame:
    image, warnings = read_image(pair.image, root=root)
    mask = _class_ids(pair.companion, key, root=root)
    if mask.shape != image.shape[:2]:
        made, real = (f"{shape[1]}x{shape[0]}" for shape in (mask.shape, image.shape))
        where = name_of(pair.companion, root)
        fault = f"{where} is {made}, but {pair.name} is {real}; export the mask in the size of its image"
        raise DataError(str(root), [Fault(Rule.SIZE_MISMATCH, fault)])
    return Frame(image=image, mask=mask, warnings=warnings)


def _class_ids(path: Path, key: _Key, *, root: Path) -> NDArray[np.uint8]:
    """Decode a mask as class ids, whether its pixels are indices or colours."""
    if _is_coloured(path):
        pixels = read_image(path, root=root)[0].astype(np.uint32)
        codes = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
        found, places = np.unique(codes, return_inverse=True)
        ids = np.array([key.by_colour.get(int(code), _UNKNOWN) for code in found], np.int16)
        if (ids != _UNKNOWN).all():
            return ids[places].reshape(codes.shape).astype(np.uint8)
        if (pixels != pixels[..., :1]).any():
            raise _unknown_colour(path, int(found[ids == _UNKNOWN][0]), root=root)
    indices = read_mask(path, root=root)
    mapped = key.by_index[indices]
    unknown = indices[mapped == _UNKNOWN]
    if unknown.size:
        first, count = unknown.min(), (unknown == unknown.min()).sum()
        fault = (
            f"class id {first} ({count} pixels) has no name, "
            f" {len(key.classes)} classes are named; name it, or paint it {IGNORE_ID} to have it ignored"
        )
        where = name_of(path, root)
        raise DataError(str(root), [Fault(Rule.CLASS_OUT_OF_RANGE, fault, file=where)])
    return mapped.astype(np.uint8)


def _unknown_colour(path: Path, code: int, *, root: Path) -> DataError:
    colour = (code >> 16, code >> 8 & 255, code & 255)
    fault = f"colour {colour} belongs to no class; add it to labelmap.txt"
    return DataError(str(root), [Fault(Rule.UNKNOWN_CLASS, fault, file=name_of(path, root))])


def _is_coloured(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            return picture.mode in {"RGB", "RGBA"}
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False  # decoding it says what is wrong
