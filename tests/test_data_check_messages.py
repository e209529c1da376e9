"""`sweep data check`: that each message is true, says where, and stands once."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.formats import scan_data
from rccar_models.inspection.checking import check_data
from rccar_models.inspection.findings import Finding
from sweep.api.data import statistics
from tests.conftest import Cli
from tests.data_folders import (
    coco_json,
    coco_object,
    coco_set,
    labelme_json,
    labelme_set,
    labelme_shape,
    ls_set,
    mask_set,
    split_lists,
    write_image,
    write_json,
    yolo_set,
)


def found(root: Path, rule: str, **options: str) -> list[Finding]:
    return [one for one in check_data(str(root), **options).findings if one.rule == rule]  # type: ignore[arg-type]


def only(root: Path, rule: str, **options: str) -> Finding:
    findings = found(root, rule, **options)
    assert len(findings) == 1, findings
    return findings[0]


def test_label_file_that_holds_its_picture_is_not_told_to_lack_one(tmp_path: Path) -> None:
    root = labelme_set(tmp_path)
    picture = base64.b64encode(write_image(tmp_path / "c.png", colour=(7, 7, 7)).read_bytes()).decode()
    (tmp_path / "c.png").unlink()
    write_json(root / "labels_all" / "c.json", labelme_json(image="c.png", imageData=picture))
    (root / "splits" / "train.txt").write_text("a.png\nc.json\n")
    assert found(root, "image-without-label") == []
    assert found(root, "label-without-image") == []


def told_twice(root: Path) -> list[str]:
    """Rules of pictures that stand twice; none of them may be told to look like itself."""
    findings = check_data(str(root)).findings
    assert not [one for one in findings if one.file and one.file in one.text and not one.is_error]
    return [one.rule for one in findings if one.rule in {"leaked-image", "duplicate-image"}]


def test_coco_image_listed_twice_in_a_split_is_one_duplicate_and_no_leak(tmp_path: Path) -> None:
    size = {"file_name": "0.png", "width": 8, "height": 6}
    coco_set(tmp_path, train=coco_json(images=[{"id": 0, **size}, {"id": 1, **size}]))
    write_image(tmp_path / "valid" / "0.png", colour=(1, 2, 3))
    assert told_twice(tmp_path) == ["duplicate-image"]
    assert only(tmp_path, "duplicate-image").text == "train/0.png is in train already; keep one of them"


@pytest.mark.parametrize("make", [labelme_set, ls_set])
def test_image_in_two_lists_is_told_once(make: Callable[..., Path], tmp_path: Path) -> None:
    root = make(tmp_path)
    split_lists(root, train=["a.png"], val=["b.png", "a.png"])
    assert told_twice(root) == ["leaked-image"]
    assert "is in train and in val; keep it in one of them" in only(root, "leaked-image").text


@pytest.mark.parametrize("every", [False, True])
def test_mask_saved_as_jpeg_is_named_as_such(every: bool, tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for mask in sorted((root / "masks").rglob("*.png"))[: None if every else 1]:
        Image.open(mask).save(mask.with_suffix(".jpg"))
        mask.unlink()
    text = only(root, "layout" if every else "image-without-label").text
    assert "masks/train/0.jpg is JPEG, which changes the values" in text
    assert "as PNG" in text


def test_jpeg_masks_of_a_whole_split_are_named_as_such(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for mask in sorted((root / "masks" / "val").glob("*.png")):
        mask.rename(mask.with_suffix(".jpeg"))
    assert "masks/val/0.jpeg is JPEG" in only(root, "image-without-label").text


def test_folder_of_images_alone_is_told_to_lack_labels(tmp_path: Path) -> None:
    write_image(tmp_path / "frames" / "a.png")
    assert "it holds images (1, e.g. frames/a.png) but no labels" in only(tmp_path, "layout").text


def test_faults_of_a_coco_file_name_their_object_image_and_file(tmp_path: Path) -> None:
    same = [{"id": 3, "file_name": f"{name}.png"} for name in "ab"]
    image = {"id": 0, "file_name": "0.png"}
    flat = coco_object(id=5, bbox=[1, 1, 0, 3])
    broken = coco_object(id=8, bbox=[1])
    coco_set(tmp_path, train=coco_json(flat, broken, images=[image, *same]))
    write_image(tmp_path / "train" / "extra.png")
    lines = [f"{one.place}: {one.text}" for one in check_data(str(tmp_path)).findings]
    where = "train/_annotations.coco.json"
    assert f"{where}, image 3: 'a.png' and 'b.png' have the same id; give each its own" in lines
    assert f"{where}, object 9: bbox has 1 numbers instead of x, y, width, height" in lines
    assert any(line.endswith("stand in no annotation file, e.g. train/extra.png") for line in lines)
    text = "the box (1, 1) to (1, 4) has no area and is left out of detection; remove or redraw it"
    assert f"train/0.png, object 5: {text}" in lines


@pytest.mark.parametrize("named", [False, True])
def test_masks_in_colours_without_a_table_are_one_fault(named: bool, tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for mask in (root / "masks").rglob("*.png"):
        Image.new("RGB", (8, 6), (128, 64, 128)).save(mask)
    if not named:
        (root / "classes.txt").unlink()
    fault = only(root, "unknown-class")
    assert fault.text.startswith("masks in colours, e.g. masks/train/0.png: colour 128 64 128 (")


def test_labelme_file_that_names_another_image_is_noted(tmp_path: Path) -> None:
    root = labelme_set(tmp_path, a=labelme_json(image="../../etc/passwd"))
    text = only(root, "note").text
    assert "1 label files say in imagePath that they belong to another image" in text
    assert "labels_all/a.json to '../../etc/passwd'" in text


def test_image_path_of_the_folder_before_drives_were_merged_is_no_other_image(tmp_path: Path) -> None:
    places = {"H1_a": labelme_json(image="..\\H1\\a.png")}
    root = split_lists(labelme_set(tmp_path, **places), train=["a.png", "H1_a.png"], val=["b.png"])
    assert found(root, "note") == []


def test_box_that_is_not_that_of_its_outline_is_named(tmp_path: Path) -> None:
    rounded = coco_object(bbox=[2.4, 1.2, 3.2, 1.6])
    coco_set(tmp_path, train=coco_json(rounded, coco_object(bbox=[0, 0, 2, 1])))
    finding = only(tmp_path, "box-off-outline")
    assert finding.place == "train/0.png, object 8"
    assert finding.text == (
        "its box (0, 0) to (2, 1) is not that of its outline, (2, 1) to (6, 3); correct one of them"
    )


def test_line_that_stands_twice_is_named(tmp_path: Path) -> None:
    line = "0 0.5 0.5 0.5 0.5"
    root = yolo_set(tmp_path, lines={"train/a": f"{line}\n1 0.5 0.5 0.5 0.5\n{line}"})
    finding = only(root, "repeated-object")
    assert (finding.place, finding.text) == (
        "labels/train/a.txt:3",
        "is the same as line 1; remove one of them",
    )


def scene(seed: int) -> Image.Image:
    """A picture of 6x8 coloured patches that looks like no other."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(patches).resize((64, 48), Image.Resampling.BILINEAR)


