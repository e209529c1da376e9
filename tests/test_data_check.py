"""`sweep data check`: each rule on a set that the test breaks, the command line, the real sets."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats.decoding import decoded_once, read_image
from rccar_models.inspection.alike import levels_apart
from rccar_models.inspection.checking import Checked, check_data
from rccar_models.inspection.findings import Finding
from sweep.api.data import check_data as api_check
from tests.data_folders import (
    coco_json,
    coco_object,
    coco_set,
    labelme_json,
    labelme_set,
    labelme_shape,
    ls_result,
    ls_set,
    ls_task,
    mask_set,
    write_image,
    write_mask,
    yolo_set,
)

Cli = Callable[..., "object"]


def found(root: Path, rule: str, **options: str) -> list[Finding]:
    return [one for one in check_data(str(root), **options).findings if one.rule == rule]  # type: ignore[arg-type]


def only(root: Path, rule: str) -> Finding:
    findings = found(root, rule)
    assert len(findings) == 1, findings
    return findings[0]


def noise(seed: int, *, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A picture of 6x8 coloured patches that looks like no other."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(patches).resize(size, Image.Resampling.BILINEAR))


def drive_set(root: Path, pictures: dict[str, np.ndarray]) -> Path:
    """A YOLO set of these pictures, a cone in each; names are below images/."""
    for name, picture in pictures.items():
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        label = (root / "labels" / name).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("0 0.5 0.5 0.5 0.5\n")
    (root / "classes.txt").write_text("cone\n")
    return root


def test_truncated_image_is_an_error_with_its_file(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    path = root / "images" / "train" / "a.png"
    path.write_bytes(path.read_bytes()[:45])
    fault = only(root, "unreadable-image")
    assert fault.is_error
    assert fault.file == "images/train/a.png"


def test_exif_rotation_is_a_warning(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 6), (1, 2, 3)).save(root / "images" / "train" / "a.png", exif=exif)
    fault = only(root, "exif-rotation")
    assert not fault.is_error
    assert fault.file == "images/train/a.png"


def test_image_without_label_and_label_without_image_are_warnings(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    write_image(root / "images" / "train" / "bare.png", colour=(200, 0, 0))
    (root / "labels" / "train" / "lost.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert only(root, "image-without-label") == Finding(
        "image-without-label",
        False,
        "no label file, so it counts as empty; label it",
        "images/train/bare.png",
    )
    lost = only(root, "label-without-image")
    assert (lost.file, lost.is_error) == ("labels/train/lost.txt", False)


def test_label_of_a_picture_in_a_format_that_is_not_read_is_not_to_be_removed(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    (root / "labels" / "train" / "new.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (root / "images" / "train" / "new.heic").write_bytes(b"from a phone")
    said = "pictures that end in .heic are not read; save images/train/new.heic as .png or .jpg"
    assert only(root, "label-without-image").text == said


def test_set_whose_labels_match_no_image_is_an_error(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for path in (root / "masks" / "val").iterdir():
        path.rename(path.with_stem(f"other{path.stem}"))
    assert any(fault.is_error for fault in found(root, "image-without-label"))


def test_mask_of_another_size_is_an_error(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    write_mask(root / "masks" / "train" / "0.png", size=(7, 6))
    fault = only(root, "size-mismatch")
    assert fault.is_error
    assert "7x6" in fault.text + fault.file


def test_class_id_beyond_the_named_ones_is_an_error_with_file_and_line(tmp_path: Path) -> None:
    fault = only(yolo_set(tmp_path, lines={"train/a": "0 .5 .5 .5 .5\n7 .5 .5 .5 .5"}), "class-out-of-range")
    assert (fault.is_error, fault.file, fault.line) == (True, "labels/train/a.txt", 2)


def test_category_that_nothing_names_is_an_error_with_its_object(tmp_path: Path) -> None:
    fault = only(coco_set(tmp_path, train=coco_json(coco_object(category_id=9))), "unknown-class")
    assert (fault.is_error, fault.file, fault.object) == (True, "train/_annotations.coco.json", "object 7")


def test_class_without_a_label_is_a_warning(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    (root / "classes.txt").write_text("cone\ncar\ncat\n")
    fault = only(root, "unused-class")
    assert not fault.is_error
    assert "'cat' (id 2)" in fault.text


def test_class_absent_from_val_is_a_warning(tmp_path: Path) -> None:
    fault = only(yolo_set(tmp_path), "absent-class")
    assert not fault.is_error
    assert "'car' (id 1) has no label in val" in fault.text


def test_box_without_width_is_a_warning_with_file_and_line(tmp_path: Path) -> None:
    fault = only(yolo_set(tmp_path, lines={"train/a": "0 .5 .5 .5 .5\n0 .5 .5 0 .5"}), "flat-box")
    assert (fault.is_error, fault.file, fault.line) == (False, "labels/train/a.txt", 2)


def test_box_over_the_edge_is_a_warning_and_one_outside_is_an_error(tmp_path: Path) -> None:
    over, outside = coco_object(id=1, bbox=[5, 1, 6, 2]), coco_object(id=2, bbox=[20, 1, 4, 2])
    root = coco_set(tmp_path, train=coco_json(annotations=[over, outside]))
    partly = only(root, "box-partly-outside")
    assert (partly.is_error, partly.object) == (False, "object 1")
    assert "3 pixels over the edge of the 8x6 picture" in partly.text  # 5 + 6 - 8
    assert (only(root, "box-outside").is_error, only(root, "box-outside").object) == (True, "object 2")


def test_box_a_rounding_over_the_edge_is_no_fault(tmp_path: Path) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(bbox=[4, 1, 4.9, 2])))
    assert not found(root, "box-partly-outside")


def test_polygon_of_two_points_is_an_error(tmp_path: Path) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=[[1, 1, 5, 5]])))
    fault = only(root, "short-polygon")
    assert (fault.is_error, fault.object) == (True, "object 7")


def test_bow_tie_is_a_self_crossing_warning_that_says_where(tmp_path: Path) -> None:
    # The diagonals of the square from (1, 1) to (5, 5) meet in its middle.
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=[[1, 1, 5, 5, 5, 1, 1, 5]])))
    fault = only(root, "crossing-polygon")
    assert not fault.is_error
    assert "(3, 3)" in fault.text


def test_outline_that_touches_itself_in_a_corner_does_not_cross(tmp_path: Path) -> None:
    touching = [1, 1, 3, 3, 5, 1, 5, 5, 3, 3, 1, 5]
    assert not found(
        coco_set(tmp_path, train=coco_json(coco_object(segmentation=[touching]))), "crossing-polygon"
    )


@pytest.mark.parametrize("n_frames", [{"train": 2}, {"train": 2, "val": 0}])
def test_missing_or_empty_split_is_an_error(tmp_path: Path, n_frames: dict[str, int]) -> None:
    root = mask_set(tmp_path, n_frames=n_frames)
    (root / "images" / "val").mkdir(exist_ok=True)
    assert any(fault.is_error for fault in found(root, "missing-split"))


def test_folder_that_is_no_data_set_is_a_finding_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert only(tmp_path / "empty", "layout").is_error
    with pytest.raises(DataError, match="no such folder"):
        check_data(str(tmp_path / "nowhere"))


def test_same_picture_twice_in_train_is_a_duplicate_and_in_two_splits_a_leak(tmp_path: Path) -> None:
    pictures = {f"train/{number}.png": noise(number) for number in range(3)}
    root = drive_set(
        tmp_path, pictures | {"train/7.png": noise(0), "val/x.png": noise(1), "val/y.png": noise(9)}
    )
    assert "train/7.png" in only(root, "duplicate-image").text
    leak = only(root, "leaked-image")
    assert (leak.file, leak.is_error) == ("images/train/1.png", False)
    assert "images/val/x.png (val)" in leak.text


def test_picture_saved_anew_is_a_near_duplicate(tmp_path: Path) -> None:
    root = drive_set(tmp_path, {"train/a.png": noise(0), "train/b.jpg": noise(0), "val/c.png": noise(5)})
    fault = only(root, "near-duplicate")
    assert (fault.file, fault.is_error) == ("images/train/a.png", False)
    assert "images/train/b.jpg (train)" in fault.text


def _video(n_frames: int) -> list[np.ndarray]:
    """A camera that pans over one wide scene, 8 pixels a frame: neighbours look alike, far frames do not."""
    wide = noise(3, size=(64 + 8 * n_frames, 48))
    scene = np.asarray(Image.fromarray(noise(4, size=(8 * n_frames + 64, 48))))
    scene = np.where(np.arange(48)[:, None, None] < 24, wide, scene)
    return [scene[:, 8 * number : 8 * number + 64] for number in range(n_frames)]


def test_every_fifth_frame_of_a_drive_as_val_is_the_same_drive(tmp_path: Path) -> None:
    pictures = {
        f"{'val' if number % 5 == 2 else 'train'}/lap_{number:03d}.png": picture
        for number, picture in enumerate(_video(60))
    }
    findings = found(drive_set(tmp_path, pictures), "same-drive")
    assert "12 of 12 val frames (100%)" in findings[0].text
    assert not findings[0].is_error
    assert len(findings) == 13


def test_scenes_of_their_own_in_val_are_no_same_drive(tmp_path: Path) -> None:
    scenes = [noise(seed) for seed in range(12)]
    pictures = {}
    for number in range(60):  # five frames a scene, numbered through; every fourth scene is val
        shifted = np.roll(scenes[number // 5], number % 5, axis=1)
        split = "val" if number // 5 % 4 == 3 else "train"
        pictures[f"{split}/frame_{number:03d}.png"] = shifted
    assert not found(drive_set(tmp_path, pictures), "same-drive")


@pytest.mark.parametrize(
    ("name", "is_directed"),
    [
        ("turn-left", True),
        ("TurnRight", True),
        ("sağa-dön", True),
        ("sola_don2", True),
        ("sollama-serbest", False),
        ("bright", False),
    ],
)
def test_class_that_knows_left_from_right_warns_of_flips(
    tmp_path: Path, name: str, is_directed: bool
) -> None:
    root = yolo_set(tmp_path)
    (root / "classes.txt").write_text(f"{name}\ncar\n", encoding="utf-8")
    assert bool(found(root, "directed-class")) == is_directed


def test_mask_that_is_ignored_wholly_is_a_warning_and_an_error_if_all_are(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    write_mask(root / "masks" / "train" / "0.png", [[255] * 8] * 6)
    assert not only(root, "all-ignored").is_error
    for path in root.glob("masks/*/*.png"):
        write_mask(path, [[255] * 8] * 6)
    assert {fault.is_error for fault in found(root, "all-ignored")} == {True}


def test_masks_of_one_class_are_a_warning(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for path in root.glob("masks/*/*.png"):
        write_mask(path, [[1] * 8] * 6)
    assert "'road'" in only(root, "one-class").text


def test_masks_of_one_class_and_255_are_one_fault_without_contrary_advice(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for path in root.glob("masks/*/*.png"):
        write_mask(path, [[0] * 4 + [255] * 4] * 6)
    write_mask(root / "masks" / "train" / "0.png", [[255] * 8] * 6)
    assert "if it is a class, write two lines: '0 floor' and '255 road'" in only(root, "one-class").text
    told = {one.rule for one in check_data(str(root)).findings}
    assert not told & {"unused-class", "all-ignored"}


def test_frames_of_two_sizes_are_a_warning(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    write_image(root / "images" / "train" / "a.png", size=(16, 12))
    assert "2 of 8x6, 1 of 16x12" in only(root, "mixed-sizes").text


def test_boxes_that_vanish_at_the_training_size_are_a_warning(tmp_path: Path) -> None:
    # Shown 160 pixels wide, a box of 1/50 of the width has 3.2 pixels.
    root = yolo_set(tmp_path, lines={"train/a": "0 0.5 0.5 0.02 0.5"})
    assert "1 of 3 boxes are less than 4 pixels" in only(root, "tiny-box").text


def test_frames_without_objects_are_counted(tmp_path: Path) -> None:
    fault = only(yolo_set(tmp_path, lines={"train/a": ""}), "no-objects")
    assert (fault.is_error, fault.text.startswith("1 of 3 frames")) == (False, True)


def test_set_with_outlines_is_checked_for_both_tasks_without_repeating_faults(tmp_path: Path) -> None:
    checked = check_data(str(coco_set(tmp_path, train=coco_json(coco_object(category_id=9), coco_object()))))
    assert checked.tasks == ("detection", "segmentation")
    assert len([one for one in checked.findings if one.rule == "unknown-class"]) == 1


def _whole_yolo(root: Path) -> Path:
    return yolo_set(root, lines=dict.fromkeys(("train/a", "train/b", "val/c"), "0 0 0 1 0 1 1 0 1"))


def _whole_coco(root: Path) -> Path:
    whole = coco_json(coco_object(segmentation=[[0, 0, 8, 0, 8, 6, 0, 6]], bbox=[0, 0, 8, 6]))
    return coco_set(root, train=whole, valid=whole)


def _whole_labelme(root: Path) -> Path:
    whole = labelme_shape(points=[[0, 0], [8, 0], [8, 6], [0, 6]])
    return labelme_set(root, **{stem: labelme_json(whole, image=f"{stem}.png") for stem in ("a", "b")})


def _whole_label_studio(root: Path) -> Path:
    whole = ls_result("polygonlabels", points=[[0, 0], [100, 0], [100, 100], [0, 100]])
    return ls_set(root, [ls_task(number, f"{stem}.png", whole) for number, stem in enumerate("abc")])


@pytest.mark.parametrize("whole_set", [_whole_yolo, _whole_coco, _whole_labelme, _whole_label_studio])
def test_check_for_all_tasks_finds_what_each_alone_finds_once(
    tmp_path: Path, whole_set: Callable[[Path], Path]
) -> None:
    # One cone covers every frame: only its mask shows that there is nothing else to learn.
    root = whole_set(tmp_path)
    alone = {task: _told(check_data(str(root), task=task)) for task in ("detection", "segmentation")}
    both = _told(check_data(str(root)))
    assert any(rule == "one-class" for rule, *_ in alone["segmentation"])
    assert both == sorted(set(alone["detection"]) | set(alone["segmentation"]))


def _told(checked: Checked) -> list[tuple[str, str, str]]:
    """Findings without class ids: with the background they start from 1."""
    return sorted((one.rule, one.place, re.sub(r" \(id \d+\)", "", one.text)) for one in checked.findings)


@pytest.mark.parametrize(
    ("outline", "text"),
    [
        ([[2, 1, 6, 1, 90, 3]], "lies far outside the 8x6 image"),
        ({"size": [8, 6], "counts": [0, 48]}, "made for size [8, 6]"),
        ({"size": [6, 8], "counts": [0, 47]}, "covers 47 of 48 pixels"),
    ],
)
def test_outline_that_cannot_be_painted_is_an_error_without_a_task_too(
    tmp_path: Path, outline: object, text: str
) -> None:
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=outline)))
    errors = [one for one in check_data(str(root)).findings if one.is_error]
    assert [(one.file, one.object, text in one.text) for one in errors] == [("train/0.png", "object 7", True)]


def test_both_tasks_take_one_pass_over_the_frames(tmp_path: Path) -> None:
    passes: list[tuple[int, int]] = []
    check_data(str(_whole_yolo(tmp_path)), progress=lambda done, total: passes.append((done, total)))
    assert passes == [(1, 3), (2, 3), (3, 3)]


def test_picture_is_decoded_once_for_several_readers(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png")
    with decoded_once():
        first = read_image(path, root=tmp_path)[0]
        assert read_image(path, root=tmp_path)[0] is first
    assert read_image(path, root=tmp_path)[0] is not first


def test_prose_that_looks_like_a_place_stays_prose(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    (root / "classes.txt").unlink()
    note = only(root, "note")
    assert (note.file, note.line) == ("", None)
    assert note.text.startswith("there is no classes.txt: classes are called")


def test_set_of_boxes_is_checked_for_detection_alone(tmp_path: Path) -> None:
    assert check_data(str(yolo_set(tmp_path))).tasks == ("detection",)


def test_api_groups_findings_by_rule_errors_first(tmp_path: Path) -> None:
    checked = api_check(str(yolo_set(tmp_path, lines={"train/a": "7 .5 .5 .5 .5"})))
    assert checked.rules[0].rule == "class-out-of-range"
    assert (checked.rules[0].n_errors, checked.n_errors) == (1, 1)


def test_command_prints_a_table_of_80_columns_and_exits_2_on_errors(cli: Cli, tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "set", lines={"train/a": "\n".join(["7 .5 .5 .5 .5"] * 12)})
    done = cli("data", "check", str(root))
    assert done.returncode == 2
    table = done.stdout.split("\n\n")[1]
    assert max(map(len, table.splitlines())) <= 80
    assert "class-out-of-range      12" in table
    assert "labels/train/a.txt:10: class 7 is out of range" in done.stdout
    assert "and 2 more; --json has all" in done.stdout


def test_command_prints_one_json_object_and_exits_0_on_warnings(cli: Cli, tmp_path: Path) -> None:
    done = cli("data", "check", str(yolo_set(tmp_path / "set")), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    checked = json.loads(done.stdout)
    assert checked["format"] == "yolo"
    assert checked["splits"] == {"train": 2, "val": 1}
    assert checked["summary"]["errors"] == 0
    assert set(checked["findings"][0]) == {"rule", "level", "file", "line", "object", "text"}


def test_command_has_no_option_without_effect(cli: Cli, tmp_path: Path) -> None:
    done = cli("data", "check", str(yolo_set(tmp_path / "set")), "--home", "here")
    assert done.returncode == 2
    assert "No such option: --home" in done.stderr


def summary_of(checked: Checked) -> list[str]:
    return [one.text for one in checked.findings if one.rule == "same-drive" and not one.file]


def test_demo_has_no_errors_and_no_same_drive() -> None:
    checked = check_data("demo")
    assert not [one for one in checked.findings if one.is_error or one.rule == "same-drive"]


def test_camvids_val_is_seen_as_the_same_drive(real_data: Callable[[str], Path]) -> None:
    checked = check_data(str(real_data("camvid-small")))
    assert summary_of(checked)[0].startswith("101 of 101 val frames (100%)")
    assert not any(one.is_error for one in checked.findings)


def test_trashcars_every_third_frame_is_seen_as_the_same_drive(real_data: Callable[[str], Path]) -> None:
    assert summary_of(check_data(str(real_data("trashcar-yolo"))))[0].startswith("7 of 28 val frames (25%)")


def test_faulty_set_of_boxes_is_checked_for_detection_alone(tmp_path: Path) -> None:
    checked = check_data(str(yolo_set(tmp_path, lines={"train/a": "0 .5 .5"})))
    assert checked.tasks == ("detection",)
    assert [one.rule for one in checked.findings if one.is_error] == ["annotation"]


def test_one_thumbnail_is_compared_with_more_than_fit_at_once() -> None:
    grey = np.full((5000, 16, 16, 3), 7, np.uint8)
    assert levels_apart(grey, np.zeros((1, 16, 16, 3), np.uint8)).tolist() == [7.0] * 5000
