"""Pascal VOC: XML files of boxes, and masks in `SegmentationClass/`.

The XML file lies beside its image (Roboflow), in `Annotations/` beside `JPEGImages/`, or in `annotations/`
beside `images/`, at any depth (`VOCdevkit/VOC2012/...`). The layout decides which image is meant: what
<filename> and <path> say is only compared. Splits are `ImageSets/Main/*.txt` (`ImageSets/Segmentation/*.txt`
for masks), or the usual folders and lists. Difficult and truncated objects count like all others.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.class_names import BACKGROUND_NAMES, class_file, read_class_names
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.files import name_of
from rccar_models.formats.labelling import flat_boxes, labelled_frame
from rccar_models.formats.layouts import Pair, Pairs, find_pairs
from rccar_models.formats.splits import REQUIRED
from rccar_models.formats.tree import Tree
from rccar_models.formats.voc.annotations import VocLabels, VocObject, read_voc
from rccar_models.formats.voc.classes import find_labelmap, read_labelmap
from rccar_models.formats.voc.masks import has_masks, masked_frames
from rccar_models.samples import IGNORE_ID, DataIndex, Frame, Sample, Thing

_FOLDERS = ("annotations", "labels", "xmls", "xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One image with all that is needed to read it.

    Args:
        root: folder of the data set.
        pair: image and XML file.
        labels: of the image.
        ids: class id of each name.
    """

    root: Path
    pair: Pair
    labels: VocLabels
    ids: Mapping[str, int]


def _recognises(tree: Tree) -> bool:
    if has_masks(tree):
        return True
    if not any(tree.named(".xml")):
        return False
    return any(pair.has_companion for pair in _all_pairs(_boxed_pairs(tree)))


def _index(tree: Tree, task: str) -> DataIndex:
    return _index_of_masks(tree) if task == "segmentation" else _index_of_boxes(tree)


def _index_of_masks(tree: Tree) -> DataIndex:
    masked = masked_frames(tree)
    return DataIndex(
        source=str(tree.root),
        format=FORMAT.name,
        task="segmentation",
        classes=masked.classes,
        ignore_id=IGNORE_ID,
        splits=masked.splits,
        warnings=masked.warnings,
        faults=masked.faults,
    )


def _index_of_boxes(tree: Tree) -> DataIndex:
    root = tree.root
    pairs = _boxed_pairs(tree)
    if not any(pair.has_companion for pair in _all_pairs(pairs)):
        fault = "no image has an XML file; masks in SegmentationClass/ serve --task segmentation"
        raise DataError(str(root), [*pairs.faults, fault])
    labels, faults = _all_labels(root, pairs)
    found = {one.name for one in _objects(labels.values())}
    # A list made for masks begins with the background, which nobody boxes.
    named = tuple(
        name for name in _named_classes(tree) if name in found or name.lower() not in BACKGROUND_NAMES
    )
    classes = named or tuple(sorted(found))
    ids = {name: class_id for class_id, name in enumerate(classes)}
    faults += _unknown_classes(root, pairs, labels, ids)
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task="detection",
        classes=classes,
        splits={
            split: tuple(
                _sample(_Source(root=root, pair=pair, labels=labels[pair.name], ids=ids)) for pair in kept
            )
            for split, kept in pairs.splits.items()
        },
        warnings=(*pairs.warnings, *_warnings(pairs, labels)),
        faults=(*pairs.faults, *(faults or _without_objects(pairs, labels))),
    )


def _boxed_pairs(tree: Tree) -> Pairs:
    return find_pairs(tree, companions=_FOLDERS, suffix=".xml")


def _all_pairs(pairs: Pairs) -> Iterator[Pair]:
    return (pair for kept in pairs.splits.values() for pair in kept)


def _all_labels(root: Path, pairs: Pairs) -> tuple[Mapping[str, VocLabels], list[Fault]]:
    """Read the XML files of all images, by the image's name; also the faults."""
    labels: dict[str, VocLabels] = {}
    faults: list[Fault] = []
    for pair in _all_pairs(pairs):
        labels[pair.name] = VocLabels()
        if pair.has_companion:
            try:
                labels[pair.name], found = read_voc(pair.companion, root=root)
                faults += found
            except DataError as error:
                faults += error.faults
    return labels, faults


def _objects(labels: Iterable[VocLabels]) -> Iterator[VocObject]:
    return (one for found in labels for one in found.objects)


