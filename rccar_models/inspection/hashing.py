"""Perceptual hashes of frames: pictures that look the same have hashes that differ in few bits.

A hash is 64 bits, packed into a uint64: the signs, around their median, of the 8x8 lowest frequencies of the
grey picture at 32x32. Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions,
2010, section 3.2 (DCT hash); bit for bit as `imagehash.phash` computes it. Shapes: N frames, P pairs.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from rccar_models.cache.digest import n_threads
from rccar_models.errors import DataError
from rccar_models.faults import Fault
from rccar_models.samples import Sample

Progress = Callable[[int, int], None]
Hashes = NDArray[np.uint64]

N_BITS = 64
_SIDE_PX = 32
_LOWEST = 8
# Rows compared at once: with 10,000 hashes a block of distances takes 10 MiB.
_BLOCK_ROWS = 128


def perceptual_hash(image: NDArray[np.uint8]) -> np.uint64:
    """Hash one picture.

    Args:
        image: (H, W, 3) uint8 RGB, or (H, W) grey.

    Returns:
        64 bits; a picture of one colour has the hash 2**63 or 0, whatever its colour.
    """
    return picture_hash(Image.fromarray(image))


def picture_hash(picture: Image.Image) -> np.uint64:
    """Hash one picture as `perceptual_hash` does.

    Args:
        picture: RGB or grey.

    Returns:
        64 bits.
    """
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
    frequencies = dctn(np.asarray(grey, np.float64), type=2)[:_LOWEST, :_LOWEST]
    # Rounded, because in a flat picture all but the first are noise of the arithmetic.
    lowest = frequencies.round(6)
    return np.uint64(int.from_bytes(np.packbits(lowest > np.median(lowest)).tobytes(), "big"))


def perceptual_hashes(samples: Sequence[Sample], progress: Progress | None = None) -> Hashes:
    """Decode frames on all cores, one after the other, and hash them.

    Args:
        samples: N frames.
        progress: told (done, total), in the caller's thread.

    Returns:
        (N,) uint64 in the order of the samples.

    Raises:
        DataError: frames cannot be read; all of them are named.
    """
    hashes = np.zeros(len(samples), np.uint64)
    faults: list[Fault] = []
    with ThreadPoolExecutor(n_threads()) as pool:
        for position, found in enumerate(pool.map(_hash_or_faults, samples)):
            if isinstance(found, tuple):
                faults += found
            else:
                hashes[position] = found
            if progress:
                progress(position + 1, len(samples))
    if faults:
        raise DataError("frames to compare", faults)
    return hashes


def near_pairs(hashes: Hashes, max_bits: int) -> NDArray[np.int64]:
    """Find the frames that look the same.

    Equal hashes are linked to the first of them only: a thousand equal frames give 999 pairs, and groups made
    by joining pairs are the same as if all were listed.

    Args:
        hashes: (N,) uint64.
        max_bits: by how many bits two hashes may differ.

    Returns:
        (P, 2) positions of pairs, the smaller first, in order.
    """
    blocks = list(near_blocks(hashes, max_bits))
    pairs = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def near_blocks(hashes: Hashes, max_bits: int) -> Iterator[NDArray[np.int64]]:
    """Find the frames that look the same, some rows of the comparison at a time.

    Args:
        hashes: (N,) uint64.
        max_bits: by how many bits two hashes may differ.

    Yields:
        (P, 2) positions of pairs as `near_pairs` has them, each pair once, in no order.
    """
    kinds, first, kind_of = np.unique(hashes, return_index=True, return_inverse=True)
    others = np.setdiff1d(np.arange(len(hashes)), first)
    yield np.stack([first[kind_of[others]], others], axis=1).astype(np.int64)
    for rows in _blocks(len(kinds)):
        apart = np.bitwise_count(kinds[rows, None] ^ kinds[None, rows.start :])
        one, other = np.nonzero(apart <= max_bits)
        pairs = np.stack([one, other], axis=1)[one < other] + rows.start
        yield np.sort(first[pairs], axis=1)


def nearest(hashes: Hashes, among: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find for every hash the one that is most like it.

    Args:
        hashes: (N,) uint64.
        among: (M,) uint64, at least one.

    Returns:
        (N,) positions in `among`, and (N,) by how many bits they differ, 0 to 64.
    """
    positions = np.zeros(len(hashes), np.int64)
    distances = np.zeros(len(hashes), np.int64)
    for rows in _blocks(len(hashes)):
        apart = np.bitwise_count(hashes[rows, None] ^ among[None, :])
        positions[rows] = apart.argmin(axis=1)
        distances[rows] = apart.min(axis=1)
    return positions, distances


def bits_apart(one: Hashes, other: Hashes) -> NDArray[np.int64]:
    """Count the bits in which hashes differ, pair by pair.

    Args:
        one: (P,) uint64.
        other: (P,) uint64.

    Returns:
        (P,) 0 to 64.
    """
    return np.asarray(np.bitwise_count(one ^ other), np.int64)


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, start + _BLOCK_ROWS)


def _hash_or_faults(sample: Sample) -> np.uint64 | tuple[Fault, ...]:
    try:
        return perceptual_hash(sample.read().image)
    except DataError as error:
        return error.faults
