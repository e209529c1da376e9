from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines, write_image, yolo_set


def opened(root: Path) -> DataIndex:
    return open_data(str(root), "detection")


def frame(index: DataIndex, number: int = 0, split: str = "train") -> Frame:
    return index.splits[split][number].read()


def faults_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        opened(root)
    return str(caught.value)


def test_boxes_are_pixels_of_the_picture(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path))  # pictures are 8 wide and 6 high
    assert index.classes == ("cone", "car")
    assert_allclose(frame(index).boxes, [[2, 1.5, 6, 4.5]])
    assert_allclose(frame(index, 1).boxes, [[3, 1.5, 5, 4.5]])
    assert frame(index, 1).labels.tolist() == [1]
    assert frame(index).boxes.dtype == np.float32
    assert frame(index).labels.dtype == np.int64
    assert frame(index).mask is None


def test_several_objects_keep_the_order_of_lines(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path, lines={"train/a": "1 .5 .5 .5 .5\n\n0 .25 .5 .5 1"}))
    assert frame(index).labels.tolist() == [1, 0]
    assert_allclose(frame(index).boxes[1], [0, 0, 4, 6])


def test_empty_label_file_is_a_frame_without_objects(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path, lines={"train/a": ""}))
    assert frame(index).boxes.shape == (0, 4)
    assert index.warnings == ()


def test_image_without_a_label_file_is_counted_and_has_no_objects(tmp_path: Path) -> None:
    yolo_set(tmp_path)
    (tmp_path / "labels" / "train" / "a.txt").unlink()
    index = opened(tmp_path)
    assert frame(index).boxes.shape == (0, 4)
    assert as_lines(index.warnings) == (
        "1 images have no label file and count as images without objects, e.g. images/train/a.png",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.5", "4 columns instead of 5"),
        ("0 .1 .1 .9 .1 .9", "6 columns look like class cx cy w h confidence"),
        ("0 .1 .1 .9 .1 9", "6 columns instead of 5; write class cx cy w h, or class and x y of at least"),
        ("9999999 .1 .1 .1 .1", "class '9999999' is not a whole number"),
        ("0 .1 .1 .9 .1 .9 .9 .1", "8 columns instead of 5"),
        ("x 0.5 0.5 0.5 0.5", "class 'x' is not a whole number from 0 on; write the id of the class"),
        ("-1 0.5 0.5 0.5 0.5", "class '-1' is not a whole number"),
        ("0.0 0.5 0.5 0.5 0.5", "class '0.0' is not a whole number from 0 on; write 0"),
        ("12.000 0.5 0.5 0.5 0.5", "class '12.000' is not a whole number from 0 on; write 12"),
        ("2 0.5 0.5 0.5 0.5", "class 2 is out of range; 2 classes are named, ids 0 to 1"),
        ("0 0,5 0.5 0.5 0.5", "'0,5' is not a number"),
        ("0 nan 0.5 0.5 0.5", "nan is not a finite number"),
        ("0 0.5 0.5 inf 0.5", "inf is not a finite number"),
        ("0 320 0.5 0.5 0.5", "320 is above 1 and looks like pixels"),
        ("0 0.5 1.002 0.5 0.5", "1.002 is above 1 and looks like pixels"),
        ("0 -0.2 0.5 0.5 0.5", "-0.2 is below 0"),
    ],
)
def test_faulty_line_is_refused_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    yolo_set(tmp_path, lines={"train/b": f"0 .5 .5 .5 .5\n{line}"})
    assert f"labels/train/b.txt:2: {said}" in faults_of(tmp_path)


def test_faults_of_all_files_are_shown_at_once(tmp_path: Path) -> None:
    faults = faults_of(yolo_set(tmp_path, lines={"train/a": "x", "train/b": "9 .5 .5 .5 .5", "val/c": "0"}))
    assert "3 faults" in faults


def test_a_share_that_rounding_pushed_past_1_is_accepted_and_clipped(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path, lines={"train/a": "0 1.0005 0.5 0.5 0.5"}))
    assert_allclose(frame(index).boxes, [[6.004, 1.5, 8, 4.5]], atol=1e-3)


