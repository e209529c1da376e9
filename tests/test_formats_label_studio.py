"""Label Studio: both exports, its three kinds of regions, addresses of images, and hostile JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rccar_models.errors import DataError
from rccar_models.formats import FORMATS, detect, open_data, scan_data
from rccar_models.formats.label_studio_brush import covered
from rccar_models.formats.label_studio_files import Images
from rccar_models.formats.labelling import filled
from rccar_models.formats.tree import tree_of
from rccar_models.samples import DataIndex, Frame, Sample
from tests.data_folders import coco_set, ls_result, ls_set, ls_task, write_image, write_lists

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


def tasks(*results: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """Three tasks, the first with the results given; changes are of the first task."""
    others = [ls_task(number, f"{stem}.png", ls_result()) for number, stem in ((2, "b"), (3, "c"))]
    return [ls_task(1, "a.png", *results, **changes), *others]


def polygons(*results: dict[str, Any]) -> list[dict[str, Any]]:
    """Tasks of outlines; the first task has the results given."""
    triangle = ls_result("polygonlabels", points=[[0, 0], [50, 0], [50, 100], [0, 100]])
    others = [ls_task(number, f"{stem}.png", triangle) for number, stem in ((2, "b"), (3, "c"))]
    return [ls_task(1, "a.png", *results), *others]


# Exports and images


def test_export_of_any_name_is_recognised_and_uploads_are_found(tmp_path: Path) -> None:
    index = opened(ls_set(tmp_path))
    assert (index.format, index.classes, index.warnings) == ("label_studio", ("cone",), ())
    assert [sample.name for sample in index.splits["train"]] == ["images/train/a.png", "images/train/b.png"]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]], atol=1e-5)
    assert frame(index, split="val").labels.tolist() == [0]


def test_export_may_lie_a_folder_deeper_and_there_may_be_several(tmp_path: Path) -> None:
    ls_set(tmp_path, tasks()[:1], name="labels/first.json")
    ls_set(tmp_path, tasks()[1:], name="labels/second.json")
    assert len(opened(tmp_path).splits["train"]) == 2


def test_same_image_in_two_exports_is_a_fault_that_names_both(tmp_path: Path) -> None:
    ls_set(tmp_path, tasks(), name="one.json")
    ls_set(tmp_path, tasks()[:1], name="two.json")
    assert "two.json: task 1: images/train/a.png belongs to one.json: task 1 as well" in faults_of(tmp_path)


def test_lists_divide_the_images(tmp_path: Path) -> None:
    write_lists(ls_set(tmp_path) / "splits", train="c.png\nimages/train/b.png\n", val="a\n")
    index = opened(tmp_path)
    assert [sample.name for sample in index.splits["train"]] == ["images/val/c.png", "images/train/b.png"]


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/1/0a1b2c3d-frame%201.png",
        "/data/local-files/?d=drives/H1/frame%201.png",
        "\\drives\\H1\\frame 1.png",
        "s3://bucket/key/frame 1.png",
        "gs://bucket/frame%201.png",
        "http://localhost:8080/data/upload/7/frame%201.png?token=a/b.png",
        "http://localhost:8080/data/local-files/?d=frame%201.png",
        "frame 1.png",
        "../../frame 1.png",
    ],
)
def test_addresses_of_all_kinds_are_matched_by_file_name(address: str) -> None:
    assert Images(["images/frame 1.png", "images/b.png"]).find(address) == "images/frame 1.png"


def test_name_that_looks_like_an_upload_is_taken_whole_if_it_is_there() -> None:
    images = Images(["images/0a1b2c3d-a.png", "images/a.png"])
    assert images.find("/data/upload/1/0a1b2c3d-a.png") == "images/0a1b2c3d-a.png"
    assert images.find("/data/upload/1/ffffffff-a.png") == "images/a.png"


def test_images_of_one_name_are_told_apart_by_folders_or_refused() -> None:
    images = Images(["images/H1/a.png", "images/H2/a.png"])
    assert images.find("/data/local-files/?d=raw/H2/a.png") == "images/H2/a.png"
    with pytest.raises(ValueError, match=r"may be images/H1/a.png or images/H2/a.png"):
        images.find("s3://bucket/a.png")


@pytest.mark.parametrize("address", ["http://[bad", "data:image/png;base64,AAAA", "/etc/passwd", "/", "?"])
def test_address_without_an_image_here_is_a_fault_by_task(tmp_path: Path, address: str) -> None:
    ls_set(tmp_path, [ls_task(9, address), *tasks()])
    assert "json: task 9: image " in faults_of(tmp_path)


def test_image_may_stand_under_another_key(tmp_path: Path) -> None:
    found = tasks(ls_result(), data={"note": "left", "photo": "http://x.test/a.png"})
    assert len(frame(opened(ls_set(tmp_path, found))).boxes) == 1


def test_task_without_an_image_or_with_two_is_a_fault(tmp_path: Path) -> None:
    found = [*tasks(), ls_task(8, "", data={"text": "hi"}), ls_task(9, "", data={"l": "a.png", "r": "b.png"})]
    faults = faults_of(ls_set(tmp_path, found))
    assert "task 8: 0 of its data are addresses of images" in faults
    assert "task 9: 2 of its data are addresses of images" in faults


def test_coco_and_other_json_is_not_taken_for_an_export(tmp_path: Path) -> None:
    coco_set(tmp_path)
    (tmp_path / "create_ml.json").write_text('[{"image": "a.png", "annotations": [{"label": "x"}]}]')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "empty.json").write_text("")
    assert not FORMATS["label_studio"].recognises(tree_of(tmp_path))


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_export_is_taken_for_no_other_format(tmp_path: Path, task: str) -> None:
    assert detect(tree_of(ls_set(tmp_path)), task).name == "label_studio"


def test_code_of_a_brush_may_fill_the_start_of_an_export(tmp_path: Path) -> None:
    long = json.dumps([ls_task(1, "a.png", ls_result("brushlabels", format="rle", rle=[0] * 100_000))])
    assert FORMATS["label_studio"].recognises(tree_of(ls_set(tmp_path, long)))


# Annotations


def test_first_annotation_that_was_not_cancelled_counts_and_several_are_a_warning(tmp_path: Path) -> None:
    found = tasks()
    found[0]["annotations"] = [
        {"id": 1, "was_cancelled": True, "result": [ls_result(label="wrong")]},
        {"id": 2, "result": [ls_result(label="cone")]},
        {"id": 3, "result": [ls_result(label="late")]},
    ]
    found[0]["predictions"] = [{"result": [ls_result(label="guess")]}]
    index = opened(ls_set(tmp_path, found))
    assert index.classes == ("cone",)
    assert index.warnings == (
        "1 tasks have several annotations, of which the first is used, "
        "e.g. project-1-at-2024-05-01.json: task 1",
    )


def test_unlabelled_and_skipped_tasks_are_left_out_but_empty_ones_are_frames(tmp_path: Path) -> None:
    found = tasks()
    found[1]["annotations"] = [{"was_cancelled": True, "result": []}]
    index = opened(ls_set(tmp_path, [ls_task(1, "a.png", ls_result()), *found[1:]]))
    assert [sample.name for sample in index.splits["train"]] == ["images/train/a.png"]
    assert index.warnings == ("1 tasks have no annotation and are not used, e.g. that of images/train/b.png",)
    empty = opened(ls_set(tmp_path, tasks()))  # task 1 was submitted without regions
    assert frame(empty).boxes.shape == (0, 4)


def test_images_without_a_task_are_counted(tmp_path: Path) -> None:
    ls_set(tmp_path, [tasks()[1], tasks()[2]])
    assert opened(tmp_path).warnings == (
        "1 images stand in no export and are not used, e.g. images/train/a.png",
    )


def test_old_exports_with_completions_are_read(tmp_path: Path) -> None:
    found = tasks(ls_result())
    for task in found:
        task["completions"] = task.pop("annotations")
    assert len(frame(opened(ls_set(tmp_path, found))).boxes) == 1


def test_choices_texts_and_relations_are_passed_over(tmp_path: Path) -> None:
    others = [
        {"id": "c", "type": "choices", "value": {"choices": ["day"]}},
        {"id": "r1", "type": "textarea", "value": {"x": 1, "y": 1, "width": 1, "height": 1, "text": ["hi"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]
    assert len(frame(opened(ls_set(tmp_path, tasks(ls_result(), *others)))).boxes) == 1


def test_json_min_is_read_with_one_entry_for_each_annotation(tmp_path: Path) -> None:
    def flat(number: int, stem: str, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"image": f"/data/upload/1/{stem}.png", "id": number, "label": [*regions], **more}

    size = {"original_width": 8, "original_height": 6}
    box = {"x": 25, "y": 50, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cone"], **size}
    area = {"points": [[0, 0], [50, 0], [50, 100]], "closed": True, "polygonlabels": ["road"], **size}
    entries = [
        flat(1, "a", box, area, choice="day", annotator=1, annotation_id=5),
        flat(1, "a", area, annotator=2, annotation_id=6),
        flat(2, "b", {"choices": ["x", "y"]}, annotator=1, annotation_id=7),
        flat(3, "c", box, annotator=1, annotation_id=8),
    ]
    index = opened(ls_set(tmp_path, entries))
    assert index.classes == ("cone", "road")
    assert_allclose(frame(index).boxes, [[2, 3, 6, 6], [0, 0, 4, 6]])
    assert frame(index, 1).boxes.shape == (0, 4)
    assert "1 tasks have several annotations" in index.warnings[0]


def test_regions_of_labels_and_rectangle_controls_are_read_once(tmp_path: Path) -> None:
    place = {"x": 50, "y": 50, "width": 25, "height": 50, "rotation": 0}
    pair = [
        {"id": "p", "type": "rectangle", "value": place},
        {"id": "p", "type": "labels", "value": place | {"labels": ["cone"]}},
    ]
    nested = opened(ls_set(tmp_path / "nested", tasks(*pair)))
    assert_allclose(frame(nested).boxes, [[4, 3, 6, 6]])
    entries = [
        {
            "image": f"{stem}.png",
            "id": stem,
            "bbox": [place],
            "label": [place | {"labels": ["cone"]}],
            "annotation_id": 1,
        }
        for stem in "abc"
    ]
    assert_allclose(frame(opened(ls_set(tmp_path / "flat", entries))).boxes, [[4, 3, 6, 6]])


# Regions


def test_upright_rectangles_are_ignored_in_masks_with_a_warning(tmp_path: Path) -> None:
    outline = ls_result("polygonlabels", "road", points=[[0, 50], [100, 50], [100, 100], [0, 100]])
    index = opened(ls_set(tmp_path, polygons(ls_result(), outline)), "segmentation")
    assert index.classes == ("background", "cone", "road")
    expected = np.zeros((6, 8), int)
    expected[1:3, 2:6] = 255
    expected[3:] = 2
    assert (frame(index).mask == expected).all()
    assert "1 objects have a box but no outline: their boxes are ignored (255)" in index.warnings


def test_turned_rectangle_is_its_extent_for_detection(tmp_path: Path) -> None:
    # HumanSignal/label-studio issue 2293: 1000x500, X=200, Y=100, W=300, H=100, turned by 90 degrees about
    # the top left corner, covers x 100 to 200 and y 100 to 400.
    write_image(tmp_path / "images" / "wide.png", size=(1000, 500))
    turned = ls_result(x=20, y=20, width=30, height=20, rotation=90) | {
        "original_width": 1000,
        "original_height": 500,
    }
    found = [ls_task(4, "wide.png", turned), *tasks(ls_result())]
    ls_set(tmp_path, found)
    write_lists(tmp_path / "splits", train="wide.png\n", val="c\n")
    index = opened(tmp_path)
    assert_allclose(frame(index).boxes, [[100, 100, 200, 400]], atol=1e-3)
    assert not any("turned" in warning for warning in index.warnings)


def test_rectangle_turned_by_45_degrees_is_a_polygon(tmp_path: Path) -> None:
    # Two sides of 2 pixels from (4, 0): the corners are (4, 0), (4+s, s), (4, 2s), (4-s, s) with s = sqrt(2).
    turned = ls_result(x=50, y=0, width=25, height=100 / 3, rotation=45)
    index = opened(ls_set(tmp_path, polygons(turned)), "segmentation")
    s = 2**0.5
    (thing,) = frame(index).things
    assert_allclose(thing.region, [[4, 0, 4 + s, s, 4, 2 * s, 4 - s, s]], atol=1e-9)
    assert "1 rectangles are turned and become polygons" in index.warnings
    boxed = opened(tmp_path)
    assert_allclose(frame(boxed).boxes, [[4 - s, 0, 4 + s, 2 * s]], atol=1e-5)
    assert "1 rectangles are turned and become the upright boxes around them" in boxed.warnings


def test_polygons_are_painted_and_boxed(tmp_path: Path) -> None:
    root = ls_set(tmp_path, polygons(ls_result("polygonlabels", points=[[0, 0], [50, 0], [50, 50], [0, 50]])))
    mask = frame(opened(root, "segmentation")).mask
    assert mask is not None
    assert mask[:3, :4].all()
    assert mask.sum() == 12
    assert_allclose(frame(opened(root)).boxes, [[0, 0, 4, 3]])


def test_brush_strokes_are_painted_and_boxed(tmp_path: Path) -> None:
    root = ls_set(tmp_path, polygons(ls_result("brushlabels", format="rle", rle=BRUSH)))
    expected = np.zeros((6, 8), int)
    expected[1:3, 2:6] = 1
    expected[4, 0] = 1
    assert (frame(opened(root, "segmentation")).mask == expected).all()
    assert_allclose(frame(opened(root)).boxes, [[0, 1, 6, 5]])


def packed(values: np.ndarray) -> bytes:
    """The plainest code of Label Studio: single values in blocks of up to 8."""
    bits = f"{values.size:032b}{7:05b}" + f"{2:04b}" * 4
    for start in range(0, values.size, 8):
        block = values[start : start + 8]
        bits += f"000{block.size - 1:03b}" + "".join(f"{value:08b}" for value in block)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits), 8))


@given(rows=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=7))
def test_brush_code_comes_back_as_it_was_painted(rows: list[list[bool]]) -> None:
    painted = np.array(rows)
    pixels = np.repeat(painted[..., None] * 255, 4, axis=2).ravel()
    height = len(rows)
    assert (filled(covered(packed(pixels), width=5, height=height), width=5, height=height) == painted).all()


@settings(max_examples=300, deadline=None)
@given(tail=st.binary(max_size=60), size=st.sampled_from([192, 2**32 - 1, 0]))
def test_any_brush_code_is_decoded_or_refused(tail: bytes, size: int) -> None:
    said = "its brush code"
    try:
        covered(size.to_bytes(4, "big") + tail, width=8, height=6)
    except ValueError as error:
        said = str(error)
    assert said.startswith("its brush code")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (BRUSH[:10], "result r1: its brush code is cut off"),
        ([0, 0, 1, 0, *BRUSH[4:]], "result r1: its brush code holds 256 values instead of 192"),
    ],
)
def test_faulty_brush_code_is_refused_by_task_and_result(tmp_path: Path, code: list[int], said: str) -> None:
    index = opened(
        ls_set(tmp_path, polygons(ls_result("brushlabels", format="rle", rle=code))), "segmentation"
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
        (ls_result() | {"id": "r2", "type": "rectangle", "value": dict(BOX)}, "rectangle has no label"),
        (ls_result() | {"value": None}, "rectanglelabels without value"),
        (ls_result() | {"image_rotation": 90}, "cone: drawn on the image turned by 90 degrees"),
    ],
)
def test_region_that_is_not_read_is_a_fault_by_task_and_result(
    tmp_path: Path, result: dict[str, Any], said: str
) -> None:
    faults = faults_of(ls_set(tmp_path, tasks(ls_result(), result)))
    assert "project-1-at-2024-05-01.json: task 1, result r" in faults
    assert said in faults


def test_flat_rectangles_stay_things_and_are_left_out_of_training(tmp_path: Path) -> None:
    flat = ls_result(x=25, y=50, width=0, height=50)
    index = opened(ls_set(tmp_path, tasks(ls_result(), flat)))
    assert [thing.where for thing in frame(index).things] == ["result r1", "result r1"]
    assert len(frame(index).boxes) == 1
    assert index.warnings == ("1 boxes without width or height were left out",)


def test_picture_of_another_size_than_the_labelled_one_is_refused_with_both(tmp_path: Path) -> None:
    large = ls_result() | {"original_width": 1280, "original_height": 720}
    index = opened(ls_set(tmp_path, tasks(large)))
    with pytest.raises(
        DataError, match=r"task 1: result r1 was .* of 1280x720, but images/train/a.png is 8x6"
    ):
        frame(index)


def test_classes_txt_gives_the_order_and_refuses_what_it_lacks(tmp_path: Path) -> None:
    root = ls_set(tmp_path, tasks(ls_result()))
    (root / "classes.txt").write_text("sign\ncone\n")
    assert opened(root).classes == ("sign", "cone")
    (root / "classes.txt").write_text("sign\n")
    assert "task 1, result r1: label 'cone' is not in classes.txt (sign)" in faults_of(root)


def test_split_without_outlines_is_refused_for_segmentation(tmp_path: Path) -> None:
    faults = faults_of(ls_set(tmp_path), "segmentation")
    assert "no object is outlined in train (objects found: train 0, val 0)" in faults
    assert "use --task detection" in faults


def test_labels_of_one_image_change_its_digest_and_no_other(tmp_path: Path) -> None:
    before = opened(ls_set(tmp_path, tasks(ls_result()))).splits["train"]
    moved = ls_result(x=10, y=10, width=10, height=10)
    after = opened(ls_set(tmp_path, tasks(moved))).splits["train"]
    assert before[0].key != after[0].key
    assert before[1].key == after[1].key
    assert [path.name for path in before[0].files] == ["a.png"]


# Hostile JSON


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"annotations": [], "data": {}},\n x]', "json:2:2: not valid JSON"),
        ('[{"annotations": [{"result": [NaN]}]}]', "json:1:31: NaN is not a number"),
        ('[{"id": 1, "id": 2, "annotations": [], "data": {}}]', "the key 'id' stands twice"),
        ('[{"annotations": [], "data": {}, "x": ' + "[" * 100_000, "nested too deeply"),
        (
            '[{"annotations": 3, "completed_by": 1, "data": {}}, {"annotations": [], "result": 1}, 7]',
            "entry 3",
        ),
    ],
)
def test_json_that_is_no_export_is_refused_by_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults_of(ls_set(tmp_path, text))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
NUMBERS = st.one_of(st.floats(-150, 250), SCALARS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KINDS = st.sampled_from(
    ["rectanglelabels", "polygonlabels", "brushlabels", "labels", "ellipselabels", "rectangle"]
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that have some of these keys, each with what belongs there or with anything."""
    return st.fixed_dictionaries({}, optional={key: value | ANYTHING for key, value in fields.items()})


