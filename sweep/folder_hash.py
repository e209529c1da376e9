"""One sha256 for a whole model folder: written as a tag where it is logged, checked before it is loaded."""

import hashlib
from pathlib import Path

_CHUNK_BYTES = 2**20
# MLflow drops this note (model name and version) into a registered model's own folder when it loads it.
_NOT_OURS = {"registered_model_meta"}


def folder_sha256(folder: Path) -> str:
    """Hash every file below a folder.

    For each file, in the order of its relative path with forward slashes (compared as bytes): the path,
    a zero byte, the file's own sha256 in hex, a line break; all of it hashed once more. Empty folders,
    times and modes do not count, nor does a note that MLflow leaves there at loading, so a copy or a
    download has the same hash.

    Args:
        folder: of a packaged model.

    Returns:
        64 hex digits.
    """
    total = hashlib.sha256()
    files = {
        path.relative_to(folder).as_posix().encode(): path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() not in _NOT_OURS
    }
    for name in sorted(files):
        total.update(name + b"\0" + _file_sha256(files[name]).encode() + b"\n")
    return total.hexdigest()


def _file_sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
