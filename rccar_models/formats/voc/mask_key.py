"""What pixels of Pascal VOC masks mean: indices of a palette, or colours, as class ids.

`labelmap.txt` or `classes.txt` says it, else the 20 classes of Pascal VOC. 0 is the background and 255 void
(ignored): a table of names without a background starts at id 1.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import (
    BACKGROUND,
    class_file,
    classes_for,
    highest_id,
    numbered_names,
    numbered_span,
    read_class_names,
)
from rccar_models.formats.class_table import read_entries
from rccar_models.formats.decoding import read_image, read_mask
from rccar_models.formats.files import name_of
from rccar_models.formats.tree import Tree
from rccar_models.formats.voc.annotations import read_voc
from rccar_models.formats.voc.classes import (
    IGNORED_NAMES,
    VOC_NAMES,
    Labelmap,
    find_labelmap,
    names_ground,
    read_labelmap,
    voc_colour,
)
from rccar_models.samples import IGNORE_ID

_UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskKey:
    """How pixels of masks become class ids.

    Args:
        classes: names in order of class id.
        by_index: (256,) int16 class id of each pixel value, -1 where there is none.
        by_colour: class id of each colour, written 0xRRGGBB.
        file: that names the classes; empty without one.
        warnings: what the user should know.
        faults: what must be mended.
    """

    classes: tuple[str, ...]
    by_index: NDArray[np.int16]
    by_colour: Mapping[int, int]
    file: str = ""
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def mask_key(tree: Tree, folder: str, masks: Sequence[Path]) -> MaskKey:
    """Find what says which class a pixel is.

    Args:
        tree: the data set.
        folder: of masks, in lower case, where `classes.txt` may lie.
        masks: all of them.

    Returns:
        The key. Where nothing names the classes, and the XML files have other names than Pascal VOC, that
        is a fault of it.

    Raises:
        DataError: the file that names the classes is faulty.
    """
    path = find_labelmap(tree)
    if path is not None:
        return _key_of_labelmap(read_labelmap(path, root=tree.root), name_of(path, tree.root))
    path = class_file(tree, [one for one in tree.folders if one.lower().endswith(folder)])
    if path is not None:
        return _key_of_file(path, root=tree.root)
    return _key_of_ids(tree, masks)


def class_ids(path: Path, key: MaskKey, *, root: Path) -> NDArray[np.uint8]:
    """Decode a mask as class ids, whether its pixels are indices or colours.

    Args:
        path: of the mask.
        key: what its pixels mean.
        root: folder of the data set, for messages.

    Returns:
        (H, W) class ids and `IGNORE_ID`.

    Raises:
        DataError: it cannot be read, or holds an id or a colour without a class.
    """
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
        said = f"class id {unknown.min()} ({(unknown == unknown.min()).sum()} pixels) has no name"
        highest = np.flatnonzero(key.by_index[:IGNORE_ID] != _UNKNOWN).max()
        known = f"{key.file} names ids" if key.file else "the other masks hold"
        where = "there" if key.file else "in labelmap.txt"
        fault = (
            f"{said}: {known} 0 to {highest}; correct it, name it {where}, "
            f"or paint it {IGNORE_ID} to have it ignored"
        )
        raise DataError(str(root), [Fault(Rule.CLASS_OUT_OF_RANGE, fault, file=name_of(path, root))])
    return mapped.astype(np.uint8)


def _key_of_file(path: Path, *, root: Path) -> MaskKey:
    """Names by `classes.txt`: in order from the background on, unless the file says ids itself."""
    names = read_class_names(path, root=root, background=True)
    where = name_of(path, root)
    if names_ground(names) or any(entry.id is not None for entry in read_entries(path, root=root)):
        return _key_of_names(names, where)
    mend = f"write the ids before the names, '0 {names[0]}'"
    return _key_of_names((BACKGROUND, *names), where, warnings=(_shifted(names, where, mend),))


def _shifted(names: Sequence[str], file: str, mend: str) -> Fault:
    said = f"names no background: 0 is the background as in Pascal VOC, 1 is {names[0]!r}"
    last = f", {len(names)} is {names[-1]!r}" if len(names) > 1 else ""
    return Fault(Rule.NOTE, f"{said}{last}; if 0 is {names[0]!r}, {mend}", file=file)


def _key_of_ids(tree: Tree, masks: Sequence[Path]) -> MaskKey:
    """Without any table: the classes of Pascal VOC, unless ids or the names in XML files are others."""
    counts = Counter(class_id for mask in masks for class_id in _ids_in(mask, root=tree.root))
    highest = highest_id(counts, len(masks))
    others = sorted(_names_in_xml(tree, masks) - set(VOC_NAMES))
    if others:
        return _key_of_names(numbered_names(highest), faults=(_unnamed(others),))
    if highest < len(VOC_NAMES):
        text = "nothing names the classes: they are called as the 20 of Pascal VOC"
        return _key_of_names(VOC_NAMES, warnings=(Fault(Rule.NOTE, text),))
    text = f"nothing names the classes: they are called {numbered_span(highest)} by their ids"
    return _key_of_names(numbered_names(highest), warnings=(Fault(Rule.NOTE, text),))


def _unnamed(names: Sequence[str]) -> Fault:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    text = (
        f"nothing says which class an id in the masks is, and the XML files name others than Pascal VOC "
        f"({shown}); write labelmap.txt with a name a line in order of id, e.g. "
        + "".join(f"'{name}' for {number}, " for number, name in enumerate([BACKGROUND, *names[:2]]))
        + "and so on"
    )
    return Fault(Rule.UNKNOWN_CLASS, text)


def _names_in_xml(tree: Tree, masks: Sequence[Path]) -> set[str]:
    """What the XML files of masked images call their objects."""
    stems = {mask.stem for mask in masks}
    found: set[str] = set()
    for name in tree.named(".xml"):
        if PurePosixPath(name).stem in stems:
            with suppress(DataError):  # who reads boxes says so
                labels, _ = read_voc(tree.path(name), root=tree.root)
                found.update(one.name for one in labels.objects)
    return found


def _key_of_names(
    names: tuple[str, ...],
    file: str = "",
    *,
    warnings: tuple[Fault, ...] = (),
    faults: tuple[Fault, ...] = (),
) -> MaskKey:
    ids = [*range(min(len(names), IGNORE_ID)), IGNORE_ID]
    by_index = np.full(256, _UNKNOWN, np.int16)
    by_index[ids] = ids
    return MaskKey(
        classes=names,
        by_index=by_index,
        by_colour={_code(*voc_colour(class_id)): class_id for class_id in ids},
        file=file,
        warnings=warnings,
        faults=faults,
    )


def _key_of_labelmap(labelmap: Labelmap, file: str) -> MaskKey:
    real = [name for name in labelmap.names if name.lower() not in IGNORED_NAMES]
    classes, ids = classes_for(real, "segmentation")
    by_name = {name: ids[number] for number, name in enumerate(real)}
    by_index = np.full(256, _UNKNOWN, np.int16)
    by_index[IGNORE_ID] = IGNORE_ID
    # What no class claims: black is the background and VOC's cream is void, as in every mask of VOC.
    by_colour = {_code(0, 0, 0): 0, _code(*voc_colour(IGNORE_ID)): IGNORE_ID}
    first = labelmap.first_id
    by_index[:first] = 0
    for index, name in enumerate(labelmap.names[: IGNORE_ID - first], start=first):
        class_id = by_name.get(name, IGNORE_ID)
        by_index[index] = class_id
        by_colour[_code(*labelmap.colours[name])] = class_id
    mend = f"write '{labelmap.names[0]}:0,0,0::'"
    return MaskKey(
        classes=classes,
        by_index=by_index,
        by_colour=by_colour,
        file=file,
        warnings=(_shifted(labelmap.names, file, mend),) if first else (),
    )


def _code(red: int, green: int, blue: int) -> int:
    return red << 16 | green << 8 | blue


def _ids_in(mask: Path, *, root: Path) -> set[int]:
    try:
        ids = class_ids(mask, _key_of_names(numbered_names(IGNORE_ID - 1)), root=root)
    except DataError:  # reading the frame says so again
        return set()
    return set(np.flatnonzero(np.bincount(ids.ravel())).tolist()) - {IGNORE_ID}


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
