"""`sweep data preview`: what is drawn where, which frames are chosen, and the pictures of a sweep's data."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rccar_models.cache import prepare
from rccar_models.colours import colours_of
from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.inspection.cached import cached_index
from rccar_models.inspection.choosing import choose_frames
from rccar_models.inspection.preview import preview_sheet
from rccar_models.overlays import boxed, fitting, font, masked
from sweep.workshop.data.pictures import cache_pictures
from tests.conftest import Cli, clean_environment
from tests.data_folders import as_lines, mask_set, write_image, write_mask, yolo_set

RED, GREEN = (200, 0, 0), (0, 200, 0)


def black(width: int = 8, height: int = 6) -> Image.Image:
    return Image.new("RGB", (width, height))


def sheet(root: Path, task: str, file: Path, *, n: int = 12, seed: int = 0) -> NDArray[np.uint8]:
    preview_sheet(scan_data(str(root), task), file, n=n, seed=seed)
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def test_mask_is_laid_over_the_frame_and_ignored_pixels_are_striped() -> None:
    mask = np.repeat([[0, 0, 1, 1, 255, 255, 255, 255]], 6, axis=0).astype(np.uint8)
    drawn = np.asarray(
        masked(black(80, 60), mask, [RED, GREEN], opacity=0.5, clear=[0]),
    )
    assert (drawn[:, :20] == 0).all()  # under a clear class the frame stays
    assert (drawn[:, 20:40] == (0, 100, 0)).all()  # half of the class's colour
    stripes = {tuple(colour) for colour in drawn[:, 40:].reshape(-1, 3).tolist()}
    assert len(stripes) == 2
    assert all(len(set(colour)) == 1 for colour in stripes)  # greys


def test_box_is_drawn_in_the_colour_of_its_class_where_it_lies(tmp_path: Path) -> None:
    root = yolo_set(tmp_path / "track")
    drawn = sheet(root, "detection", tmp_path / "p.png", n=1, seed=1)
    cone, car = colours_of(["cone", "car"], with_grey=False)
    # The one frame is a tile of 400x300 below the title; its box spans the middle half of its height.
    rows, columns = np.nonzero((drawn[42:342, 12:412] == cone).all(axis=2))
    if not len(rows):
        rows, columns = np.nonzero((drawn[42:342, 12:412] == car).all(axis=2))
    assert abs(int(rows.max()) - 225) <= 1
    assert abs((int(columns.min()) + int(columns.max())) / 2 - 200) <= 1


def test_names_of_boxes_on_top_of_each_other_are_both_readable() -> None:
    boxes = np.asarray([[40, 40, 90, 70], [42, 42, 92, 72]], np.float32)
    drawn = np.asarray(boxed(black(200, 150), boxes, ["cone", "car"], [RED, GREEN]))
    beside = np.concatenate([drawn[:39], drawn[74:]])  # without the boxes' own lines
    for colour in (RED, GREEN):
        assert (beside == colour).all(axis=2).sum() > 250  # the plate behind a name of 34x17 pixels


def test_name_of_a_box_does_not_hide_the_object_above_it() -> None:
    boxes = np.asarray([[40, 60, 90, 90], [45, 44, 60, 58]], np.float32)
    drawn = np.asarray(boxed(black(200, 150), boxes, ["cone", "car"], [RED, GREEN]))
    assert (drawn[46:57, 47:59] == 0).all()


def test_forty_classes_have_forty_colours() -> None:
    assert len(set(colours_of([str(i) for i in range(40)], with_grey=True))) == 40


def test_letters_of_other_alphabets_are_in_the_font_and_long_names_keep_both_ends() -> None:
    missing = font(15).getmask("\uffff").getbbox()
    shapes = [bytes(font(15).getmask(letter)) for letter in "şğıЖλ\uffff"]
    assert missing is not None
    assert len(set(shapes)) == 6
    short = fitting("Fußgängerübergang mit Lichtzeichenanlage 17", 150)
    assert short.startswith("Fuß")
    assert short.endswith("17")
    assert font(15).getlength(short) <= 150
    assert fitting("images/train/0001.png", 80, keep_end=True).endswith("1.png")


def rare_class_set(root: Path, n_frames: int) -> Path:
    """Road everywhere, and a sign in the last frame but three."""
    for number in range(n_frames):
        ids = np.ones((6, 8), np.uint8)
        ids[0, 0] = 2 if number == n_frames - 4 else 0
        write_image(root / "images/train" / f"{number:03d}.png")
        write_mask(root / "masks/train" / f"{number:03d}.png", ids.tolist())
    (root / "classes.txt").write_text("background\nroad\nsign\nghost\n")
    return root


@pytest.mark.parametrize("seed", range(4))
def test_frames_are_spread_and_a_rare_class_is_among_them(tmp_path: Path, seed: int) -> None:
    index = scan_data(str(rare_class_set(tmp_path, 40)), "segmentation")
    chosen = choose_frames(index, splits=("train",), n=4, seed=seed)
    names = [sample.name for _, sample in chosen.frames]
    assert "images/train/036.png" in names
    assert len(set(names)) == 4
    assert names == sorted(names)
    assert int(names[0][-7:-4]) < 20
    assert chosen.missing == ("ghost",)


def test_search_for_rare_classes_ends(tmp_path: Path) -> None:
    index = scan_data(str(rare_class_set(tmp_path, 40)), "segmentation")
    assert choose_frames(index, splits=("train",), n=4, seed=0, most_read=10).n_read == 10


def test_same_seed_gives_the_same_picture_and_another_one_other_frames(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "track", n_frames={"train": 30, "val": 2})
    first = sheet(root, "segmentation", tmp_path / "a.png", n=2)
    again = sheet(root, "segmentation", tmp_path / "b.png", n=2)
    other = sheet(root, "segmentation", tmp_path / "c.png", n=2, seed=5)
    assert (first == again).all()
    assert first.shape != other.shape or (first != other).any()


def test_unreadable_frames_are_skipped_and_told(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "track")
    (root / "images/train/1.png").write_bytes(b"no picture")
    made = preview_sheet(scan_data(str(root), "segmentation"), tmp_path / "p.png")
    assert made.n_frames == 4
    assert len(made.faults) == 1
    assert "images/train/1.png" in made.faults[0]
    for file in root.glob("images/*/*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be decoded"):
        preview_sheet(scan_data(str(root), "segmentation"), tmp_path / "p.png")


def test_sheet_has_room_for_frames_of_any_shape_and_any_name(tmp_path: Path) -> None:
    root = tmp_path / "track"
    shapes = [(640, 480), (20, 400), (400, 20), (1, 1), (33, 21)]
    for number, size in enumerate(shapes):
        name = f"şerit {'x' * 90} {number}"
        write_image(root / f"images/train/{name}.png", size=size)
        (root / "labels/train").mkdir(parents=True, exist_ok=True)
        boxes = "".join(f"{i} 0.5 0.5 0.{i + 1} 0.9\n" for i in range(9))
        (root / f"labels/train/{name}.txt").write_text(boxes)
    names = (f"Fußgängerübergang mit Lichtzeichenanlage {i}" for i in range(9))
    (root / "classes.txt").write_text("\n".join(names), encoding="utf-8")
    drawn = sheet(root, "detection", tmp_path / "p.png")
    edges = (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1])
    assert all((edge == 255).all() for edge in edges), "something is cut off at an edge"


def test_command_writes_preview_png_here_and_says_where(tmp_path: Path, cli: Cli) -> None:
    done = cli("data", "preview", "demo", "--n", "3")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "preview.png") in done.stdout.replace("\n", "")
    with Image.open(tmp_path / "preview.png") as picture:
        assert picture.format == "PNG"


def test_command_takes_frames_that_nothing_divides(tmp_path: Path, cli: Cli) -> None:
    for number in range(3):
        write_image(tmp_path / "flat/images" / f"{number}.png")
        write_mask(tmp_path / "flat/masks" / f"{number}.png")
    done = cli("data", "preview", "flat", "--out", "sheets/flat.png")
    assert done.returncode == 0, done.stderr
    assert "sweep data check flat" in done.stdout
    assert (tmp_path / "sheets/flat.png").is_file()
    done = cli("data", "preview", "flat", "--split", "val")
    assert done.returncode == 2
    assert "--split all" in done.stderr


def test_drawing_data_imports_no_torch(tmp_path: Path) -> None:
    mask_set(tmp_path / "track")
    code = (
        "import sys; from pathlib import Path; from sweep.api.data import preview, statistics\n"
        "preview('track', out=Path('p.png')); statistics('track', out=Path('s.png'))\n"
        "assert not {'torch', 'torchvision', 'mlflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), check=True)


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_cache_is_drawn_once_as_it_is_trained_on(tmp_path: Path, task: str) -> None:
    root = mask_set(tmp_path / "track") if task == "segmentation" else yolo_set(tmp_path / "track")
    info = prepare(open_data(str(root), task), image_size=(32, 48), cache_root=tmp_path / "cache")
    preview, chart, numbers = cache_pictures(info.folder)
    found = json.loads(numbers.read_text())
    assert [one["amount"] for one in found["classes"]] == [
        {split: counts[label] for split, counts in info.class_counts.items()} for label in range(2)
    ]
    assert found["training_size"] == [32, 48]
    assert as_lines(cached_index(info.folder).warnings) == info.warnings
    before = [file.stat().st_mtime_ns for file in (preview, chart, numbers)]
    assert cache_pictures(info.folder) == (preview, chart, numbers)
    assert [file.stat().st_mtime_ns for file in (preview, chart, numbers)] == before
    assert not list(info.folder.glob(".*.tmp"))
