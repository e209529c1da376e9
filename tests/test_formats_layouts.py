"""Which label file belongs to which image, and which image to which split, in every layout of the teams."""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rccar_models.errors import DataError
from rccar_models.formats import detect, open_data, scan_data
from rccar_models.formats.folders import holds_labels, image_positions
from rccar_models.formats.layouts import Pairs, find_pairs
from rccar_models.formats.tree import Tree, tree_of
from rccar_models.samples import UNSPLIT
from tests.data_folders import as_lines, labelme_json, split_lists, write_image, write_json, write_mask

LABELS = ("labels/detection", "labels", "annotations")


def pairs_of(*files: str, suffix: str = ".json", companions: Sequence[str] = LABELS) -> Pairs:
    """Pairs of a tree of these files, which need not exist."""
    tree = Tree(Path("/set"), tuple(sorted(files, key=lambda name: name.split("/"))))
    return find_pairs(tree, companions=companions, suffix=suffix)


def found(pairs: Pairs) -> dict[str, str | None]:
    """The companion of each image, None where there is none."""
    return {
        pair.name: pair.companion.relative_to("/set").as_posix() if pair.has_companion else None
        for kept in pairs.splits.values()
        for pair in kept
    }


def names(pairs: Pairs) -> dict[str, list[str]]:
    return {split: [pair.name for pair in kept] for split, kept in pairs.splits.items()}


def listed(root: Path, *pictures: str, **lines: Sequence[str]) -> Pairs:
    """Pairs of real files divided by lists in splits/."""
    for name in pictures:
        write_image(root / name)
    split_lists(root, **lines)
    return find_pairs(tree_of(root), companions=LABELS, suffix=".json")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images_all/H1_frame_001.png", "labels_all/H1_frame_001.json"),
        ("images_all/H1_frame_001.png", "labels/H1_frame_001.json"),
        ("images_all/H1_frame_001.png", "annotations_all/H1_frame_001.json"),
        ("images_all/H1_frame_001.png", "labels/detection/H1/H1_frame_001.json"),
        ("images_all/H1_frame_001.png", "labels/detection/H1/frame_001.json"),
        ("images_all/H_1_frame_001.png", "labels/detection/H_1/frame_001.json"),
        ("images/a.png", "labels/a.json"),
        ("images/train/a.png", "labels/train/a.json"),
        ("train/images/a.png", "train/labels/a.json"),
        ("images/drive 1/x/a.png", "labels/drive 1/x/a.json"),
        ("Images/a.PNG", "Labels/a.json"),
        ("images/a.jpeg", "labels/A.JSON"),
        ("H1/a.png", "H1_Annotations/a.json"),
        ("H1/a.png", "H1_annotations/a.json"),
        ("h1/a.png", "H1_Annotations/a.json"),
        ("H1/a.png", "labels/detection/H1/a.json"),
        ("H1/a.png", "labels/H1/a.json"),
        ("H1/x/a.png", "H1_Annotations/x/a.json"),
        ("car/H1/a.png", "car/H1_Annotations/a.json"),
        ("car/H1/a.png", "car/labels/detection/H1/a.json"),
        ("a.png", "a.json"),
        ("a.b.c.png", "a.b.c.json"),
        ("train/a.png", "train/a.json"),
        ("images/a.png", "images/a.json"),
        ("photos/a.png", "labels/a.json"),
        ("images/x/a.png", "labels/a.json"),
        ("set/v2/images_all/a.png", "set/v2/labels_all/a.json"),
    ],
)
def test_label_file_is_found_in_every_layout(image: str, label: str) -> None:
    pairs = pairs_of(image, label, "splits/readme.md")
    assert found(pairs) == {image: label}
    assert (pairs.warnings, pairs.faults) == ((), ())