NAMES = st.lists(st.sampled_from(["cone", "car"]) | SCALARS, max_size=2)
PLACE: dict[str, st.SearchStrategy[Any]] = {
    "x": NUMBERS,
    "y": NUMBERS,
    "width": NUMBERS,
    "height": NUMBERS,
    "rotation": NUMBERS,
    "points": st.lists(st.lists(NUMBERS, max_size=3), max_size=5),
    "rle": st.lists(st.integers(0, 255), max_size=30) | st.just(BRUSH),
    "rectanglelabels": NAMES,
    "polygonlabels": NAMES,
    "brushlabels": NAMES,
    "labels": NAMES,
}
RESULT = some(id=SCALARS, type=KINDS, value=some(**PLACE), original_width=st.just(8), image_rotation=NUMBERS)
ANNOTATION = some(id=SCALARS, result=st.lists(RESULT, max_size=3), was_cancelled=st.booleans())
ADDRESS = st.sampled_from(["a.png", "s3://x/b.png", "http://[", "?"]) | st.text(max_size=5)
TASK = some(
    id=SCALARS,
    data=some(image=ADDRESS),
    image=ADDRESS,
    annotations=st.lists(ANNOTATION, max_size=2),
    label=st.lists(some(**PLACE), max_size=3),
)


def faults_of_frame(sample: Sample) -> tuple[str, ...]:
    try:
        sample.read()
    except DataError as error:
        return error.faults
    return ()


@settings(max_examples=150, deadline=None)
@given(found=st.lists(TASK | ANYTHING, max_size=4))
def test_any_json_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, found: list[object]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    start = ls_task(3, "c.png", ls_result())
    ls_set(root, [start, *found])
    for task in ("detection", "segmentation"):
        index = scan_data(str(root), task, "label_studio")
        assert all(isinstance(fault, str) for fault in index.faults)
        for sample in (sample for kept in index.splits.values() for sample in kept):
            assert all("json: task " in fault for fault in faults_of_frame(sample))
