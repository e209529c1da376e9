"""Finding out what a data source is: names, folders, layouts, tasks."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rccar_models.errors import AmbiguousLayoutError, DataError, UnknownNameError
from rccar_models.formats import FORMATS, open_data, scan_best, scan_data
from rccar_models.formats.tree import tree_of
from rccar_models.inspection.checking import check_data
from tests.data_folders import coco_json, coco_set, mask_set, write_image, write_mask, yolo_set


@pytest.mark.parametrize(
    ("make", "task", "expected"),
    [
        (mask_set, "segmentation", "mask_folder"),
        (coco_set, "segmentation", "coco"),
        (coco_set, "detection", "coco"),
        (yolo_set, "detection", "yolo"),
    ],
)
def test_every_layout_is_recognised_by_itself(
    tmp_path: Path, make: Callable[[Path], Path], task: str, expected: str
) -> None:
    index = open_data(str(make(tmp_path / "set")), task)
    assert (index.format, index.task) == (expected, task)


def test_source_stays_as_the_user_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask_set(tmp_path / "track")
    monkeypatch.chdir(tmp_path)
    assert open_data("track", "segmentation").source == "track"


def test_coco_and_yolo_in_one_folder_are_never_chosen_between_silently(tmp_path: Path) -> None:
    for stem in ("train/images/a", "valid/images/b"):
        write_image(tmp_path / f"{stem}.png", colour=(len(stem), 1, 1))
        labels = (tmp_path / stem.replace("images", "labels")).with_suffix(".txt")
        labels.parent.mkdir()
        labels.write_text("0 0.5 0.5 0.5 0.5\n")
    (tmp_path / "classes.txt").write_text("cone\n")
    for split, name in (("train", "images/a.png"), ("valid", "images/b.png")):
        content = coco_json() | {"images": [{"id": 0, "file_name": name, "width": 8, "height": 6}]}
        (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(content))
    said = "for detection several layouts fit; choose --format coco or --format yolo"
    for task in ("detection", None):
        with pytest.raises(AmbiguousLayoutError, match=said):
            scan_best(str(tmp_path), task)
        assert [one.text for one in check_data(str(tmp_path), task=task).findings] == [said]
    assert scan_data(str(tmp_path), "segmentation").format == "coco"  # YOLO has no outlines here
    assert scan_best(str(tmp_path), None, "yolo").format == "yolo"


def test_masks_and_boxes_in_one_folder_are_told_apart_by_the_task(tmp_path: Path) -> None:
    yolo_set(mask_set(tmp_path, n_frames={"train": 1, "val": 1}))
    for stem in ("train/a", "train/b", "val/c"):
        write_mask(tmp_path / "masks" / f"{stem}.png")
    assert open_data(str(tmp_path), "segmentation").format == "mask_folder"
    assert open_data(str(tmp_path), "detection").format == "yolo"


def test_two_layouts_for_one_task_ask_for_a_choice(tmp_path: Path) -> None:
    coco_set(mask_set(tmp_path))
    with pytest.raises(DataError, match="--format coco or --format mask_folder"):
        open_data(str(tmp_path), "segmentation")
    assert open_data(str(tmp_path), "segmentation", "mask_folder").format == "mask_folder"


def test_unknown_format_is_answered_with_the_near_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean coco"):
        open_data("demo", "detection", "cocoo")


def test_unknown_format_without_a_near_one_lists_all() -> None:
    with pytest.raises(UnknownNameError, match=r"known: coco, demo, .*mask_folder, .*yolo"):
        open_data("demo", "detection", "qqqq")


def test_missing_folder_is_answered_with_the_near_one(tmp_path: Path) -> None:
    mask_set(tmp_path / "track")
    with pytest.raises(DataError, match=r"no such folder; did you mean .*track"):
        open_data(str(tmp_path / "trakc"), "segmentation")


def test_a_file_is_not_a_data_set(tmp_path: Path) -> None:
    file = tmp_path / "frames.zip"
    file.write_text("")
    with pytest.raises(DataError, match="is a file"):
        open_data(str(file), "segmentation")


def test_boxes_cannot_serve_segmentation_and_the_message_says_what_could(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no object is outlined in train.*use --task detection"):
        open_data(str(yolo_set(tmp_path)), "segmentation")


def test_masks_cannot_serve_detection_and_the_message_says_what_could(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mask_folder serves segmentation, not detection.*coco, demo.*yolo"):
        open_data(str(mask_set(tmp_path)), "detection")


def test_folder_of_images_alone_is_answered_with_the_one_above(tmp_path: Path) -> None:
    mask_set(tmp_path / "track")
    with pytest.raises(DataError, match=r"did you mean .*track\?"):
        open_data(str(tmp_path / "track" / "images"), "segmentation")


def test_data_set_may_lie_a_folder_deeper(tmp_path: Path) -> None:
    index = open_data(str(mask_set(tmp_path / "track").parent), "segmentation")
    assert index.splits["val"][0].name == "track/images/val/0.png"
    assert index.classes == ("floor", "road")


def test_unrecognised_folder_lists_what_it_holds_and_all_layouts(tmp_path: Path) -> None:
    write_image(tmp_path / "photos" / "a.jpg")
    with pytest.raises(DataError) as caught:
        open_data(str(tmp_path), "segmentation")
    assert "photos" in str(caught.value)
    assert all(found.text in str(caught.value) for found in FORMATS.values())


@pytest.mark.parametrize(("source", "format_name"), [("demo", "coco"), (".", "demo")])
def test_demo_and_another_format_contradict_each_other(source: str, format_name: str) -> None:
    with pytest.raises(DataError, match="--data demo"):
        open_data(source, "detection", format_name)


def test_formats_and_cache_import_neither_torch_nor_the_office() -> None:
    code = (
        "import sys, rccar_models.formats, rccar_models.cache\n"
        "unwanted = 'torch', 'torchvision', 'optuna', 'mlflow', 'typer', 'rich', 'sweep'\n"
        "print([name for name in unwanted if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_describes_itself(name: str) -> None:
    found = FORMATS[name]
    assert found.name == name
    assert found.text
    assert set(found.tasks) <= {"segmentation", "detection"}


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"demo"}))
def test_no_format_recognises_an_empty_folder(name: str, tmp_path: Path) -> None:
    assert not FORMATS[name].recognises(tree_of(tmp_path))
