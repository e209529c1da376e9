"""All files of a data set, listed once: what lies where, without following links out of the folder."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rccar_models.formats.files import PICTURE_SUFFIXES


@dataclass(frozen=True)
class Tree:
    """A folder and the files below it.

    Args:
        root: the folder.
        files: paths below it with forward slashes, in order of name. Hidden files and folders (`._x.jpg`
            of archives made on a Mac) and links that leave the folder are left out.
        n_links_out: links that were left out because they leave the folder.
        n_misnamed: files that were left out because no message could show their name.
    """

    root: Path
    files: tuple[str, ...]
    n_links_out: int = 0
    n_misnamed: int = 0

    def __contains__(self, name: str) -> bool:
        return name in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.files)

    def path(self, name: str) -> Path:
        """The file of a name.

        Args:
            name: below the root, with forward slashes.

        Returns:
            Its path.
        """
        return self.root / name

    def named(self, *suffixes: str, below: str = "") -> Iterator[str]:
        """Files with one of some suffixes.

        Args:
            suffixes: in lower case, with dots.
            below: a folder, "" for all.

        Yields:
            Names in order.
        """
        prefix = f"{below}/" if below else ""
        for name in self.files if len(suffixes) > 1 else self._by_suffix.get("".join(suffixes), ()):
            if name.startswith(prefix) and posixpath.splitext(name)[1].lower() in suffixes:
                yield name

    @cached_property
    def _by_suffix(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.files:
            found[posixpath.splitext(name)[1].lower()].append(name)
        return found

    def pictures(self) -> Iterator[str]:
        """Files whose suffix says that they are pictures, in order of name."""
        return self.named(*PICTURE_SUFFIXES)

    def n_folders_of(self, name: str) -> int:
        """Count the folders of a path that exist.

        Args:
            name: of a file, which need not exist.

        Returns:
            0 if not even the first one does.
        """
        return sum(parent in self.folders for parent in _parents(posixpath.dirname(name)))

    @cached_property
    def folders(self) -> frozenset[str]:
        """Folders with files somewhere below them."""
        with_files = {posixpath.dirname(name) for name in self.files}
        return frozenset(parent for folder in with_files for parent in _parents(folder))

    def has_folder(self, name: str) -> bool:
        """Tell whether there is a file somewhere below a folder.

        Args:
            name: of the folder, below the root or, where the data set lies deeper, below a folder of it.

        Returns:
            False also for an empty folder.
        """
        return name in self.folders or (
            bool(name) and any(folder.endswith(f"/{name}") for folder in self.folders)
        )


def tree_of(root: Path) -> Tree:
    """List a folder.

    Args:
        root: the folder.

    Returns:
        Its files. Links to folders are not followed, so that a circle of links ends.
    """
    home = root.resolve()
    found: list[str] = []
    n_links_out = 0
    for where, folders, names in os.walk(root):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        below = Path(where).relative_to(root)
        n_links_out += sum(_leaves(Path(where, folder), home) for folder in folders)
        for name in names:
            path = Path(where, name)
            if name.startswith("."):
                continue
            if _leaves(path, home):
                n_links_out += 1
            # Reading a pipe or a device would wait for ever. A link without a target is a fault when read.
            elif path.is_file() or not path.exists():
                found.append((below / name).as_posix())
    named = [name for name in found if _is_text(name)]
    files = tuple(sorted(named, key=lambda name: name.split("/")))
    return Tree(root, files, n_links_out, len(found) - len(named))


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8; Linux takes any bytes, and Python keeps those that are none as surrogates."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _parents(folder: str) -> Iterator[str]:
    """A folder and those above it, without the root."""
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def _leaves(path: Path, home: Path) -> bool:
    """Whether a path is a link that leads out of a folder, or nowhere in a circle."""
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # a circle of links
        return True
