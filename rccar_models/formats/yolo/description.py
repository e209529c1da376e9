"""What describes a YOLO data set: `data.yaml`, or darknet's `obj.data`. Class names, and where splits lie.

Paths are looked up among the files of the data set, by their ends if they are of another machine, and never
followed. Sources: https://docs.ultralytics.com/datasets/detect; https://github.com/AlexeyAB/darknet#readme.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import filled_lines
from rccar_models.formats.folders import IMAGE_FOLDERS
from rccar_models.formats.repeats import first_repeat
from rccar_models.formats.splits import REQUIRED, SPELLINGS
from rccar_models.formats.tree import Tree
from rccar_models.formats.yaml_files import read_yaml

_YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_DARKNET = re.compile(r"\s*(\w+)\s*=\s*(\S.*)")

Table = Mapping[object, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What was found.

    Args:
        file: that says it, below the data set; empty if there is none.
        names: of the classes in order of id, None if it names none.
        places: folders of images and lists of images (`.txt`) of each split, below the data set; empty
            unless there are some for train and val.
        has_keypoints: whether the labels are those of a pose model (`kpt_shape`): keypoints follow each box.
        warnings: what the user should know.
    """

    file: str = ""
    names: tuple[str, ...] | None = None
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_keypoints: bool = False
    warnings: tuple[Fault, ...] = ()


def description_file(tree: Tree) -> str | None:
    """Find the file that describes a data set.

    Args:
        tree: the data set.

    Returns:
        Its name: `data.yaml` before other YAML files that name classes, before darknet's `obj.data`; the
        one nearest to the root. None if there is none, or if several are equally near.
    """
    named = [name for name in tree.named(".yaml", ".yml") if posixpath.basename(name) in _YAML_NAMES]
    others = [name for name in tree.named(".yaml", ".yml") if "/" not in name and _names_classes(tree, name)]
    for names in (named, others, [*tree.named(".data")]):
        depth = min((name.count("/") for name in names), default=0)
        nearest = [name for name in names if name.count("/") == depth]
        if nearest and (len(nearest) == 1 or depth == 0):
            return min(nearest, key=lambda name: _rank(posixpath.basename(name)))
    return None


def _rank(file: str) -> int:
    return _YAML_NAMES.index(file) if file in _YAML_NAMES else len(_YAML_NAMES)


def _names_classes(tree: Tree, name: str) -> bool:
    try:
        with tree.path(name).open("rb") as file:
            return bool(re.search(rb"^(names|nc)\s*:", file.read(2**16), re.MULTILINE))
    except OSError:
        return False


def read_description(tree: Tree) -> Description:
    """Read the file that describes a data set.

    Args:
        tree: the data set.

    Returns:
        What it says; nothing if there is no such file.

    Raises:
        DataError: it cannot be read, or its names are no class names.
    """
    file = description_file(tree)
    if file is None:
        return Description()
    if file.endswith(".data"):
        return _darknet(tree, file)
    content = read_yaml(tree.path(file), root=tree.root)
    if not isinstance(content, dict):
        raise _refused(tree, file, ["must hold keys such as names, train and val"])
    faults: list[str] = []
    names = _names(content.get("names"), faults)
    faults += _count_faults(content.get("nc"), names)
    values = {
        split: next((content[word] for word in words if content.get(word)), None)
        for split, words in SPELLINGS.items()
    }
    faults += _path_faults(values)
    if faults:
        raise _refused(tree, file, faults)
    texts = {split: _texts(value) for split, value in values.items() if value}
    places, warnings = _places(tree, file, texts, base=content.get("path"))
    return Description(
        file=file,
        names=names,
        places=places,
        has_keypoints=bool(content.get("kpt_shape")),
        warnings=warnings,
    )


