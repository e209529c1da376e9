"""The earlier tool's variant of label files: `labels` in percent of the image, in the spellings found."""

from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import Frame
from tests.data_folders import as_lines, labelme_set, percent_json, split_lists, write_image

CORNERS = [[25, 50], [75, 50], [75, 100]]  # of 8x6: (2, 3), (6, 3), (6, 6)


def frame(root: Path, content: Any, task: str = "detection") -> Frame:
    return open_data(str(labelme_set(root, a=content)), task).splits["train"][0].read()


def faults_of(root: Path, *labels: Any) -> str:
    with pytest.raises(DataError) as caught:
        open_data(str(labelme_set(root, a=percent_json(*labels))), "detection")
    return str(caught.value)


def test_corners_are_shares_of_the_picture(tmp_path: Path) -> None:
    found = frame(tmp_path, percent_json())
    assert_allclose(found.boxes, [[2, 1, 6, 3]])
    assert found.things[0].where == "labels[0]"


def test_corners_are_painted(tmp_path: Path) -> None:
    mask = frame(tmp_path, percent_json(), "segmentation").mask
    assert mask is not None
    assert mask.tolist()[1] == [0, 0, 1, 1, 1, 1, 0, 0]
    assert mask.sum() == 8


@pytest.mark.parametrize(
    "label",
    [
        {"label": "car", "points": CORNERS},
        {"class": "car", "points": CORNERS},
        {"class_name": "car", "points": CORNERS, "type": "polygon"},
        {"name": "car", "points": CORNERS, "shape_type": "polygon"},
        {"category": "car", "points": CORNERS},
        {"label": 1, "points": CORNERS},
        {"polygonlabels": ["car"], "points": CORNERS, "original_width": 8, "original_height": 6},
        {"labels": ["car"], "points": CORNERS},
        {"label": "car", "points": [{"x": x, "y": y} for x, y in CORNERS]},
        {"label": "car", "points": [25, 50, 75, 50, 75, 100]},
        {"label": "car", "points": [[25, 50], [75, 100]], "shape_type": "rectangle"},
        {"label": "car", "points": [[75, 100.05], [25, 50]], "type": "RectangleLabels"},
        {"rectanglelabels": ["car"], "points": [[25, 50], [75, 100]]},
        {"rectanglelabels": ["car"], "x": 25, "y": 50, "width": 50, "height": 50, "rotation": 0},
        {"label": "car", "x": 25, "y": 50, "width": 50, "height": 50},
        {
            "type": "rectanglelabels",
            "value": {"x": 25, "y": 50, "width": 50, "height": 50, "labels": ["car"]},
        },
        {"type": "polygonlabels", "value": {"points": CORNERS, "polygonlabels": ["car"], "closed": True}},
    ],
)
def test_every_spelling_is_understood(tmp_path: Path, label: Any) -> None:
    found = frame(tmp_path, percent_json(label))
    assert_allclose(found.boxes, [[2, 3, 6, 6]], atol=0.01)
    assert found.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (
            {"label": "car", "points": [[25, 50], [640, 50], [75, 90]]},
            "coordinate 640 is above 100 and looks",
        ),
        ({"label": "car", "points": [[25, 50], [75, 50], [75, 100.2]]}, "100.2 is above 100"),
        ({"label": "car", "points": [[-25, 50], [75, 50], [75, 100]]}, "coordinate -25 is below 0"),
        ({"label": "car", "x": 80, "y": 50, "width": 50, "height": 5}, "coordinate 130 is above 100"),
        (
            {"label": "car", "points": [[0.2, 0.5], [0.7, 0.5], [0.7, 1]]},
            "looks like shares of the image; wr",
        ),
        ({"label": "car", "points": CORNERS[:2]}, "labels[0] (car): a polygon of 2 points"),
        (
            {"label": "car", "points": CORNERS, "type": "ellipselabels"},
            "shape_type 'ellipse' is not read",
        ),
        ({"label": "car", "points": CORNERS, "type": "brush"}, "shape_type 'brush' is not read"),
        ({"keypointlabels": ["car"], "points": CORNERS}, "shape_type 'keypoint' is not read"),
        ({"rectanglelabels": ["car", "cone"], "points": CORNERS}, "its rectanglelabels name 2 classes"),
        ({"label": "car", "x": 2, "y": 5, "width": 5, "height": 5, "rotation": 30}, "turned by 30 degrees"),
        ({"label": "car", "x": 2, "y": 5, "width": 5, "height": 5, "rotation": []}, "turned by a list"),
        ({"label": "car"}, "its points are missing"),
        ({"label": "car", "points": [{"x": 1}]}, "its point an object of 1 is not [x, y]"),
        ({"label": "car", "points": [[1, 2], [3, "4"], [5, 6]]}, "its coordinate '4' is not a finite number"),
        ({"points": CORNERS}, "labels[0]: its label is missing"),
        (
            {"label": "caar", "points": CORNERS},
            "labels[0]: class 'caar' is not in labels_all/classes.txt; did",
        ),
        ("car", "labels[0]: is 'car', not an object"),
    ],
)
def test_faulty_label_is_refused_by_file_and_number(tmp_path: Path, label: Any, said: str) -> None:
    found = faults_of(tmp_path, label)
    assert "labels_all/a.json: labels" in found
    assert said in found


def test_a_small_object_among_others_is_no_share(tmp_path: Path) -> None:
    small = {"label": "car", "points": [[0.2, 0.5], [0.7, 0.5], [0.7, 1]]}
    found = frame(tmp_path, percent_json({"label": "cone", "points": CORNERS}, small))
    assert found.labels.tolist() == [0, 1]


def test_file_with_empty_labels_is_a_frame_without_objects(tmp_path: Path) -> None:
    labelme_set(tmp_path, c={"labels": []})
    index = open_data(str(split_lists(tmp_path, train=["a.png", "c.png"])), "detection")
    assert index.splits["train"][1].read().boxes.shape == (0, 4)
    assert as_lines(index.warnings) == ("1 label files hold no shape, e.g. labels_all/c.json",)


def test_picture_that_was_only_resized_still_fits(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=percent_json(imageWidth=8, imageHeight=6))
    write_image(tmp_path / "images_all" / "a.png", size=(80, 60))
    index = open_data(str(tmp_path), "detection")
    assert_allclose(index.splits["train"][0].read().boxes, [[20, 10, 60, 30]])


def test_picture_of_another_shape_is_refused(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=percent_json(imageWidth=8, imageHeight=6))
    write_image(tmp_path / "images_all" / "a.png", size=(80, 40))
    sample = open_data(str(tmp_path), "detection").splits["train"][0]
    with pytest.raises(DataError, match=r"images_all/a.png is 80x40, but labels_all/a.json is for 8x6"):
        sample.read()
