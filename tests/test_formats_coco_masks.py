"""Masks painted from the outlines of COCO annotations."""

from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_masks

from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines, coco_json, coco_object, coco_set


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def first(root: Path, task: str = "detection") -> Frame:
    return opened(root, task).splits["train"][0].read()


def mask_of(root: Path) -> np.ndarray:
    mask = first(root, "segmentation").mask
    assert mask is not None
    return mask


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


def test_mask_is_the_polygon_as_pycocotools_fills_it(tmp_path: Path) -> None:
    corners = [1.2, 0.4, 7.3, 2.1, 5.5, 5.6, 0.3, 3.9]
    mask = mask_of(coco_set(tmp_path, train=coco_json(coco_object(segmentation=[corners]))))
    expected = coco_masks.decode(coco_masks.merge(coco_masks.frPyObjects([corners], 6, 8)))
    assert mask.tolist() == expected.tolist()
    assert 0 < expected.sum() < 48


def test_mask_of_a_rectangle_covers_its_pixels(tmp_path: Path) -> None:
    expected = np.zeros((6, 8), int)
    expected[1:3, 2:6] = 1
    assert mask_of(coco_set(tmp_path)).tolist() == expected.tolist()


def test_segmentation_has_a_background_and_ignores_255(tmp_path: Path) -> None:
    index = opened(coco_set(tmp_path), "segmentation")
    assert index.classes == ("background", "cone", "car")
    assert index.ignore_id == 255


def test_category_called_background_is_the_background(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "cone"}, {"id": 5, "name": "Background"}]
    objects = [coco_object(), coco_object(category_id=5, segmentation=[[4, 1, 6, 1, 6, 3, 4, 3]])]
    content = coco_json(*objects, categories=categories)
    root = coco_set(tmp_path, train=content, valid=content)
    assert opened(root, "segmentation").classes == ("background", "cone")
    assert mask_of(root)[1].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_later_objects_cover_earlier_ones(tmp_path: Path) -> None:
    over = coco_object(category_id=2, segmentation=[[4, 0, 8, 0, 8, 6, 4, 6]])
    assert mask_of(coco_set(tmp_path, train=coco_json(coco_object(), over)))[1].tolist() == [
        0,
        0,
        1,
        1,
        2,
        2,
        2,
        2,
    ]


def test_object_without_an_outline_is_ignored_in_its_box_with_a_warning(tmp_path: Path) -> None:
    bare = coco_object(segmentation=[], bbox=[0, 0, 4, 6])
    root = coco_set(tmp_path, train=coco_json(coco_object(), bare))
    assert mask_of(root)[1].tolist() == [255, 255, 1, 1, 1, 1, 0, 0]
    assert as_lines(opened(root, "segmentation").warnings) == (
        "1 objects have a box but no outline: their boxes are ignored (255)",
    )


def test_boxes_alone_cannot_serve_segmentation(tmp_path: Path) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=[])))
    assert "no object is outlined in train (objects found: train 0, val 1)" in faults_of(root, "segmentation")
    assert "--task detection" in faults_of(root, "segmentation")


def test_outline_of_two_points_is_no_outline(tmp_path: Path) -> None:
    # pycocotools would take a list of four numbers for a box
    line = coco_object(segmentation=[[0, 0, 7, 5]], bbox=[0, 0, 1, 1])
    mask = mask_of(coco_set(tmp_path, train=coco_json(coco_object(), line)))
    assert mask[0].tolist() == [255, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("compressed", [True, False])
def test_run_length_codes_are_painted(tmp_path: Path, compressed: bool) -> None:
    truth = np.zeros((6, 8), np.uint8)
    truth[2:5, 1:4] = 1
    if compressed:
        code = coco_masks.encode(np.asfortranarray(truth))
        region = {"size": [6, 8], "counts": code["counts"].decode()}
    else:  # columns of 6: 6 empty, then 2 empty, 3 set, 1 empty, three times, then 4 empty columns
        region = {"size": [6, 8], "counts": [8, 3, 3, 3, 3, 3, 25]}
    thing = coco_object(segmentation=region, iscrowd=1)
    assert mask_of(coco_set(tmp_path, train=coco_json(thing))).tolist() == truth.tolist()


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ({"size": [5, 8], "counts": [40]}, "is made for size"),
        ({"size": [6, 8], "counts": [40]}, "covers 40 of 48 pixels"),
        ({"size": [6, 8], "counts": [-1, 49]}, "no valid counts"),
        ([[1e7, 0, 5, 5, 2, 2]], "far outside the 8x6 image"),
    ],
)
def test_outline_that_does_not_fit_the_image_is_refused_by_object(
    tmp_path: Path, region: object, said: str
) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=region)))
    with pytest.raises(DataError, match=r"train/0\.png: object 7: ") as caught:
        first(root, "segmentation")
    assert said in str(caught.value)
