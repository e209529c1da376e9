import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rccar_models import boxes

NUMBERS = st.floats(-1000, 1000, width=32)


def test_no_rows_make_an_array_of_shape_0_by_4() -> None:
    assert boxes.as_boxes([]).shape == (0, 4)
    assert boxes.xyxy_from_xywh([]).shape == (0, 4)
    assert boxes.xyxy_from_cxcywh([]).shape == (0, 4)


def test_corner_and_size_become_two_corners() -> None:
    assert_allclose(boxes.xyxy_from_xywh([[10, 20, 3, 4]]), [[10, 20, 13, 24]])


def test_centre_and_size_become_two_corners() -> None:
    assert_allclose(boxes.xyxy_from_cxcywh([[0.5, 0.5, 0.2, 0.4]]), [[0.4, 0.3, 0.6, 0.7]], rtol=1e-6)


def test_conversions_give_float32() -> None:
    assert boxes.xyxy_from_xywh([[1, 2, 3, 4]]).dtype == np.float32
    assert boxes.scaled(boxes.as_boxes([[1, 2, 3, 4]]), by=(0.5, 2)).dtype == np.float32


def test_clipping_cuts_at_all_four_edges() -> None:
    inside = boxes.clipped(boxes.as_boxes([[-5, -6, 50, 60]]), width=40, height=30)
    assert_allclose(inside, [[0, 0, 40, 30]])


def test_clipping_leaves_no_area_to_a_box_outside() -> None:
    outside = boxes.clipped(boxes.as_boxes([[50, 5, 60, 9]]), width=40, height=30)
    assert not boxes.at_least(outside, 0).any()


def test_scaling_uses_its_own_factor_for_each_axis() -> None:
    assert_allclose(boxes.scaled(boxes.as_boxes([[1, 2, 3, 4]]), by=(10, 100)), [[10, 200, 30, 400]])


def test_a_side_of_exactly_the_limit_counts_and_a_flat_box_never_does() -> None:
    rows = boxes.as_boxes([[0, 0, 1, 5], [0, 0, 0.9, 5], [0, 0, 0, 5], [0, 0, 5, 0.5]])
    assert boxes.at_least(rows, 1.0).tolist() == [True, False, False, False]
    assert boxes.at_least(rows, 0.0).tolist() == [True, True, False, True]


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=5))
def test_clipped_boxes_always_lie_in_the_picture(rows: list[tuple[float, float, float, float]]) -> None:
    inside = boxes.clipped(boxes.as_boxes(rows), width=64, height=48)
    assert (inside >= 0).all()
    assert (inside[:, [0, 2]] <= 64).all()
    assert (inside[:, [1, 3]] <= 48).all()
