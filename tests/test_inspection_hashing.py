"""Perceptual hashes: reference values, near pairs against brute force."""

from itertools import combinations

import numpy as np
import pytest

from rccar_models.errors import DataError
from rccar_models.inspection.hashing import near_pairs, nearest, perceptual_hash, perceptual_hashes
from rccar_models.samples import Frame, Sample


def ramp() -> np.ndarray:
    """(48, 64, 3): red grows to the right, green downwards, blue is their product."""
    x, y = np.meshgrid(np.arange(64), np.arange(48))
    return np.stack([x * 4, y * 5, (x * y) % 256], axis=-1).astype(np.uint8)


def test_hash_is_that_of_imagehash() -> None:
    # str(imagehash.phash(Image.fromarray(ramp()))) with imagehash 4.3.2.
    assert f"{int(perceptual_hash(ramp())):016x}" == "80031f3f3e787971"


def test_pictures_of_one_colour_hash_alike() -> None:
    hashes = {int(perceptual_hash(np.full((40, 40, 3), value, np.uint8))) for value in (10, 90, 200)}
    assert len(hashes) == 1


@pytest.mark.parametrize("max_bits", [0, 3, 64])
def test_near_pairs_of_different_hashes_are_those_of_brute_force(max_bits: int) -> None:
    rng = np.random.default_rng(0)
    flips = np.uint64(1) << rng.integers(0, 64, 300).astype(np.uint64)
    hashes = np.unique(rng.integers(0, 2**63, 5).astype(np.uint64)[rng.integers(0, 5, 300)] ^ flips)
    rng.shuffle(hashes)
    expected = [
        [i, j]
        for i, j in combinations(range(len(hashes)), 2)
        if int(hashes[i] ^ hashes[j]).bit_count() <= max_bits
    ]
    assert near_pairs(hashes, max_bits).tolist() == expected


def test_equal_hashes_are_linked_to_the_first() -> None:
    assert near_pairs(np.asarray([5, 2**40, 5, 5], np.uint64), 0).tolist() == [[0, 2], [0, 3]]


def test_no_hashes_have_no_pairs() -> None:
    assert near_pairs(np.zeros(0, np.uint64), 4).shape == (0, 2)


def test_nearest_names_the_closest_and_its_distance() -> None:
    places, bits = nearest(np.asarray([0b1011], np.uint64), np.asarray([0, 0b1001], np.uint64))
    assert (places.tolist(), bits.tolist()) == ([1], [1])


def test_hashes_keep_the_order_of_samples_and_tell_progress() -> None:
    pictures = [ramp(), ramp()[::-1].copy()]
    samples = [
        Sample(name=str(number), read=lambda image=image: Frame(image=image))
        for number, image in enumerate(pictures)
    ]
    told: list[tuple[int, int]] = []
    hashes = perceptual_hashes(samples, lambda done, total: told.append((done, total)))
    assert hashes.tolist() == [int(perceptual_hash(picture)) for picture in pictures]
    assert told == [(1, 2), (2, 2)]


def test_unreadable_frames_are_all_named() -> None:
    def fail() -> Frame:
        raise DataError("set", ["a.png: cannot be decoded"])

    with pytest.raises(DataError, match=r"2 faults"):
        perceptual_hashes([Sample(name="a", read=fail), Sample(name="b", read=fail)])
