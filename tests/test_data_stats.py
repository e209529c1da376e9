"""`sweep data stats`: numbers worked by hand on small sets, tables, and a picture with nothing cut off."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import scan_data
from rccar_models.inspection.charts import statistics_chart
from rccar_models.inspection.statistics import DataStatistics, measure
from tests.conftest import Cli
from tests.data_folders import SIZE, coco_json, coco_object, coco_set, mask_set, write_mask, yolo_set


def measured(root: Path, task: str, *, training_size: tuple[int, int] | None = SIZE) -> DataStatistics:
    return measure(scan_data(str(root), task), training_size=training_size)


def test_objects_and_frames_are_counted_by_class_and_split(tmp_path: Path) -> None:
    root = yolo_set(tmp_path, lines={"train/a": "0 0.5 0.5 0.5 0.5\n0 0.3 0.3 0.2 0.2\n1 0.5 0.5 0.5 0.5"})
    cone, car = measured(root, "detection").classes
    assert (cone.amount, cone.n_frames) == ({"train": 2, "val": 1}, {"train": 1, "val": 1})
    assert (car.amount, car.n_frames) == ({"train": 2, "val": 0}, {"train": 2, "val": 0})
    assert (cone.share, car.share) == ({"train": 0.5, "val": 1.0}, {"train": 0.5, "val": 0.0})


def test_pixels_are_shares_of_what_is_labelled_and_ignored_ones_are_told(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    ids = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1]], 6, axis=0)
    ids[0] = 255
    write_mask(root / "masks/train/0.png", ids.tolist())
    found = measured(root, "segmentation")
    floor, _road = found.classes
    # Three frames of 48 pixels, half of each floor; 8 pixels of one of them are ignored.
    assert floor.amount == {"train": 68, "val": 48}
    assert floor.share == {"train": 68 / 136, "val": 0.5}
    train, val = found.splits
    assert (train.ignored, val.ignored) == (8 / 144, 0.0)
    assert (found.unit, found.per_frame_unit, found.objects) == ("pixels", "classes", None)
    assert train.per_frame == {2: 3}


def test_sizes_are_told_in_the_source_and_in_training(tmp_path: Path) -> None:
    # Frames of 8x6: boxes of 4x3, 2x3 and 4x3 pixels; at 80x12 they are 40x6, 20x6 and 40x6.
    root = yolo_set(tmp_path)
    small = measured(root, "detection").objects
    assert small is not None
    assert (small.total, small.n_tiny, small.n_gone) == (3, 3, 0)
    found = measured(root, "detection", training_size=(80, 12))
    assert found.objects is not None
    assert found.objects.n_tiny == 0
    assert found.classes[0].sides_px == (6.0,) * 5
    grown = measured(root, "detection", training_size=(800, 600)).objects
    # 400x300, 200x300, 400x300: all above 96x96; in the source all below 32x32.
    assert grown is not None
    assert (grown.in_source, grown.in_training) == (
        {"small": 3, "medium": 0, "large": 0},
        {"small": 0, "medium": 0, "large": 3},
    )


def test_outlined_objects_are_measured_for_segmentation_too(tmp_path: Path) -> None:
    crowd = coco_object(id=8, iscrowd=1)
    coco_set(tmp_path, train=coco_json(coco_object(), crowd))
    found = measured(tmp_path, "segmentation")
    assert found.objects is not None
    assert found.objects.total == 2  # one in each split; a crowd is not told apart
    assert found.unit == "pixels"


def test_size_in_training_keeps_the_shape_of_most_frames(tmp_path: Path) -> None:
    # 8x6 enlarged to a longer side of 160 is 160x120; sides are multiples of 16, and 7.5 rounds to 8.
    assert measured(yolo_set(tmp_path), "detection", training_size=None).training_size == (160, 128)


def test_brightness_is_the_mean_grey_of_frames(tmp_path: Path) -> None:
    root = yolo_set(tmp_path)
    for name, grey in (("train/a", 0), ("train/b", 255), ("val/c", 100)):
        Image.new("RGB", SIZE, (grey,) * 3).save(root / "images" / f"{name}.png")
    train, val = measured(root, "detection").splits
    assert val.brightness == (100.0, 100.0, 100.0)
    assert (train.brightness_counts[0], train.brightness_counts[-1], sum(train.brightness_counts)) == (
        1,
        1,
        2,
    )


def test_unreadable_frame_is_a_fault_and_all_others_are_counted(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    (root / "images/train/1.png").write_bytes(b"no picture")
    found = measured(root, "segmentation")
    assert [split.n_unreadable for split in found.splits] == [1, 0]
    assert found.classes[0].n_frames == {"train": 2, "val": 2}
    assert len(found.faults) == 1
    assert "images/train/1.png" in found.faults[0]


def test_set_without_a_readable_frame_is_refused_with_its_faults(tmp_path: Path) -> None:
    root = mask_set(tmp_path, n_frames={"train": 1, "val": 1})
    for file in root.glob("images/*/*.png"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"images/train/0\.png"):
        measured(root, "segmentation")


def test_frames_that_nothing_divides_are_counted_as_all(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "divided")
    flat = tmp_path / "flat"
    for kind in ("images", "labels"):
        (flat / kind).mkdir(parents=True)
        for file in sorted((root / kind).rglob("*.*")):
            file.rename(flat / kind / file.name)
    (root / "classes.txt").rename(flat / "classes.txt")
    found = measured(flat, "detection")
    assert [(split.name, split.n_frames) for split in found.splits] == [("all", 3)]
    assert found.classes[0].amount == {"all": 2}


@pytest.mark.parametrize(
    ("name", "task"), [("otonom-track-coco", "detection"), ("camvid-small", "segmentation")]
)
def test_numbers_of_real_data_are_those_of_its_readme(
    name: str, task: str, real_data: Callable[[str], Path]
) -> None:
    root = real_data(name)
    found = measured(root, task, training_size=None)
    rows = re.findall(r"^\| \d+ \| (\S+) \|(.*)\|$", (root / "README.md").read_text(), re.MULTILINE)
    told = {row[0]: row[1] for row in rows}
    for one in found.classes:
        if task == "detection":
            counts = [int(cell) for cell in told[one.name].split("|")[-3:]]
            assert list(one.amount.values()) == counts, one.name
        else:
            assert "/".join(map(str, one.n_frames.values())) in told[one.name], one.name


def test_command_prints_tables_of_80_columns_and_points_to_check(tmp_path: Path, cli: Cli) -> None:
    root = yolo_set(tmp_path / "track", lines={"train/b": "7 0.5 0.5 0.25 0.5"})
    (root / "classes.txt").write_text(
        "ein sehr langer Name mit Nummer 1\nyaya geçidi şeridi\n", encoding="utf-8"
    )
    done = cli("data", "stats", "track")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "yaya geçidi şeridi" in done.stdout
    assert re.search(r"ein sehr.*…\S*.*Nummer 1", done.stdout)
    assert "sweep data check track" in done.stdout


def test_command_writes_json_and_a_picture_only_where_it_is_told(tmp_path: Path, cli: Cli) -> None:
    yolo_set(tmp_path / "track")
    before = sorted(tmp_path.rglob("*"))
    done = cli("data", "stats", "track", "--json")
    found = json.loads(done.stdout)
    assert (found["format_number"], found["classes"][0]["amount"]) == (1, {"train": 1, "val": 1})
    assert sorted(tmp_path.rglob("*")) == before
    done = cli("data", "stats", "track", "--image-size", "64x48", "--out", "made/it.png")
    assert str(tmp_path / "made/it.png") in done.stdout.replace("\n", "")
    with Image.open(tmp_path / "made/it.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("track", "--task", "segmantation"), "did you mean segmentation"),
        (("track", "--image-size", "64"), "--image-size"),
        (("track", "--out", "x.jpg"), "x.png"),
        (("trak",), "did you mean track"),
    ],
)
def test_wrong_input_exits_2_and_says_how_to_mend_it(
    tmp_path: Path, cli: Cli, words: tuple[str, ...], said: str
) -> None:
    yolo_set(tmp_path / "track")
    done = cli("data", "stats", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("n_classes", [2, 40])
@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_picture_has_room_for_all_it_says(tmp_path: Path, task: str, n_classes: int) -> None:
    root = yolo_set(tmp_path) if task == "detection" else mask_set(tmp_path)
    found = measured(root, task)
    names = ["Fußgängerübergang mit Lichtzeichenanlage und Mittelinsel", "_$x^$ {şerit}", "дорога", "a"]
    classes = tuple(
        replace(found.classes[i % 2], name=f"{names[i % 4]} {i}", share={"train": 0.0, "val": 0.3})
        for i in range(n_classes)
    )
    splits = tuple(replace(split, n_empty=123, n_unreadable=45) for split in found.splits)
    statistics_chart(replace(found, classes=classes, splits=splits), tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    assert all((edge == 255).all() for edge in edges), "something is cut off at an edge"
    assert 0.01 < (pixels < 255).mean() < 0.7
