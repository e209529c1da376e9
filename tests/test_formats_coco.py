import json
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.formats.coco.annotations import read_coco
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines, coco_json, coco_object, coco_set, write_image


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def first(root: Path, task: str = "detection") -> Frame:
    return opened(root, task).splits["train"][0].read()


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


def test_boxes_labels_and_classes_are_read(tmp_path: Path) -> None:
    objects = [coco_object(category_id=2), coco_object(bbox=[0, 0, 1.5, 2.5])]
    index = opened(coco_set(tmp_path, train=coco_json(*objects)))
    assert index.classes == ("cone", "car")  # the unused super-category is no class
    assert index.ignore_id is None
    frame = index.splits["train"][0].read()
    assert_allclose(frame.boxes, [[2, 1, 6, 3], [0, 0, 1.5, 2.5]])
    assert frame.labels.tolist() == [1, 0]


def test_super_category_that_is_used_is_a_class(tmp_path: Path) -> None:
    index = opened(coco_set(tmp_path, train=coco_json(coco_object(category_id=0))))
    assert index.classes == ("things", "cone", "car")


def test_unused_class_that_is_nobodys_parent_stays(tmp_path: Path) -> None:
    assert "car" in opened(coco_set(tmp_path)).classes


def test_classes_come_in_order_of_category_id(tmp_path: Path) -> None:
    categories = [{"id": 9, "name": "late"}, {"id": 1, "name": "early"}]
    content = coco_json(coco_object(category_id=9), categories=categories)
    index = opened(coco_set(tmp_path, train=content, valid=content))
    assert index.classes == ("early", "late")
    assert index.splits["train"][0].read().labels.tolist() == [1]


def test_image_without_annotations_is_a_frame_without_objects(tmp_path: Path) -> None:
    write_image(tmp_path / "train" / "1.png")
    images = [{"id": 0, "file_name": "0.png"}, {"id": 1, "file_name": "1.png"}]
    index = opened(coco_set(tmp_path, train=coco_json(images=images)))
    assert index.splits["train"][1].read().boxes.shape == (0, 4)


def test_plain_layout_with_instances_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    for split, folder in (("train2017", "train2017"), ("val2017", "images/val2017")):
        write_image(tmp_path / folder / "0.png", colour=(len(folder), 0, 0))
        (tmp_path / "annotations" / f"instances_{split}.json").write_text(json.dumps(coco_json()))
    index = opened(tmp_path)
    assert index.format == "coco"
    assert [index.splits[split][0].name for split in ("train", "val")] == [
        "train2017/0.png",
        "images/val2017/0.png",
    ]


def test_two_annotation_files_of_one_split_are_refused(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    for year in (2014, 2017):
        (tmp_path / "annotations" / f"instances_train{year}.json").write_text("{}")
    assert (
        "instances_train2014.json and annotations/instances_train2017.json both describe train"
        in faults_of(tmp_path)
    )


def test_crowds_are_no_boxes_and_are_counted(tmp_path: Path) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(), coco_object(iscrowd=1)))
    assert len(first(root).boxes) == 1
    assert as_lines(opened(root).warnings) == ("1 crowd annotations (iscrowd) were left out",)


MASK = {"size": [6, 8], "counts": [13, 2, 33]}
"""Column 2, rows 1 and 2."""

BRUSH = coco_object(segmentation=MASK, bbox=[2, 1, 1, 2], iscrowd=1)


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([BRUSH, BRUSH], id="alone"),
        pytest.param([BRUSH | {"attributes": {"occluded": False}}, coco_object()], id="by CVAT"),
    ],
)
def test_brush_masks_that_are_all_marked_as_crowds_are_objects(tmp_path: Path, objects: list[Any]) -> None:
    index = opened(coco_set(tmp_path, train=coco_json(*objects)))
    frame = index.splits["train"][0].read()
    assert len(frame.boxes) == 2
    assert_allclose(frame.boxes[0], [2, 1, 3, 3])
    n_masks = sum(one["iscrowd"] for one in objects)
    assert as_lines(index.warnings)[0].startswith(
        f"train/_annotations.coco.json: {n_masks} crowds (iscrowd) count as single objects: every mask"
    )


