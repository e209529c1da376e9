"""Label Studio: both exports, addresses of images, which annotation counts."""

import json
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

from rccar_models.errors import DataError, LabelError
from rccar_models.formats import FORMATS, detect, open_data
from rccar_models.formats.label_studio.files import Images
from rccar_models.formats.tree import tree_of
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import (
    as_lines,
    coco_set,
    ls_result,
    ls_set,
    ls_task,
    ls_tasks,
    write_lists,
)


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def frame(index: DataIndex, number: int = 0, split: str = "train") -> Frame:
    return index.splits[split][number].read()


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


# Exports and images


def test_export_of_any_name_is_recognised_and_uploads_are_found(tmp_path: Path) -> None:
    index = opened(ls_set(tmp_path))
    assert (index.format, index.classes, as_lines(index.warnings)) == ("label_studio", ("cone",), ())
    assert [sample.name for sample in index.splits["train"]] == ["images/train/a.png", "images/train/b.png"]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]], atol=1e-5)
    assert frame(index, split="val").labels.tolist() == [0]


def test_export_may_lie_a_folder_deeper_and_there_may_be_several(tmp_path: Path) -> None:
    ls_set(tmp_path, ls_tasks()[:1], name="labels/first.json")
    ls_set(tmp_path, ls_tasks()[1:], name="labels/second.json")
    assert len(opened(tmp_path).splits["train"]) == 2


def test_same_image_in_two_exports_is_a_fault_that_names_both(tmp_path: Path) -> None:
    ls_set(tmp_path, ls_tasks(), name="one.json")
    ls_set(tmp_path, ls_tasks()[:1], name="two.json")
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
    with pytest.raises(LabelError, match=r"may be images/H1/a.png or images/H2/a.png"):
        images.find("s3://bucket/a.png")


@pytest.mark.parametrize("address", ["http://[bad", "data:image/png;base64,AAAA", "/etc/passwd", "/", "?"])
def test_address_without_an_image_here_is_a_fault_by_task(tmp_path: Path, address: str) -> None:
    ls_set(tmp_path, [ls_task(9, address), *ls_tasks()])
    assert "json: task 9: image " in faults_of(tmp_path)


def test_image_may_stand_under_another_key(tmp_path: Path) -> None:
    found = ls_tasks(ls_result(), data={"note": "left", "photo": "http://x.test/a.png"})
    assert len(frame(opened(ls_set(tmp_path, found))).boxes) == 1


def test_task_without_an_image_or_with_two_is_a_fault(tmp_path: Path) -> None:
    found = [
        *ls_tasks(),
        ls_task(8, "", data={"text": "hi"}),
        ls_task(9, "", data={"l": "a.png", "r": "b.png"}),
    ]
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
    found = ls_tasks()
    found[0]["annotations"] = [
        {"id": 1, "was_cancelled": True, "result": [ls_result(label="wrong")]},
        {"id": 2, "result": [ls_result(label="cone")]},
        {"id": 3, "result": [ls_result(label="late")]},
    ]
    found[0]["predictions"] = [{"result": [ls_result(label="guess")]}]
    index = opened(ls_set(tmp_path, found))
    assert index.classes == ("cone",)
    assert as_lines(index.warnings) == (
        "1 tasks have several annotations, of which the first that is not empty is used, "
        "e.g. project-1-at-2024-05-01.json: task 1",
    )


@pytest.mark.parametrize(
    ("marks", "which"),
    [
        ({"second": True, "third": True}, "the ground truth"),
        ({"cancelled": True}, "the first that is not empty"),
    ],
)
def test_ground_truth_counts_more_than_the_first_annotation_and_an_empty_one_least(
    tmp_path: Path, marks: dict[str, bool], which: str
) -> None:
    found = ls_tasks()
    wrong = "cancelled" not in marks  # of three annotations the second must count in both cases
    found[0]["annotations"] = [
        {"id": 0, "was_cancelled": True, "ground_truth": True, "result": [ls_result(label="cancelled")]},
        {"id": 1, "ground_truth": False, "result": [ls_result(label="first")] if wrong else []},
        {"id": 2, "ground_truth": marks.get("second", False), "result": [ls_result(label="second")]},
        {"id": 3, "ground_truth": marks.get("third", False), "result": [ls_result(label="third")]},
    ]
    index = opened(ls_set(tmp_path, found))
    assert index.classes == ("cone", "second")
    assert [warning.partition(", e.g.")[0] for warning in as_lines(index.warnings)] == [
        f"1 tasks have several annotations, of which {which} is used"
    ]