def scenes(root: Path, seeds: dict[str, int]) -> Path:
    """A YOLO set of these frames, named below images/; equal seeds look the same and are other pixels."""
    for number, (name, seed) in enumerate(seeds.items()):
        path = write_image(root / "images" / name)
        picture = scene(seed)
        picture.putpixel((0, 0), (number, 0, 0))
        picture.save(path)
        label = (root / "labels" / name).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("0 0.5 0.5 0.5 0.5\n")
    (root / "classes.txt").write_text("cone\n")
    return root


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        (
            {"train/a.png": 1, "train/b.png": 1, "val/c.png": 2},
            "looks the same as images/train/b.png (train); keep one",
        ),
        (
            {"train/a.png": 1, "val/b.png": 1},
            "looks the same as images/val/b.png (val); keep them in one split, or keep one",
        ),
        (
            {"a.png": 1, "b.png": 1},
            "looks the same as images/b.png; keep them in one split, or keep one",
        ),
    ],
)
def test_look_alikes_are_to_be_kept_in_one_split_only_if_they_are_not(
    seeds: dict[str, int], text: str, tmp_path: Path
) -> None:
    assert only(scenes(tmp_path, seeds), "near-duplicate").text == text


def test_same_drive_tells_only_of_the_sign_that_it_found(tmp_path: Path) -> None:
    root = scenes(tmp_path, {"train/a.png": 1, "val/b.png": 1})
    whole = [one.text for one in found(root, "same-drive") if not one.file]
    assert len(whole) == 1
    assert "in train too (1 look like a frame of train): scores flatter" in whole[0]


