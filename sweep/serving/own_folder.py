"""A folder that nobody but this user can write to, for locks: in a shared one others make them first."""

import os
from collections.abc import Mapping
from pathlib import Path

from sweep.errors import UnavailableError

NAME = "rccar-sweep"
OTHERS_WRITE = 0o022


def own_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Find the folder; it is made if it is not there.

    Args:
        environ: the environment, for XDG_RUNTIME_DIR, which counts if it is this user's, and XDG_CACHE_HOME
            (XDG Base Directory Specification 0.8).

    Returns:
        It, for this user alone.

    Raises:
        UnavailableError: it cannot be made, or belongs to somebody else.
    """
    folder = _base(environ) / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid == os.getuid() and not is_own(folder):
            folder.chmod(0o700)
        if is_own(folder):
            return folder
        why = "it belongs to another user"
    except OSError as error:
        why = str(error)
    raise UnavailableError(
        f"{folder}, where locks lie, cannot be used: {why}; name a folder of yours in XDG_CACHE_HOME"
    )


def is_own(folder: Path) -> bool:
    """Say whether a folder is this user's, and nobody else can write to it.

    Args:
        folder: it; it may not be there.

    Returns:
        False of a file, too.
    """
    try:
        found = folder.stat()
    except OSError:
        return False
    return folder.is_dir() and found.st_uid == os.getuid() and not found.st_mode & OTHERS_WRITE


def _base(environ: Mapping[str, str]) -> Path:
    runtime, cache = (environ.get(key, "").strip() for key in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"))
    if Path(runtime).is_absolute() and is_own(Path(runtime)):
        return Path(runtime)
    return Path(cache) if cache else Path.home() / ".cache"
