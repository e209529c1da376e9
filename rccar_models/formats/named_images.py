"""Images of a data set by the names that annotation files give them; names are looked up, never followed."""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from rccar_models.formats.locating import located
from rccar_models.formats.tree import Tree

_ABSOLUTE = re.compile(r"/|[A-Za-z]:|\w+://")


class NamedImages:
    """The pictures of a data set.

    Args:
        tree: the data set.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._whole = {_composed(name): name for name in tree.pictures()} | {
            name: name for name in tree.pictures()
        }
        self._called: dict[str, list[str]] = defaultdict(list)
        for name in tree.pictures():
            self._called[_composed(posixpath.basename(name))].append(name)

    def find(self, file_name: str, folders: Sequence[str]) -> str:
        """Find an image.

        Args:
            file_name: as the annotation file writes it: with folders or without, with slashes of either
                kind; also a whole path of another machine, if its last folder and file are found here.
            folders: below the data set, to which the name may be relative; the likeliest first.

        Returns:
            The image's name.

        Raises:
            LabelError: there is no such image in the data set.
        """
        for spelling in dict.fromkeys((file_name, file_name.replace("\\", "/"))):
            if not _ABSOLUTE.match(spelling):
                for folder in folders:
                    found = self._whole.get(_composed(posixpath.normpath(posixpath.join(folder, spelling))))
                    if found:
                        return found
        return self._by_end(file_name.replace("\\", "/")) or self._followed(file_name, folders)

    def _by_end(self, path: str) -> str | None:
        """The image whose path ends in the same folder and file, if it is the only one."""
        *_, folder, file = ["", "", *_composed(path).split("/")]
        if not folder or folder in {".", ".."}:
            return None
        end = f"/{folder}/{file}"
        found = [name for name in self._called.get(file, []) if f"/{_composed(name)}".endswith(end)]
        return found[0] if len(found) == 1 else None

    def _followed(self, file_name: str, folders: Sequence[str]) -> str:
        """What is no picture by its suffix; and the reason why there is no such file."""
        root = self._tree.root
        return located(file_name, [root / folder for folder in folders], root).relative_to(root).as_posix()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
