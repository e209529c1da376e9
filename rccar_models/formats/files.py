"""Files of a data set: which pictures lie there, how messages call them, and their text."""

import os
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
"""Of files that count as pictures, in lower case."""

MAX_TEXT_MIB = 10.0
"""Larger label files, lists, YAML and XML files are refused."""


def images_below(folder: Path) -> list[Path]:
    """List all pictures in a folder and the folders below it.

    Args:
        folder: where to look; links to folders are not followed, so that a circle of links ends.

    Returns:
        Files in order of name. Hidden ones (`._x.jpg` of archives made on a Mac) are left out.
    """
    found = [
        Path(where, name)
        for where, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def name_of(path: Path, root: Path) -> str:
    """Say how messages and caches call a file.

    Args:
        path: the file.
        root: folder of the data set.

    Returns:
        The path below the root with forward slashes, or the whole path if it lies elsewhere.
    """
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def read_text(path: Path, *, root: Path, max_mib: float = MAX_TEXT_MIB) -> str:
    """Read a text file.

    Args:
        path: UTF-8, with or without a byte order mark.
        root: folder of the data set, for messages.
        max_mib: largest size that is read.

    Returns:
        Its content.

    Raises:
        DataError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        n_mib = path.stat().st_size / 2**20
        if n_mib > max_mib:
            fault = f"{n_mib:.0f} MiB are more than the {max_mib:g} MiB that are read"
            raise _fault(path, root, f"{fault}; divide the file, or remove what is no annotation")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fault = f"cannot be read as UTF-8 text ({error}); save it as UTF-8"
        raise _fault(path, root, fault) from error


def _fault(path: Path, root: Path, text: str) -> DataError:
    return DataError(str(root), [Fault(Rule.ANNOTATION, text, file=name_of(path, root))])


def filled_lines(path: Path, *, root: Path) -> list[tuple[int, str]]:
    """Read the lines of a text file that hold something.

    Args:
        path: UTF-8.
        root: folder of the data set, for messages.

    Returns:
        Line numbers from 1, and lines without the white space around them.

    Raises:
        DataError: it cannot be read or is not UTF-8.
    """
    lines = read_text(path, root=root).split("\n")
    return [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