@pytest.mark.parametrize(
    "other", [coco_object(), coco_object(segmentation=MASK)], ids=["outline", "mask that is no crowd"]
)
def test_crowd_among_objects_that_are_told_apart_stays_a_crowd(tmp_path: Path, other: Any) -> None:
    root = coco_set(tmp_path, train=coco_json(BRUSH, other))
    assert len(first(root).boxes) == 1
    assert as_lines(opened(root).warnings) == ("1 crowd annotations (iscrowd) were left out",)


def test_flat_boxes_are_left_out_and_counted(tmp_path: Path) -> None:
    objects = [coco_object(), coco_object(bbox=[1, 1, 0, 4]), coco_object(bbox=[1, 1, 4, -1])]
    root = coco_set(tmp_path, train=coco_json(*objects))
    assert_allclose(first(root).boxes, [[2, 1, 6, 3]])
    flat = "2 boxes without width or height were left out, e.g. object 8 in train/_annotations.coco.json"
    assert as_lines(opened(root).warnings) == (flat,)


def test_boxes_past_the_edge_are_clipped_and_those_outside_left_out(tmp_path: Path) -> None:
    objects = [coco_object(bbox=[-2, 4, 5, 9], category_id=2), coco_object(bbox=[20, 20, 4, 4])]
    frame = first(coco_set(tmp_path, train=coco_json(*objects)))
    assert_allclose(frame.boxes, [[0, 4, 3, 6]])
    assert frame.labels.tolist() == [1]
    assert frame.warnings == ("boxes outside the picture were left out",)


def test_split_without_any_box_is_refused_with_counts(tmp_path: Path) -> None:
    root = coco_set(tmp_path, valid=coco_json(annotations=[]))
    assert "no object is boxed in val (objects found: train 1, val 0)" in faults_of(root)


def test_missing_split_is_refused(tmp_path: Path) -> None:
    root = coco_set(tmp_path)
    (root / "valid" / "_annotations.coco.json").unlink()
    assert "no val split (frames found: train 1)" in faults_of(root)


def test_image_of_another_size_than_its_entry_is_refused(tmp_path: Path) -> None:
    root = coco_set(tmp_path)
    write_image(root / "train" / "0.png", size=(9, 6))
    with pytest.raises(DataError, match=r"train/0.png is 9x6, but its annotation is for 8x6"):
        first(root)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "../secret.png"])
def test_file_name_that_leads_out_of_the_data_set_is_refused(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / "secret.png")
    root = coco_set(
        tmp_path / "set",
        train=coco_json(images=[{"id": 0, "file_name": f"../{name}" if name.startswith("../s") else name}]),
    )
    assert "leads out of the data set" in faults_of(root)


def test_file_name_that_is_a_link_out_of_the_data_set_is_refused(tmp_path: Path) -> None:
    root = coco_set(tmp_path / "set")
    (root / "train" / "0.png").unlink()
    (root / "train" / "0.png").symlink_to(write_image(tmp_path / "secret.png"))
    assert "leads out of the data set" in faults_of(root)


@pytest.mark.parametrize("name", ["1.png", "C:\\0.png", "a\0b", "x" * 300])
def test_file_name_without_a_file_is_refused(tmp_path: Path, name: str) -> None:
    root = coco_set(tmp_path, train=coco_json(images=[{"id": 0, "file_name": name}]))
    assert "train/_annotations.coco.json: image 0: " in faults_of(root)


def test_image_in_two_entries_is_refused(tmp_path: Path) -> None:
    images = [{"id": 0, "file_name": "0.png"}, {"id": 1, "file_name": "0.png"}]
    assert "image 1: train/0.png is in train already" in faults_of(
        coco_set(tmp_path, train=coco_json(images=images))
    )


def test_images_in_no_annotation_file_are_counted(tmp_path: Path) -> None:
    root = coco_set(tmp_path)
    write_image(root / "train" / "more.png")
    assert as_lines(opened(root).warnings) == ("1 images stand in no annotation file, e.g. train/more.png",)


def test_category_with_two_names_is_refused_with_both_files(tmp_path: Path) -> None:
    other = coco_json(categories=[{"id": 1, "name": "kegel"}])
    faults = faults_of(coco_set(tmp_path, valid=other))
    assert "category 1 is called 'cone' in train/_annotations.coco.json" in faults
    assert "'kegel' in valid/_annotations.coco.json; use one name" in faults