def _named_classes(tree: Tree) -> tuple[str, ...]:
    """Classes in the order that a file gives them; empty if there is none."""
    path = class_file(tree, ())
    if path is not None:
        return read_class_names(path, root=tree.root, background=False)
    path = find_labelmap(tree)
    return () if path is None else read_labelmap(path, root=tree.root).objects


def _unknown_classes(
    root: Path, pairs: Pairs, labels: Mapping[str, VocLabels], ids: Mapping[str, int]
) -> list[Fault]:
    named = f"is not among the {len(ids)} that are named ({', '.join(list(ids)[:10])})"
    return [
        Fault(
            Rule.UNKNOWN_CLASS,
            f"class {one.name!r} {named}; correct it or name it there",
            file=name_of(pair.companion, root),
            line=one.line,
        )
        for pair in _all_pairs(pairs)
        for one in labels[pair.name].objects
        if one.name not in ids
    ]


def _without_objects(pairs: Pairs, labels: Mapping[str, VocLabels]) -> list[Fault]:
    counts = {
        split: sum(not one.is_flat for one in _objects(labels[pair.name] for pair in kept))
        for split, kept in pairs.splits.items()
    }
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    return [
        Fault(
            Rule.NO_OBJECTS,
            f"no object is boxed in {split} (objects found: {found}); "
            "each image needs an XML file of its name",
        )
        for split in REQUIRED
        if pairs.splits.get(split) and not counts[split]
    ]


def _warnings(pairs: Pairs, labels: Mapping[str, VocLabels]) -> Iterator[Fault]:
    unlabelled = [pair.name for pair in _all_pairs(pairs) if not pair.has_companion]
    if unlabelled:
        text = f"{len(unlabelled)} images have no XML file and count as images without objects"
        yield Fault(Rule.IMAGE_WITHOUT_LABEL, f"{text}, e.g. {unlabelled[0]}")
    n_difficult = sum(one.is_difficult for one in _objects(labels.values()))
    if n_difficult:
        yield Fault(Rule.NOTE, f"{n_difficult} objects are marked as difficult; they are kept")
    n_flat = sum(one.is_flat for one in _objects(labels.values()))
    if n_flat:
        yield flat_boxes(n_flat)
    renamed = [pair for pair in _all_pairs(pairs) if _contradicts(labels[pair.name].picture, pair.name)]
    if renamed:
        first = renamed[0]
        yield Fault(
            Rule.NOTE,
            f"{len(renamed)} XML files say in <filename> that they belong to another image, e.g. "
            f"{first.companion.name} to {labels[first.name].picture[:80]!r}; "
            "the image of the file's own name is taken",
        )


def _contradicts(said: str, image: str) -> bool:
    """Whether a file name, with or without suffix, is not that of an image."""
    path = PurePosixPath(image)
    known = {_folded(path.name), _folded(path.stem)}
    return bool(said) and not {_folded(said), _folded(said.rpartition(".")[0])} & known


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()


def _sample(source: _Source) -> Sample:
    pair = source.pair
    files = (pair.image, pair.companion) if pair.has_companion else (pair.image,)
    return Sample(name=pair.name, read=partial(_read, source), files=files)


def _read(source: _Source) -> Frame:
    """Decode the image, which must be as large as its XML file says."""
    pair, root = source.pair, source.root
    image, warnings = read_image(pair.image, root=root)
    where = name_of(pair.companion, root)
    height, width = image.shape[:2]
    if source.labels.size not in {None, (width, height)}:
        said = "x".join(map(str, source.labels.size or ()))
        fault = (
            f"its boxes are for a picture of {said}, but {pair.name} is {width}x{height}; "
            "use the picture that was labelled, or correct <size>"
        )
        raise DataError(str(root), [Fault(Rule.SIZE_MISMATCH, fault, file=where)])
    things = [_thing(one, source.ids) for one in source.labels.objects if one.name in source.ids]
    return labelled_frame(image, things, task="detection", root=str(root), file=where, warnings=warnings)


def _thing(one: VocObject, ids: Mapping[str, int]) -> Thing:
    return Thing(line=one.line, class_id=ids[one.name], box=one.box)


FORMAT = FormatDef(
    name="voc",
    tasks=("segmentation", "detection"),
    recognises=_recognises,
    index=_index,
    text="JPEGImages/NAME.jpg and Annotations/NAME.xml, or side by side; SegmentationClass/NAME.png",
    own_folders={"segmentation": "SegmentationClass", "detection": "Annotations"},
)
