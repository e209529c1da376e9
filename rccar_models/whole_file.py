"""Files that are whole or not there: written beside, brought to the disk, then renamed."""

import os
from pathlib import Path


def write_whole(file: Path, *parts: bytes | memoryview) -> None:
    """Write a file so that a reader, also one after a crash, sees its old content or its new one.

    Args:
        file: where it lies in the end; its folder is made.
        parts: its content, piece by piece.

    Raises:
        OSError: the disk is full or closed to us; the error names the file, and what lay there still does.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as out:
                for part in parts:
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
