"""Run-length codes, against pycocotools where they are valid, and refused where they are not."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_masks

from rccar_models.errors import LabelError
from rccar_models.formats.labelling import extent, filled
from rccar_models.formats.run_lengths import decoded_mask

MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**81 - 1), st.booleans())


def drawn(height: int, width: int, bits: int) -> np.ndarray:
    flat = [bits >> position & 1 for position in range(height * width)]
    return np.asarray(flat, np.uint8).reshape(height, width)


def code_of(mask: np.ndarray, *, compressed: bool) -> dict[str, object]:
    if compressed:
        code = coco_masks.encode(np.asfortranarray(mask))
        return {"size": list(code["size"]), "counts": code["counts"].decode()}
    flat = mask.T.ravel().tolist()
    edges = [0, *(i for i in range(1, len(flat)) if flat[i] != flat[i - 1]), len(flat)]
    runs = [end - start for start, end in pairwise(edges)]
    return {"size": list(mask.shape), "counts": [0, *runs] if flat[0] else runs}


@settings(max_examples=150, deadline=2000)
@given(MASKS)
def test_code_of_any_mask_decodes_to_the_mask_and_has_its_box(drawing: tuple[int, int, int, bool]) -> None:
    height, width, bits, compressed = drawing
    mask = drawn(height, width, bits)
    code = code_of(mask, compressed=compressed)
    assert filled(code, width=width, height=height).tolist() == mask.astype(bool).tolist()
    x, y, w, h = coco_masks.toBbox(coco_masks.encode(np.asfortranarray(mask)))
    assert extent(code) == (x, y, x + w, y + h)


def test_code_of_a_large_mask_decodes_as_pycocotools_does() -> None:
    mask = (np.random.default_rng(0).random((480, 640)) > 0.7).astype(np.uint8)
    assert (decoded_mask(code_of(mask, compressed=True), width=640, height=480) == mask).all()


@settings(max_examples=200, deadline=2000)
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=40))
def test_any_text_of_counts_is_a_mask_or_refused(counts: str) -> None:
    code = {"size": [6, 8], "counts": counts}
    try:
        mask = filled(code, width=8, height=6)
    except LabelError:
        return
    assert mask.shape == (6, 8)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ({"counts": [48]}, "has size None instead of height and width"),
        ({"size": [6, 8.0], "counts": [48]}, "instead of height and width"),
        ({"size": [6, 10**30], "counts": [48]}, "instead of height and width"),
        ({"size": [0, 8], "counts": []}, "instead of height and width"),
        ({"size": [8, 6], "counts": [48]}, "made for size [8, 6], but the image is [6, 8]"),
        ({"size": [6, 8], "counts": [True, 47]}, "no valid counts"),
        ({"size": [6, 8], "counts": None}, "no valid counts"),
        ({"size": [6, 8], "counts": [10**40]}, "covers 1000000"),
        ({"size": [6, 8], "counts": "oooooooo0"}, "longer than any picture"),
        ({"size": [6, 8], "counts": "`"}, "is cut off"),
        ({"size": [6, 8], "counts": "0\0"}, "holds '\\x00'"),
        ({"size": [6, 8], "counts": "é"}, "holds 'é'"),
        ({"size": [6, 8], "counts": "O"}, "no valid counts"),  # one run of -1
        ({"size": [6, 8], "counts": ""}, "covers 0 of 48 pixels"),
    ],
)
def test_code_that_is_none_is_refused_by_what_is_wrong(code: dict[str, object], said: str) -> None:
    with pytest.raises(LabelError, match=r"run-length code") as caught:
        filled(code, width=8, height=6)
    assert said in str(caught.value)


def test_box_of_a_code_for_a_huge_image_takes_no_memory() -> None:
    side = 2**16 - 1
    assert extent({"size": [side, side], "counts": [side, 1, side * side - side - 1]}) == (1, 0, 2, 1)