def test_boxes_past_the_edge_are_clipped(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path, lines={"train/a": "0 0.0 0.5 0.5 2e-1"}))
    assert_allclose(frame(index).boxes, [[0, 2.4, 2, 3.6]], atol=1e-5)


def test_flat_boxes_are_left_out_and_counted(tmp_path: Path) -> None:
    index = opened(yolo_set(tmp_path, lines={"train/a": "0 .5 .5 0 .5\n0 .5 .5 .5 .5\n1 .5 .5 .5 0"}))
    assert frame(index).labels.tolist() == [0]
    assert as_lines(index.warnings) == ("2 boxes without width or height were left out",)


def test_split_without_any_object_is_refused_with_counts(tmp_path: Path) -> None:
    yolo_set(tmp_path, lines={"train/a": "", "train/b": ""})
    assert "no object is labelled in train (objects found: train 0, val 1)" in faults_of(tmp_path)


def test_class_file_in_the_label_folder_is_no_label(tmp_path: Path) -> None:
    yolo_set(tmp_path)
    (tmp_path / "classes.txt").rename(tmp_path / "labels" / "classes.txt")
    index = opened(tmp_path)
    assert index.classes == ("cone", "car")
    assert index.warnings == ()


def test_without_class_names_the_ids_found_are_numbered_with_a_warning(tmp_path: Path) -> None:
    yolo_set(tmp_path, lines={"train/a": "3 .5 .5 .5 .5"})
    (tmp_path / "classes.txt").unlink()
    index = opened(tmp_path)
    assert index.classes == ("class_0", "class_1", "class_2", "class_3")
    assert "class_0 to class_3" in as_lines(index.warnings)[0]


def described(root: Path, text: str) -> Path:
    yolo_set(root)
    (root / "classes.txt").unlink()
    (root / "data.yaml").write_text(text)
    return root


