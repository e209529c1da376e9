"""Bad input is hostile input: whatever a file holds, a set is read, or refused with a reason."""

import json
import resource
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rccar_models.errors import DataError
from rccar_models.formats import FORMATS, scan_data
from rccar_models.formats.class_table import read_entries
from rccar_models.formats.json_files import read_json
from rccar_models.formats.yaml_files import read_yaml
from tests.data_folders import (
    as_lines,
    coco_json,
    coco_object,
    coco_set,
    mask_set,
    write_image,
    write_mask,
    yolo_set,
)
from tests.fuzz import read_all
from tests.hostile_sets import SETS

FUZZ_SECONDS = 4
FOLDER_FORMATS = sorted(set(FORMATS) - {"demo"})
VARIANTS = [(name, variant) for name, variants in SETS.items() for variant in variants]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
BOUNDED = settings(max_examples=100, deadline=2000)


def write_variant(root: Path, format_name: str, variant: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    SETS[format_name][variant](root)
    return root


@pytest.mark.parametrize("name", FOLDER_FORMATS)
def test_every_format_has_a_set_that_the_fuzz_run_damages(name: str) -> None:
    assert name in SETS, f"add a valid set of {name} to tests/hostile_sets.py"


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_sets_are_read_before_they_are_damaged(tmp_path: Path, name: str, variant: str) -> None:
    root = write_variant(tmp_path, name, variant)
    index = scan_data(str(root), FORMATS[name].tasks[-1], name)
    assert sum(len(kept) for kept in index.splits.values()) >= 2
    for sample in (sample for kept in index.splits.values() for sample in kept):
        sample.read()


def test_damaged_sets_of_every_format_are_read_or_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", str(FUZZ_SECONDS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr + done.stdout


# What hypothesis thinks of


def read_either(root: Path, name: str) -> None:
    for task in FORMATS[name].tasks:
        read_all(root, task, name)


@BOUNDED
@given(st.dictionaries(st.sampled_from(sorted(coco_object())), JSON, max_size=3), JSON, JSON)
def test_any_values_in_a_coco_file_are_read_or_refused(
    changes: dict[str, object], category: object, image: object
) -> None:
    content = coco_json(annotations=[coco_object() | changes, category])
    content["categories"].append(category)
    content["images"].append(image)
    with tempfile.TemporaryDirectory() as folder:
        coco_set(Path(folder), train=json.dumps(content))
        read_either(Path(folder), "coco")


YOLO_CELLS = st.sampled_from(
    ["0", "1", "0.5", "1.0", "-0", "nan", "1e400", "", "x", "\x1c", "\u2028", "0" * 99]
)


@BOUNDED
@given(
    st.lists(st.lists(YOLO_CELLS | st.text(max_size=3), max_size=9).map(" ".join), max_size=4).map("\n".join)
)
def test_any_lines_in_a_yolo_file_are_read_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        yolo_set(Path(folder))
        (Path(folder) / "labels" / "train" / "a.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
        read_either(Path(folder), "yolo")


@BOUNDED
@given(st.text(st.sampled_from("namesctrivl:[]{}&*!|>-#'\" \n\t0127.%@`?,\x00\x85é"), max_size=80))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        yolo_set(Path(folder))
        (Path(folder) / "data.yaml").write_text(text)
        read_either(Path(folder), "yolo")


@BOUNDED
@given(st.sampled_from(["classes.txt", "class_dict.csv"]), st.text(max_size=60))
def test_any_table_of_classes_is_read_or_refused(file: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mask_set(Path(folder), n_frames={"train": 1, "val": 1})
        (Path(folder) / "classes.txt").unlink()
        (Path(folder) / file).write_bytes(text.encode("utf-8", "surrogatepass"))
        read_either(Path(folder), "mask_folder")


# Bombs: in a process of little memory, in bounded time


def read_in_little_memory(code: str, *words: str, gib: float = 1.5) -> "subprocess.CompletedProcess[str]":
    """Run code that prints, in a process whose address space is bounded; two minutes are too long."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(gib * 2**30),) * 2)

    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit,
    )


SCAN = """
import sys
from rccar_models.errors import DataError
from rccar_models.formats import scan_data
try:
    index = scan_data(sys.argv[1], sys.argv[2], sys.argv[3])
    for sample in (sample for kept in index.splits.values() for sample in kept):
        sample.read()
    print("read", [str(fault) for fault in index.faults])
except DataError as error:
    print("refused", error)
"""

ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def yaml_of_aliases(root: Path) -> Path:
    yolo_set(root)
    (root / "data.yaml").write_text(f"{ALIASES}names: *i\n")
    return root


def yaml_of_a_hundred_thousand_keys(root: Path) -> Path:
    yolo_set(root)
    (root / "data.yaml").write_text("names: {" + "".join(f"{n}: c, " for n in range(40_000)) + "}")
    return root


def deep_json(root: Path) -> Path:
    return coco_set(root, train='{"images": ' + '{"a":[' * 500_000)


def deep_yaml(root: Path) -> Path:
    yolo_set(root)
    (root / "data.yaml").write_text("names: " + "[" * 100_000)
    return root


def huge_run_length_code(root: Path) -> Path:
    region = {"size": [2**31, 2**31], "counts": [2**62]}
    return coco_set(root, train=coco_json(coco_object(segmentation=region, bbox=None)))


def coco_polygon_far_away(root: Path) -> Path:
    return coco_set(root, train=coco_json(coco_object(segmentation=[[0, 0, 1e29, 0, 1e29, 1e29]])))


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def mask_of_a_billion_pixels(root: Path) -> Path:
    mask_set(root)
    (root / "masks" / "train" / "0.png").write_bytes(png(40_000, 30_000, zlib.compress(b"\0" * 10**8, 9)))
    return root


def class_table_of_one_long_line(root: Path) -> Path:
    mask_set(root)
    (root / "classes.txt").write_text("a" + " ," * 4_000_000 + " 1 2")
    return root


def class_table_of_a_million_names(root: Path) -> Path:
    mask_set(root)
    (root / "classes.txt").write_text("".join(f"{number}\n" for number in range(1_000_000)))
    return root


BOMBS = [
    ("yolo", yaml_of_aliases, "anchors and aliases"),
    ("yolo", yaml_of_a_hundred_thousand_keys, "a class stands twice"),
    ("coco", deep_json, "nested too deeply"),
    ("yolo", deep_yaml, "nested too deeply"),
    ("coco", huge_run_length_code, "instead of height and width"),
    ("coco", coco_polygon_far_away, "far outside"),
    ("mask_folder", mask_of_a_billion_pixels, "pixels"),
    ("mask_folder", class_table_of_one_long_line, "is longer than 500 characters"),
    ("mask_folder", class_table_of_a_million_names, "names 1000000 classes"),
]


@pytest.mark.parametrize(("name", "make", "said"), BOMBS, ids=[make.__name__ for _, make, _ in BOMBS])
def test_bomb_is_refused_with_little_memory_and_time(
    tmp_path: Path, name: str, make: Callable[[Path], Path], said: str
) -> None:
    done = read_in_little_memory(SCAN, str(make(tmp_path)), "segmentation", name)
    assert done.returncode == 0, done.stderr[-2000:]
    assert said in done.stdout


@pytest.mark.parametrize(
    "counts", ["o" * 5000, "0" * 5000, "P" * 9, "_" * 33, "~", "\0", "1O" * 999, "`" * 20]
)
def test_hostile_texts_of_run_lengths_do_not_end_the_process(tmp_path: Path, counts: str) -> None:
    region = {"size": [6, 8], "counts": counts}
    root = coco_set(tmp_path, train=coco_json(coco_object(segmentation=region)))
    done = read_in_little_memory(SCAN, str(root), "segmentation", "coco")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "refused" in done.stdout
    assert "object 7: its run-length code" in done.stdout


@pytest.mark.slow
def test_json_of_100_mb_in_one_line_is_refused_where_the_memory_is_short(tmp_path: Path) -> None:
    root = coco_set(tmp_path)
    one = json.dumps(coco_object())
    path = root / "train" / "_annotations.coco.json"
    before = json.dumps(coco_json(annotations=[])).removesuffix("]}")
    with path.open("w") as file:
        file.write(before + one)
        for _ in range(100):
            file.write(f",{one}" * (2**20 // len(one)))
        file.write("]}")
    assert path.stat().st_size > 95 * 2**20
    done = read_in_little_memory(SCAN, str(root), "detection", "coco", gib=0.8)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "memory" in done.stdout


# Paths and names

PATHS = [
    *(
        "../../etc/passwd",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "C:\\Windows\\x.png",
        "\\\\s\\x",
    ),
    *("a\0b", "file:///etc/passwd", "loop/loop/loop/0.png", "out/0.png", "\ud800.png", "~/x.png", "x" * 300),
]


def outside(tmp_path: Path) -> Path:
    """A set in a folder with a picture outside, a link to it, and a circle of links."""
    write_image(tmp_path / "secret" / "0.png")
    root = tmp_path / "set"
    root.mkdir()
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "secret")
    return root


@pytest.mark.parametrize("path", PATHS)
def test_paths_in_a_coco_file_never_leave_the_set(tmp_path: Path, path: str) -> None:
    root = outside(tmp_path)
    coco_set(root, train=coco_json(images=[{"id": 0, "file_name": path}]))
    index = scan_data(str(root), "detection", "coco")
    assert "train" not in index.splits or index.splits["train"] == ()
    assert "train/_annotations.coco.json: image" in as_lines(index.faults)[0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["train: '{}'", "train: ['{}']", "path: '{}'\ntrain: images/train"])
def test_paths_in_data_yaml_never_leave_the_set(tmp_path: Path, path: str, kind: str) -> None:
    root = yolo_set(outside(tmp_path))
    text = f"{kind.format(path)}\nval: images/val\nnames: [cone, car]\n"
    (root / "data.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    for task in FORMATS["yolo"].tasks:
        read_all(root, task, "yolo")


@pytest.mark.parametrize("path", PATHS)
def test_paths_in_split_lists_never_leave_the_set(tmp_path: Path, path: str) -> None:
    root = yolo_set(outside(tmp_path))
    (root / "splits").mkdir()
    (root / "splits" / "train.txt").write_bytes(
        f"{path}\nimages/train/a.png\n".encode("utf-8", "surrogatepass")
    )
    (root / "splits" / "val.txt").write_text("images/val/c.png\n")
    index = scan_data(str(root), "detection", "yolo")
    assert all(sample.name == "images/train/a.png" for sample in index.splits["train"])
    assert any("splits/train.txt" in fault for fault in as_lines(index.faults))


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_links_in_a_circle_and_out_of_the_set_are_not_followed(
    tmp_path: Path, name: str, variant: str
) -> None:
    root = outside(tmp_path)
    write_variant(root, name, variant)
    index = scan_data(str(root), FORMATS[name].tasks[-1], name)
    files = [path for kept in index.splits.values() for sample in kept for path in sample.files]
    assert files
    assert not any({"loop", "out"} & set(path.relative_to(root).parts) for path in files)


LONG = {"ascii": "n" * 251, "bytes": "ä" * 125 + "n", "odd": "a b%23#\n;'\"$(true)`é"}


@pytest.mark.parametrize("stem", LONG.values(), ids=LONG)
def test_names_of_255_bytes_and_of_any_characters_work_in_every_format(tmp_path: Path, stem: str) -> None:
    for split in ("train", "valid"):
        image = write_image(tmp_path / "coco" / split / f"{stem}.png")
        content: dict[str, Any] = coco_json(images=[{"id": 0, "file_name": image.name}])
        (image.parent / "_annotations.coco.json").write_text(json.dumps(content))
        write_image(tmp_path / "yolo" / split / f"{stem}.png")
        (tmp_path / "yolo" / split / f"{stem}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        write_image(tmp_path / "mask" / "images" / split / f"{stem}.png")
        write_mask(tmp_path / "mask" / "masks" / split / f"{stem}.png")
    for folder, name in (("coco", "coco"), ("yolo", "yolo"), ("mask", "mask_folder")):
        index = scan_data(str(tmp_path / folder), FORMATS[name].tasks[-1], name)
        assert index.faults == ()
        assert index.splits["train"][0].read().image.shape == (6, 8, 3)


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_labels_and_images_match_over_both_forms_of_accents(tmp_path: Path, forms: tuple[str, str]) -> None:
    image, label = (unicodedata.normalize(form, "träck") for form in forms)
    for split in ("train", "val"):
        write_image(tmp_path / "images" / split / f"{image}.png")
        for folder in ("masks", "labels", "annotations"):
            (tmp_path / folder / split).mkdir(parents=True, exist_ok=True)
        write_mask(tmp_path / "masks" / split / f"{label}.png")
        (tmp_path / "labels" / split / f"{label}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        content = coco_json(images=[{"id": 0, "file_name": f"{label}.png"}])
        (tmp_path / "annotations" / f"instances_{split}.json").write_text(
            json.dumps(content, ensure_ascii=False)
        )
    for name in ("mask_folder", "yolo", "coco"):
        index = scan_data(str(tmp_path), FORMATS[name].tasks[-1], name)
        assert index.faults == ()
        assert [sample.name for sample in index.splits["val"]] == [f"images/val/{image}.png"]
        frame = index.splits["train"][0].read()
        assert frame.mask is not None or len(frame.boxes) == 1


# Places in messages


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (read_json, '{"a": 1,\n "a": 2}', "f: the key 'a' stands twice"),
        (read_json, "[" + "1" * 5000 + "]", "f: holds a whole number of thousands of digits"),
        (read_yaml, "a: 1\nb: *a\n", "f:2:4: not valid YAML: anchors and aliases (a)"),
        (read_yaml, "a: \x01", "f: not valid YAML"),
        (read_yaml, "x" * 600_000, "f: 1 MiB are more than the 0.5 MiB"),
        (read_entries, "a 0 0 0\nb 0 0 999\n", "f:2: colour 0 0 999"),
    ],
)
def test_faulty_file_is_refused_by_place(
    tmp_path: Path, read: Callable[..., object], text: str, said: str
) -> None:
    (tmp_path / "f").write_text(text)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "f", root=tmp_path)
    assert said in str(caught.value)
