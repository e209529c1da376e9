"""Frames made of two files, in any of the layouts that teams have: an image, and a companion with its labels.

A companion is looked for where users put it, the likeliest place first (COMPANION stands for `labels`,
`masks` and the like, of which each format knows its own):

    images/train/a.jpg, images_all/a.jpg   COMPANION/train/a.EXT, COMPANION_all/a.EXT
    images_all/H1_a.jpg                    COMPANION/H1/a.EXT, from before the drives were merged
    train/images/a.jpg                     train/COMPANION/a.EXT
    H1/a.jpg                               H1_Annotations/a.EXT, or COMPANION/H1/a.EXT
    train/a.jpg                            train_labels/a.EXT, train_masks/a.EXT, trainannot/a.EXT
    a.jpg                                  a.EXT beside it

Where a format has endings, a companion may be called a_mask.EXT and the like in all of these places.

What lies nowhere of these is found by its name if that is unique. Splits are lists (`splits/train.txt`), or
folders called train, val and test anywhere in the path; without either the frames are one heap.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rccar_models.faults import Fault, Rule
from rccar_models.formats.companions import Companions
from rccar_models.formats.files import PICTURE_SUFFIXES
from rccar_models.formats.folders import holds_labels, image_positions, labels_of_another, split_of
from rccar_models.formats.orphans import Claims, Orphans, placed_orphans
from rccar_models.formats.split_lists import FOLDERS, Division, frames_in_lists, listed_frames, listed_twice
from rccar_models.formats.tree import Tree
from rccar_models.samples import SPLITS, UNSPLIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two files of a frame.

    Args:
        name: of the image, relative to the data set, with forward slashes.
        image: exists; the companion itself if that holds the picture.
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
        warnings: what the user should know.
        faults: what must be mended.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def find_pairs(
    tree: Tree,
    *,
    companions: Sequence[str],
    suffix: str,
    folders: Mapping[str, Sequence[str]] | None = None,
    claims: Claims | None = None,
    lists: Sequence[str] = FOLDERS,
    endings: Sequence[str] = ("",),
    more_suffixes: Sequence[str] = (),
) -> Pairs:
    """List the frames of a data set with their companions.

    Args:
        tree: the data set.
        companions: folders of companions, the likeliest first, e.g. ("labels/detection", "labels").
        suffix: of companions, with its dot, in lower case.
        folders: of the images of each split, or lists of them (`.txt`), if something names them.
        claims: reads which picture a companion names or holds; None if this format's say nothing of it.
        lists: folders of split lists, in lower case, the likeliest first.
        endings: what may follow the image's name in that of its companion, the likeliest first.
        more_suffixes: of companions that lie in another folder than their images, or have an ending.

    Returns:
        Frames by split. Missing and empty splits are no faults here.
    """
    images, others = images_of(tree)
    finder = Companions(tree, folders=companions, suffix=suffix, endings=endings, more_suffixes=more_suffixes)
    found = {**finder.of(images), **finder.of(others)}
    used = set(found.values())
    # Where masks lie beside their images, both are pictures.
    images, others = [[name for name in names if name not in used] for names in (images, others)]
    left = [name for name in finder.candidates(everywhere=claims is not None) if name not in used]
    orphans = placed_orphans(left, [image for image in images if image not in found], claims)
    found |= orphans.companions
    frames = sorted([*images, *orphans.pictures], key=lambda name: name.split("/"))
    division = divided(tree, frames, others, folders=folders, lists=lists)
    pairs = {
        split: tuple(_pair(tree, name, found.get(name), finder) for name in names)
        for split, names in division.splits.items()
    }
    return Pairs(
        splits=pairs,
        warnings=tuple(_warnings(tree, orphans, division, suffix)),
        faults=(*orphans.faults, *division.faults, *_shared_files(pairs)),
    )


def images_of(tree: Tree) -> tuple[list[str], list[str]]:
    """Find the frames' images.

    Args:
        tree: the data set.

    Returns:
        Names in order. If any lie in a folder of `IMAGE_FOLDERS`, only those, and the others apart: they are
        frames only where a list says so. What lies in a folder of labels is in neither.
    """
    named: list[str] = []
    others: list[str] = []
    beside = {folder for folder in tree.folders if labels_of_another(folder, tree.folders)}
    for name in tree.pictures():
        folders = name.split("/")[:-1]
        if not any(map(holds_labels, folders)) and "/".join(folders) not in beside:
            (named if image_positions(folders) else others).append(name)
    return (named, others) if named else (others, [])


def _pair(tree: Tree, image: str, companion: str | None, finder: Companions) -> Pair:
    return Pair(
        name=image,
        image=tree.path(image),
        companion=tree.path(companion or finder.expected(image)),
        has_companion=companion is not None,
    )


def divided(
    tree: Tree,
    frames: Sequence[str],
    others: Sequence[str] = (),
    *,
    folders: Mapping[str, Sequence[str]] | None = None,
    lists: Sequence[str] = FOLDERS,
) -> Division:
    """Divide frames into splits, by lists or by the folders that they lie in.

    Args:
        tree: the data set.
        frames: names of images.
        others: pictures that are frames only if a list names them.
        folders: of the images of each split, or lists of them (`.txt`), if something names them.
        lists: folders of split lists, in lower case, the likeliest first.

    Returns:
        Names by split; `UNSPLIT` alone if nothing divides them.

    Raises:
        DataError: a list cannot be read as text.
    """
    listed = listed_frames(tree, frames, others, lists)
    if listed is None and folders:
        return _divided_as_named(tree, frames, others, folders)
    return listed or _divided_by_folders(frames)


def _divided_as_named(
    tree: Tree, frames: Sequence[str], others: Sequence[str], places: Mapping[str, Sequence[str]]
) -> Division:
    lists = {split: [place for place in named if place in tree] for split, named in places.items()}
    listed = frames_in_lists(tree, lists, frames, others)
    below = {
        split: [
            picture
            for place in named
            if place not in tree
            for picture in tree.named(*PICTURE_SUFFIXES, below=place)
        ]
        for split, named in places.items()
    }
    splits = {split: [*below[split], *listed.splits[split]] for split in places}
    warnings = () if any(below.values()) else listed.warnings
    return Division(splits=splits, warnings=warnings, faults=listed.faults)


def _divided_by_folders(images: Sequence[str]) -> Division:
    splits: dict[str, list[str]] = defaultdict(list)
    for name in images:
        splits[split_of(name.split("/")[:-1]) or UNSPLIT].append(name)
    # Pictures beside the divided ones are no frames.
    beside = splits.pop(UNSPLIT, []) if len(splits) > 1 else []
    ordered = {split: splits[split] for split in (*SPLITS, UNSPLIT) if split in splits}
    unused = f"{len(beside)} images lie in no folder of a split and are not used, e.g. " + "".join(beside[:1])
    return Division(splits=ordered, warnings=(Fault(Rule.NOTE, unused),) if beside else ())


def _warnings(tree: Tree, orphans: Orphans, divided: Division, suffix: str) -> Iterator[Fault]:
    if orphans.n_lost:
        text = f"{orphans.n_lost} label files ({suffix}) have no image and are not used"
        yield Fault(Rule.LABEL_WITHOUT_IMAGE, text)
    yield from divided.warnings
    if tree.n_links_out:
        yield Fault(Rule.NOTE, f"{tree.n_links_out} links lead out of the data set and are not followed")
    if tree.n_misnamed:
        text = f"{tree.n_misnamed} files have names that are not UTF-8 and are not used; rename them"
        yield Fault(Rule.NOTE, text)


def _shared_files(splits: Mapping[str, tuple[Pair, ...]]) -> Iterator[Fault]:
    """Find frames that stand in two places, and images that would share a companion."""
    first: dict[Path, str] = {}
    for pair in (pair for pairs in splits.values() for pair in pairs):
        other = first.setdefault(pair.companion, pair.name)
        if other != pair.name:
            text = f"{other} and {pair.name} would share {pair.companion.name}; rename one of them"
            yield Fault(Rule.ANNOTATION, text)
    yield from listed_twice({split: [pair.name for pair in pairs] for split, pairs in splits.items()})