@pytest.mark.parametrize(
    "names", ["names: [Kegel, Auto]", "names:\n  0: Kegel\n  1: Auto\n", "nc: 2\nnames: ['Kegel', Auto]"]
)
def test_class_names_may_stand_in_data_yaml(tmp_path: Path, names: str) -> None:
    assert opened(described(tmp_path, names)).classes == ("Kegel", "Auto")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [a, a]", "a class stands twice"),
        ("names: {0: a, 2: b}", "must run from 0 without a gap"),
        ("names: cone", "must be a list of class names"),
        ("names: [a", "data.yaml:1:10: not valid YAML"),
        ("- a", "must hold keys"),
        ("names: [a, b]\nnc: 3", "data.yaml: nc is 3, but names has 2 classes"),
        ("names: {0: a, x: b}", "must run from 0 without a gap"),
        ("names: [[a]]", "must be a list of class names"),
        ("names: &a [x]\nother: *a", "data.yaml:1:8: not valid YAML: anchors and aliases (a) are not read"),
        ("names: [!!str x]", "data.yaml:1:9: not valid YAML: tags"),
        ("names: [a]\nnames: [b]", "the key 'names' stands twice"),
        ("names: [a, b]\ntrain: {a: b}", "train must be a folder, a list (.txt), or several"),
        ("? [a]\n: b", "a key is a list or a table"),
        ("{" * 5000, "nested too deeply"),
        ("names: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_faulty_data_yaml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults_of(described(tmp_path, text))


@pytest.mark.parametrize("base", ["", "path: .\n", "path: /somewhere/else\n"])
@pytest.mark.parametrize("up", ["", "../"])
def test_paths_in_data_yaml_lead_to_the_frames(tmp_path: Path, base: str, up: str) -> None:
    for split, folder in (("train", "t1"), ("val", "v1")):
        write_image(tmp_path / folder / "images" / "0.png", colour=(len(split), 0, 0))
        (tmp_path / folder / "labels").mkdir()
        (tmp_path / folder / "labels" / "0.txt").write_text("0 .5 .5 .5 .5\n")
    (tmp_path / "data.yaml").write_text(f"{base}train: {up}t1/images\nval: {up}v1\nnames: [cone]\n")
    index = opened(tmp_path)
    assert [sample.name for sample in index.splits["val"]] == ["v1/images/0.png"]
    assert len(frame(index).boxes) == 1


def test_paths_out_of_the_data_set_are_not_followed(tmp_path: Path) -> None:
    yolo_set(tmp_path / "other")
    root = described(
        tmp_path / "set", f"train: {tmp_path}/other/images/train\nval: ../other/images/val\nnames: [a, b]\n"
    )
    assert [sample.name for sample in opened(root).splits["val"]] == ["images/val/c.png"]
    assert all(
        path.is_relative_to(root)
        for kept in opened(root).splits.values()
        for one in kept
        for path in one.files
    )


def test_same_folder_for_train_and_val_is_refused(tmp_path: Path) -> None:
    faults = faults_of(described(tmp_path, "train: images/train\nval: images/train\nnames: [a, b]\n"))
    assert "images/train/a.png is in train and in val" in faults


def test_digest_files_are_image_and_label(tmp_path: Path) -> None:
    sample = opened(yolo_set(tmp_path)).splits["train"][0]
    assert [path.name for path in sample.files] == ["a.png", "a.txt"]


def test_outlines_are_painted_for_segmentation_and_boxed_for_detection(tmp_path: Path) -> None:
    # A triangle over the left half of the 8x6 picture: x 0 to 4, y 0 to 6.
    lines = dict.fromkeys(("train/a", "train/b", "val/c"), "1 0 0 0.5 0 0.5 1 0 1")
    root = yolo_set(tmp_path, lines=lines)
    masked = open_data(str(root), "segmentation")
    assert masked.classes == ("background", "cone", "car")
    mask = masked.splits["val"][0].read().mask
    assert mask is not None
    assert (mask[:, :4] == 2).all()
    assert (mask[:, 4:] == 0).all()
    boxed = frame(opened(root))
    np.testing.assert_allclose(boxed.boxes, [[0, 0, 4, 6]])
    assert boxed.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("shape", "keypoints"),
    [("[3, 2]", ".1 .1 .9 .1 .9 .9"), ("[3, 3]", ".1 .1 2 .9 .1 1 0 0 0"), ("[2, 3]", ".1 .1 2 .9 .1 1")],
)
def test_keypoints_of_pose_labels_are_left_out_and_are_no_outline(
    tmp_path: Path, shape: str, keypoints: str
) -> None:
    line = f"0 .5 .5 .5 .5 {keypoints}"
    root = yolo_set(tmp_path, lines={"train/a": line, "val/c": f"{line}\n0 .5 .5 .5 .5"})
    (root / "data.yaml").write_text(f"names: [cone, car]\nkpt_shape: {shape}\n")
    index = opened(root)
    assert_allclose(frame(index).boxes, [[2, 1.5, 6, 4.5]])
    said = "2 objects have keypoints (kpt_shape), which are not used: their boxes are"
    assert as_lines(index.warnings) == (said,)
    with pytest.raises(DataError, match="no object is outlined in train"):
        open_data(str(root), "segmentation")


