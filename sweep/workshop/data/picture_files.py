"""Where pictures of data are written."""

from pathlib import Path

from sweep.errors import InputError


def picture_file(out: Path) -> Path:
    """Let a name through that a picture can be written to.

    Args:
        out: as the user named it.

    Returns:
        The same file.

    Raises:
        InputError: it does not end in .png, or is a folder.
    """
    if out.suffix.lower() != ".png" or out.is_dir():
        raise InputError(f"--out {out}: a picture is written as PNG; name a file such as {out.stem}.png")
    return out
