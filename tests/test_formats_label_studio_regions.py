"""Label Studio: rectangles, polygons, brush strokes, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rccar_models.errors import DataError, LabelError
from rccar_models.formats import open_data
from rccar_models.formats.label_studio.brush import covered
from rccar_models.formats.labelling import filled
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import (
    as_lines,
    ls_outlines,
    ls_result,
    ls_set,
    ls_task,
    ls_tasks,
    write_image,
    write_lists,
)

BRUSH = [0, 0, 0, 192, 57, 27, 254, 39, 0, 191, 255, 124, 2, 255, 254, 39, 0, 143, 255, 29, 128, 0]
"""mask2rle of label_studio_sdk for 8x6 pixels: rows 1 and 2 in columns 2 to 5, and the first one of row 4."""


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def frame(index: DataIndex, number: int = 0, split: str = "train") -> Frame:
    return index.splits[split][number].read()


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


def test_upright_rectangles_are_ignored_in_masks_with_a_warning(tmp_path: Path) -> None:
    outline = ls_result("polygonlabels", "road", points=[[0, 50], [100, 50], [100, 100], [0, 100]])
    index = opened(ls_set(tmp_path, ls_outlines(ls_result(), outline)), "segmentation")
    assert index.classes == ("background", "cone", "road")
    expected = np.zeros((6, 8), int)
    expected[1:3, 2:6] = 255
    expected[3:] = 2
    assert (frame(index).mask == expected).all()
    assert "1 objects have a box but no outline: their boxes are ignored (255)" in as_lines(index.warnings)


def test_turned_rectangle_is_its_extent_for_detection(tmp_path: Path) -> None:
    # HumanSignal/label-studio issue 2293: 1000x500, X=200, Y=100, W=300, H=100, turned by 90 degrees about
    # the top left corner, covers x 100 to 200 and y 100 to 400.
    write_image(tmp_path / "images" / "wide.png", size=(1000, 500))
    turned = ls_result(x=20, y=20, width=30, height=20, rotation=90) | {
        "original_width": 1000,
        "original_height": 500,
    }
    found = [ls_task(4, "wide.png", turned), *ls_tasks(ls_result())]
    ls_set(tmp_path, found)
    write_lists(tmp_path / "splits", train="wide.png\n", val="c\n")
    index = opened(tmp_path)
    assert_allclose(frame(index).boxes, [[100, 100, 200, 400]], atol=1e-3)
    assert not any("turned" in warning for warning in as_lines(index.warnings))


def test_rectangle_turned_by_45_degrees_is_a_polygon(tmp_path: Path) -> None:
    # Two sides of 2 pixels from (4, 0): the corners are (4, 0), (4+s, s), (4, 2s), (4-s, s) with s = sqrt(2).
    turned = ls_result(x=50, y=0, width=25, height=100 / 3, rotation=45)
    index = opened(ls_set(tmp_path, ls_outlines(turned)), "segmentation")
    s = 2**0.5
    (thing,) = frame(index).things
    assert_allclose(thing.region, [[4, 0, 4 + s, s, 4, 2 * s, 4 - s, s]], atol=1e-9)
    assert "1 rectangles are turned and become polygons" in as_lines(index.warnings)
    boxed = opened(tmp_path)
    assert_allclose(frame(boxed).boxes, [[4 - s, 0, 4 + s, 2 * s]], atol=1e-5)
    assert "1 rectangles are turned and become the upright boxes around them" in as_lines(boxed.warnings)


def test_polygons_are_painted_and_boxed(tmp_path: Path) -> None:
    root = ls_set(
        tmp_path, ls_outlines(ls_result("polygonlabels", points=[[0, 0], [50, 0], [50, 50], [0, 50]]))
    )
    mask = frame(opened(root, "segmentation")).mask
    assert mask is not None
    assert mask[:3, :4].all()
    assert mask.sum() == 12
    assert_allclose(frame(opened(root)).boxes, [[0, 0, 4, 3]])


def test_brush_strokes_are_painted_and_boxed(tmp_path: Path) -> None:
    root = ls_set(tmp_path, ls_outlines(ls_result("brushlabels", format="rle", rle=BRUSH)))
    expected = np.zeros((6, 8), int)
    expected[1:3, 2:6] = 1
    expected[4, 0] = 1
    assert (frame(opened(root, "segmentation")).mask == expected).all()
    assert_allclose(frame(opened(root)).boxes, [[0, 1, 6, 5]])


def bytes_of(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits), 8))


def packed(values: np.ndarray) -> bytes:
    """The plainest code of Label Studio: single values in blocks of up to 8."""
    bits = f"{values.size:032b}{7:05b}" + f"{2:04b}" * 4
    for start in range(0, values.size, 8):
        block = values[start : start + 8]
        bits += f"000{block.size - 1:03b}" + "".join(f"{value:08b}" for value in block)
    return bytes_of(bits)


@given(rows=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=7))
def test_brush_code_comes_back_as_it_was_painted(rows: list[list[bool]]) -> None:
    painted = np.array(rows)
    pixels = np.repeat(painted[..., None] * 255, 4, axis=2).ravel()
    height = len(rows)
    assert (filled(covered(packed(pixels), width=5, height=height), width=5, height=height) == painted).all()


@settings(max_examples=120, deadline=None)
@given(tail=st.binary(max_size=60), size=st.sampled_from([192, 2**32 - 1, 0]))
def test_any_brush_code_is_decoded_or_refused(tail: bytes, size: int) -> None:
    said = "its brush code"
    try:
        covered(size.to_bytes(4, "big") + tail, width=8, height=6)
    except LabelError as error:
        said = str(error)
    assert said.startswith("its brush code")


OVERRUN = bytes_of(f"{192:032b}{7:05b}" + f"{15:04b}" * 4 + f"1{0:02b}{255:016b}{255:08b}")
"""192 values, and then a run of 256."""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (BRUSH[:10], "result r1: its brush code is cut off"),
        ([0, 0, 1, 0, *BRUSH[4:]], "result r1: its brush code holds 256 values instead of 192"),
        ([*OVERRUN], "result r1: its brush code holds more values than it says"),
    ],
)
def test_faulty_brush_code_is_refused_by_task_and_result(tmp_path: Path, code: list[int], said: str) -> None:
    index = opened(
        ls_set(tmp_path, ls_outlines(ls_result("brushlabels", format="rle", rle=code))), "segmentation"
    )
    with pytest.raises(DataError, match="json: task 1: ") as caught:
        frame(index)
    assert said in str(caught.value)


BOX = {"x": 1, "y": 1, "width": 1, "height": 1}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (ls_result("keypointlabels", x=1, y=1, width=1), "keypointlabels is not read"),
        (ls_result("ellipselabels", x=1, y=1, radiusX=1, radiusY=1), "ellipselabels is not read"),
        (ls_result("labels", x=1, y=1, radiusX=1, radiusY=1), "labels is not read"),
        (ls_result("bitmasklabels", imageDataURL="x"), "export as PNG masks or COCO"),
        (ls_result("brushlabels", format="rle", rle=[1, 300]), "cone: its brush code is not a list of bytes"),
        (ls_result("brushlabels", format="rle", rle=[]), "cone: its brush code is not a list of bytes"),
        (ls_result("polygonlabels", points=[[1, 1], [2, 2]]), "cone: a polygon of 2 points encloses nothing"),
        (
            ls_result("polygonlabels", points=[[1, 1], [2, 2], [3]]),
            "cone: its points are not pairs of x and y",
        ),
        (
            ls_result("polygonlabels", points=[[1, 1], [2, 2], [3, "4"]]),
            "a point is '4', not a finite number",
        ),
        (ls_result(**BOX | {"x": None}), "cone: x is None, not a finite number"),
        (ls_result(**BOX | {"x": 10**400}), "cone: x is 1000"),
        (ls_result(**BOX | {"y": 640}), "cone: y is 640 percent, far outside the image"),
        (ls_result() | {"value": dict(BOX)}, "rectanglelabels has no label"),
        (ls_result() | {"value": BOX | {"rectanglelabels": ["a", "b"]}}, "rectanglelabels has 2 labels"),
        (ls_result() | {"value": BOX | {"rectanglelabels": [7]}}, "has the label [7], which is no text"),
        (ls_result(label="\ud800"), "has the label ['\\ud800'], which holds half a character"),
        (ls_result() | {"id": "r2", "type": "rectangle", "value": dict(BOX)}, "rectangle has no label"),
        (ls_result() | {"value": None}, "rectanglelabels without value"),
        (ls_result() | {"image_rotation": 90}, "cone: drawn on the image turned by 90 degrees"),
    ],
)
def test_region_that_is_not_read_is_a_fault_by_task_and_result(
    tmp_path: Path, result: dict[str, Any], said: str
) -> None:
    faults = faults_of(ls_set(tmp_path, ls_tasks(ls_result(), result)))
    assert "project-1-at-2024-05-01.json: task 1, result r" in faults
    assert said in faults


def test_flat_rectangles_stay_things_and_are_left_out_of_training(tmp_path: Path) -> None:
    flat = ls_result(x=25, y=50, width=0, height=50)
    index = opened(ls_set(tmp_path, ls_tasks(ls_result(), flat)))
    assert [thing.where for thing in frame(index).things] == ["result r1", "result r1"]
    assert len(frame(index).boxes) == 1
    assert as_lines(index.warnings) == ("1 box without width or height was left out",)


def test_picture_of_another_size_than_the_labelled_one_is_refused_with_both(tmp_path: Path) -> None:
    large = ls_result() | {"original_width": 1280, "original_height": 720}
    index = opened(ls_set(tmp_path, ls_tasks(large)))
    with pytest.raises(
        DataError, match=r"task 1: result r1 was .* of 1280x720, but images/train/a.png is 8x6"
    ):
        frame(index)
