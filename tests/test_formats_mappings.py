"""Every format's digest follows what labels mean: a corrected mapping is not served from an old cache."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rccar_models.cache import digest_of
from rccar_models.formats import FORMATS, open_data
from tests.data_folders import (
    coco_json,
    coco_object,
    coco_set,
    labelme_json,
    labelme_set,
    ls_outlines,
    ls_set,
    mask_set,
    split_lists,
    write_image,
    write_mask,
    yolo_set,
)

OUTLINE = "0.25 0.25 0.75 0.25 0.75 0.75"


def _grey(root: Path, second: str) -> Path:
    mask_set(root)
    for path in root.glob("masks/*/*.png"):
        write_mask(path, [[0, 0, 0, 0, 0, 0, 1, 255]] * 6)
    (root / "classes.txt").write_text(f"0 floor\n{second}\n")
    return root


def _coloured(root: Path, red: str, blue: str) -> Path:
    mask_set(root)
    colours = np.zeros((6, 8, 3), np.uint8)
    colours[:2], colours[2:4] = (9, 0, 0), (0, 0, 9)
    for path in root.glob("masks/*/*.png"):
        write_mask(path, colours.tolist())
    (root / "classes.txt").write_text(f"floor 0 0 0\nroad {red}\ncar {blue}\n")
    return root


def _yolo(root: Path, classes: str) -> Path:
    yolo_set(root, lines=dict.fromkeys(("train/a", "train/b", "val/c"), f"1 {OUTLINE}"))
    (root / "classes.txt").write_text(classes)
    return root


def _voc(root: Path, labelmap: str) -> Path:
    for stem in "ab":
        write_image(root / "JPEGImages" / f"{stem}.png", colour=(ord(stem), 1, 1))
        write_mask(root / "SegmentationClass" / f"{stem}.png", [[0, 0, 0, 1, 1, 1, 2, 255]] * 6)
    (root / "labelmap.txt").write_text(labelmap)
    return split_lists(root, train=["a.png"], val=["b.png"])


def _voc_coloured(root: Path, red: str, blue: str) -> Path:
    _voc(root, f"background:0,0,0::\nroad:{red}::\ncone:{blue}::\n")
    colours = np.zeros((6, 8, 3), np.uint8)
    colours[:2], colours[2:4] = (9, 0, 0), (0, 0, 9)
    for stem in "ab":
        write_mask(root / "SegmentationClass" / f"{stem}.png", colours.tolist())
    return root


def _labelme(root: Path, classes: str) -> Path:
    corners = [[2, 1], [6, 1], [6, 3], [2, 3]]
    shape = {"label": 1, "points": corners, "shape_type": "polygon"}
    labelme_set(root, a=labelme_json(shape), b=labelme_json(shape))
    (root / "labels_all" / "classes.txt").write_text(classes)
    return root


def _coco(root: Path, first: int) -> Path:
    categories = [{"id": first + place, "name": name} for place, name in enumerate(("cone", "car"))]
    content = coco_json(coco_object(category_id=2), categories=categories)
    return coco_set(root, train=content, valid=content)


def _label_studio(root: Path, label: str) -> Path:
    text = json.dumps(ls_outlines()).replace('"cone"', f'"{label}"')
    ls_set(root, text)
    (root / "classes.txt").write_text("cone\ncar\n")
    return root


Make = Callable[[Path], Path]

CASES: dict[str, tuple[str, Make, Make]] = {
    "mask_folder, values": (
        "segmentation",
        lambda root: _grey(root, "1 road"),
        lambda root: _grey(root, "255 road\n1 void"),
    ),
    "mask_folder, colours": (
        "segmentation",
        lambda root: _coloured(root, "9 0 0", "0 0 9"),
        lambda root: _coloured(root, "0 0 9", "9 0 0"),
    ),
    "yolo": (
        "segmentation",
        lambda root: _yolo(root, "road\ncone\n"),
        lambda root: _yolo(root, "background\nroad\ncone\n"),
    ),
    "voc, order": (
        "segmentation",
        lambda root: _voc(root, "background:0,0,0::\nroad:1,1,1::\ncone:2,2,2::\n"),
        lambda root: _voc(root, "road:1,1,1::\nbackground:0,0,0::\ncone:2,2,2::\n"),
    ),
    "voc, colours": (
        "segmentation",
        lambda root: _voc_coloured(root, "9,0,0", "0,0,9"),
        lambda root: _voc_coloured(root, "0,0,9", "9,0,0"),
    ),
    "labelme, boxes": (
        "detection",
        lambda root: _labelme(root, "road\ncone\n"),
        lambda root: _labelme(root, "background\nroad\ncone\n"),
    ),
    "labelme, masks": (
        "segmentation",
        lambda root: _labelme(root, "road\ncone\n"),
        lambda root: _labelme(root, "background\nroad\ncone\n"),
    ),
    "coco": ("detection", lambda root: _coco(root, 1), lambda root: _coco(root, 2)),
    "label_studio": (
        "segmentation",
        lambda root: _label_studio(root, "cone"),
        lambda root: _label_studio(root, "car"),
    ),
}


def test_every_format_that_reads_files_has_a_case() -> None:
    assert {name.partition(",")[0] for name in CASES} == set(FORMATS) - {"demo"}


@pytest.mark.parametrize("case", CASES)
def test_mapping_that_changes_under_the_same_names_changes_the_digest(tmp_path: Path, case: str) -> None:
    task, *makers = CASES[case]
    before, after = (open_data(str(make(tmp_path / str(number))), task) for number, make in enumerate(makers))
    assert before.classes == after.classes
    frames = [index.splits["val"][0].read() for index in (before, after)]
    truths = [frame.labels if frame.mask is None else frame.mask for frame in frames]
    assert truths[0].tolist() != truths[1].tolist(), "the labels mean the same, nothing is tested"
    assert digest_of(before) != digest_of(after)


@pytest.mark.parametrize("case", CASES)
def test_equal_sets_in_two_places_have_one_digest(tmp_path: Path, case: str) -> None:
    task, make, _ = CASES[case]
    digests = {digest_of(open_data(str(make(tmp_path / name)), task)) for name in "ab"}
    assert len(digests) == 1
