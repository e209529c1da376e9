"""Images of the data set that is written: the bytes of the source, unless they cannot be used as they are."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.formats.files import PICTURE_SUFFIXES
from rccar_models.samples import Sample

_ORIENTATION = 0x0112  # EXIF tag; 1 means upright

REWRITTEN = "images were written anew as PNG: they had no file, or an EXIF rotation that not all tools heed"


def write_picture(sample: Sample, image: NDArray[np.uint8], target: Path) -> tuple[Path, bool]:
    """Write a frame's image.

    Args:
        sample: the frame.
        image: (H, W, 3) uint8 RGB as decoded, which is what the labels lie on.
        target: the file without its suffix; its folder is made.

    Returns:
        The file, and whether its bytes are those of the source.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    source = _file_of(sample.files)
    if source is not None and _is_upright(source):
        path = Path(f"{target}{source.suffix}")
        shutil.copyfile(source, path)
        return path, True
    path = Path(f"{target}.png")
    Image.fromarray(image).save(path)
    return path, False


def _file_of(files: Sequence[Path]) -> Path | None:
    """The image among the files of a frame, which names it first."""
    return next((file for file in files if file.suffix.lower() in PICTURE_SUFFIXES), None)


def _is_upright(path: Path) -> bool:
    with Image.open(path) as picture:
        return bool(picture.getexif().get(_ORIENTATION, 1) == 1)
