"""Frames made of two files: an image and a companion (mask or label file) with the same stem.

Three layouts are known, looked for in this order; COMPANION stands for `masks`, `labels` and the like:

    splits/train.txt, val.txt [, test.txt]   one image a line; the files in images/ and COMPANION/
    images/train/, COMPANION/train/          and so on for val and test
    train/images/, train/COMPANION/          and so on for val and test
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.formats.files import filled_lines, images_below, name_of
from rccar_models.formats.splits import split_faults, split_folder, split_lists
from rccar_models.samples import SPLITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two files of a frame.

    Args:
        name: of the image, relative to the data set, with forward slashes.
        image: exists.
        companion: mask or label file; may be missing.
    """

    name: str
    image: Path
    companion: Path


@dataclass(frozen=True, slots=True)
class Pairs:
    """All frames of a data set.

    Args:
        splits: frames of each split found, in order of name or list.
        warnings: one line each.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    warnings: tuple[str, ...] = ()


Folders = Mapping[str, tuple[Path, Path]]
"""Folder of images and folder of companions, by split."""


def find_pairs(root: Path, *, companion: str, suffix: str) -> Pairs:
    """List the frames of a data set in one of the known layouts.

    Args:
        root: the data set.
        companion: name of the folder beside `images`.
        suffix: of companions, with its dot.

    Returns:
        Frames by split.

    Raises:
        DataError: no layout fits, a required split is missing or empty, a list names what is not there,
            a frame stands in two places, or two images share a companion.
    """
    lists = split_lists(root)
    if lists:
        return _listed(root, lists, companion=companion, suffix=suffix)
    return pairs_of_folders(root, split_folders(root, companion), companion=companion, suffix=suffix)


def split_folders(root: Path, companion: str) -> Folders:
    """Find the folders of each split.

    Args:
        root: the data set.
        companion: name of the folder beside `images`.

    Returns:
        Folder of images and folder of companions of each split found; the latter may be missing.
    """
    folders: dict[str, tuple[Path, Path]] = {}
    for split in SPLITS:
        if images := split_folder(root / "images", split):
            folders[split] = images, root / companion / images.name
        elif (inside := split_folder(root, split)) and (inside / "images").is_dir():
            folders[split] = inside / "images", inside / companion
    return folders


def pairs_of_folders(root: Path, folders: Folders, *, companion: str, suffix: str) -> Pairs:
    """List the frames of a data set whose splits are folders.

    Args:
        root: the data set.
        folders: of each split.
        companion: name of the companions' folder, for messages.
        suffix: of companions, with its dot.

    Returns:
        Frames by split.

    Raises:
        DataError: a required split is missing or empty, or two images share a companion.
    """
    splits = {
        split: tuple(
            Pair(name=name_of(image, root), image=image, companion=_beside(image, images, companions, suffix))
            for image in images_below(images)
        )
        for split, (images, companions) in folders.items()
    }
    mend = (
        f"make images/train and {companion}/train, images/val and {companion}/val, "
        "or list the images in splits/train.txt and splits/val.txt"
    )
    orphans = sum(
        _n_orphans(images_below(images), images, companions, suffix)
        for images, companions in folders.values()
    )
    return Pairs(_checked(root, splits, [], mend=mend), _warnings(orphans, 0, companion))


def _listed(root: Path, lists: Mapping[str, Path], *, companion: str, suffix: str) -> Pairs:
    folder = root / "images"
    images = images_below(folder)
    known = {key: image for image in reversed(images) for key in _keys(image.relative_to(folder))}
    faults: list[str] = []

    def pairs_of(path: Path) -> Iterator[Pair]:
        for number, line in filled_lines(path, root=root):
            image = known.get(_key(line, root))
            if image is None:
                where = f"{name_of(path, root)}:{number}"
                faults.append(f"{where}: images/ holds no {line!r}; correct the line or remove it")
                continue
            beside = _beside(image, folder, root / companion, suffix)
            yield Pair(name=name_of(image, root), image=image, companion=beside)

    splits = {split: tuple(pairs_of(path)) for split, path in lists.items()}
    mend = "write splits/train.txt and splits/val.txt, one image a line"
    unused = len(images) - sum(map(len, splits.values()))
    orphans = _n_orphans(images, folder, root / companion, suffix)
    return Pairs(_checked(root, splits, faults, mend=mend), _warnings(orphans, unused, companion))


def _n_orphans(images: list[Path], folder: Path, companions: Path, suffix: str) -> int:
    """Count companions without an image."""
    used = {_beside(image, folder, companions, suffix) for image in images}
    found = (path for path in companions.rglob(f"*{suffix}") if not path.name.startswith("."))
    return sum(path not in used and path.name != "classes.txt" for path in found)


def _warnings(orphans: int, unused: int, companion: str) -> tuple[str, ...]:
    warnings = []
    if orphans:
        warnings.append(f"{orphans} files in {companion}/ have no image and are not used")
    if unused > 0:
        warnings.append(f"{unused} images stand in no split list and are not used")
    return tuple(warnings)


def _beside(image: Path, images: Path, companions: Path, suffix: str) -> Path:
    return (companions / image.relative_to(images)).with_suffix(suffix)


def _keys(image: Path) -> tuple[str, str]:
    """Names under which a list may call an image: with and without its suffix."""
    name = unicodedata.normalize("NFC", image.as_posix())
    return name, name.removesuffix(image.suffix)


def _key(line: str, root: Path) -> str:
    """Reduce a line of a list to a name below `images/`."""
    name = unicodedata.normalize("NFC", line.replace("\\", "/"))
    for prefix in (f"{root.resolve().as_posix()}/", f"{root.as_posix()}/", "./", "images/"):
        name = name.removeprefix(prefix)
    return name


def _checked(
    root: Path, splits: Mapping[str, tuple[Pair, ...]], faults: list[str], *, mend: str
) -> Mapping[str, tuple[Pair, ...]]:
    counts = {split: len(pairs) for split, pairs in splits.items()}
    faults = [*faults, *split_faults(counts, mend=mend), *_shared_files(splits)]
    if faults:
        raise DataError(str(root), faults)
    return splits


def _shared_files(splits: Mapping[str, tuple[Pair, ...]]) -> Iterator[str]:
    """Find frames that stand in two places, and images that would share a companion."""
    first: dict[Path, tuple[str, str]] = {}
    for split, pair in ((split, pair) for split, pairs in splits.items() for pair in pairs):
        if pair.companion not in first:
            first[pair.companion] = (split, pair.name)
            continue
        other_split, other_name = first[pair.companion]
        if other_name != pair.name:
            yield f"{other_name} and {pair.name} would share {pair.companion.name}; rename one of them"
        elif other_split != split:
            yield f"{pair.name} is in {other_split} and in {split}; keep it in one of them"
        else:
            yield f"{pair.name} is twice in {split}; keep one line"
