"""Frames made of two files, in any of the layouts that teams have: an image, and a companion with its labels.

A companion is looked for where users put it, the likeliest place first (COMPANION stands for `labels`,
`masks` and the like, of which each format knows its own):

    images/train/a.jpg, images_all/a.jpg   COMPANION/train/a.EXT, COMPANION_all/a.EXT
    train/images/a.jpg                     train/COMPANION/a.EXT
    H1/a.jpg                               H1_Annotations/a.EXT, or COMPANION/H1/a.EXT
    a.jpg                                  a.EXT beside it

What lies nowhere of these is found by its name if that is unique. Splits are lists (`splits/train.txt`), or
folders called train, val and test anywhere in the path; without either the frames are one heap.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rccar_models.formats.files import PICTURE_SUFFIXES
from rccar_models.formats.split_lists import listed_frames
from rccar_models.formats.splits import SPELLINGS
from rccar_models.formats.tree import Tree
from rccar_models.samples import SPLITS, UNSPLIT

IMAGE_FOLDERS = ("images", "images_all", "image", "imgs", "img", "jpegimages")
"""Folders that say that images lie in them, in lower case."""

LABEL_FOLDERS = (
    "labels",
    "labels_all",
    "masks",
    "masks_all",
    "annotations",
    "annotations_all",
    "segmentationclass",
)
"""Folders in which no frames lie, in lower case; so do those that end in `_annotations`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two files of a frame.

    Args:
        name: of the image, relative to the data set, with forward slashes.
        image: exists.
        companion: mask or label file; where it was expected first if there is none.
        has_companion: whether it exists.
    """

    name: str
    image: Path
    companion: Path
    has_companion: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """All frames of a data set.

    Args:
        splits: frames of each split found, in order of name or list; `UNSPLIT` alone if nothing divides them.
        warnings: one line each.
        faults: one line each.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def find_pairs(
    tree: Tree, *, companions: Sequence[str], suffix: str, folders: Mapping[str, str] | None = None
) -> Pairs:
    """List the frames of a data set with their companions.

    Args:
        tree: the data set.
        companions: folders of companions, the likeliest first, e.g. ("labels/detection", "labels").
        suffix: of companions, with its dot, in lower case.
        folders: of the images of each split, if something names them.

    Returns:
        Frames by split. Missing and empty splits are no faults here.
    """
    images = images_of(tree)
    finder = _Companions(tree, companions=companions, suffix=suffix)
    by_folder = _split_by(folders, tree) if folders else _split_by_folders(images)
    listed = None if folders else listed_frames(tree, images)
    splits, faults, n_unused = listed or (by_folder, [], 0)
    pairs = {split: tuple(finder.pair(name) for name in names) for split, names in splits.items()}
    used = {pair.companion for kept in pairs.values() for pair in kept} | {
        finder.pair(name).companion for name in images
    }
    n_orphans = sum(tree.path(name) not in used for name in finder.candidates())
    return Pairs(
        splits=pairs,
        warnings=tuple(_warnings(n_orphans, n_unused, suffix=suffix, n_links=tree.n_links_out)),
        faults=(*faults, *_shared_files(pairs)),
    )


def images_of(tree: Tree) -> list[str]:
    """Find the frames' images.

    Args:
        tree: the data set.

    Returns:
        Names in order. If any lie in a folder of `IMAGE_FOLDERS`, only those; none in a folder of labels.
    """
    pictures = [
        name for name in tree.pictures() if not any(map(_holds_labels, PurePosixPath(name).parts[:-1]))
    ]
    named = [name for name in pictures if _image_folders(PurePosixPath(name).parts)]
    return named or pictures


def split_of(parts: Sequence[str]) -> str | None:
    """Read a split from folders.

    Args:
        parts: of a path, without the file.

    Returns:
        The split, None if no folder names one.
    """
    return next((split for part in parts for split in SPLITS if part.lower() in SPELLINGS[split]), None)