def test_class_with_two_ids_is_refused(tmp_path: Path) -> None:
    other = coco_json(coco_object(category_id=4), categories=[{"id": 4, "name": "cone"}])
    assert "category 'cone' has id 1 in train" in faults_of(coco_set(tmp_path, valid=other))


def test_whole_numbers_may_be_written_as_floats(tmp_path: Path) -> None:
    image = {"id": 3.0, "file_name": "0.png", "width": 8.0, "height": 6.0}
    floats = coco_json(coco_object(image_id=3, category_id=1.0), images=[image])
    index = opened(coco_set(tmp_path, train=floats))
    assert index.splits["train"][0].read().boxes.tolist() == [[2, 1, 6, 3]]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"images": [{"id": 0, "file_name": "0.png", "width": 8.5, "height": 6}]}, "image 0: width"),
        ({"images": None}, "images is missing or not a list"),
        ({"categories": [{"id": 1, "name": 7}]}, "category 1: name is 7, not a text"),
    ],
)
def test_faulty_entry_is_one_fault_and_its_objects_are_none(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(coco_json(coco_object(), coco_object(), **changes)))
    _, faults = read_coco(path, root=tmp_path)
    assert len(faults) == 1
    assert str(faults[0]).startswith(f"a.json: {fault}")


def test_category_lists_that_do_not_contradict_are_united(tmp_path: Path) -> None:
    other = coco_json(categories=[{"id": 1, "name": "cone"}, {"id": 3, "name": "sign"}])
    assert opened(coco_set(tmp_path, valid=other)).classes == ("cone", "car", "sign")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n "images": [,]}', "train/_annotations.coco.json:2:13: not valid JSON"),
        (
            '{"images": [],\n\n "NaN": "NaN", "a": NaN}',
            "train/_annotations.coco.json:3:21: NaN is not a number",
        ),
        ('{"a": -Infinity}', "train/_annotations.coco.json:1:7: -Infinity is not a number"),
        ("[" * 200_000, "train/_annotations.coco.json: nested too deeply"),
        ("[]", "must be an object with images"),
        ("{}", "images is missing or not a list"),
    ],
)
def test_faulty_json_is_refused_by_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults_of(coco_set(tmp_path, train=text))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bbox": [0, 0, 1]}, "object 7: bbox has 3 numbers"),
        ({"bbox": None, "segmentation": None}, "object 7: bbox is missing"),
        ({"bbox": [0, 0, 1, "2"]}, "object 7: bbox holds '2'"),
        ({"image_id": 5}, "object 7: image_id 5 is not among the images"),
        ({"category_id": 5}, "object 7: category_id 5 is not in categories"),
        ({"category_id": "1"}, "object 7: category_id is '1', not a whole number"),
        ({"segmentation": [[0, 0, 1, 1, 2]]}, "object 7: a polygon has an odd number of coordinates"),
        ({"segmentation": "yes"}, "object 7: segmentation is neither"),
    ],
)
def test_faulty_object_is_refused_by_id(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(**changes)))
    assert f"train/_annotations.coco.json: {said}" in faults_of(root)


def test_number_beyond_the_range_of_floats_is_refused_by_object(tmp_path: Path) -> None:
    text = json.dumps(coco_json()).replace("[2, 1, 4, 2]", "[2, 1, 1e999, 2]")
    assert "object 7: bbox holds inf, not a finite number" in faults_of(coco_set(tmp_path, train=text))


def test_two_images_of_one_id_are_refused(tmp_path: Path) -> None:
    images = [{"id": 0, "file_name": "0.png"}, {"id": 0, "file_name": "1.png"}]
    assert "image 0: '0.png' and '1.png' have the same id; give each its own" in faults_of(
        coco_set(tmp_path, train=coco_json(images=images))
    )


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert len(first(coco_set(tmp_path, train="\ufeff" + json.dumps(coco_json()))).boxes) == 1