def test_split_whose_annotation_file_is_broken_is_not_told_to_be_missing(tmp_path: Path) -> None:
    coco_set(tmp_path, train='{"images": [')
    assert [one.file for one in check_data(str(tmp_path)).findings if one.is_error] == [
        "train/_annotations.coco.json"
    ]


def test_split_whose_list_is_wrong_is_not_told_to_be_empty(tmp_path: Path) -> None:
    root = split_lists(labelme_set(tmp_path), val=["nosuch.png"])
    assert only(root, "missing-split").place == "splits/val.txt:1"


def test_empty_val_is_to_be_filled_and_an_empty_test_may_be_removed(tmp_path: Path) -> None:
    root = split_lists(labelme_set(tmp_path), val=[], test=[])
    texts = [one.text.rpartition("; ")[2] for one in found(root, "missing-split")]
    assert texts == ["put images into it", "put images into it or remove it"]


def test_empty_coco_split_is_told_once(tmp_path: Path) -> None:
    coco_set(tmp_path, valid=coco_json(images=[], annotations=[]))
    assert [one.rule for one in check_data(str(tmp_path)).findings if one.is_error] == ["missing-split"]


def test_object_outside_its_picture_is_told_once(tmp_path: Path) -> None:
    away = labelme_shape(points=[[500, 500], [600, 500], [600, 600]])
    assert only(labelme_set(tmp_path, a=labelme_json(away)), "box-outside").object == "shapes[0]"


def test_check_and_statistics_count_the_same_tiny_boxes(tmp_path: Path) -> None:
    """A box 7.5 pixels wide at 4 of 300 has 4 - 2e-7 at 160, where its corners are rounded to 32 bits."""
    image = {"id": 0, "file_name": "0.png", "width": 300, "height": 200}
    box = coco_object(bbox=[4, 10, 7.5, 90], segmentation=[])
    coco_set(tmp_path, train=coco_json(box, images=[image]), valid=coco_json(box, images=[image]))
    for split in ("train", "valid"):
        write_image(tmp_path / split / "0.png", size=(300, 200), colour=(len(split), 2, 3))
    counted = statistics(str(tmp_path), task="detection").objects
    assert counted is not None
    assert counted.n_tiny == 2
    assert only(tmp_path, "tiny-box").text.startswith("2 of 2 boxes")


def test_advice_for_a_shared_drive_can_be_followed(cli: Cli, tmp_path: Path) -> None:
    twins = {f"{split}/{split[0]}_{seed:03d}.png": seed for split in ("train", "val") for seed in range(12)}
    root = scenes(tmp_path / "set", twins)
    advice = next(one.text for one in found(root, "same-drive") if not one.file)
    words = advice.rpartition("`sweep ")[2].rstrip("`").split()
    done = cli(*words, str(root))
    assert done.returncode == 0, done.stderr


def test_one_of_a_kind_is_told_in_the_singular(tmp_path: Path) -> None:
    root = yolo_set(tmp_path, lines={"train/a": "0 .5 .5 0 .5", "train/b": "0 .5 .5 .5 .5"})
    (root / "classes.txt").unlink()
    texts = [fault.text for fault in scan_data(str(root), "detection").warnings]
    assert "1 box without width or height was left out" in texts
    assert "nothing names the classes: they are called class_0 by their ids" in texts


def test_number_of_thousands_of_digits_is_told_without_advice_for_programmers(tmp_path: Path) -> None:
    coco_set(tmp_path, train=f'{{"images": [{"7" * 6000}]}}')
    faults = [one.text for one in check_data(str(tmp_path)).findings if one.is_error]
    assert faults == ["holds a whole number of thousands of digits; correct or remove it"]
