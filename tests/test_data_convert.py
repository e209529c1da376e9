"""Conversion to mask folder, COCO and YOLO: round trips, what cannot be held, and what is refused."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from PIL import Image

from rccar_models.conversion import Converted, convert
from rccar_models.conversion.outlines import cut_to_picture, joined, traced
from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.formats.labelling import filled
from rccar_models.samples import IGNORE_ID, Frame
from tests.conftest import Cli
from tests.data_folders import (
    SIZE,
    coco_json,
    coco_object,
    coco_set,
    mask_set,
    voc_set,
    write_image,
    write_mask,
    yolo_set,
)

WIDTH, HEIGHT = SIZE


def converted(source: Path, to: str, out: Path, task: str | None = None) -> Converted:
    return convert(str(source), to=to, out=out, task=task)


def frames(root: Path, task: str) -> dict[str, list[Frame]]:
    index = scan_data(str(root), task)
    return {split: [sample.read() for sample in samples] for split, samples in index.splits.items()}


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def masks_of(root: Path) -> list[list[list[int]]]:
    return [np.asarray(Image.open(path)).tolist() for path in sorted((root / "masks").rglob("*.png"))]


def lines_of(root: Path, stem: str) -> list[str]:
    return (root / "labels" / f"{stem}.txt").read_text().splitlines()


# Outlines


@given(arrays(bool, (5, 7)))
def test_traced_and_joined_region_fills_to_the_same_pixels(region: NDArray[np.bool_]) -> None:
    rings = traced(region)
    again = np.zeros_like(region)
    if rings:
        again = filled([joined(rings).ravel().tolist()], width=7, height=5)
    assert_array_equal(again, region)


def test_ring_over_the_corner_of_a_picture_keeps_the_corner() -> None:
    # A diamond around the corner (0, 0): inside the picture only the triangle below x + y = 4 is left.
    ring = np.asarray([[4.0, 0], [0, 4], [-4, 0], [0, -4]])
    inside = cut_to_picture(ring, width=10, height=10)
    assert {tuple(corner) for corner in inside.tolist()} == {(4.0, 0.0), (0.0, 4.0), (0.0, 0.0)}


def test_ring_outside_a_picture_is_cut_to_nothing() -> None:
    ring = np.asarray([[11.0, 1], [14, 1], [14, 5]])
    assert len(cut_to_picture(ring, width=10, height=10)) < 3


# Round trips

shares = st.integers(1, 999_999).map(lambda millionths: millionths / 1e6)


@st.composite
def box_lines(draw: st.DrawFn) -> str:
    (x1, x2), (y1, y2) = (sorted(draw(st.tuples(*[st.integers(0, 500_000)] * 2))) for _ in range(2))
    numbers = (x1 + x2, y1 + y2, 2 * (x2 - x1) + 2, 2 * (y2 - y1) + 2)
    inside = [min(numbers[0], 999_000), min(numbers[1], 999_000)]
    size = [min(numbers[2], 2 * min(one, 1_000_000 - one)) for one, numbers in ((inside[0], numbers),)]
    height = min(numbers[3], 2 * min(inside[1], 1_000_000 - inside[1]))
    values = [inside[0], inside[1], size[0], height]
    if min(values[2:]) <= 0:
        values = [500_000, 500_000, 250_000, 250_000]
    return " ".join([str(draw(st.integers(0, 1))), *(f"{value / 1e6:.6f}" for value in values)])


@st.composite
def outline_lines(draw: st.DrawFn) -> str:
    corners = draw(st.lists(st.tuples(shares, shares), min_size=3, max_size=6))
    numbers = (f"{share:.6f}" for corner in corners for share in corner)
    return " ".join([str(draw(st.integers(0, 1))), *numbers])


@settings(max_examples=15, deadline=None)
@given(st.lists(box_lines() | outline_lines(), min_size=1, max_size=4))
def test_yolo_to_coco_to_yolo_keeps_every_line_to_six_digits(lines: list[str]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = yolo_set(root / "source", lines={"train/a": "\n".join(lines), "val/c": "0 0.5 0.5 0.5 0.5"})
        converted(source, "coco", root / "coco")
        converted(root / "coco", "yolo", root / "yolo")
        assert lines_of(root / "yolo", "train/a") == lines
        assert lines_of(root / "yolo", "train/b") == ["1 0.500000 0.500000 0.250000 0.500000"]
        assert (root / "yolo" / "classes.txt").read_text() == (source / "classes.txt").read_text()


boxes_inside = st.tuples(
    st.floats(0, WIDTH - 2), st.floats(0, HEIGHT - 2), st.floats(0.1, 2), st.floats(0.1, 2)
).map(list)


@settings(max_examples=15, deadline=None)
@given(st.lists(boxes_inside, min_size=1, max_size=4))
def test_coco_to_yolo_to_coco_keeps_boxes_to_rounding(boxes: list[list[float]]) -> None:
    objects = [coco_object(id=number, bbox=box, segmentation=[]) for number, box in enumerate(boxes)]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = coco_set(root / "source", train=coco_json(*objects))
        converted(source, "yolo", root / "yolo")
        converted(root / "yolo", "coco", root / "coco")
        found = json.loads((root / "coco" / "annotations" / "instances_train.json").read_text())
        # Six digits of a share of 8 pixels, once for the centre and once for half the size.
        assert_allclose([one["bbox"] for one in found["annotations"]], boxes, atol=2 * 8 * 0.5e-6 + 2e-6)
        assert [one["name"] for one in found["categories"]] == ["cone", "car"]


corners_inside = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT))
polygons = st.lists(corners_inside, min_size=3, max_size=6).map(lambda corners: list(sum(corners, ())))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(polygons, min_size=1, max_size=2), min_size=1, max_size=3))
def test_coco_outlines_to_yolo_and_masks_are_the_painted_masks(regions: list[list[list[float]]]) -> None:
    objects = [
        coco_object(id=number, segmentation=region, category_id=1 + number % 2)
        for number, region in enumerate(regions)
    ]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = coco_set(root / "source", train=coco_json(*objects))
        painted = frames(source, "segmentation")["train"][0].mask
        converted(source, "mask_folder", root / "masks")
        assert_array_equal(frames(root / "masks", "segmentation")["train"][0].mask, painted)
        assert scan_data(str(root / "masks"), "segmentation").classes == ("background", "cone", "car")


ids = st.sampled_from([0, 0, 1, 2, IGNORE_ID])


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, (HEIGHT, WIDTH), elements=ids), st.sampled_from(["background", "floor"]))
def test_masks_to_coco_and_back_keep_every_id_and_class(mask: NDArray[np.uint8], ground: str) -> None:
    mask[0, 0] = 1  # a set without any object is no set
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = mask_set(root / "source")
        (source / "classes.txt").write_text(f"0 {ground}\n1 road\n2 cone\n")
        write_mask(source / "masks" / "train" / "0.png", mask.tolist())
        converted(source, "coco", root / "coco")
        converted(root / "coco", "mask_folder", root / "back")
        assert masks_of(root / "back") == masks_of(source)
        assert (root / "back" / "classes.txt").read_text() == (source / "classes.txt").read_text()


@settings(max_examples=15, deadline=None)
@given(arrays(np.uint8, (HEIGHT, WIDTH), elements=st.sampled_from([0, 1, 2])))
def test_masks_to_yolo_outlines_and_back_keep_every_pixel_also_holes(mask: NDArray[np.uint8]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = mask_set(root / "source")
        (source / "classes.txt").write_text("0 background\n1 road\n2 cone\n")
        write_mask(source / "masks" / "train" / "0.png", mask.tolist())
        converted(source, "yolo", root / "yolo")
        converted(root / "yolo", "mask_folder", root / "back")
        assert masks_of(root / "back") == masks_of(source)
        assert (root / "back" / "classes.txt").read_text() == (source / "classes.txt").read_text()


def test_background_that_no_pixel_shows_keeps_its_id_through_coco(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source")
    (source / "classes.txt").write_text("0 background\n1 road\n2 car\n")
    for path in (source / "masks").rglob("*.png"):
        write_mask(path, [[1] * 4 + [2] * 4] * HEIGHT)
    converted(source, "coco", tmp_path / "coco")
    converted(tmp_path / "coco", "mask_folder", tmp_path / "back")
    assert masks_of(tmp_path / "back") == masks_of(source)


def test_run_length_code_of_coco_stays_one(tmp_path: Path) -> None:
    # Down the columns: 13 off, 2 on (column 2, rows 1 and 2), the rest of 48 off.
    code = {"size": [HEIGHT, WIDTH], "counts": [13, 2, 33]}
    content = coco_json(coco_object(segmentation=code, bbox=[2, 1, 1, 2]))
    source = coco_set(tmp_path / "source", train=content, valid=content)
    converted(source, "coco", tmp_path / "coco")
    found = json.loads((tmp_path / "coco" / "annotations" / "instances_train.json").read_text())
    assert found["annotations"][0]["segmentation"] == code
    assert found["annotations"][0]["area"] == 2
    converted(source, "yolo", tmp_path / "yolo")
    # One pixel wide, two high: 2/8, 3/8 and 1/6, 3/6.
    xy = {"0.250000 0.166667", "0.375000 0.166667", "0.375000 0.500000", "0.250000 0.500000"}
    words = lines_of(tmp_path / "yolo", "train/0")[0].split()
    assert {" ".join(pair) for pair in zip(words[1::2], words[2::2], strict=True)} == xy


def test_crowds_that_no_task_can_box_become_plain_objects_of_yolo(tmp_path: Path) -> None:
    content = coco_json(coco_object(iscrowd=1))
    source = coco_set(tmp_path / "source", train=content, valid=content)
    result = converted(source, "yolo", tmp_path / "yolo")
    assert result.classes == ("cone", "car")
    assert lines_of(tmp_path / "yolo", "train/0")[0].startswith("0 ")
    assert "crowds became plain objects" in " ".join(result.warnings)


# Each target


def test_region_of_a_mask_becomes_an_object_with_its_box_and_area(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[1:3, 2:6] = 1
    mask[5, 0] = 1
    write_mask(source / "masks" / "train" / "0.png", mask.tolist())
    (source / "classes.txt").write_text("0 background\n1 road\n")
    converted(source, "coco", tmp_path / "coco")
    found = json.loads((tmp_path / "coco" / "annotations" / "instances_train.json").read_text())
    first = [one for one in found["annotations"] if one["image_id"] == 1]
    assert [(one["bbox"], one["area"], one["category_id"]) for one in first] == [
        ([2, 1, 4, 2], 8, 1),
        ([0, 5, 1, 1], 1, 1),
    ]
    assert found["categories"] == [{"id": 1, "name": "road", "supercategory": ""}]


def test_ignored_pixels_are_a_crowd_and_no_object(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source", n_frames={"train": 1, "val": 1})
    write_mask(source / "masks" / "train" / "0.png", [[1] * 4 + [255] * 4] * HEIGHT)
    assert converted(source, "coco", tmp_path / "coco").n_objects == 1 + 2
    found = frames(tmp_path / "coco", "detection")["train"][0]
    assert found.boxes.tolist() == [[0, 0, 4, HEIGHT]]


def test_written_coco_opens_with_pycocotools(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    converted(mask_set(tmp_path / "source"), "coco", tmp_path / "coco")
    coco = COCO(str(tmp_path / "coco" / "annotations" / "instances_train.json"))
    road = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["road"])))
    assert coco.annToMask(road[0]).sum() == road[0]["area"] == WIDTH // 2 * HEIGHT


def test_boxes_are_written_instead_of_outlines_for_detection(tmp_path: Path) -> None:
    source = coco_set(tmp_path / "source")
    result = converted(source, "yolo", tmp_path / "yolo", task="detection")
    # The box of 4x2 pixels at (2, 1) in 8x6: centre (4, 2), so 0.5 and 1/3; size 0.5 and 1/3.
    assert lines_of(tmp_path / "yolo", "train/0") == ["0 0.500000 0.333333 0.500000 0.333333"]
    assert any("2 objects lost their outline" in warning for warning in result.warnings)


@pytest.mark.parametrize("to", ["coco", "yolo"])
def test_classes_counts_and_splits_come_back_in_the_written_set(tmp_path: Path, to: str) -> None:
    result = converted(yolo_set(tmp_path / "source"), to, tmp_path / "out")
    index = scan_data(str(tmp_path / "out"), "detection")
    assert (index.format, index.faults, index.classes) == (to, (), ("cone", "car"))
    assert (
        {split: len(samples) for split, samples in index.splits.items()}
        == result.counts
        == {"train": 2, "val": 1}
    )
    assert result.n_objects == 3


@pytest.mark.parametrize(
    ("to", "task"), [("coco", "detection"), ("yolo", "detection"), ("mask_folder", "segmentation")]
)
def test_undivided_set_stays_undivided(tmp_path: Path, to: str, task: str) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "source" / "images" / f"{name}.png")
        path = tmp_path / "source" / "labels" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n")
    (tmp_path / "source" / "classes.txt").write_text("cone\n")
    converted(tmp_path / "source", to, tmp_path / "out")
    assert {
        split: len(samples) for split, samples in scan_data(str(tmp_path / "out"), task).splits.items()
    } == {"all": 2}


def test_images_keep_their_bytes_and_the_source_stays_as_it_is(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "source")
    before = files_of(source)
    result = converted(source, "coco", tmp_path / "coco")
    assert files_of(source) == before
    assert result.n_copied == 3
    assert (tmp_path / "coco/images/train/a.png").read_bytes() == before["images/train/a.png"]


def test_image_with_exif_rotation_is_written_as_its_labels_lie(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "source")
    (source / "images" / "train" / "a.png").unlink()
    turned = Image.new("RGB", SIZE, (1, 2, 3))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(source / "images" / "train" / "a.jpg", exif=exif)
    shown = frames(source, "detection")["train"][0].image
    result = converted(source, "coco", tmp_path / "coco")
    with Image.open(tmp_path / "coco" / "images" / "train" / "a.png") as picture:
        assert picture.getexif().get(0x0112, 1) == 1
        assert_array_equal(np.asarray(picture), shown)
    assert result.n_copied == 2


def test_frames_of_one_name_in_two_drives_keep_folder_and_label(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number, drive in enumerate(("H1", "H2")):
        write_image(source / drive / "0001.png", colour=(number, 0, 0))
        path = source / "labels" / "detection" / drive / "0001.txt"
        path.parent.mkdir(parents=True)
        path.write_text(f"{number} 0.5 0.5 0.5 0.5\n")
    (source / "labels" / "detection" / "classes.txt").write_text("cone\ncar\n")
    converted(source, "yolo", tmp_path / "yolo")
    assert [lines_of(tmp_path / "yolo", f"{drive}/0001")[0][0] for drive in ("H1", "H2")] == ["0", "1"]


def test_frames_that_would_share_a_name_are_renamed(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "source")
    (source / "images" / "val").rename(source / "images" / "more")
    (source / "labels" / "val").rename(source / "labels" / "more")
    for folder in ("images", "labels"):
        for path in (source / folder / "more").iterdir():
            path.rename(path.with_stem("a"))
    (source / "splits").mkdir()
    (source / "splits" / "train.txt").write_text("images/train/a.png\nimages/train/b.png\n")
    (source / "splits" / "val.txt").write_text("images/more/a.png\n")
    converted(source, "coco", tmp_path / "coco")
    assert [frame.labels.tolist() for frame in frames(tmp_path / "coco", "detection")["train"]] == [[0], [1]]
    flat = tmp_path / "flat"
    for drive, number in (("train", 0), ("valid", 1)):
        write_image(flat / drive / "images" / "a.png", colour=(number, 0, 0))
        (flat / drive / "labels").mkdir()
        (flat / drive / "labels" / "a.txt").write_text(f"{number} 0.5 0.5 0.5 0.5\n")
    (flat / "classes.txt").write_text("cone\ncar\n")
    (flat / "splits").mkdir()
    (flat / "splits" / "train.txt").write_text("train/images/a.png\nvalid/images/a.png\n")
    result = converted(flat, "yolo", tmp_path / "yolo")
    assert [frame.labels.tolist() for frame in frames(tmp_path / "yolo", "detection")["train"]] == [[0], [1]]
    assert any("1 images were renamed" in warning for warning in result.warnings)


# What cannot be held


def test_ignored_pixels_are_told_of_where_yolo_loses_them(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source")
    write_mask(source / "masks" / "train" / "0.png", [[255] * WIDTH] * HEIGHT)
    result = converted(source, "yolo", tmp_path / "yolo")
    assert any(warning.startswith("1 images have ignored pixels (255)") for warning in result.warnings)


def test_box_over_the_edge_is_cut_for_yolo_and_told_of(tmp_path: Path) -> None:
    content = coco_json(coco_object(bbox=[-4, 0, 8, 6], segmentation=[]))
    result = converted(coco_set(tmp_path / "source", train=content), "yolo", tmp_path / "yolo")
    assert lines_of(tmp_path / "yolo", "train/0") == ["0 0.250000 0.500000 0.500000 1.000000"]
    assert any("1 objects reached over the edge" in warning for warning in result.warnings)


def test_parts_that_overlap_do_not_make_a_hole(tmp_path: Path) -> None:
    parts = [[0, 0, 4, 0, 4, 4, 0, 4], [2, 2, 6, 2, 6, 6, 2, 6]]
    content = coco_json(coco_object(segmentation=parts))
    source = coco_set(tmp_path / "source", train=content)
    painted = frames(source, "segmentation")["train"][0].mask
    converted(source, "yolo", tmp_path / "yolo")
    assert_array_equal(frames(tmp_path / "yolo", "segmentation")["train"][0].mask, painted)


def test_parts_apart_are_joined_to_one_outline_and_told_of(tmp_path: Path) -> None:
    parts = [[0, 0, 2, 0, 2, 2, 0, 2], [4, 3, 7, 3, 7, 6, 4, 6]]
    source = coco_set(tmp_path / "source", train=coco_json(coco_object(segmentation=parts)))
    painted = frames(source, "segmentation")["train"][0].mask
    result = converted(source, "yolo", tmp_path / "yolo")
    assert len(lines_of(tmp_path / "yolo", "train/0")) == 1
    assert_array_equal(frames(tmp_path / "yolo", "segmentation")["train"][0].mask, painted)
    assert any("1 objects of several parts" in warning for warning in result.warnings)


# What is refused


def refusal(source: Path, to: str, out: Path, task: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        converted(source, to, out, task)
    assert not list(out.parent.glob(".*.part"))
    return str(caught.value)


def test_boxes_without_outlines_are_refused_for_masks(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_image(source / "images" / "a.png")
    (source / "labels").mkdir()
    (source / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (source / "classes.txt").write_text("cone\n")
    fault = refusal(source, "mask_folder", tmp_path / "out")
    assert "none of its 1 objects has an outline" in fault
    assert "--to coco" in fault


def test_divided_boxes_without_outlines_are_refused_for_masks_with_the_same_mend(tmp_path: Path) -> None:
    assert "--to coco" in refusal(yolo_set(tmp_path / "source"), "mask_folder", tmp_path / "out")


def test_all_faulty_frames_are_named_and_nothing_is_left(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "source")
    for name in ("a", "b"):
        (source / "images" / "train" / f"{name}.png").write_bytes(b"no picture")
    fault = refusal(source, "coco", tmp_path / "out")
    assert "2 faults" in fault
    assert "images/train/a.png" in fault
    assert not (tmp_path / "out").exists()


def test_folder_with_files_is_not_written_over(tmp_path: Path) -> None:
    write_image(tmp_path / "out" / "mine.png")
    assert "not empty" in refusal(yolo_set(tmp_path / "source"), "coco", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.png"]


def test_folder_inside_the_source_is_refused(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "source")
    assert "lies in the data set" in refusal(source, "coco", source / "images" / "coco")


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert converted(yolo_set(tmp_path / "source"), "coco", tmp_path / "out").n_objects == 3


# The command


def test_command_writes_and_says_how_to_use_it(tmp_path: Path, cli: Cli) -> None:
    yolo_set(tmp_path / "source")
    done = cli("data", "convert", "source", "--to", "coco", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "train 2, val 1" in done.stdout
    assert "sweep run --task detection --data out" in done.stdout


def test_command_answers_json(tmp_path: Path, cli: Cli) -> None:
    yolo_set(tmp_path / "source")
    done = cli("data", "convert", "source", "--to", "yolo", "--out", "out", "--json")
    assert json.loads(done.stdout)["counts"] == {"train": 2, "val": 1}


def test_command_with_unknown_target_exits_2_and_names_the_near_one(tmp_path: Path, cli: Cli) -> None:
    yolo_set(tmp_path / "source")
    done = cli("data", "convert", "source", "--to", "yollo", "--out", "out")
    assert done.returncode == 2
    assert "did you mean yolo?" in done.stderr


def test_command_with_faulty_labels_exits_2_with_all_of_them(tmp_path: Path, cli: Cli) -> None:
    yolo_set(tmp_path / "source", lines={"train/a": "0 0.5", "train/b": "7 0.5 0.5 0.5 0.5"})
    done = cli("data", "convert", "source", "--to", "coco", "--out", "out")
    assert done.returncode == 2
    assert "labels/train/a.txt:1" in done.stderr
    assert "labels/train/b.txt:1" in done.stderr
    assert not (tmp_path / "out").exists()


# The demo


@pytest.mark.slow
@pytest.mark.parametrize("to", ["coco", "yolo"])
def test_demo_as_boxes_holds_every_box_of_the_demo(tmp_path: Path, to: str) -> None:
    made = convert("demo", to=to, out=tmp_path / to)
    drawn, read = open_data("demo", "detection").splits, frames(tmp_path / to, "detection")
    assert (
        made.n_objects == sum(len(sample.read().labels) for kept in drawn.values() for sample in kept) > 600
    )
    for split, kept in drawn.items():
        for sample, frame in zip(kept[:10], read[split][:10], strict=True):
            assert_allclose(frame.boxes, sample.read().boxes, atol=1e-3)
            assert_array_equal(frame.labels, sample.read().labels)


@pytest.mark.slow
def test_demo_as_masks_holds_every_mask_of_the_demo(tmp_path: Path) -> None:
    convert("demo", to="mask_folder", out=tmp_path / "masks")
    index = open_data(str(tmp_path / "masks"), "segmentation")
    drawn = open_data("demo", "segmentation")
    assert index.classes == drawn.classes
    for split, kept in drawn.splits.items():
        for sample, other in zip(kept[:10], index.splits[split][:10], strict=True):
            assert_array_equal(other.read().mask, sample.read().mask)


def test_masks_that_stay_behind_are_told(tmp_path: Path) -> None:
    root = voc_set(tmp_path / "voc")
    for stem in "abc":
        write_mask(root / "SegmentationClass" / f"{stem}.png")
    told = convert(str(root), to="coco", out=tmp_path / "out").warnings
    assert [line for line in told if "SegmentationClass" in line] == [
        "the masks in SegmentationClass are not converted, the boxes are; "
        "--task segmentation takes them instead"
    ]


def test_outlines_converted_for_segmentation_are_offered_for_it(cli: Cli, tmp_path: Path) -> None:
    coco_set(tmp_path / "coco")
    done = cli("data", "convert", "coco", "--to", "yolo", "--out", "out", "--task", "segmentation")
    assert "use it with: sweep run --task segmentation --data out" in done.stdout
