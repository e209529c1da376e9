"""LabelMe's label files: shapes, classes, pictures inside, and everything that may be wrong in them."""

import base64
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import detect, open_data, scan_data
from rccar_models.formats.labelme.labels import Drawing, looks_like_drawing, read_drawing
from rccar_models.formats.tree import tree_of
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import (
    as_lines,
    coco_set,
    labelme_json,
    labelme_set,
    labelme_shape,
    mask_set,
    split_lists,
    write_image,
    write_json,
    yolo_set,
)

CONE_MASK = [[0] * 8, [0, 0, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], *[[0] * 8] * 3]


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def frame(index: DataIndex, number: int = 0, split: str = "train") -> Frame:
    return index.splits[split][number].read()


def mask_of(root: Path) -> list[list[int]]:
    mask = frame(opened(root, "segmentation")).mask
    assert mask is not None
    return mask.tolist()  # type: ignore[no-any-return]


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


def inside(size: tuple[int, int] = (8, 6)) -> str:
    """A picture as base64."""
    file = BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_polygon_is_a_box_for_detection(tmp_path: Path) -> None:
    index = opened(labelme_set(tmp_path))
    assert (index.format, index.classes, as_lines(index.warnings)) == ("labelme", ("cone", "car"), ())
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]])
    assert frame(index).labels.tolist() == [0]


def test_polygon_is_painted_for_segmentation(tmp_path: Path) -> None:
    assert opened(labelme_set(tmp_path), "segmentation").classes == ("background", "cone", "car")
    assert mask_of(tmp_path) == CONE_MASK


@pytest.mark.parametrize(
    "points",
    [
        [[2, 1], [6, 3]],
        [[6, 3], [2, 1]],
        [[6, 1], [2, 3]],
        [[2, 3], [6, 1]],
        [[2, 1], [6, 1], [6, 3], [2, 3]],
        [[2.0, 3.0], [2.0, 1.0], [6.0, 1.0], [6.0, 3.0]],
    ],
)
def test_rectangle_has_two_corners_in_any_order_or_four(tmp_path: Path, points: Any) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(points=points, kind="rectangle")))
    assert_allclose(frame(opened(tmp_path)).boxes, [[2, 1, 6, 3]])
    assert mask_of(tmp_path) == CONE_MASK


def test_later_shape_covers_the_earlier_one(tmp_path: Path) -> None:
    car = labelme_shape("car", [[0, 0], [4, 6]], "rectangle")
    labelme_set(tmp_path, a=labelme_json(labelme_shape(), car))
    assert mask_of(tmp_path)[1] == [2, 2, 2, 2, 1, 1, 0, 0]
    labelme_set(tmp_path, a=labelme_json(car, labelme_shape()))
    assert mask_of(tmp_path)[1] == [2, 2, 1, 1, 1, 1, 0, 0]


def test_file_of_the_first_versions_has_polygons_that_do_not_say_so(tmp_path: Path) -> None:
    old = {"label": "cone", "points": [[2, 1], [6, 1], [6, 3], [2, 3]], "line_color": None}
    labelme_set(tmp_path, a={"shapes": [old], "imagePath": "a.png", "imageData": None, "lineColor": [0, 1]})
    assert mask_of(tmp_path) == CONE_MASK


