"""Pictures and masks from files, with every way in which a file can be wrong turned into one clear line.

PIL decodes; torchvision's decoder is avoided because damaged files can end the process there.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import name_of

MAX_MILLION_PIXELS = 50
"""A larger picture is taken for a decompression bomb; no car's camera has 50 megapixels."""

# What else PIL opens is left alone: it hands EPS to another program.
_KINDS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "PPM", "TIFF", "WEBP")

_ORIENTATION = 0x0112  # EXIF tag; 1 means upright

# What PIL's decoders were seen to raise on damaged files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_Read = tuple[NDArray[np.uint8], tuple[str, ...]]
_kept: ContextVar[dict[Path, _Read] | None] = ContextVar("_kept", default=None)

TURNED = (
    "the EXIF orientation is ignored: labels are taken to lie on the pixels as stored; "
    "turn the pixels and drop the tag if the labels were drawn on the upright picture"
)


@contextmanager
def decoded_once() -> Iterator[None]:
    """Decode each picture only once while the labels of several tasks are read, in this thread."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


SEVERAL = "the file holds several pictures (pages of a TIFF, an animation): only the first one is used"


def read_image(
    path: Path, *, root: Path, content: bytes | None = None
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Decode a picture as RGB, whatever 8-bit mode it has.

    Args:
        path: the file.
        root: folder of the data set, for messages.
        content: the picture, where the file is no picture but holds one.

    Returns:
        (H, W, 3) uint8 RGB, and warnings about it.

    Raises:
        DataError: the file is unreadable, cut off, too large or has more than 8 bits a channel.
    """
    kept = _kept.get()
    if kept is None:
        return _read_image(path, root=root, content=content)
    if path not in kept:
        kept[path] = _read_image(path, root=root, content=content)
    return kept[path]


def _read_image(path: Path, *, root: Path, content: bytes | None) -> _Read:
    picture = _decoded(path, root=root, content=content)
    if picture.mode.startswith(("I", "F")):
        raise _fault(path, root, f"mode {picture.mode} has more than 8 bits a channel; save it as 8-bit RGB")
    warnings = [] if picture.getexif().get(_ORIENTATION, 1) == 1 else [TURNED]
    if getattr(picture, "is_animated", False):
        warnings.append(SEVERAL)
    # Converting copies even where nothing changes, which takes as long as half the decoding.
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")), tuple(warnings)


def read_mask(path: Path, *, root: Path) -> NDArray[np.uint8]:
    """Decode a mask whose pixel values are class ids.

    Args:
        path: the file. Grey, palette (the index counts), 16-bit with small values, and RGB with three
            equal channels are understood.
        root: folder of the data set, for messages.

    Returns:
        (H, W) uint8.

    Raises:
        DataError: the file is unreadable, of another mode, or holds an id above 255 or below 0.
    """
    values = read_mask_pixels(path, root=root)
    if values.ndim == 3:
        fault = "colours instead of class ids; save one grey channel whose values are ids"
        raise _fault(path, root, fault, Rule.ANNOTATION)
    return values


def read_mask_pixels(path: Path, *, root: Path, has_colours: bool = False) -> NDArray[np.uint8]:
    """Decode a mask whose pixels are class ids or colours.

    Args:
        path: the file. Grey, palette, 16-bit with small values, and RGB are understood; transparency counts
            for nothing.
        root: folder of the data set, for messages.
        has_colours: whether palettes and RGB are colours. Otherwise a palette's index counts, and three
            equal channels are one.

    Returns:
        (H, W) uint8 ids, or (H, W, 3) uint8 RGB.

    Raises:
        DataError: the file is unreadable, of another mode, or holds an id above 255 or below 0.
    """
    picture = _decoded(path, root=root)
    if picture.mode == "P" and has_colours:
        picture = picture.convert("RGB")
    values = np.asarray(picture)
    if picture.mode in {"RGB", "RGBA"}:
        values = values[..., :3]
        is_grey = not has_colours and bool((values == values[..., :1]).all())
        return np.ascontiguousarray(values[..., 0] if is_grey else values)
    if picture.mode == "LA":
        return np.ascontiguousarray(values[..., 0])
    if picture.mode not in {"1", "L", "P"} and not picture.mode.startswith("I"):
        fault = f"mode {picture.mode} instead of class ids; save one grey channel whose values are ids"
        raise _fault(path, root, fault, Rule.ANNOTATION)
    if values.min() < 0 or values.max() > 255:
        found = int(values.max() if values.max() > 255 else values.min())
        fault = f"class id {found}; ids go from 0 to 254, and 255 means ignore"
        raise _fault(path, root, fault, Rule.CLASS_OUT_OF_RANGE)
    return values.astype(np.uint8)


def _decoded(path: Path, *, root: Path, content: bytes | None = None) -> Image.Image:
    try:
        with Image.open(path if content is None else BytesIO(content), formats=_KINDS) as picture:
            n_million = picture.width * picture.height / 1e6
            if n_million > MAX_MILLION_PIXELS:
                raise _fault(path, root, f"{n_million:.0f} million pixels are too many; shrink it")
            picture.load()  # opening reads the header only; a cut-off file shows here
    except _DECODING_ERRORS as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be decoded ({error})"
        raise _fault(path, root, f"{reason}; replace or remove it") from error
    return picture


def _fault(path: Path, root: Path, what: str, rule: Rule = Rule.UNREADABLE_IMAGE) -> DataError:
    return DataError(str(root), [Fault(rule, what, file=name_of(path, root))])
