"""Masks of Pascal VOC: `SegmentationClass/NAME.png`, a palette picture whose indices are class ids.

255 (void) is ignored. Masks in colours are read by those of `labelmap.txt`, else by those of Pascal VOC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import mapping_key
from rccar_models.formats.decoding import read_image
from rccar_models.formats.files import name_of
from rccar_models.formats.layouts import Pair, find_pairs
from rccar_models.formats.split_lists import list_files
from rccar_models.formats.tree import Tree
from rccar_models.formats.voc.mask_key import MaskKey, class_ids, mask_key
from rccar_models.samples import Frame, Sample

_FOLDERS = ("segmentationclass", "segmentationclassaug")
_OWN_LISTS = "imagesets/segmentation"
_LISTS = ("splits", _OWN_LISTS, "imagesets/main", "imagesets")


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
    key = mask_key(tree, _FOLDERS[0], [pair.companion for kept in masked.values() for pair in kept])
    digest = mapping_key(dict(enumerate(key.by_index.tolist())), key.by_colour)
    return Masked(
        classes=key.classes,
        splits={
            split: tuple(_sample(tree.root, pair, key, digest) for pair in kept)
            for split, kept in masked.items()
        },
        warnings=(*warnings, *key.warnings),
        faults=(*faults, *key.faults),
    )


def _sample(root: Path, pair: Pair, key: MaskKey, digest: str) -> Sample:
    return Sample(
        name=pair.name,
        read=partial(_read, root, pair, key),
        files=(pair.image, pair.companion),
        key=digest,
    )


def _read(root: Path, pair: Pair, key: MaskKey) -> Frame:
    image, warnings = read_image(pair.image, root=root)
    mask = class_ids(pair.companion, key, root=root)
    if mask.shape != image.shape[:2]:
        made, real = (f"{shape[1]}x{shape[0]}" for shape in (mask.shape, image.shape))
        where = name_of(pair.companion, root)
        fault = f"{where} is {made}, but {pair.name} is {real}; export the mask in the size of its image"
        raise DataError(str(root), [Fault(Rule.SIZE_MISMATCH, fault)])
    return Frame(image=image, mask=mask, warnings=warnings)