@pytest.mark.parametrize("kind", ["circle", "line", "linestrip", "point", "points", "mask", "ellipse", 7])
def test_other_shapes_are_named_and_refused(tmp_path: Path, kind: object) -> None:
    other = labelme_shape("car", [[2, 1], [6, 3]], kind)
    labelme_set(tmp_path, a=labelme_json(labelme_shape(), other))
    assert f"labels_all/a.json: shapes[1] (car): shape_type {kind!r} is not read; draw" in faults_of(tmp_path)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (labelme_shape(points=[[1, 1], [2, 2]]), "shapes[0] (cone): a polygon of 2 points encloses nothing"),
        (labelme_shape(points=[]), "shapes[0] (cone): a polygon of 0 points"),
        (labelme_shape(points=[[1, 1]] * 3, kind="rectangle"), "a rectangle of 3 points; it has 2 or 4"),
        (labelme_shape(points=[[1, 1], [2, 2], [3]]), "its point a list of 1 is not [x, y]"),
        (labelme_shape(points=[[1, 1], [2, 2], [3, "4"]]), "its coordinate '4' is not a finite number"),
        (labelme_shape(points=[[1, 1], [2, 2], [3, True]]), "its coordinate True is not a finite number"),
        (labelme_shape(points=[[1, 1], [2, 2], [3, None]]), "its coordinate missing is not a finite number"),
        (labelme_shape(points=[[1, 1], [2, 2], [3, 10**400]]), "a number beyond all pixels is not a finite"),
        (labelme_shape(points="1,2"), "its points are '1,2', not a list of [x, y]"),
        (labelme_shape(points=None), "its points are missing"),
        (labelme_shape(None), "its label is missing, not a name"),
        (labelme_shape(""), "its label is '', not a name"),
        (labelme_shape(["cone"]), "its label is a list of 1, not a name"),
        (labelme_shape(True), "its label is True, not a name"),
        (labelme_shape("\ud800"), "its label '\\ud800' holds half a character"),
        (labelme_shape("x" * 10**5), "its label has 100000 letters"),
        (7, "shapes[0]: is 7, not an object"),
        (None, "shapes[0]: is missing, not an object"),
        (
            labelme_shape(points=[[0.2, 0.2], [0.7, 0.3], [0.9, 1]]),
            "looks like shares of the image; write pix",
        ),
    ],
)
def test_faulty_shape_is_refused_by_file_and_number(tmp_path: Path, shape: Any, said: str) -> None:
    labelme_set(tmp_path, a=labelme_json(shape))
    found = faults_of(tmp_path)
    assert "labels_all/a.json: shapes" in found
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"shapes": [', "labels_all/a.json:1:13: not valid JSON"),
        ('{"shapes": [{"label": "cone", "points": [[NaN, 1]]}]}', "a.json:1:43: NaN is not a number"),
        ('{"shapes": [{"label": "cone", "points": [[1e999, 1], [2, 2], [3, 3]]}]}', "coordinate inf is not"),
        ('{"shapes": [], "shapes": []}', "the key 'shapes' stands twice"),
        ("[]", "labels_all/a.json: is a list of 0, not a LabelMe object"),
        ("3", "labels_all/a.json: is 3, not a LabelMe object"),
        ("{}", "labels_all/a.json: shapes is missing, not a list"),
        ('{"shapes": {}}', "labels_all/a.json: shapes is an object of 0, not a list"),
        ("", "labels_all/a.json:1:1: not valid JSON"),
        ("[" * 10**5, "nested too deeply"),
        ("\xff\xfe", "not valid JSON"),
    ],
)
def test_file_that_is_no_label_file_is_a_fault_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    labelme_set(tmp_path)
    (tmp_path / "labels_all" / "a.json").write_text(text)
    assert said in faults_of(tmp_path)


def test_faults_of_all_files_are_shown_at_once(tmp_path: Path) -> None:
    labelme_set(tmp_path, a="{", c=labelme_json(labelme_shape("kone"), labelme_shape(kind="circle")))
    split_lists(tmp_path, train=["a", "c"])
    assert "3 faults" in faults_of(tmp_path)


def test_label_that_is_no_class_is_answered_with_the_near_one(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(), labelme_shape("Coen"), labelme_shape("tree")))
    found = faults_of(tmp_path)
    assert "a.json: shapes[1]: class 'Coen' is not in labels_all/classes.txt; did you mean 'cone'?" in found
    assert "a.json: shapes[2]: class 'tree' is not in labels_all/classes.txt; correct it, or add it" in found


