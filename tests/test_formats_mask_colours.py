"""Masks whose colours stand for classes, and masks called or placed as other tools do it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.samples import DataIndex
from tests.data_folders import as_lines, mask_set, write_image, write_mask

BLACK, PURPLE, BLUE = (0, 0, 0), (128, 64, 128), (0, 0, 255)
COLOURS = [[BLACK, PURPLE, PURPLE, BLUE, BLUE, BLUE, BLACK, BLACK]] * 6
IDS = [[0, 1, 1, 2, 2, 2, 0, 0]] * 6


def write_colours(path: Path, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(COLOURS, np.uint8))
    if mode == "P":
        picture = picture.quantize(8, dither=Image.Dither.NONE)
    elif mode == "RGBA":
        picture.putalpha(3)
    picture.save(path)


def coloured_set(root: Path, file: str | None, text: str = "", *, mode: str = "RGB") -> Path:
    """One frame in train and in val; the files of mask_set without its classes."""
    mask_set(root, n_frames={"train": 1, "val": 1})
    (root / "classes.txt").unlink()
    for split in ("train", "val"):
        write_colours(root / "masks" / split / "0.png", mode)
    if file:
        (root / file).write_text(text)
    return root


def opened(root: Path) -> DataIndex:
    return open_data(str(root), "segmentation")


def first_mask(root: Path) -> list[list[int]]:
    mask = opened(root).splits["train"][0].read().mask
    assert mask is not None
    return mask.tolist()


def faults_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        first_mask(root)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "floor 0 0 0\nroad 128 64 128\ncar 0 0 255\n"),
        ("classes.txt", "1 road 128 64 128\n0 floor 0 0 0\n2 car 0 0 255\n"),
        ("classes.txt", "0 0 0 floor\n128, 64, 128, road\n0\t0\t255\tcar\n"),
        ("classes.txt", "0 0 0 0 floor\n1 128 64 128 road\n2 0 0 255 car\n"),
        ("class_dict.csv", "name,r,g,b\nfloor,0,0,0\nroad,128,64,128\ncar,0,0,255\n"),
        ("class_dict_seg.csv", "\ufeffname, r, g, b\nfloor, 0, 0, 0\nroad, 128, 64, 128\ncar, 0, 0, 255\n"),
        ("masks/label_colors.txt", "0 0 0\t\tfloor\n128 64 128\troad\n0 0 255\tcar\n"),
    ],
)
def test_colours_are_classes_in_every_form_of_the_table(
    tmp_path: Path, file: str, text: str, mode: str
) -> None:
    root = coloured_set(tmp_path, file, text, mode=mode)
    assert opened(root).classes == ("floor", "road", "car")
    assert opened(root).warnings == ()
    assert first_mask(root) == IDS


def test_names_and_their_order_may_stand_apart_from_the_colours(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "0 car\n1 floor\n2 road\n")
    (root / "label_colors.txt").write_text("0 0 0 floor\n128 64 128 road\n0 0 255 car\n")
    assert opened(root).classes == ("car", "floor", "road")
    assert first_mask(root)[0] == [1, 2, 2, 0, 0, 0, 1, 1]


def test_black_is_the_background_of_a_table_whose_ids_start_at_1(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "1 road 128 64 128\n2 car 0 0 255\n")
    assert opened(root).classes == ("background", "road", "car")
    assert first_mask(root) == IDS


@pytest.mark.parametrize("name", ["void", "Void", "ignore", "ignored_area", "unlabelled", "Unlabeled"])
def test_class_whose_name_says_so_is_ignored_with_a_warning(tmp_path: Path, name: str) -> None:
    root = coloured_set(tmp_path, "classes.txt", f"{name} 0 0 0\nroad 128 64 128\ncar 0 0 255\n")
    assert opened(root).classes == ("road", "car")
    assert as_lines(opened(root).warnings) == (f"classes.txt: {name} counts nowhere (255), as its name says",)
    assert first_mask(root)[0] == [255, 0, 0, 1, 1, 1, 255, 255]


def test_ignored_class_among_ids_leaves_no_gap(tmp_path: Path) -> None:
    mask_set(tmp_path, n_frames={"train": 1, "val": 1})
    (tmp_path / "classes.txt").write_text("0 floor\n1 void\n2 car\n255 ignore\n")
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 1, 2, 2, 255, 0, 0, 0]] * 6)
    assert opened(tmp_path).classes == ("floor", "car")
    assert first_mask(tmp_path)[0] == [0, 255, 1, 1, 255, 0, 0, 0]


def test_255_is_a_class_where_the_table_names_it(tmp_path: Path) -> None:
    mask_set(tmp_path, n_frames={"train": 1, "val": 1})
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 255, 255, 255, 255, 0, 0, 0]] * 6)
    (tmp_path / "classes.txt").write_text("0 floor\n255 road\n")
    assert opened(tmp_path).classes == ("floor", "road")
    assert first_mask(tmp_path)[0] == [0, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (None, "write two lines: '0 background' and '255 NAME'"),
        ("background\nroad\n", "write two lines: '0 background' and '255 road'"),
        ("floor\nroad\ncar\n", "write two lines: '0 floor' and '255 NAME'"),
    ],
)
def test_masks_of_0_and_255_are_refused_with_the_mend(tmp_path: Path, names: str | None, said: str) -> None:
    mask_set(tmp_path, n_frames={"train": 1, "val": 1})
    (tmp_path / "classes.txt").unlink()
    if names:
        (tmp_path / "classes.txt").write_text(names)
    for split in ("train", "val"):
        write_mask(tmp_path / "masks" / split / "0.png", [[0, 255, 255, 255, 255, 0, 0, 0]] * 6)
    assert "classes.txt: masks hold 0 and 255 only, and 255 is ignored" in faults_of(tmp_path)
    assert said in faults_of(tmp_path)


def test_one_mask_of_two_classes_shows_that_255_is_ignored(tmp_path: Path) -> None:
    mask_set(tmp_path, n_frames={"train": 2, "val": 1})
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 255, 255, 255, 255, 0, 0, 0]] * 6)
    assert opened(tmp_path).faults == ()


def test_unknown_colours_are_refused_with_file_colour_and_count(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "floor 0 0 0\nroad 128 64 127\n")
    assert (
        "masks/train/0.png: colours 0 0 255 (18 pixels), 128 64 128 (12 pixels) not in classes.txt; name them"
    ) in faults_of(root)


@pytest.mark.parametrize("file", [None, "classes.txt"])
def test_colours_that_nothing_explains_are_refused_with_all_that_were_found(
    tmp_path: Path, file: str | None
) -> None:
    root = coloured_set(tmp_path, file, "floor\nroad\ncar\n")
    faults = as_lines(scan_data(str(root), "segmentation").faults)
    assert len(faults) == 1
    assert faults[0].startswith(
        "masks in colours, e.g. masks/train/0.png: colours 0 0 0 (36 pixels), 0 0 255 (36 pixels), "
        "128 64 128 (24 pixels); nothing says which class a colour is: write classes.txt"
    )


def test_index_of_a_palette_counts_without_a_table_of_colours(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "a\nb\nc\n", mode="P")
    with Image.open(root / "masks" / "train" / "0.png") as picture:
        assert first_mask(root) == np.asarray(picture).tolist()


def test_grey_mask_that_is_ids_or_colours_is_refused(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "road 1 1 1\ncar 0 0 0\n")
    write_mask(root / "masks" / "train" / "0.png")
    assert "masks/train/0.png: the grey values 0, 1 may be ids or colours of classes.txt" in faults_of(root)


def test_grey_masks_of_ids_may_have_a_table_with_colours(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "0 floor 0 0 0\n1 road 128 64 128\n")
    write_mask(root / "masks" / "train" / "0.png")
    assert first_mask(root)[0] == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "classes.txt",
            "a 0 0 0\nb 0 0 256\n",
            "classes.txt:2: colour 0 0 256; red, green and blue go from 0",
        ),
        ("classes.txt", "a 0 0 0\nb 0 0 0\n", "classes.txt:2: 'a' and 'b' have the same colour"),
        ("classes.txt", "a 0 0 0\nb 1 1 1\nc\n", "classes.txt:3: has no colour, though other lines have"),
        ("classes.txt", "a 0 0 0\na 1 1 1\n", "classes.txt:2: class 'a' stands twice"),
        ("classes.txt", f"{'a' * 501} 0 0 0\n", "classes.txt:1: is longer than 500 characters"),
        ("class_dict.csv", "name,r,g,b\na,0,0,x\n", "class_dict.csv:2: 'x' is not a whole number"),
        ("class_dict.csv", "name,r,g,b\n,0,0,1\n", "class_dict.csv:2: has no name"),
        ("class_dict.csv", "a,0,0,0\n", "class_dict.csv:1: the first line must be name,r,g,b or Pixel"),
        ("class_dict.csv", "", "class_dict.csv:1: the first line must be"),
        ("class_dict.csv", "name,r,g,b\n", "class_dict.csv: names no class"),
        ("classes.txt", "".join(f"c{n}\n" for n in range(300)), "classes.txt: id 299; a mask holds ids from"),
    ],
)
def test_faulty_table_of_classes_is_refused_by_line(tmp_path: Path, file: str, text: str, said: str) -> None:
    assert said in faults_of(coloured_set(tmp_path, file, text))


def test_export_of_roboflow_with_masks_beside_images_is_read(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write_image(tmp_path / split / "a.jpg", colour=(len(split), 0, 0))
        write_mask(tmp_path / split / "a_mask.png")
        (tmp_path / split / "_classes.csv").write_text("Pixel Value, Class\n0, background\n1, road\n")
    index = opened(tmp_path)
    assert index.classes == ("background", "road")
    assert {split: [sample.name for sample in kept] for split, kept in index.splits.items()} == {
        "train": ["train/a.jpg"],
        "val": ["valid/a.jpg"],
    }
    assert first_mask(tmp_path)[0] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_tables_of_the_splits_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    for split, name in (("train", "road"), ("valid", "car")):
        write_image(tmp_path / split / "a.jpg")
        write_mask(tmp_path / split / "a_mask.png")
        (tmp_path / split / "_classes.csv").write_text(f"Pixel Value, Class\n0, floor\n1, {name}\n")
    assert "train/_classes.csv and valid/_classes.csv name other classes" in faults_of(tmp_path)


@pytest.mark.parametrize("ending", ["", "_mask", "_L", "_label", "_gt", "_labelIds", "_MASK"])
@pytest.mark.parametrize(
    "place", ["images/{}", "masks/{}", "train/{}", "train_labels/{}", "trainannot/{}", "train/masks/{}"]
)
def test_masks_are_found_by_the_endings_of_their_names(tmp_path: Path, place: str, ending: str) -> None:
    image = "images/a.jpg" if place.startswith(("images", "masks")) else "train/a.jpg"
    write_image(tmp_path / image)
    write_mask(tmp_path / place.format(f"a{ending}.png"))
    index = scan_data(str(tmp_path), "segmentation")
    assert [sample.name for kept in index.splits.values() for sample in kept] == [image]
    assert not [fault for fault in as_lines(index.faults) if "mask" in fault]


def test_set_as_camvid_is_published_is_read(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_image(tmp_path / split / "0001TP_1.png", colour=(len(split), 0, 0))
        write_colours(tmp_path / f"{split}_labels" / "0001TP_1_L.png")
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nVoid,0,0,0\nRoad,128,64,128\nCar,0,0,255\n")
    index = opened(tmp_path)
    assert index.classes == ("Road", "Car")
    assert first_mask(tmp_path)[0] == [255, 0, 0, 1, 1, 1, 255, 255]


def test_frames_called_like_masks_stay_frames_where_masks_have_their_folder(tmp_path: Path) -> None:
    for name in ("a", "a_mask"):
        write_image(tmp_path / "images" / "train" / f"{name}.png", colour=(len(name), 0, 0))
        write_mask(tmp_path / "masks" / "train" / f"{name}.png")
    index = scan_data(str(tmp_path), "segmentation")
    assert [sample.name for sample in index.splits["train"]] == [
        "images/train/a.png",
        "images/train/a_mask.png",
    ]


def test_key_of_a_sample_follows_what_the_pixels_mean(tmp_path: Path) -> None:
    root = coloured_set(tmp_path, "classes.txt", "floor 0 0 0\nroad 128 64 128\ncar 0 0 255\n")
    before = opened(root).splits["train"][0].key
    (root / "classes.txt").write_text("floor 0 0 255\nroad 128 64 128\ncar 0 0 0\n")
    assert opened(root).splits["train"][0].key != before
    assert opened(mask_set(tmp_path / "plain")).splits["train"][0].key == ""


def test_large_masks_of_colours_are_mapped_as_pixel_by_pixel(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 256, (20, 3))
    ids = rng.integers(0, 20, (60, 80))
    mask_set(tmp_path, n_frames={"train": 1, "val": 1})
    write_image(tmp_path / "images" / "train" / "0.png", size=(80, 60))
    Image.fromarray(table[ids].astype(np.uint8)).save(tmp_path / "masks" / "train" / "0.png")
    lines = [f"c{number} {' '.join(map(str, colour))}" for number, colour in enumerate(table)]
    (tmp_path / "classes.txt").write_text("\n".join(lines))
    assert first_mask(tmp_path) == ids.tolist()
