"""YOLO text labels: `images/` beside `labels/`, one line "class cx cy w h" an object, shares of the image.

Class names stand in `data.yaml`, `labels/classes.txt` or `classes.txt`. Splits are the folders that
`data.yaml` names, else the usual folders and lists. A picture without a label file holds no object.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from rccar_models.boxes import at_least, clipped, scaled
from rccar_models.errors import DataError
from rccar_models.formats.class_names import numbered_names, read_class_names
from rccar_models.formats.decoding import read_image
from rccar_models.formats.definition import FormatDef
from rccar_models.formats.pairs import Pair, Pairs, find_pairs, pairs_of_folders
from rccar_models.formats.splits import REQUIRED, SPELLINGS
from rccar_models.formats.yolo_labels import Labels, read_labels
from rccar_models.formats.yolo_yaml import YoloYaml, read_yaml, yaml_file
from rccar_models.samples import DataIndex, Frame, Sample

_COMPANION = "labels"


def _recognises(root: Path) -> bool:
    inside = [root / word for words in SPELLINGS.values() for word in words]
    return yaml_file(root) is not None or any(
        (parent / "images").is_dir() and next((parent / _COMPANION).rglob("*.txt"), None) is not None
        for parent in (root, *inside)
    )


def _index(root: Path, task: str) -> DataIndex:
    described = read_yaml(root)
    pairs = _pairs(root, described)
    classes = _named_classes(root, described)
    labels = _all_labels(root, pairs, n_classes=len(classes) if classes else None)
    warnings = [*pairs.warnings, *_warnings(pairs, labels.values())]
    if classes is None:
        highest = max(int(found.class_ids.max(initial=0)) for found in labels.values())
        classes = numbered_names(highest)
        warnings.append(f"nothing names the classes: they are called class_0 to class_{highest} by their ids")
    return DataIndex(
        source=str(root),
        format=FORMAT.name,
        task=task,
        classes=classes,
        splits={
            split: tuple(_sample(root, pair, labels[pair.name]) for pair in kept)
            for split, kept in pairs.splits.items()
        },
        warnings=tuple(warnings),
    )


def _pairs(root: Path, described: YoloYaml) -> Pairs:
    if not described.folders:
        return find_pairs(root, companion=_COMPANION, suffix=".txt")
    folders = {split: (images, _labels_beside(images, root)) for split, images in described.folders.items()}
    return pairs_of_folders(root, folders, companion=_COMPANION, suffix=".txt")


def _labels_beside(images: Path, root: Path) -> Path:
    """Replace the last folder called `images` by `labels`, as every YOLO tool does."""
    parts = list(images.relative_to(root).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = _COMPANION
    return root.joinpath(*parts)


def _named_classes(root: Path, described: YoloYaml) -> tuple[str, ...] | None:
    if described.names:
        return described.names
    for path in (root / _COMPANION / "classes.txt", root / "classes.txt"):
        if path.is_file():
            return read_class_names(path, root=root, background=False)
    return None


def _all_labels(root: Path, pairs: Pairs, *, n_classes: int | None) -> Mapping[str, Labels]:
    """Read the labels of all images, by the image's name."""
    labels: dict[str, Labels] = {}
    faults: list[str] = []
    for pair in (pair for kept in pairs.splits.values() for pair in kept):
        labels[pair.name] = Labels()
        if pair.companion.is_file():
            labels[pair.name], found = read_labels(pair.companion, root=root, n_classes=n_classes)
            faults += found
    faults = faults or _without_objects(pairs, labels)
    if faults:
        raise DataError(str(root), faults)
    return labels


def _without_objects(pairs: Pairs, labels: Mapping[str, Labels]) -> list[str]:
    counts = {
        split: sum(len(labels[pair.name].class_ids) for pair in kept) for split, kept in pairs.splits.items()
    }
    found = ", ".join(f"{split} {count}" for split, count in counts.items())
    return [
        f"no object is labelled in {split} (objects found: {found}); "
        f"each image needs a label file of its name, e.g. {_example(pairs.splits[split])}"
        for split in REQUIRED
        if not counts[split]
    ]


def _example(pairs: tuple[Pair, ...]) -> str:
    return "/".join(pairs[0].companion.parts[-2:])


def _warnings(pairs: Pairs, labels: Iterable[Labels]) -> list[str]:
    unlabelled = [pair for kept in pairs.splits.values() for pair in kept if not pair.companion.is_file()]
    degenerate = sum(found.n_degenerate for found in labels)
    warnings = []
    if unlabelled:
        warnings.append(
            f"{len(unlabelled)} images have no label file and count as images without objects, "
            f"e.g. {unlabelled[0].name}"
        )
    if degenerate:
        warnings.append(f"{degenerate} boxes without width or height were left out")
    return warnings


def _sample(root: Path, pair: Pair, labels: Labels) -> Sample:
    files = (pair.image, pair.companion) if pair.companion.is_file() else (pair.image,)
    return Sample(name=pair.name, read=partial(_read, root, pair.image, labels), files=files)


def _read(root: Path, path: Path, labels: Labels) -> Frame:
    image, warnings = read_image(path, root=root)
    height, width = image.shape[:2]
    boxes = clipped(scaled(labels.boxes, by=(width, height)), width=width, height=height)
    inside = at_least(boxes, 0)
    if not inside.all():
        warnings = (*warnings, "boxes outside the picture were left out")
    return Frame(image=image, boxes=boxes[inside], labels=labels.class_ids[inside], warnings=warnings)


FORMAT = FormatDef(
    name="yolo",
    tasks=("detection",),
    recognises=_recognises,
    index=_index,
    text="images/NAME.jpg and labels/NAME.txt with lines 'class cx cy w h', classes.txt or data.yaml",
)