@pytest.mark.parametrize("label", [1, "1", " 1 "])
def test_number_is_the_id_of_a_class(tmp_path: Path, label: object) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(label)))
    assert frame(opened(tmp_path)).labels.tolist() == [1]


def test_number_that_is_no_id_is_a_fault(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(2)))
    assert "class 2 is not in labels_all/classes.txt, which names ids 0 to 1" in faults_of(tmp_path)


def test_without_class_file_the_labels_are_the_classes_in_order_of_name(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape("road"), labelme_shape("Human"), labelme_shape("cat")))
    (tmp_path / "labels_all" / "classes.txt").unlink()
    index = opened(tmp_path)
    assert (index.classes, as_lines(index.warnings)) == (("Human", "cat", "cone", "road"), ())
    assert frame(index).labels.tolist() == [3, 0, 1]


def test_numbers_without_class_file_are_names_in_order_of_value(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(10), labelme_shape("2")))
    (tmp_path / "labels_all" / "classes.txt").unlink()
    assert opened(tmp_path).classes == ("2", "10", "cone")


def test_labels_that_differ_in_case_only_are_warned_of(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape("Cone")))
    (tmp_path / "labels_all" / "classes.txt").unlink()
    assert "classes 'Cone' and 'cone' differ in case only" in as_lines(opened(tmp_path).warnings)[0]


def test_background_is_a_class_of_masks_and_no_object_of_boxes(tmp_path: Path) -> None:
    ground = labelme_shape("background", [[3, 0], [5, 6]], "rectangle")
    labelme_set(tmp_path, a=labelme_json(labelme_shape(), ground))
    (tmp_path / "labels_all" / "classes.txt").write_text("0 background\n1 cone\n")
    assert opened(tmp_path, "segmentation").classes == ("background", "cone")
    assert mask_of(tmp_path)[1] == [0, 0, 1, 0, 0, 1, 0, 0]
    index = opened(tmp_path)
    assert index.classes == ("cone",)
    assert as_lines(index.warnings) == ("1 shapes of the background are no objects and were left out",)
    assert frame(index).labels.tolist() == [0]


@pytest.mark.parametrize("names", [None, "__ignore__\n_background_\ncone\n", "0 __ignore__\n1 cone\n"])
def test_what_is_labelled_ignore_counts_nowhere(tmp_path: Path, names: str | None) -> None:
    hidden = labelme_shape("__ignore__", [[3, 0], [5, 6]], "rectangle")
    labelme_set(tmp_path, a=labelme_json(labelme_shape(), hidden))
    (tmp_path / "labels_all" / "classes.txt").unlink()
    if names:
        (tmp_path / "labels_all" / "class_names.txt").write_text(names)
    masks = opened(tmp_path, "segmentation")
    assert masks.classes == ("background", "cone")
    assert as_lines(masks.warnings) == ("1 shapes labelled __ignore__ count nowhere (255)",)
    assert mask_of(tmp_path)[1] == [0, 0, 1, 255, 255, 1, 0, 0]
    assert [thing.class_id for thing in frame(masks).things] == [1]
    boxes = opened(tmp_path)
    assert boxes.classes == ("cone",)
    assert as_lines(boxes.warnings) == ("1 shapes labelled __ignore__ were left out",)
    assert frame(boxes).labels.tolist() == [0]


def test_split_with_nothing_but_ignored_shapes_is_refused(tmp_path: Path) -> None:
    labelme_set(tmp_path, b=labelme_json(labelme_shape("__ignore__")))
    assert "no object is labelled in val (objects found: train 1, val 0)" in faults_of(tmp_path)
    assert "no object is labelled in val" in faults_of(tmp_path, "segmentation")


def test_class_ids_may_start_at_1(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(2), labelme_shape("cone")))
    (tmp_path / "labels_all" / "classes.txt").write_text("1 cone\n2 car\n")
    assert opened(tmp_path, "segmentation").classes == ("background", "cone", "car")
    index = opened(tmp_path)
    assert index.classes == ("cone", "car")
    assert frame(index).labels.tolist() == [1, 0]