def test_only_folder_that_is_called_labels_and_a_date_holds_the_labels() -> None:
    dated = "labels_My-cars_2024-01-01-10-10-10/a.json"
    assert found(pairs_of("images/a.png", dated)) == {"images/a.png": dated}
    # What lies in labels/ counts alone, and of two exports nobody knows which.
    other = "labels_My-cars_2023-09-09-09-09-09/a.json"
    assert found(pairs_of("images/a.png", dated, other)) == {"images/a.png": None}
    both = found(pairs_of("images/a.png", "images/b.png", dated, "labels/b.json"))
    assert both == {"images/a.png": None, "images/b.png": "labels/b.json"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # The same names in two drives.
        (
            ["H1/1.png", "H1_Annotations/1.json", "H2/1.png", "H2_Annotations/1.json"],
            {"H1/1.png": "H1_Annotations/1.json", "H2/1.png": "H2_Annotations/1.json"},
        ),
        # A drive's frame without labels never takes those of another drive.
        (
            ["H1/1.png", "H2/1.png", "labels/detection/H1/1.json"],
            {"H1/1.png": "labels/detection/H1/1.json", "H2/1.png": None},
        ),
        (["H2/1.png", "labels/detection/H1/1.json"], {"H2/1.png": None}),
        (["H2/1.png", "H1_Annotations/1.json"], {"H2/1.png": None}),
        (["images/H2/1.png", "labels/H1/1.json"], {"images/H2/1.png": None}),
        (
            ["images/1.png", "images/x/1.png", "labels/1.json"],
            {"images/1.png": "labels/1.json", "images/x/1.png": None},
        ),
        # Nor does a split's frame take those of another split.
        (["images/val/1.png", "labels/train/1.json"], {"images/val/1.png": None}),
        (["images/val/1.png", "labels/1.json"], {"images/val/1.png": None}),
        # The likeliest place wins.
        (["images/1.png", "labels/1.json", "images/1.json"], {"images/1.png": "labels/1.json"}),
        (["H1/1.png", "H1_Annotations/1.json", "H1/1.json"], {"H1/1.png": "H1_Annotations/1.json"}),
        # Names that differ in case only are told apart.
        (
            ["images/a.png", "images/A.png", "labels/a.json", "labels/A.json"],
            {"images/A.png": "labels/A.json", "images/a.png": "labels/a.json"},
        ),
        (["images/a.png", "labels/A.json", "labels/classes.txt"], {"images/a.png": "labels/A.json"}),
        # Merged and original side by side: the merged images are the frames.
        (
            ["images_all/H1_1.png", "labels_all/H1_1.json", "H1/1.png", "H1_Annotations/1.json"],
            {"images_all/H1_1.png": "labels_all/H1_1.json"},
        ),
    ],
)
def test_no_frame_takes_labels_of_another(files: list[str], expected: Mapping[str, str | None]) -> None:
    pairs = pairs_of(*files)
    assert found(pairs) == expected
    assert pairs.faults == ()


@pytest.mark.parametrize(
    ("files", "count"),
    [
        (["images/a.png", "labels/a.json", "labels/b.json"], 1),
        (["H1/a.png", "H1_Annotations/a.json", "H1_Annotations/b.json", "H1_Annotations/c.json"], 2),
        (["images_all/a.png", "H1/1.png", "H1_Annotations/1.json", "labels_all/a.json"], 0),
        (["images/a.png", "labels/a.json", "info/speed.json"], 0),
    ],
)
def test_label_files_without_image_are_counted(files: list[str], count: int) -> None:
    expected = (f"{count} label files (.json) have no image and are not used",) if count else ()
    assert as_lines(pairs_of(*files).warnings) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [("images/a.png", "images/a.jpg"), ("x/a.png", "x/a.bmp"), ("images/x/a.png", "images/y/a.png")],
)
def test_images_that_would_share_a_label_file_are_refused(first: str, second: str) -> None:
    label = "x/a.json" if first.startswith("x/") else "labels/a.json"
    faults = as_lines(pairs_of(first, second, label).faults)
    assert len(faults) == 1
    assert "would share a.json; rename one of them" in faults[0]