def test_unlabelled_and_skipped_tasks_are_left_out_but_empty_ones_are_frames(tmp_path: Path) -> None:
    found = ls_tasks()
    found[1]["annotations"] = [{"was_cancelled": True, "result": []}]
    index = opened(ls_set(tmp_path, [ls_task(1, "a.png", ls_result()), *found[1:]]))
    assert [sample.name for sample in index.splits["train"]] == ["images/train/a.png"]
    assert as_lines(index.warnings) == (
        "1 tasks have no annotation and are not used, e.g. that of images/train/b.png",
    )
    empty = opened(ls_set(tmp_path, ls_tasks()))  # task 1 was submitted without regions
    assert frame(empty).boxes.shape == (0, 4)


def test_images_without_a_task_are_counted(tmp_path: Path) -> None:
    ls_set(tmp_path, [ls_tasks()[1], ls_tasks()[2]])
    assert as_lines(opened(tmp_path).warnings) == (
        "1 images stand in no export and are not used, e.g. images/train/a.png",
    )


def test_old_exports_with_completions_are_read(tmp_path: Path) -> None:
    found = ls_tasks(ls_result())
    for task in found:
        task["completions"] = task.pop("annotations")
    assert len(frame(opened(ls_set(tmp_path, found))).boxes) == 1


def test_choices_texts_and_relations_are_passed_over(tmp_path: Path) -> None:
    others = [
        {"id": "c", "type": "choices", "value": {"choices": ["day"]}},
        {"id": "r1", "type": "textarea", "value": {"x": 1, "y": 1, "width": 1, "height": 1, "text": ["hi"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]
    assert len(frame(opened(ls_set(tmp_path, ls_tasks(ls_result(), *others)))).boxes) == 1


def test_json_min_is_read_with_one_entry_for_each_annotation(tmp_path: Path) -> None:
    def flat(number: int, stem: str, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"image": f"/data/upload/1/{stem}.png", "id": number, "label": [*regions], **more}

    size = {"original_width": 8, "original_height": 6}
    box = {"x": 25, "y": 50, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cone"], **size}
    area = {"points": [[0, 0], [50, 0], [50, 100]], "closed": True, "polygonlabels": ["road"], **size}
    entries = [
        flat(1, "a", annotator=3, annotation_id=4),
        flat(1, "a", box, area, choice="day", annotator=1, annotation_id=5),
        flat(1, "a", area, annotator=2, annotation_id=6),
        flat(2, "b", {"choices": ["x", "y"]}, annotator=1, annotation_id=7),
        flat(3, "c", box, annotator=1, annotation_id=8),
    ]
    index = opened(ls_set(tmp_path, entries))
    assert index.classes == ("cone", "road")
    assert_allclose(frame(index).boxes, [[2, 3, 6, 6], [0, 0, 4, 6]])
    assert frame(index, 1).boxes.shape == (0, 4)
    assert "1 tasks have several annotations" in as_lines(index.warnings)[0]


def test_regions_of_labels_and_rectangle_controls_are_read_once(tmp_path: Path) -> None:
    place = {"x": 50, "y": 50, "width": 25, "height": 50, "rotation": 0}
    pair = [
        {"id": "p", "type": "rectangle", "value": place},
        {"id": "p", "type": "labels", "value": place | {"labels": ["cone"]}},
    ]
    nested = opened(ls_set(tmp_path / "nested", ls_tasks(*pair)))
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


def test_classes_txt_gives_the_order_and_refuses_what_it_lacks(tmp_path: Path) -> None:
    root = ls_set(tmp_path, ls_tasks(ls_result()))
    (root / "classes.txt").write_text("sign\ncone\n")
    assert opened(root).classes == ("sign", "cone")
    (root / "classes.txt").write_text("sign\n")
    assert "task 1, result r1: label 'cone' is not in classes.txt (sign)" in faults_of(root)


def test_split_without_outlines_is_refused_for_segmentation(tmp_path: Path) -> None:
    faults = faults_of(ls_set(tmp_path), "segmentation")
    assert "no object is outlined in train (objects found: train 0, val 0)" in faults
    assert "use --task detection" in faults


def test_labels_of_one_image_change_its_digest_and_no_other(tmp_path: Path) -> None:
    before = opened(ls_set(tmp_path, ls_tasks(ls_result()))).splits["train"]
    moved = ls_result(x=10, y=10, width=10, height=10)
    after = opened(ls_set(tmp_path, ls_tasks(moved))).splits["train"]
    assert before[0].key != after[0].key
    assert before[1].key == after[1].key
    assert [path.name for path in before[0].files] == ["a.png"]
