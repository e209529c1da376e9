"""What a YOLO data set's `data.yaml` says: class names, and where the images of each split lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from rccar_models.errors import DataError
from rccar_models.formats.files import name_of, read_text
from rccar_models.formats.splits import REQUIRED, SPELLINGS

_FILES = ("data.yaml", "data.yml", "dataset.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloYaml:
    """What was found in `data.yaml`.

    Args:
        names: of the classes in order of id, None if it names none.
        folders: image folder of each split, below the data set; empty unless train and val are such folders.
    """

    names: tuple[str, ...] | None = None
    folders: Mapping[str, str] = field(default_factory=dict)


def yaml_file(root: Path) -> Path | None:
    """Find the file that describes a YOLO data set.

    Args:
        root: the data set.

    Returns:
        The file, None if there is none.
    """
    return next((root / name for name in _FILES if (root / name).is_file()), None)


def read_yaml(root: Path) -> YoloYaml:
    """Read the file that describes a YOLO data set.

    Args:
        root: the data set.

    Returns:
        What it says; nothing if there is no such file.

    Raises:
        DataError: it is not YAML, or its `names` is neither a list nor a table of ids.
    """
    path = yaml_file(root)
    if path is None:
        return YoloYaml()
    where = name_of(path, root)
    try:
        content = yaml.safe_load(read_text(path, root=root))
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(str(root), [f"{where}: not valid YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, dict):
        raise DataError(str(root), [f"{where}: must hold keys such as names, train and val"])
    return YoloYaml(names=_names(content.get("names"), root, where), folders=_folders(content, root))


def _names(value: object, root: Path, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, dict):
        if sorted(value, key=str) != sorted(range(len(value)), key=str):
            raise DataError(str(root), [f"{where}: the ids in names must run from 0 without a gap"])
        value = [value[class_id] for class_id in range(len(value))]
    if not isinstance(value, list) or not value:
        raise DataError(str(root), [f"{where}: names must be a list of class names, e.g. names: [cone, car]"])
    names = tuple(str(name) for name in value)
    if len(set(names)) < len(names):
        raise DataError(str(root), [f"{where}: a class stands twice in names; give each its own name"])
    return names


def _folders(content: Mapping[object, object], root: Path) -> dict[str, str]:
    base = content.get("path")
    folders: dict[str, str] = {}
    for split, spellings in SPELLINGS.items():
        value = next((content[word] for word in spellings if word in content), None)
        folder = _folder(value, base, root) if isinstance(value, str) else None
        if folder is not None:
            folders[split] = name_of(folder, root)
    return folders if all(split in folders for split in REQUIRED) else {}


def _folder(value: str, base: object, root: Path) -> Path | None:
    """Find the folder that a path means. None if it is no folder inside the data set."""
    # Exports write "../train/images" though the folder lies beside data.yaml.
    stripped = PurePosixPath(*(part for part in PurePosixPath(value).parts if part != ".."))
    bases = [base, ""] if isinstance(base, str) else [""]
    for candidate in [root / prefix / path for prefix in bases for path in (value, stripped)]:
        folder = candidate.resolve()
        if folder.is_dir() and folder.is_relative_to(root.resolve()):
            inside = root / folder.relative_to(root.resolve())
            return inside / "images" if (inside / "images").is_dir() else inside
    return None