def test_names_composed_and_decomposed_belong_together() -> None:
    composed, decomposed = (unicodedata.normalize(form, "ışık_yeşil_é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    image, label = f"images/{composed}.png", f"labels/{decomposed}.json"
    assert found(pairs_of(image, label)) == {image: label}


NAME = st.text(
    st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: not name.startswith(".") and not holds_labels(name) and not image_positions([name]))


@example(stems={"NOTES"}, drive="0")
@given(stems=st.sets(NAME, min_size=1, max_size=6), drive=NAME)
def test_any_name_finds_its_own_label_file(stems: set[str], drive: str) -> None:
    """In the reorganised layout every image has the label file of exactly its name."""
    images = [f"images/{drive}/{stem}.png" for stem in stems]
    labels = [f"labels/{drive}/{stem}.json" for stem in stems]
    expected = dict(zip(images, labels, strict=True))
    assert found(pairs_of(*images, *labels)) == expected


ODD_NAMES = [
    "my frame 1",
    "a#b",
    "50%",
    "%20",
    "a&b;c",
    "$(x)",
    "-rf",
    "ışık",
    "フレーム",
    "😀",
    "n" * 200,
    "a.b.c",
    "it's",
    'say "x"',
    "a,b",
    "[1]",
    "*",
    "a\\b" if os.sep == "/" else "ab",
]


@pytest.mark.parametrize("stem", ODD_NAMES)
def test_odd_names_work_from_list_to_frame(tmp_path: Path, stem: str) -> None:
    for name in (stem, "other"):
        write_image(tmp_path / "images_all" / f"{name}.png")
        write_json(tmp_path / "labels_all" / f"{name}.json", labelme_json(image=f"{name}.png"))
    split_lists(tmp_path, train=[f"{stem}.png"], val=["images_all/other"])
    index = open_data(str(tmp_path), "detection")
    assert [sample.name for sample in index.splits["train"]] == [f"images_all/{stem}.png"]
    assert index.splits["train"][0].read().boxes.shape == (1, 4)


@pytest.mark.parametrize(
    "line",
    [
        "images_all/H1_a.png",
        "images_all/H1_a",
        "H1_a.png",
        "H1_a",
        "./images_all/H1_a.png",
        "images_all\\H1_a.png",
        ".\\images_all\\H1_a.png",
        "../images_all/H1_a.png",
        "images_all//H1_a.png",
        "  images_all/H1_a.png \r",
        "H1_a.jpg",
        "labels_all/../images_all/H1_a.png",
        "/home/ali/set/images_all/H1_a.png",
        "C:\\set\\images_all\\H1_a.png",
        "H1_a 1",
        "H1_a -1",
    ],
)
def test_line_of_a_list_may_be_written_in_many_ways(tmp_path: Path, line: str) -> None:
    pairs = listed(tmp_path, "images_all/H1_a.png", "images_all/H1_b.png", train=[line], val=["H1_b"])
    assert pairs.faults == ()
    assert names(pairs)["train"] == ["images_all/H1_a.png"]


def test_line_with_the_whole_path_of_this_machine_is_understood(tmp_path: Path) -> None:
    pairs = listed(tmp_path, "a.png", "b.png", train=[str(tmp_path / "a.png")], val=["b"])
    assert names(pairs) == {"train": ["a.png"], "val": ["b.png"]}


@pytest.mark.parametrize(
    "line",
    [
        "missing.png",
        "../a.png/../../a.png",
        "../../a.png",
        "/etc/passwd",
        "/a.png",
        "images_all/",
        "frame 9.png",
        "a.png b.png",
        "H9/a.png",
        "\x00",
        "x" * 10_000,
        "..",
        ".",
        "/",
        "C:/",
    ],
)
def test_line_that_is_no_image_is_a_fault_with_its_place(tmp_path: Path, line: str) -> None:
    pairs = listed(tmp_path, "images_all/a.png", "images_all/frame.png", train=["a", line], val=["frame"])
    assert as_lines(pairs.faults) == (
        f"splits/train.txt:2: there is no image {line[:200]!r}; correct the line or remove it",
    )


def test_name_that_two_drives_have_needs_its_folder(tmp_path: Path) -> None:
    pairs = listed(tmp_path, "H1/a.png", "H2/a.png", train=["a.png", "H1/a"], val=["H2/a.png"])
    assert as_lines(pairs.faults) == (
        "splits/train.txt:1: there is no image 'a.png'; correct the line or remove it",
    )
    assert names(pairs) == {"train": ["H1/a.png"], "val": ["H2/a.png"]}


def test_list_in_other_composition_than_the_files(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "yeşil") for form in ("NFC", "NFD"))
    pairs = listed(tmp_path, f"images/{decomposed}.png", "images/b.png", train=[composed], val=["b"])
    assert names(pairs)["train"] == [f"images/{decomposed}.png"]


def test_lists_may_lie_deeper(tmp_path: Path) -> None:
    listed(tmp_path / "car" / "v1", "images/a.png", "images/b.png", train=["images/a.png"], val=["b"])
    pairs = find_pairs(tree_of(tmp_path), companions=LABELS, suffix=".json")
    assert names(pairs) == {"train": ["car/v1/images/a.png"], "val": ["car/v1/images/b.png"]}


def test_lists_of_parts_count_together_each_below_its_part(tmp_path: Path) -> None:
    for part in ("day", "night"):
        listed(tmp_path / part, "images/a.png", "images/b.png", train=["images/a.png"], val=["b.png"])
    pairs = find_pairs(tree_of(tmp_path), companions=LABELS, suffix=".json")
    assert names(pairs) == {
        "train": ["day/images/a.png", "night/images/a.png"],
        "val": ["day/images/b.png", "night/images/b.png"],
    }


def test_list_may_name_the_original_frames_beside_merged_ones(tmp_path: Path) -> None:
    pictures = ("images_all/H1_a.png", "images_all/H1_b.png", "H1/a.png", "H1/b.png")
    pairs = listed(tmp_path, *pictures, train=["H1/a.png"], val=["H1/b.png"])
    assert names(pairs) == {"train": ["H1/a.png"], "val": ["H1/b.png"]}
    assert pairs.faults == ()


def test_frame_in_two_lists_and_twice_in_one_are_faults(tmp_path: Path) -> None:
    pairs = listed(tmp_path, "images/a.png", "images/b.png", train=["a", "a.png"], val=["b", "a"])
    assert as_lines(pairs.faults) == (
        "images/a.png is twice in train; keep one line",
        "images/a.png is in train and in val; keep it in one of them",
    )


def test_frames_in_no_list_are_counted(tmp_path: Path) -> None:
    pairs = listed(tmp_path, "images/a.png", "images/b.png", "images/c.png", train=["a"], val=["b"])
    assert as_lines(pairs.warnings) == ("1 images stand in no split list and are not used",)


def test_frames_beside_the_folders_of_splits_are_counted() -> None:
    pairs = pairs_of("images/train/a.png", "images/valid/b.png", "images/c.png")
    assert names(pairs) == {"train": ["images/train/a.png"], "val": ["images/valid/b.png"]}
    assert as_lines(pairs.warnings) == (
        "1 images lie in no folder of a split and are not used, e.g. images/c.png",
    )


def test_frames_that_nothing_divides_are_one_heap() -> None:
    assert names(pairs_of("H1/a.png", "H2/a.png")) == {UNSPLIT: ["H1/a.png", "H2/a.png"]}


def test_list_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    listed(tmp_path, "images/a.png", "images/b.png", train=["a"], val=["b"])
    (tmp_path / "splits" / "val.txt").write_bytes(b"\xff\xfe\x00b")
    pairs = find_pairs(tree_of(tmp_path), companions=LABELS, suffix=".json")
    assert len(as_lines(pairs.faults)) == 1
    assert "splits/val.txt: cannot be read as UTF-8 text" in as_lines(pairs.faults)[0]
    assert names(pairs) == {"train": ["images/a.png"], "val": []}


def test_empty_list_is_an_empty_split(tmp_path: Path) -> None:
    assert names(listed(tmp_path, "images/a.png", train=["a"], val=[])) == {
        "train": ["images/a.png"],
        "val": [],
    }


def test_circle_of_links_ends_and_links_out_are_counted(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write_image(root / "images" / "a.png")
    write_image(tmp_path / "outside" / "b.png")
    (root / "images" / "loop").symlink_to(root, target_is_directory=True)
    (root / "images" / "self.png").symlink_to("self.png")
    (root / "images" / "b.png").symlink_to(tmp_path / "outside" / "b.png")
    (root / "images" / "more").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "images" / "c.png").symlink_to("a.png")
    pairs = find_pairs(tree_of(root), companions=LABELS, suffix=".json")
    assert names(pairs) == {UNSPLIT: ["images/a.png", "images/c.png"]}
    assert as_lines(pairs.warnings) == ("3 links lead out of the data set and are not followed",)


def test_names_that_are_no_text_are_counted(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    try:
        (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"\xff.png"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    write_image(tmp_path / "b.png")
    pairs = find_pairs(tree_of(tmp_path), companions=LABELS, suffix=".json")
    assert names(pairs) == {UNSPLIT: ["b.png"]}
    assert as_lines(pairs.warnings) == (
        "1 files have names that are not UTF-8 and are not used; rename them",
    )


def test_pipe_is_no_picture(tmp_path: Path) -> None:
    """Opening one would wait for ever."""
    write_image(tmp_path / "images" / "a.png")
    os.mkfifo(tmp_path / "images" / "b.png")
    (tmp_path / "images" / "c.png").symlink_to("b.png")
    assert "images/b.png" not in tree_of(tmp_path).files
    assert "images/c.png" not in tree_of(tmp_path).files


def earlier_tool(root: Path) -> Path:
    """All layouts of the earlier tool at once, as its users have them on disk."""
    for number, drive in enumerate(("H1", "H2")):
        colour = (number, 7, 7)
        write_image(root / drive / "frame_001.png", colour=colour)
        write_image(root / "images_all" / f"{drive}_frame_001.png", colour=colour)
        write_json(root / f"{drive}_Annotations" / "frame_001.json", labelme_json(image="frame_001.png"))
        path = f"..\\images_all\\{drive}_frame_001.png"
        write_json(root / "labels_all" / f"{drive}_frame_001.json", labelme_json(image=path))
        write_mask(root / "labels" / "segmentation" / drive / "frame_001.png")
        boxes = root / "labels" / "detection" / drive
        boxes.mkdir(parents=True)
        (boxes / "frame_001.txt").write_text("1 0.5 0.5 0.25 0.5\n")
    for folder in ("labels_all", "labels/detection"):
        (root / folder / "classes.txt").write_text("0 cone\n1 car\n")
    (root / "labels" / "segmentation" / "classes.txt").write_text("0 background\n1 road\n")
    return split_lists(root, train=["H1_frame_001.png"], val=["H2_frame_001.png"])


@pytest.mark.parametrize("below", ["", "car/v1"])
@pytest.mark.parametrize(
    ("task", "format_name", "classes"),
    [("detection", "yolo", ("cone", "car")), ("segmentation", "mask_folder", ("background", "road"))],
)
@pytest.mark.parametrize("merged", [True, False])
def test_labels_made_for_a_task_go_before_labelme(
    tmp_path: Path, below: str, task: str, format_name: str, classes: tuple[str, ...], merged: bool
) -> None:
    root = earlier_tool(tmp_path / below)
    if not merged:
        split_lists(root, train=["H1/frame_001.png"], val=["H2/frame_001.png"])
    index = open_data(str(tmp_path), task)
    assert (index.format, index.classes) == (format_name, classes)
    frame = index.splits["train"][0].read()
    if task == "detection":
        assert frame.boxes.tolist() == [[3, 1.5, 5, 4.5]]
    else:
        assert frame.mask is not None
        assert frame.mask[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("merged", [True, False])
@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_labelme_can_be_asked_for_in_the_same_set(tmp_path: Path, task: str, merged: bool) -> None:
    lines = "{}_frame_001.png" if merged else "{}/frame_001"
    split_lists(earlier_tool(tmp_path), train=[lines.format("H1")], val=[lines.format("H2")])
    index = open_data(str(tmp_path), task, "labelme")
    frame = index.splits["val"][0].read()
    assert frame.image[0, 0].tolist() == [1, 7, 7]
    assert frame.things[0].box == (2, 1, 6, 3)
    label = "labels_all/H2_frame_001.json" if merged else "H2_Annotations/frame_001.json"
    assert index.splits["val"][0].files[1] == tmp_path / label


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images_all/{}_a.png", "labels_all/{}_a.json"),
        ("images/{}/a.png", "labels/{}/a.json"),
        ("images/{}_a.png", "labels/{}_a.json"),
        ("{}/a.png", "{}_Annotations/a.json"),
        ("{}/a.png", "{}/a.json"),
        ("{}_a.png", "{}_a.json"),
        ("deep/er/{}/a.png", "deep/er/{}_Annotations/a.json"),
    ],
)
def test_labelme_is_recognised_in_every_layout(tmp_path: Path, image: str, label: str) -> None:
    for drive in ("H1", "H2", "H3"):
        write_image(tmp_path / image.format(drive), colour=(int(drive[1]), 5, 5))
        write_json(tmp_path / label.format(drive), labelme_json(image="a.png"))
    heap = scan_data(str(tmp_path), "detection")
    assert (heap.format, {split: len(kept) for split, kept in heap.splits.items()}) == (
        "labelme",
        {UNSPLIT: 3},
    )
    split_lists(tmp_path, train=[image.format("H1"), image.format("H3")], val=[image.format("H2")])
    index = open_data(str(tmp_path), "segmentation")
    assert [sample.name for sample in index.splits["train"]] == [image.format("H1"), image.format("H3")]
    assert index.splits["val"][0].read().image[0, 0].tolist() == [2, 5, 5]
    assert (index.warnings, index.faults) == ((), ())


def test_split_folders_with_labelme(tmp_path: Path) -> None:
    for name in ("train/a", "valid/b", "test/c"):
        write_image(tmp_path / "images" / f"{name}.png")
        write_json(tmp_path / "labels" / f"{name}.json", labelme_json())
    assert {split: len(kept) for split, kept in open_data(str(tmp_path), "detection").splits.items()} == {
        "train": 1,
        "val": 1,
        "test": 1,
    }


def test_labelme_and_yolo_without_a_folder_of_their_own_ask_for_a_choice(tmp_path: Path) -> None:
    for name in ("train/a", "val/b"):
        write_image(tmp_path / "images" / f"{name}.png")
        write_json(tmp_path / "labels" / f"{name}.json", labelme_json())
        (tmp_path / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    with pytest.raises(DataError, match="--format labelme or --format yolo"):
        detect(tree_of(tmp_path), "detection")
    assert detect(tree_of(tmp_path), "segmentation").name == "labelme"
