"""Exports of Label Studio in a data set, and the images that their addresses mean.

An export may have any name: it is told by how it begins. Addresses are never fetched or followed: the last
part of `/data/upload/1/1a2b3c4d-a.jpg`, `/data/local-files/?d=drive/a.jpg`, `s3://...` or `https://...` is
looked up among the images of the data set.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from rccar_models.errors import LabelError
from rccar_models.faults import Rule
from rccar_models.formats.tree import Tree

_N_PEEKED = 64 * 1024
_DEEPEST = (
    3  # folders; exports lie at the root of a data set or a folder deeper, and that may lie in a folder
)

_LIST_OF_OBJECTS = re.compile(r"\s*\[\s*\{")
_TASKS = re.compile(r'"(?:annotations|completions)"\s*:\s*\[')
_OF_TASKS = re.compile(r'"(?:result|was_cancelled|completed_by|total_annotations)"\s*:|"data"\s*:\s*\{')
_FLAT = re.compile(r'"(?:annotation_id|rectanglelabels|polygonlabels|brushlabels)"\s*:|"format"\s*:\s*"rle"')
_UPLOAD_HASH = re.compile(r"[0-9a-f]{8}-(?=.)")


def export_files(tree: Tree) -> list[Path]:
    """Find the exports of a data set.

    Args:
        tree: the data set.

    Returns:
        Files in order of name.
    """
    names = (name for name in tree.named(".json") if name.count("/") <= _DEEPEST)
    return [path for path in map(tree.path, names) if _is_export(path)]


def _is_export(path: Path) -> bool:
    """Whether a file begins as an export does; COCO and LabelMe begin with an object, not a list."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
            if not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
                return False
            text = (start + file.read(_N_PEEKED)).decode("utf-8-sig", errors="replace")
    except OSError:  # who reads the data says so
        return False
    if not _LIST_OF_OBJECTS.match(text):
        return False
    return bool(_FLAT.search(text) or (_TASKS.search(text) and _OF_TASKS.search(text)))


class Images:
    """The images of a data set, found by addresses.

    Args:
        names: of the images, relative to the data set.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_file: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._by_file[_composed(PurePosixPath(name).name)].append(name)

    def find(self, address: str) -> str:
        """Find the image that a task is about.

        Args:
            address: as the task has it.

        Returns:
            The image's name.

        Raises:
            LabelError: there is none of this name, or several.
        """
        parts = _parts(address)
        file = parts[-1] if parts else ""
        found = self._by_file.get(file, []) or self._by_file.get(_UPLOAD_HASH.sub("", file, count=1), [])
        if not found:
            text = f"there is no file {file[:200]!r}; add it or remove the task"
            raise LabelError(text, Rule.LABEL_WITHOUT_IMAGE, object=f"image {address[:200]!r}")
        ranked = sorted(found, key=lambda name: _n_shared(name, parts), reverse=True)
        if len(ranked) > 1 and _n_shared(ranked[0], parts) == _n_shared(ranked[1], parts):
            raise LabelError(f"image {address[:200]!r} may be {ranked[0]} or {ranked[1]}; rename one of them")
        return ranked[0]


def _parts(address: str) -> list[str]:
    """The folders and file that an address ends in."""
    path = address
    try:
        split = urlsplit(address)
        if split.scheme or split.path.endswith("/data/local-files/") or split.path.startswith("/data/"):
            path = "".join(parse_qs(split.query).get("d", [])) or unquote(split.path)
    except ValueError:  # no address by the rules: then it is a path
        pass
    return [_composed(part) for part in path.replace("\\", "/").split("/") if part]


def _n_shared(name: str, parts: list[str]) -> int:
    """How many folders above the file are the same."""
    folders = [_composed(part) for part in PurePosixPath(name).parts[:-1]]
    n_shared = 0
    for mine, theirs in zip(reversed(folders), reversed(parts[:-1]), strict=False):
        if mine != theirs:
            break
        n_shared += 1
    return n_shared


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