def _darknet(tree: Tree, file: str) -> Description:
    """Read `obj.data`: "train = data/train.txt", "valid = ...", "names = data/obj.names", "classes = 2"."""
    lines = filled_lines(tree.path(file), root=tree.root)
    values = {match[1]: match[2].strip() for _, line in lines if (match := _DARKNET.fullmatch(line))}
    names = None
    found = _found(tree, file, values["names"], "") if "names" in values else None
    if found is not None and found in tree:
        names = tuple(line for _, line in filled_lines(tree.path(found), root=tree.root))
    faults = [*_twice(names or ()), *_count_faults(values.get("classes"), names, key="classes")]
    if faults:
        raise _refused(tree, file, faults)
    texts = {
        split: [values[word]] for split, words in SPELLINGS.items() for word in words if values.get(word)
    }
    # CVAT writes one list, called train, for a set that is not divided.
    divided = {split for split in texts if split != "train"}
    places, warnings = _places(tree, file, texts if divided else {}, base="")
    return Description(file=file, names=names or None, places=places, warnings=warnings)


def _refused(tree: Tree, file: str, faults: Sequence[str]) -> DataError:
    return DataError(str(tree.root), [Fault(Rule.ANNOTATION, text, file=file) for text in faults])


def _names(value: object, faults: list[str]) -> tuple[str, ...] | None:
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        ids = {int(key): name for key, name in value.items() if str(key).isdecimal() and len(str(key)) < 9}
        if len(ids) < len(value) or sorted(ids) != list(range(len(ids))):
            faults.append("the ids in names must run from 0 without a gap")
            return None
        value = [ids[class_id] for class_id in sorted(ids)]
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        faults.append("names must be a list of class names, e.g. names: [cone, car]")
        return None
    faults += _twice(value)
    return tuple(value)


def _twice(names: Sequence[str]) -> Iterator[str]:
    name = first_repeat(names)
    if name is not None:
        yield f"a class stands twice in names: {name[:80]!r}; give each its own name"


def _count_faults(value: object, names: Sequence[str] | None, key: str = "nc") -> Iterator[str]:
    if value is None or names is None:
        return
    if str(value).strip() != str(len(names)):
        yield f"{key} is {str(value)[:80]}, but names has {len(names)} classes; correct one of them"


def _path_faults(values: Mapping[str, object]) -> Iterator[str]:
    for split, value in values.items():
        if value is not None and not all(isinstance(one, str) for one in _texts(value)):
            yield f"{split} must be a folder, a list (.txt), or several of them"


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else [value]  # type: ignore[list-item]


def _places(
    tree: Tree, file: str, values: Mapping[str, Sequence[str]], *, base: object
) -> tuple[Mapping[str, Sequence[str]], tuple[Fault, ...]]:
    """Places of each split, if all that are needed are there; also warnings."""
    prefix = base if isinstance(base, str) else ""
    found: dict[str, list[str]] = {}
    missing: list[str] = []
    for split, texts in values.items():
        for text in texts:
            place = _found(tree, file, text, prefix)
            if place is None:
                missing.append(f"{split}: {text[:200]!r}")
            else:
                found.setdefault(split, []).append(place)
    is_whole = all(split in found for split in REQUIRED)
    told = f"{', '.join(missing)} is not in the data set; " + (
        "what was found is used" if is_whole else "lists and the usual folders divide the frames"
    )
    return (found if is_whole else {}), ((Fault(Rule.NOTE, told, file=file),) if missing else ())


def _found(tree: Tree, file: str, value: str, base: str) -> str | None:
    """The folder or file of the data set that a path means."""
    home = posixpath.dirname(file)
    whole = value.replace("\\", "/")
    # Exports write "../train/images" though the folder lies beside data.yaml.
    parts = [part for part in whole.split("/") if part not in {"", ".", ".."}]
    ends = ["/".join(parts[start:]) for start in range(len(parts))] or [""]
    # The end "images" of "../test/images" says nothing: each split has such a folder.
    ends = [end for end in ends if end.lower() not in IMAGE_FOLDERS or len(ends) == 1]
    for path in (posixpath.join(base.replace("\\", "/"), whole), whole, *ends):
        for folder in dict.fromkeys((home, "")):
            place = posixpath.normpath(posixpath.join(folder, path))
            place = "" if place == "." else place
            if place in tree:
                return place
            if tree.has_folder(place) or (not place and not parts):
                inside = posixpath.join(place, "images")
                return inside if tree.has_folder(inside) and not place.endswith("images") else place
    return None