class _Companions:
    """Knows where the companions of a data set lie."""

    def __init__(self, tree: Tree, *, companions: Sequence[str], suffix: str) -> None:
        self._tree = tree
        self._folders = companions
        self._suffix = suffix
        self._by_stem: Mapping[str, list[str]] = defaultdict(list)
        for name in tree.named(suffix):
            self._by_stem[PurePosixPath(name).stem].append(name)

    def pair(self, image: str) -> Pair:
        """Find the companion of an image."""
        places = [place for place in dict.fromkeys(self._places(PurePosixPath(image))) if place != image]
        found = next((place for place in places if place in self._tree), None) or self._by_name(image)
        return Pair(
            name=image,
            image=self._tree.path(image),
            # A missing one is expected where most of its folders exist.
            companion=self._tree.path(found or max(places, key=self._tree.n_folders_of)),
            has_companion=found is not None,
        )

    def candidates(self) -> Iterator[str]:
        """Files in the folders of companions that look like one."""
        for name in self._tree.named(self._suffix):
            folders = PurePosixPath(name).parts[:-1]
            in_folder = any(_is_below(folders, PurePosixPath(folder).parts) for folder in self._folders)
            if in_folder and PurePosixPath(name).name not in NOT_LABELS:
                yield name

    def _places(self, image: PurePosixPath) -> Iterator[str]:
        parts = image.with_suffix(self._suffix).parts
        marked = _image_folders(parts)
        for position in reversed(marked):
            rest = "_all" if parts[position].lower().endswith("_all") else ""
            for folder in dict.fromkeys([f"{word}{rest}" for word in self._folders] + list(self._folders)):
                yield "/".join([*parts[:position], folder, *parts[position + 1 :]])
        for position in range(len(parts) - 1):
            for ending in ("_Annotations", "_annotations"):
                yield "/".join([*parts[:position], parts[position] + ending, *parts[position + 1 :]])
        if not marked:
            yield from ("/".join([folder, *parts]) for folder in self._folders)
        yield "/".join(parts)

    def _by_name(self, image: str) -> str | None:
        """The only companion of this name in a folder of companions."""
        found = [
            name
            for name in self._by_stem.get(PurePosixPath(image).stem, ())
            if any(
                _is_below(PurePosixPath(name).parts[:-1], PurePosixPath(one).parts) for one in self._folders
            )
        ]
        # In a divided set a file of this name in another split belongs to another image.
        return found[0] if len(found) == 1 and split_of(PurePosixPath(image).parts[:-1]) is None else None


NOT_LABELS = frozenset({"classes.txt", "notes.json", "train.txt", "val.txt", "test.txt"})
"""Files that lie among labels and are none."""


def _image_folders(parts: Sequence[str]) -> list[int]:
    """Positions of the folders that say that images lie in them."""
    return [position for position, part in enumerate(parts[:-1]) if part.lower() in IMAGE_FOLDERS]


def _holds_labels(folder: str) -> bool:
    return folder.lower() in LABEL_FOLDERS or folder.lower().endswith("_annotations")


def _is_below(folders: Sequence[str], parent: Sequence[str]) -> bool:
    """Whether the parent stands somewhere in a path, also as PARENT_all."""
    n_parts = len(parent)
    windows = (tuple(folders[start : start + n_parts]) for start in range(len(folders) - n_parts + 1))
    return any(window in {tuple(parent), (*parent[:-1], f"{parent[-1]}_all")} for window in windows)


def _split_by(folders: Mapping[str, str], tree: Tree) -> Mapping[str, list[str]]:
    return {split: list(tree.named(*PICTURE_SUFFIXES, below=folder)) for split, folder in folders.items()}


def _split_by_folders(images: Sequence[str]) -> Mapping[str, list[str]]:
    splits: dict[str, list[str]] = defaultdict(list)
    for name in images:
        splits[split_of(PurePosixPath(name).parts[:-1]) or UNSPLIT].append(name)
    if len(splits) > 1:
        splits.pop(UNSPLIT, None)  # pictures beside the divided ones are no frames
    return {split: splits[split] for split in (*SPLITS, UNSPLIT) if split in splits}


def _warnings(n_orphans: int, n_unused: int, *, suffix: str, n_links: int) -> Iterator[str]:
    if n_orphans:
        yield f"{n_orphans} label files ({suffix}) have no image and are not used"
    if n_unused:
        yield f"{n_unused} images stand in no split list and are not used"
    if n_links:
        yield f"{n_links} links lead out of the data set and are not followed"


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
