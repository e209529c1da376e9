"""Images that label files name: a name is untrusted, and never leads out of the data set."""

from collections.abc import Sequence
from pathlib import Path

from rccar_models.errors import LabelError
from rccar_models.faults import Rule


def located(file_name: str, folders: Sequence[Path], root: Path) -> Path:
    """Find an image that a label file names.

    Args:
        file_name: as the annotation file writes it; may hold folders.
        folders: where to look.
        root: folder of the data set, which the name must not leave, not even through a link.

    Returns:
        The file, below `root`.

    Raises:
        LabelError: the name leads out of the data set, or there is no such file.
    """
    home = root.resolve()
    try:
        paths = [(folder / file_name).resolve() for folder in folders]
        inside = [path for path in paths if path.is_relative_to(home)]
        found = next((path for path in inside if path.is_file()), None)
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, a circle of links, a null byte
        raise LabelError(f"file_name {file_name!r} cannot be looked up ({error})") from error
    if found is None and len(inside) < len(paths):
        raise LabelError(f"file_name {file_name!r} leads out of the data set; name a file below it")
    if found is None:
        text = f"file_name {file_name!r}: no such image; add it or remove its entry"
        raise LabelError(text, Rule.LABEL_WITHOUT_IMAGE)
    return root / found.relative_to(home)