def test_key_of_a_sample_follows_its_own_annotations_only(tmp_path: Path) -> None:
    write_image(tmp_path / "train" / "1.png", colour=(5, 5, 5))
    images = [{"id": 0, "file_name": "0.png"}, {"id": 1, "file_name": "1.png"}]

    def keys(second_box: list[int]) -> list[str]:
        objects = [coco_object(), coco_object(image_id=1, bbox=second_box)]
        root = coco_set(tmp_path, train=coco_json(*objects, images=images))
        return [sample.key for sample in opened(root).splits["train"]]

    before, after = keys([1, 1, 2, 2]), keys([1, 1, 2, 3])
    assert before[0] == after[0]
    assert before[1] != after[1]


def undivided_coco(root: Path, file: str = "annotations/instances_default.json") -> Path:
    """Two frames described by one file."""
    images = [{"id": number, "file_name": f"{number}.png"} for number in range(2)]
    objects = [coco_object(id=number, image_id=number) for number in range(2)]
    for number in range(2):
        write_image(root / "images" / f"{number}.png", colour=(number, 0, 0))
    path = root / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(coco_json(*objects, images=images)))
    return root


@pytest.mark.parametrize(
    "file", ["annotations/instances_default.json", "result.json", "_annotations.coco.json"]
)
def test_one_file_for_all_frames_is_an_undivided_set(tmp_path: Path, file: str) -> None:
    index = scan_data(str(undivided_coco(tmp_path, file)), "detection")
    assert index.format == "coco"
    assert {split: len(samples) for split, samples in index.splits.items()} == {"all": 2}
    assert "sweep data split" in as_lines(index.faults)[0]


def test_two_files_that_may_describe_all_frames_are_refused(tmp_path: Path) -> None:
    undivided_coco(tmp_path, "result.json")
    assert "keep one of them" in faults_of(undivided_coco(tmp_path))


def test_split_lists_divide_an_undivided_set(tmp_path: Path) -> None:
    undivided_coco(tmp_path)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("images/1.png\n")
    (tmp_path / "splits" / "val.txt").write_text("images/0.png\n")
    index = opened(tmp_path)
    assert [index.splits[split][0].name for split in ("train", "val")] == ["images/1.png", "images/0.png"]


def test_split_lists_count_more_than_the_folders_of_the_splits(tmp_path: Path) -> None:
    coco_set(tmp_path)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("valid/0.png\n")
    (tmp_path / "splits" / "val.txt").write_text("train/0.png\n")
    assert [opened(tmp_path).splits[split][0].name for split in ("train", "val")] == [
        "valid/0.png",
        "train/0.png",
    ]


def test_frame_in_two_split_lists_is_refused(tmp_path: Path) -> None:
    coco_set(tmp_path)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("valid/0.png\n")
    (tmp_path / "splits" / "val.txt").write_text("train/0.png\nvalid/0.png\n")
    assert "valid/0.png is in train and in val" in faults_of(tmp_path)


@pytest.mark.parametrize("segmentation", ["polygon", "runs"])
def test_object_without_a_box_has_that_of_its_outline(tmp_path: Path, segmentation: str) -> None:
    # Columns of 6 pixels: two empty ones and a pixel, then two set ones in four columns.
    runs = {"size": [6, 8], "counts": [13, 2, 4, 2, 4, 2, 4, 2, 15]}
    region = {"polygon": [[2, 1, 6, 1, 6, 3, 2, 3]], "runs": runs}[segmentation]
    bare = {key: value for key, value in coco_object(segmentation=region).items() if key != "bbox"}
    assert_allclose(first(coco_set(tmp_path, train=coco_json(bare))).boxes, [[2, 1, 6, 3]])


@pytest.mark.parametrize("region", [[], [[]], None])
def test_object_with_an_empty_outline_is_a_box(tmp_path: Path, region: object) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=region)))
    assert_allclose(first(root).boxes, [[2, 1, 6, 3]])


def test_annotations_of_one_id_are_counted(tmp_path: Path) -> None:
    index = opened(coco_set(tmp_path, train=coco_json(annotations=[coco_object(), coco_object()])))
    assert as_lines(index.warnings) == (
        "train/_annotations.coco.json: 1 annotations have the id of another one",
    )
    assert len(index.splits["train"][0].read().boxes) == 2


def test_key_of_a_whole_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    text = json.dumps(coco_json()).replace("[2, 1, 4, 2]", f"[2, 1, 1{'0' * 4000}, 2]")
    assert "a number out of range" in faults_of(coco_set(tmp_path, train=text))


