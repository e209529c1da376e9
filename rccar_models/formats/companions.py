"""Which label file or mask belongs to which image, by where the two lie.

The places are those of `layouts`. Names match also where one system wrote letters with their accents in
one code point and another in two, or folders in upper case and in lower case.
"""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product

from rccar_models.formats.files import PICTURE_SUFFIXES
from rccar_models.formats.folders import (
    BESIDE_ENDINGS,
    folders_below,
    holds_labels,
    image_positions,
    labels_of_another,
    split_of,
)
from rccar_models.formats.tree import Tree

NOTES = "notes.json"
NOT_LABELS = frozenset({"classes.txt", "class_names.txt", NOTES, "train.txt", "val.txt", "test.txt"})
"""Files that lie among labels and are none."""


class Companions:
    """The companions of a data set.

    Args:
        tree: the data set.
        folders: of companions, the likeliest first, in lower case, e.g. ("labels/detection", "labels").
        suffix: of companions, with its dot, in lower case.
        endings: what may follow the image's name in that of its companion, the likeliest first.
        more_suffixes: of companions that lie in another folder than their images, or have an ending.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        folders: Sequence[str],
        suffix: str,
        endings: Sequence[str] = ("",),
        more_suffixes: Sequence[str] = (),
    ) -> None:
        self._tree = tree
        self._words = folders
        self._suffix = suffix
        self._names = [name for name in tree.named(suffix, *more_suffixes) if not _is_no_label(name, tree)]
        self._known = frozenset(self._names)
        stems = [_stem(_folded(name)) for name in self._names]
        # Only those that occur: each one is looked up in every place of every image.
        self._endings = [
            ending
            for ending in endings
            if not ending or any(stem.endswith(_folded(ending)) for stem in stems)
        ]
        found = {posixpath.splitext(name)[1].lower() for name in self._names}
        self._suffixes = [suffix, *(more for more in more_suffixes if more in found)]
        self._below: dict[str, tuple[str, ...] | None] = {}
        self._wheres: dict[str, list[str]] = {}
        self._likeliest: dict[str, str] = {}
        self._folded: dict[str, str | None] = {}
        self._called: dict[str, list[str]] = defaultdict(list)
        self._add_dated_folder()
        for name in self._names:
            folded = _folded(name)
            # Two files that differ in case only are told apart by exact names alone.
            self._folded[folded] = None if folded in self._folded else name
            if self._below_words(posixpath.dirname(name)) is not None:
                self._called[_stem(folded)].append(name)

    def of(self, images: Iterable[str]) -> Mapping[str, str]:
        """Find the companions of images.

        Args:
            images: names of images.

        Returns:
            A name for each image that has one: from the places where it may lie, else the only one of its
            name that is no other image's. Two images get the same one only if nothing tells them apart.
        """
        if not self._names:
            return {}
        placed = {image: self._placed(image) for image in images}
        taken = set(placed.values())
        for image, name in placed.items():
            if name is None and (alone := self._by_name(image)) not in taken:
                placed[image] = alone
        return {image: name for image, name in placed.items() if name}

    def expected(self, image: str) -> str:
        """Say where the companion of an image would be.

        Args:
            image: without a companion.

        Returns:
            The place of which most folders exist, of several the shortest; beside the image only if there is
            no other. `train_labels/` and the like are told of only where the set has such a folder.
        """
        where = posixpath.dirname(image)
        if where not in self._likeliest:
            *others, beside = self._folders_for(where)
            if not self._has_endings:
                others = [folder for folder in others if not labels_of_another(folder, self._tree.folders)]
            depth = self._tree.n_folders_of
            self._likeliest[where] = max(
                others, key=lambda folder: (depth(f"{folder}/"), -folder.count("/")), default=beside
            )
        return posixpath.join(self._likeliest[where], _stem(image) + self._suffix)

    def candidates(self, *, everywhere: bool) -> Iterator[str]:
        """List the files that look like companions.

        Args:
            everywhere: whether all of the suffix do, or only those in folders of companions.

        Yields:
            Names in order.
        """
        for name in self._names:
            where = posixpath.dirname(name)
            is_drive = any(folder.lower().endswith("_annotations") for folder in where.split("/"))
            is_beside = is_drive or labels_of_another(where, self._tree.folders)
            if everywhere or is_beside or self._below_words(where) is not None:
                yield name

    @cached_property
    def _has_endings(self) -> bool:
        """Whether some folder is called like another one and an ending for its labels."""
        return any(labels_of_another(folder, self._tree.folders) for folder in self._tree.folders)

    def _add_dated_folder(self) -> None:
        """Take `labels_PROJECT_DATE/`, as makesense.ai calls its exports, where there is no other folder."""
        wheres = {posixpath.dirname(name) for name in self._names}
        if "labels" not in self._words or any(self._below_words(where) is not None for where in wheres):
            return
        dated = {folder.lower() for where in wheres for folder in where.split("/")}
        dated = {folder for folder in dated if folder.startswith("labels_")}
        if len(dated) == 1:
            self._words = [*self._words, *dated]
            self._below.clear()

    def _placed(self, image: str) -> str | None:
        """The first place of an image where there is a companion."""
        places = [place for place in self._places(image) if place != image]
        exact = next((place for place in places if place in self._known), None)
        if exact:
            return exact
        folded = (self._folded.get(_folded(place)) for place in places)
        return next((name for name in folded if name and name != image), None)

    def _by_name(self, image: str) -> str | None:
        """The companion of an image's name in a folder of companions, if it is the only one."""
        stems = (_folded(_stem(image) + ending) for ending in self._endings)
        found = next((self._called[stem] for stem in stems if stem in self._called), [])
        folders = posixpath.dirname(image).split("/")
        # In a divided set a file of this name in another split belongs to another image.
        if len(found) != 1 or split_of(folders) is not None:
            return None
        marked = image_positions(folders)
        drive = tuple(folder for folder in folders[marked[-1] + 1 if marked else 0 :] if folder)
        below = self._below_words(posixpath.dirname(found[0]))
        # H1/001 is another frame than H2/001: one of the two must lie in no such folder.
        return found[0] if not drive or not below or drive == below else None

    def _below_words(self, where: str) -> tuple[str, ...] | None:
        """The folders below the folder of companions; None if the path does not lead through one."""
        if where not in self._below:
            found = (folders_below(where.split("/"), word.split("/")) for word in self._words)
            self._below[where] = next((below for below in found if below is not None), None)
        return self._below[where]

    def _places(self, image: str) -> Iterator[str]:
        where, file = posixpath.split(image)
        stem = posixpath.splitext(file)[0]
        labels = [stem + "".join(end) for end in product(self._endings, self._suffixes)]
        pictures = {stem + suffix for suffix in self._suffixes[1:]}
        if where not in self._wheres:
            self._wheres[where] = list(dict.fromkeys(self._folders_for(where)))
        for folder, label in product(self._wheres[where], labels):
            # a.tif beside a.jpg is the same picture again, and no mask of it.
            if folder == where and label in pictures:
                continue
            yield f"{folder}/{label}" if folder else label
            if folder in self._tree.folders:
                yield from self._drives(folder, label)

    def _drives(self, folder: str, label: str) -> Iterator[str]:
        """Places of a frame that was renamed from H1/001 to H1_001 when drives were merged."""
        for end in (end for end, letter in enumerate(label) if letter == "_"):
            if f"{folder}/{label[:end]}" in self._tree.folders:
                yield f"{folder}/{label[:end]}/{label[end + 1 :]}"

    def _folders_for(self, where: str) -> Iterator[str]:
        """Folders in which the companions of the images of a folder may lie, the likeliest first."""
        folders = where.split("/") if where else []
        marked = image_positions(folders)
        for position in reversed(marked):
            rest = "_all" if folders[position].lower().endswith("_all") else ""
            for word in dict.fromkeys([f"{word}{rest}" for word in self._words] + list(self._words)):
                yield "/".join([*folders[:position], word, *folders[position + 1 :]])
        for position, folder in enumerate(folders):
            if not holds_labels(folder):
                for ending in BESIDE_ENDINGS:
                    yield "/".join([*folders[:position], f"{folder}{ending}", *folders[position + 1 :]])
        if not marked:
            for start, word in product(range(len(folders) + 1), self._words):
                yield "/".join([*folders[:start], word, *folders[start:]])
        yield where


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name))[0]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_no_label(name: str, tree: Tree) -> bool:
    called = posixpath.basename(name).lower()
    if called != NOTES:
        return called in NOT_LABELS
    # Label Studio leaves it beside YOLO labels; but a picture may be called so, too.
    return not any(_stem(picture.lower()) == _stem(NOTES) for picture in tree.named(*PICTURE_SUFFIXES))