def test_split_lists_count_more_than_the_folders_of_data_yaml(tmp_path: Path) -> None:
    yolo_set(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [cone, car]\ntrain: images/train\nval: images/val\n")
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("images/val/c.png\n")
    (tmp_path / "splits" / "val.txt").write_text("images/train/a.png\n")
    splits = open_data(str(tmp_path), "detection").splits
    assert [splits[split][0].name for split in ("train", "val")] == ["images/val/c.png", "images/train/a.png"]


def label(root: Path, image: str, text: str | None = None, *, labels: str | None = None) -> None:
    """Write an image with a cone, its label beside it unless a place is given."""
    write_image(root / image, colour=(len(image), sum(map(ord, image)) % 256, 3))
    path = (root / (labels or image)).with_suffix(".txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or "0 .5 .5 .5 .5\n")


def names_by_split(root: Path) -> dict[str, list[str]]:
    splits = scan_data(str(root), "detection").splits
    assert all(len(sample.read().boxes) == 1 for kept in splits.values() for sample in kept)
    return {split: [sample.name for sample in kept] for split, kept in splits.items()}


def test_class_names_that_yaml_takes_for_other_kinds_stay_as_written(tmp_path: Path) -> None:
    assert opened(described(tmp_path, "names: [no, 30]")).classes == ("no", "30")


def test_class_file_that_contradicts_data_yaml_is_warned_of(tmp_path: Path) -> None:
    yolo_set(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [Kegel, Auto]")
    index = opened(tmp_path)
    assert index.classes == ("Kegel", "Auto")
    assert as_lines(index.warnings) == ("classes.txt names other classes than data.yaml, which counts",)


@pytest.mark.parametrize(
    "places",
    [
        "train: lists/t.txt\nval: [lists/v.txt]",
        "path: ../datasets/mine\ntrain: [a, b]\nval: c",
        "path: data\ntrain:\n- a\n- data/b/\nval: ./c",
        "train: /home/me/mine/lists/t.txt\nval: C:\\mine\\c",
    ],
)
def test_data_yaml_may_name_folders_and_lists_also_several(tmp_path: Path, places: str) -> None:
    for name in ("a/0.png", "b/1.png", "c/2.png"):
        label(tmp_path, name)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "t.txt").write_text("./a/0.png\nb/1.png\n")
    (tmp_path / "lists" / "v.txt").write_text("/home/me/mine/c/2.png\n")
    (tmp_path / "data.yaml").write_text(f"{places}\nnames: [cone]\n")
    assert names_by_split(tmp_path) == {"train": ["a/0.png", "b/1.png"], "val": ["c/2.png"]}


def test_places_of_data_yaml_that_are_not_there_are_warned_of(tmp_path: Path) -> None:
    index = opened(described(tmp_path, "train: nowhere\nval: images/val\nnames: [a, b]"))
    assert as_lines(index.warnings)[0] == (
        "data.yaml: train: 'nowhere' is not in the data set; lists and the usual folders divide the frames"
    )
    assert len(index.splits["train"]) == 2


def roboflow_export(root: Path, *splits: str) -> Path:
    """With a `data.yaml` that names all three splits whether they are there or not, as Roboflow writes it."""
    for split in splits:
        write_image(root / split / "images" / "0.png", colour=(len(split), 0, 0))
        (root / split / "labels").mkdir()
        (root / split / "labels" / "0.txt").write_text("0 .5 .5 .5 .5\n")
    places = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    (root / "data.yaml").write_text(f"{places}names: [cone]\n")
    return root


def test_export_of_roboflow_without_the_test_split_that_data_yaml_names_is_read(tmp_path: Path) -> None:
    index = opened(roboflow_export(tmp_path, "train", "valid"))
    assert {split: len(kept) for split, kept in index.splits.items()} == {"train": 1, "val": 1}
    said = "data.yaml: test: '../test/images' is not in the data set; what was found is used"
    assert as_lines(index.warnings) == (said,)


def test_export_of_roboflow_with_train_alone_has_no_empty_split(tmp_path: Path) -> None:
    index = scan_data(str(roboflow_export(tmp_path, "train")), "detection")
    assert {split: len(kept) for split, kept in index.splits.items()} == {"train": 1}
    assert [fault.partition(" (")[0] for fault in as_lines(index.faults)] == ["no val split"]


def test_set_of_darknet_with_labels_beside_the_images_is_read(tmp_path: Path) -> None:
    for name in ("obj/0.png", "obj/1.png"):
        label(tmp_path, name)
    (tmp_path / "obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = x\n"
    )
    (tmp_path / "obj.names").write_text("cone\nblue car\n")
    (tmp_path / "train.txt").write_text("data/obj/0.png\n")
    (tmp_path / "valid.txt").write_text("data/obj/1.png\n")
    assert names_by_split(tmp_path) == {"train": ["obj/0.png"], "val": ["obj/1.png"]}
    assert opened(tmp_path).classes == ("cone", "blue car")


def test_export_of_cvat_with_one_list_is_an_undivided_set(tmp_path: Path) -> None:
    label(tmp_path, "obj_train_data/0.png")
    (tmp_path / "obj.data").write_text("classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n")
    (tmp_path / "obj.names").write_text("cone\n")
    (tmp_path / "train.txt").write_text("data/obj_train_data/0.png\n")
    assert names_by_split(tmp_path) == {"all": ["obj_train_data/0.png"]}


def test_class_count_of_darknet_that_contradicts_its_names_is_refused(tmp_path: Path) -> None:
    label(tmp_path, "obj/0.png")
    (tmp_path / "obj.data").write_text("classes = 3\nnames = obj.names\n")
    (tmp_path / "obj.names").write_text("cone\n")
    assert "obj.data: classes is 3, but names has 1 classes" in faults_of(tmp_path)


def test_export_of_roboflow_for_darknet_has_its_classes_beside_the_images(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        label(tmp_path, f"{split}/a_{split}.png")
        (tmp_path / split / "_darknet.labels").write_text("cone\ncar\n")
    assert names_by_split(tmp_path) == {"train": ["train/a_train.png"], "val": ["valid/a_valid.png"]}
    assert opened(tmp_path).classes == ("cone", "car")


def test_drives_with_labels_below_labels_detection_are_read(tmp_path: Path) -> None:
    for drive in ("H1", "H2"):
        label(tmp_path, f"{drive}/000.png", labels=f"labels/detection/{drive}/000")
    (tmp_path / "labels" / "detection" / "classes.txt").write_text("0 cone\n1 car\n")
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("H1/000.png\n")
    (tmp_path / "splits" / "val.txt").write_text("H2/000.png\n")
    assert names_by_split(tmp_path) == {"train": ["H1/000.png"], "val": ["H2/000.png"]}
    assert opened(tmp_path).classes == ("cone", "car")


def test_outline_of_a_ring_that_a_bridge_closes_is_painted_with_its_hole(tmp_path: Path) -> None:
    # The whole picture of 8x6 but for the pixels x 2 to 5, y 2 to 3; the bridge runs from (0, 0) to (2, 2).
    outer, inner = [(0, 0), (8, 0), (8, 6), (0, 6), (0, 0)], [(2, 2), (2, 4), (6, 4), (6, 2), (2, 2)]
    ring = " ".join(f"{x / 8} {y / 6:.6f}" for x, y in [*outer, *inner])
    root = yolo_set(tmp_path, lines=dict.fromkeys(("train/a", "train/b", "val/c"), f"0 {ring}"))
    mask = open_data(str(root), "segmentation").splits["val"][0].read().mask
    expected = np.ones((6, 8), int)
    expected[2:4, 2:6] = 0
    assert mask is not None
    assert mask.tolist() == expected.tolist()


def test_label_file_in_another_encoding_hides_no_fault_of_the_others(tmp_path: Path) -> None:
    yolo_set(tmp_path, lines={"train/b": "0 2 0.5 0.5 0.5"})
    (tmp_path / "labels" / "train" / "a.txt").write_text("0 0.5 0.5 0.5 0.5", encoding="utf-16")
    said = faults_of(tmp_path)
    assert "labels/train/a.txt: cannot be read as UTF-8 text" in said
    assert "labels/train/b.txt:1: 2 is above 1 and looks like pixels" in said


@pytest.mark.parametrize("missing", ["val", "train and val"])
def test_missing_labels_are_wanted_where_they_would_be_found(tmp_path: Path, missing: str) -> None:
    yolo_set(tmp_path)
    for split in missing.split(" and "):
        for path in (tmp_path / "labels" / split).glob("*.txt"):
            path.unlink()
    (tmp_path / "data.yaml").write_text("names: [cone, car]\ntrain: images/train\nval: images/val\n")
    said = faults_of(tmp_path)
    place = said.partition("each image needs a label file of its name, e.g. ")[2].split("\n")[0]
    assert place == {"val": "labels/val/c.txt", "train and val": "labels/train/a.txt"}[missing]
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("0 0.5 0.5 0.5 0.5")
    stem = path.stem
    read = {one.name: one for kept in scan_data(str(tmp_path), "detection").splits.values() for one in kept}
    assert len(next(one for name, one in read.items() if Path(name).stem == stem).read().labels) == 1