def test_half_a_character_in_a_class_name_is_refused(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "c\ud800ne"}]
    assert "holds half a character" in faults_of(coco_set(tmp_path, train=coco_json(categories=categories)))


def one_file(root: Path, json_name: str, images: dict[str, str]) -> Path:
    """One annotation file for images: file names as it writes them, by where the images lie."""
    for number, name in enumerate(images):
        write_image(root / name, colour=(number, 7, 7))
    entries = [{"id": number, "file_name": said} for number, said in enumerate(images.values())]
    objects = [coco_object(image_id=number) for number in range(len(images))]
    (root / json_name).parent.mkdir(parents=True, exist_ok=True)
    (root / json_name).write_text(json.dumps(coco_json(*objects, images=entries)))
    return root


def names_by_split(root: Path) -> dict[str, list[str]]:
    splits = scan_data(str(root), "detection").splits
    return {split: [sample.name for sample in samples] for split, samples in splits.items()}


@pytest.mark.parametrize(
    ("json_name", "place", "said"),
    [
        ("annotations.json", "images/a.png", "a.png"),
        ("annotations.json", "JPEGImages/a.png", "JPEGImages\\a.png"),
        ("result.json", "images/1a2b-a.png", "images/1a2b-a.png"),
        ("my export.json", "images/a.png", "..\\images\\a.png"),
        ("set/labels.json", "set/images/a.png", "a.png"),
        ("annotations/instances_default.json", "images/default/a.png", "a.png"),
        ("annotations/all.json", "frames/H1/a.png", "H1/a.png"),
        ("labels.json", "images/a.png", "C:\\me\\images\\a.png"),
        ("labels.json", "images/a.png", "/home/me/set/images/a.png"),
        ("labels.json", "images/a\u0308.png", "images/\u00e4.png"),
    ],
)
def test_any_coco_file_finds_its_images(tmp_path: Path, json_name: str, place: str, said: str) -> None:
    root = one_file(tmp_path, json_name, {place: said})
    if place.startswith("frames"):
        (root / "frames").rename(root / "images")
        place = place.replace("frames", "images")
    assert names_by_split(root) == {"all": [place]}


def test_one_file_is_divided_by_the_folders_of_its_images(tmp_path: Path) -> None:
    root = one_file(
        tmp_path, "all.json", {"images/train/a.png": "train/a.png", "images/val/a.png": "val/a.png"}
    )
    assert names_by_split(root) == {"train": ["images/train/a.png"], "val": ["images/val/a.png"]}


@pytest.mark.parametrize("pattern", ["{}.json", "annotations/{}.json", "coco_{}_v2.json", "{}2017.json"])
def test_files_of_splits_are_told_by_their_names(tmp_path: Path, pattern: str) -> None:
    for split, spelling in (("train", "train"), ("val", "valid")):
        one_file(tmp_path, pattern.format(spelling), {f"images/{split}.png": f"{split}.png"})
    assert names_by_split(tmp_path) == {"train": ["images/train.png"], "val": ["images/val.png"]}


def test_file_for_all_frames_beside_those_of_the_splits_is_left_out_with_a_warning(tmp_path: Path) -> None:
    for name in ("train", "val", "all"):
        one_file(tmp_path, f"{name}.json", {f"images/{name}.png": f"{name}.png"})
    index = opened(tmp_path)
    assert (
        as_lines(index.warnings)[0] == "all.json is for no split and is not used; the files of the splits are"
    )


def test_parts_with_a_file_each_are_one_set(tmp_path: Path) -> None:
    for drive in ("H1", "H2"):
        one_file(tmp_path, f"{drive}/annotations.json", {f"{drive}/a.png": "a.png"})
    assert names_by_split(tmp_path) == {"all": ["H1/a.png", "H2/a.png"]}


@pytest.mark.parametrize(
    "content", [{"shapes": [], "imagePath": "a.png", "images": []}, [{"images": []}], {"images": 3}, {}]
)
def test_other_json_files_are_no_annotations(tmp_path: Path, content: object) -> None:
    write_image(tmp_path / "images" / "a.png")
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="no known layout"):
        opened(tmp_path)
