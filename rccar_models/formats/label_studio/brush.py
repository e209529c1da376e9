"""Brush strokes of Label Studio: its own run-length code, and what it covers.

The code holds the RGBA pixels of the whole image, row by row, as a stream of bits, highest first: the number
of values (32 bits), the size of a value less one (5 bits), four sizes of run lengths less one (4 bits each);
then blocks: whether it is a run of one value or that many single ones (1 bit), which size the length has (2
bits), the length less one, the value or values. Opacity says what is painted.
Sources: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack;
https://github.com/HumanSignal/label-studio-sdk, label_studio_sdk/converter/brush.py.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rccar_models.errors import LabelError

_CHANNELS = 4


def covered(code: bytes, *, width: int, height: int) -> Mapping[str, object]:
    """Decode a brush stroke.

    Args:
        code: as Label Studio writes it in `rle`, one byte a number.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        COCO's run-length code of all pixels that are not transparent.

    Raises:
        LabelError: the code is cut off, or made for an image of another size.
    """
    from pycocotools import mask as coco

    values = _decoded(code, n_expected=width * height * _CHANNELS)
    painted = values.reshape(height, width, _CHANNELS)[..., 3] > 0
    run_lengths = coco.encode(np.asfortranarray(painted, np.uint8))
    return {"size": [height, width], "counts": run_lengths["counts"].decode()}


def _decoded(code: bytes, *, n_expected: int) -> NDArray[np.uint8]:
    bits = _Bits(code)
    n_values = bits.number(32)
    if n_values != n_expected:
        raise LabelError(
            f"its brush code holds {n_values} values instead of {n_expected} for the image's size"
        )
    n_bits = bits.number(5) + 1
    if n_bits > 8:
        raise LabelError(f"its brush code has values of {n_bits} bits; pixels have 8")
    sizes = [bits.number(4) + 1 for _ in range(4)]
    values = np.zeros(n_values, np.uint8)
    start = 0
    while start < n_values:
        is_run = bits.number(1)
        stop = start + 1 + bits.number(sizes[bits.number(2)])
        if stop > n_values:
            raise LabelError("its brush code holds more values than it says")
        values[start:stop] = bits.number(n_bits) if is_run else bits.numbers(stop - start, n_bits)
        start = stop
    return values


class _Bits:
    """A stream of bits, highest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, n_bits: int) -> int:
        """Read one number."""
        start, stop = self._position, self._advance(n_bits)
        block = int.from_bytes(self._data[start // 8 : -(-stop // 8)], "big")
        return block >> (-stop % 8) & (1 << n_bits) - 1

    def numbers(self, count: int, n_bits: int) -> NDArray[np.uint8]:
        """Read numbers of up to 8 bits that follow one another."""
        start, stop = self._position, self._advance(count * n_bits)
        block = np.frombuffer(self._data[start // 8 : -(-stop // 8)], np.uint8)
        bits = np.unpackbits(block)[start % 8 :][: count * n_bits].reshape(count, n_bits)
        return np.packbits(bits, axis=1)[:, 0] >> np.uint8(8 - n_bits)

    def _advance(self, n_bits: int) -> int:
        self._position += n_bits
        if self._position > 8 * len(self._data):
            raise LabelError("its brush code is cut off")
        return self._position