def test_faulty_class_file_does_not_hide_other_faults(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(labelme_shape(kind="circle")))
    (tmp_path / "labels_all" / "classes.txt").write_text("0 cone\n0 car\n")
    index = scan_data(str(tmp_path), "detection")
    assert [fault.split(": ")[0] for fault in as_lines(index.faults)] == [
        "labels_all/classes.txt:2",
        "labels_all/a.json",
    ]
    assert index.classes == ("cone",)


def test_file_without_shapes_is_a_frame_without_objects_and_counted(tmp_path: Path) -> None:
    labelme_set(tmp_path, c=labelme_json(image="c.png") | {"shapes": []})
    index = opened(split_lists(tmp_path, train=["a.png", "c.png"]))
    assert frame(index, 1).boxes.shape == (0, 4)
    assert as_lines(index.warnings) == ("1 label files hold no shape, e.g. labels_all/c.json",)


def test_image_without_a_file_has_no_objects_and_is_counted(tmp_path: Path) -> None:
    write_image(labelme_set(tmp_path) / "images_all" / "c.png")
    index = opened(split_lists(tmp_path, train=["a.png", "c.png"]))
    assert frame(index, 1).boxes.shape == (0, 4)
    assert "1 images have no label file" in as_lines(index.warnings)[0]
    assert "images_all/c.png" in as_lines(index.warnings)[0]


def test_file_without_image_is_counted(tmp_path: Path) -> None:
    labelme_set(tmp_path, c=labelme_json(image="c.png"))
    (tmp_path / "images_all" / "c.png").unlink()
    assert as_lines(opened(tmp_path).warnings) == ("1 label files (.json) have no image and are not used",)


def test_split_without_any_object_is_refused_with_counts(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json() | {"shapes": []})
    assert "no object is labelled in train (objects found: train 0, val 1)" in faults_of(tmp_path)


def test_flat_rectangle_is_left_out_and_counted(tmp_path: Path) -> None:
    flat = labelme_shape(points=[[2, 1], [2, 4]], kind="rectangle")
    index = opened(labelme_set(tmp_path, a=labelme_json(labelme_shape(), flat)))
    assert as_lines(index.warnings) == ("1 box without width or height was left out",)
    assert frame(index).boxes.tolist() == [[2, 1, 6, 3]]
    assert len(frame(index).things) == 2


def test_things_are_as_the_file_has_them(tmp_path: Path) -> None:
    shape = labelme_shape(points=[[-3, 1], [6, 1], [6, 9]])
    thing = frame(opened(labelme_set(tmp_path, a=labelme_json(shape)))).things[0]
    assert (thing.where, thing.box) == ("shapes[0]", (-3, 1, 6, 9))
    assert thing.region == ((-3, 1, 6, 1, 6, 9),)


def test_corner_far_outside_is_a_fault_of_its_frame(tmp_path: Path) -> None:
    shape = labelme_shape(points=[[1, 1], [1e9, 1], [1, 5]])
    index = opened(labelme_set(tmp_path, a=labelme_json(shape)), "segmentation")
    with pytest.raises(DataError, match=r"labels_all/a.json: shapes\[0\]: its corner .* far outside"):
        frame(index)


@pytest.mark.parametrize("size", [(16, 12), (6, 8), (8, 7)])
def test_picture_of_another_size_is_refused_naming_both(tmp_path: Path, size: tuple[int, int]) -> None:
    index = opened(labelme_set(tmp_path))
    write_image(tmp_path / "images_all" / "a.png", size=size)
    said = rf"images_all/a.png is {size[0]}x{size[1]}.*, but labels_all/a.json is for 8x6; use the picture"
    with pytest.raises(DataError, match=said):
        frame(index)


