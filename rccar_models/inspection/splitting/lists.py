"""Split lists on disk: all of them at once or none, and what was there before is kept."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from rccar_models.formats.split_lists import list_files
from rccar_models.formats.tree import Tree

_FOLDER = "splits"


def existing_lists(tree: Tree) -> tuple[str, ...]:
    """Find the lists that divide a data set now.

    Args:
        tree: the data set.

    Returns:
        Names below the root.
    """
    return tuple(name for names in list_files(tree).values() for name in names)


def without_lists(tree: Tree) -> Tree:
    """See a data set as if no list divided it.

    Args:
        tree: the data set.

    Returns:
        The tree without its lists.
    """
    lists = set(existing_lists(tree))
    while lists:
        # Behind the lists that count, others may stand that would count without them.
        tree = Tree(tree.root, tuple(name for name in tree.files if name not in lists), tree.n_links_out)
        lists = set(existing_lists(tree))
    return tree


def write_lists(
    root: Path, splits: Mapping[str, Sequence[str]], accepts: Callable[[], bool]
) -> tuple[str, ...]:
    """Write `splits/train.txt` and so on, and take them back if they are not understood.

    The folder is made anew beside the old one and takes its place: a process that is killed leaves the old
    lists, the new ones or (between two renames) none, but never a mixture.

    Args:
        root: the data set.
        splits: names of frames by split.
        accepts: tells, once the lists are in place, whether reading the data set divides it so.

    Returns:
        Names of the old lists as they are kept; empty if there were none.

    Raises:
        ValueError: the lists were not accepted; everything is as it was before.
        OSError: the disk is full or read-only.
    """
    folder = _existing_folder(root)
    part, old = folder.with_name(f".{_FOLDER}.part"), folder.with_name(f".{_FOLDER}.old")
    for left_over in (part, old):
        shutil.rmtree(left_over, ignore_errors=True)
    try:
        kept = _fill(part, folder, splits)
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
        if not accepts():
            raise ValueError("the lists are not read as they were written")
    except BaseException:
        if old.exists():
            shutil.rmtree(folder, ignore_errors=True)
            old.rename(folder)
        elif not part.exists():
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return tuple(f"{folder.name}/{name}" for name in kept)


def _existing_folder(root: Path) -> Path:
    found = [path for path in root.iterdir() if path.name.lower() == _FOLDER and path.is_dir()]
    return found[0] if found else root / _FOLDER


def _fill(part: Path, folder: Path, splits: Mapping[str, Sequence[str]]) -> list[str]:
    """Copy the folder, rename its lists to .bak, and add the new ones."""
    if folder.exists():
        shutil.copytree(folder, part, symlinks=True)
    else:
        part.mkdir()
    kept = []
    for path in sorted(part.glob("*.txt")):
        backup = _free(path)
        path.rename(backup)
        kept.append(backup.name)
    for split, names in splits.items():
        file = part / f"{split}.txt"
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{name}\n" for name in names)
            stream.flush()
            os.fsync(stream.fileno())
    return kept


def _free(path: Path) -> Path:
    """A name for a backup that no earlier one has."""
    numbers = ("" if number == 1 else str(number) for number in count(1))
    return next(name for name in (Path(f"{path}.bak{number}") for number in numbers) if not name.exists())