def test_size_that_is_not_said_is_not_compared(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(imageHeight=None))
    write_image(tmp_path / "images_all" / "a.png", size=(30, 20))
    assert_allclose(frame(opened(tmp_path)).boxes, [[2, 1, 6, 3]])


@pytest.mark.parametrize("width", ["8", 0, -8, 8.5, True, [8]])
def test_size_that_is_no_size_is_a_fault(tmp_path: Path, width: object) -> None:
    assert "a.json: imageWidth and imageHeight are" in faults_of(
        labelme_set(tmp_path, a=labelme_json(imageWidth=width))
    )


def test_picture_in_the_file_is_used_where_the_image_is_missing(tmp_path: Path) -> None:
    labelme_set(tmp_path, a=labelme_json(imageData=inside()))
    (tmp_path / "images_all" / "a.png").unlink()
    index = opened(tmp_path)
    assert index.warnings == ()
    assert frame(index).image[0, 0].tolist() == [1, 2, 3]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]])
    sample = index.splits["train"][0]
    assert sample.name == "labels_all/a.json"
    assert sample.files == (tmp_path / "labels_all" / "a.json",)


def test_image_goes_before_the_picture_in_the_file(tmp_path: Path) -> None:
    index = opened(labelme_set(tmp_path, a=labelme_json(imageData=inside())))
    assert frame(index).image[0, 0].tolist() == [0, 3, 1]
    assert [path.name for path in index.splits["train"][0].files] == ["a.png", "a.json"]


def test_data_set_may_consist_of_label_files_alone(tmp_path: Path) -> None:
    for split in ("train", "val"):
        content = labelme_json(imageData=f"data:image/png;base64,{inside()}")
        write_json(tmp_path / split / f"{split}.json", content)
    index = opened(tmp_path)
    assert index.classes == ("cone",)
    assert frame(index, split="val").boxes.shape == (1, 4)


def _bomb() -> str:
    file = BytesIO()
    Image.new("1", (30_000, 30_000)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: "no base64!", "labels_all/a.json: imageData is not base64"),
        (lambda: inside()[:40], "labels_all/a.json: cannot be decoded"),
        (lambda: "AAAA", "labels_all/a.json: cannot be decoded"),
        (_bomb, "labels_all/a.json: .*(too many|decompression bomb)"),
        (lambda: inside((3, 3)), "labels_all/a.json is 3x3, but labels_all/a.json is for 8x6"),
    ],
)
def test_damaged_picture_in_the_file_is_refused(tmp_path: Path, data: Callable[[], str], said: str) -> None:
    labelme_set(tmp_path, a=labelme_json(imageData=data()))
    (tmp_path / "images_all" / "a.png").unlink()
    with pytest.raises(DataError, match=said):
        frame(opened(tmp_path))


@pytest.mark.parametrize(
    "path",
    [
        "..\\images_all\\a.png",
        "C:\\Users\\ali\\a.png",
        "/etc/passwd",
        "../../../../etc/passwd",
        "",
        "\x00",
        7,
    ],
)
def test_image_path_is_not_followed_where_the_layout_says_which_image(tmp_path: Path, path: Any) -> None:
    index = opened(labelme_set(tmp_path, a=labelme_json(image=path)))
    assert index.splits["train"][0].files[0] == tmp_path / "images_all" / "a.png"
    assert frame(index).boxes.shape == (1, 4)


@pytest.mark.parametrize("path", ["..\\images_all\\a.png", "../images_all/a.png", "D:\\old\\a.png", "a.png"])
def test_image_path_finds_the_image_of_another_name(tmp_path: Path, path: str) -> None:
    labelme_set(tmp_path, a=labelme_json(image=path))
    (tmp_path / "labels_all" / "a.json").rename(tmp_path / "labels_all" / "label-0001.json")
    index = opened(tmp_path)
    assert index.warnings == ()
    assert frame(index).boxes.shape == (1, 4)


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../../../secret.png", "..\\..\\..\\secret.png", "link.png"]
)
def test_image_path_never_leaves_the_data_set(tmp_path: Path, path: str) -> None:
    write_image(tmp_path / "secret.png")
    root = labelme_set(tmp_path / "below" / "set", a=labelme_json(image=path))
    (root / "labels_all" / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "images_all" / "a.png").unlink()
    assert "1 label files (.json) have no image and are not used" in as_lines(
        scan_data(str(root), "detection").warnings
    )


def test_files_of_two_tools_in_one_set_are_read_each_in_its_way(tmp_path: Path) -> None:
    percent = {"labels": [{"label": "car", "points": [[25, 50], [75, 50], [75, 100]]}]}
    index = opened(labelme_set(tmp_path, a=percent))
    assert_allclose(frame(index).boxes, [[2, 3, 6, 6]])
    assert_allclose(frame(index, split="val").boxes, [[2, 1, 6, 3]])


@pytest.mark.parametrize("make", [coco_set, mask_set, yolo_set])
def test_other_formats_are_not_taken_for_labelme(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    make(tmp_path)
    assert not any(looks_like_drawing(path) for path in tmp_path.rglob("*.json"))
    assert detect(tree_of(tmp_path), "segmentation").name != "labelme"


@pytest.mark.parametrize(
    ("text", "is_drawing"),
    [
        (json.dumps(labelme_json()), True),
        (json.dumps({"imageData": "A" * 10**6, "imagePath": "a.png", "shapes": []}), True),
        (json.dumps({"flags": {"shapes": [{}]}, "version": "1"}), False),
        ('\ufeff{ "shapes" :\n[\n{', True),
        ('{"labels": [ {"points"', True),
        ('{"labels": []}', True),
        ('{"labels": ["cat", "dog"]}', False),
        ('{"labels": {}}', False),
        ('{"shapes": 3}', False),
        (json.dumps({"images": [], "annotations": [], "categories": [], "shapes": []}), False),
        (json.dumps([{"id": 1, "annotations": [{"result": []}]}]), False),
        (json.dumps([labelme_json()]), False),
        ('{"text": "\\"shapes\\": [{", "a": 1}', False),
        ("", False),
        ('"' * 10**5, False),
    ],
)
def test_label_files_are_known_by_their_keys(tmp_path: Path, text: str, is_drawing: bool) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    assert looks_like_drawing(path) is is_drawing


def test_key_is_found_where_others_hold_much_before_it(tmp_path: Path) -> None:
    for number in range(40):
        write_json(tmp_path / "info" / f"{number}.json", {"speed": number})
    assert detect(tree_of(labelme_set(tmp_path)), "detection").name == "labelme"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "label": JSON,
        "class": JSON,
        "points": JSON | st.lists(st.lists(st.floats(), min_size=2, max_size=2), max_size=5),
        "shape_type": st.sampled_from(["polygon", "rectangle", "circle"]) | JSON,
        "rectanglelabels": JSON,
        "value": JSON,
        **dict.fromkeys(("x", "y", "width", "height", "rotation"), st.floats() | JSON),
    },
)


@settings(max_examples=120, deadline=None)
@given(
    content=st.fixed_dictionaries(
        {},
        optional={
            "shapes": st.lists(SHAPES | JSON, max_size=3) | JSON,
            "labels": st.lists(SHAPES | JSON, max_size=3) | JSON,
            "imagePath": JSON,
            "imageData": JSON,
            "imageWidth": JSON,
            "imageHeight": JSON,
        },
    )
    | JSON
)
def test_any_json_is_read_or_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    path = write_json(tmp_path_factory.getbasetemp() / "fuzz" / "a.json", content)
    try:
        drawing, faults = read_drawing(path, root=path.parent)
    except DataError as error:
        drawing, faults = Drawing(), list(error.faults)
    assert {fault.file for fault in faults} <= {"a.json"}
    assert all(np.isfinite(shape.outline).all() and shape.label for shape in drawing.shapes)
