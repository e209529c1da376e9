"""Faults of data sets: what users read, how they cross processes, and that formats name rule and place."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from rccar_models.errors import DataError, LabelError, WrongTaskError
from rccar_models.faults import Fault, Rule
from rccar_models.formats import FORMATS, scan_data
from rccar_models.inspection.findings import RULES, as_finding
from tests.data_folders import (
    coco_json,
    coco_object,
    coco_set,
    labelme_json,
    labelme_set,
    labelme_shape,
    ls_outlines,
    ls_result,
    ls_set,
    ls_task,
    mask_set,
    split_lists,
    voc_object,
    voc_set,
    voc_xml,
    write_image,
    write_mask,
    yolo_set,
)

CHECK_ONLY = {
    Rule.BOX_PARTLY_OUTSIDE,
    Rule.CROSSING_POLYGON,
    Rule.BOX_OFF_OUTLINE,
    Rule.REPEATED_OBJECT,
    Rule.SAME_DRIVE,
    Rule.DUPLICATE_IMAGE,
    Rule.NEAR_DUPLICATE,
    Rule.UNUSED_CLASS,
    Rule.ABSENT_CLASS,
    Rule.ALL_IGNORED,
    Rule.DIRECTED_CLASS,
    Rule.EXIF_ROTATION,
    Rule.MIXED_SIZES,
    Rule.TINY_BOX,
}
"""Rules that only a look at all frames tells of; tests/test_data_check.py breaks a set for each."""

Place = tuple[Rule, str, int | None, str]


def _coco(root: Path) -> Path:
    objects = [
        coco_object(id=1, category_id=9),
        coco_object(id=2, image_id=99),
        coco_object(id=3, bbox=[1, 2, 3]),
        coco_object(id=4, segmentation=[[1, 1, 5, 1, 90, 5]]),
    ]
    images = [{"id": number, "file_name": f"{number}.png"} for number in (0, 1)]
    coco_set(root, train=coco_json(annotations=objects), valid=coco_json(images=images))
    write_image(root / "train" / "more.png")
    (root / "valid" / "0.png").rename(root / "valid" / "1.png")
    return root


def _yolo(root: Path) -> Path:
    yolo_set(root, lines={"train/a": "7 .5 .5 .5 .5\n0 .5 .5\n0 .5 .5 0 .5"})
    (root / "labels" / "train" / "b.txt").unlink()
    (root / "labels" / "train" / "lost.txt").write_text("0 .5 .5 .5 .5\n")
    (root / "images" / "val" / "c.png").write_bytes(b"no picture")
    return root


def _voc(root: Path) -> Path:
    far = voc_object(box=(1, 1, 9e9, 5))
    voc_set(root, xml={"a": voc_xml(voc_object("kone"), far), "b": voc_xml(size=(9, 9)), "c": "<annotation>"})
    (root / "classes.txt").write_text("cone\n")
    return root


def _labelme(root: Path) -> Path:
    line, unknown = labelme_shape(points=[[1, 1], [2, 2]]), labelme_shape("kone")
    labelme_set(root, a=labelme_json(line, unknown, labelme_shape("7")), b="{")
    return split_lists(root, val=["b.png", "a.png", "x.png"])


def _label_studio(root: Path) -> Path:
    line = ls_result("polygonlabels", points=[[0, 0], [1, 1]])
    far = ls_result(x=900, y=1, width=2, height=2)
    lost = ls_task(9, "lost.png", ls_result())
    return ls_set(root, [*ls_outlines(line, {**far, "id": "r2"}), lost])


def _mask_folder(root: Path) -> Path:
    mask_set(root)
    write_mask(root / "masks" / "train" / "0.png", [[3] * 8] * 6)
    write_mask(root / "masks" / "train" / "1.png", size=(7, 6))
    (root / "masks" / "train" / "2.png").unlink()
    return root


def _masks_of_one_class(root: Path) -> Path:
    mask_set(root)
    for path in root.glob("masks/*/*.png"):
        write_mask(path, [[0] * 4 + [255] * 4] * 6)
    return root


def _undivided(root: Path) -> Path:
    return mask_set(root, n_frames={"train": 2})


EXPORT = "project-1-at-2024-05-01.json"
BROKEN: dict[str, tuple[Callable[[Path], Path], str, set[Place]]] = {
    "coco": (
        _coco,
        "segmentation",
        {
            (Rule.UNKNOWN_CLASS, "train/_annotations.coco.json", None, "object 1"),
            (Rule.LABEL_WITHOUT_IMAGE, "train/_annotations.coco.json", None, "object 2"),
            (Rule.ANNOTATION, "train/_annotations.coco.json", None, "object 3"),
            (Rule.LABEL_WITHOUT_IMAGE, "valid/_annotations.coco.json", None, "image 0"),
            (Rule.IMAGE_WITHOUT_LABEL, "", None, ""),
            (Rule.NO_OBJECTS, "", None, ""),
            (Rule.BOX_OUTSIDE, "train/0.png", None, "object 4"),
        },
    ),
    "yolo": (
        _yolo,
        "detection",
        {
            (Rule.CLASS_OUT_OF_RANGE, "labels/train/a.txt", 1, ""),
            (Rule.ANNOTATION, "labels/train/a.txt", 2, ""),
            (Rule.FLAT_BOX, "", None, ""),
            (Rule.IMAGE_WITHOUT_LABEL, "", None, ""),
            (Rule.LABEL_WITHOUT_IMAGE, "", None, ""),
            (Rule.UNREADABLE_IMAGE, "images/val/c.png", None, ""),
        },
    ),
    "voc": (
        _voc,
        "detection",
        {
            (Rule.UNKNOWN_CLASS, "Annotations/a.xml", 3, ""),
            (Rule.BOX_OUTSIDE, "Annotations/a.xml", 4, ""),
            (Rule.SIZE_MISMATCH, "Annotations/b.xml", None, ""),
            (Rule.ANNOTATION, "Annotations/c.xml", 1, ""),
        },
    ),
    "labelme": (
        _labelme,
        "detection",
        {
            (Rule.SHORT_POLYGON, "labels_all/a.json", None, "shapes[0] (cone)"),
            (Rule.UNKNOWN_CLASS, "labels_all/a.json", None, "shapes[1]"),
            (Rule.CLASS_OUT_OF_RANGE, "labels_all/a.json", None, "shapes[2]"),
            (Rule.ANNOTATION, "labels_all/b.json", 1, ""),
            (Rule.LEAKED_IMAGE, "", None, ""),
            (Rule.MISSING_SPLIT, "splits/val.txt", 3, ""),
        },
    ),
    "label_studio": (
        _label_studio,
        "segmentation",
        {
            (Rule.SHORT_POLYGON, EXPORT, None, "task 1, result r1"),
            (Rule.BOX_OUTSIDE, EXPORT, None, "task 1, result r2"),
            (Rule.LABEL_WITHOUT_IMAGE, EXPORT, None, "task 9: image 'lost.png'"),
        },
    ),
    "mask_folder": (
        _mask_folder,
        "segmentation",
        {
            (Rule.CLASS_OUT_OF_RANGE, "masks/train/0.png", None, ""),
            (Rule.SIZE_MISMATCH, "", None, ""),
            (Rule.IMAGE_WITHOUT_LABEL, "images/train/2.png", None, ""),
        },
    ),
    "masks of one class": (
        _masks_of_one_class,
        "segmentation",
        {(Rule.ONE_CLASS, "classes.txt", None, "")},
    ),
    "undivided": (_undivided, "segmentation", {(Rule.MISSING_SPLIT, "", None, "")}),
}


def said(root: Path, task: str) -> Iterator[Fault]:
    """What a format says of a set and of its frames."""
    index = scan_data(str(root), task)
    yield from (*index.faults, *index.warnings)
    for sample in (sample for kept in index.splits.values() for sample in kept):
        try:
            sample.read()
        except DataError as error:
            yield from error.faults


@pytest.mark.parametrize("name", BROKEN)
def test_faults_of_a_broken_set_know_their_rules_and_places(tmp_path: Path, name: str) -> None:
    build, task, places = BROKEN[name]
    found = {(one.rule, one.file, one.line, one.object) for one in said(build(tmp_path), task)}
    assert found == places


def test_every_format_has_a_broken_set() -> None:
    assert set(FORMATS) - {"demo"} <= set(BROKEN)


def test_every_rule_is_broken_by_a_set_or_told_by_the_check_alone() -> None:
    # The layout and notes are no faults of labels: their tests are below.
    broken = {rule for _, _, places in BROKEN.values() for rule, *_ in places}
    assert broken | CHECK_ONLY | {Rule.LAYOUT, Rule.NOTE} == set(RULES) == set(Rule)
    assert not broken & CHECK_ONLY


def test_folder_that_is_no_data_set_breaks_the_rule_of_the_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no known layout") as caught:
        scan_data(str(tmp_path), "detection")
    assert [fault.rule for fault in caught.value.faults] == [Rule.LAYOUT]


def test_format_that_does_not_serve_the_task_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(WrongTaskError, match="its format mask_folder serves segmentation") as caught:
        scan_data(str(mask_set(tmp_path)), "detection")
    assert [fault.rule for fault in caught.value.faults] == [Rule.LAYOUT]


def test_what_is_only_worth_knowing_is_a_note(tmp_path: Path) -> None:
    (mask_set(tmp_path) / "classes.txt").unlink()
    assert [one.rule for one in said(tmp_path, "segmentation")] == [Rule.NOTE]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault(Rule.LAYOUT, "is empty"), "is empty"),
        (Fault(Rule.ANNOTATION, "is empty", file="a/b.txt"), "a/b.txt: is empty"),
        (Fault(Rule.ANNOTATION, "is empty", file="b.txt", line=3), "b.txt:3: is empty"),
        (Fault(Rule.ANNOTATION, "is odd", file="b.json", line=3, column=7), "b.json:3:7: is odd"),
        (Fault(Rule.ANNOTATION, "is odd", file="b.json", object="object 7"), "b.json: object 7: is odd"),
    ],
)
def test_fault_is_read_with_its_place_in_front(fault: Fault, line: str) -> None:
    assert str(fault) == line


def test_fault_that_quotes_a_hostile_file_is_short_and_can_be_written() -> None:
    fault = Fault(Rule.ANNOTATION, "\ud800" * 9000, file="a.json")
    assert len(str(fault).encode()) < 20_000
    assert len(fault.text) < 12_000


def test_finding_of_a_line_of_json_names_the_column() -> None:
    found = as_finding(Fault(Rule.ANNOTATION, "is odd", file="a.json", line=1, column=7), is_error=True)
    assert (found.file, found.line, found.object, found.text) == ("a.json", 1, "column 7", "is odd")


def test_error_of_a_label_gets_its_place_on_the_way_up() -> None:
    error = LabelError("is odd", Rule.SHORT_POLYGON, object="result 2").of("task 1")
    assert str(error.at(file="a.json")) == "a.json: task 1: result 2: is odd"
    assert error.at(file="a.json").rule is Rule.SHORT_POLYGON


def _refuse(kind: type[DataError]) -> None:
    raise kind("set", [Fault(Rule.FLAT_BOX, "is flat", file="a.txt", line=2), "is a mess"])


@pytest.mark.parametrize("kind", [DataError, WrongTaskError])
def test_data_error_crosses_processes_with_its_faults(kind: type[DataError]) -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(kind, match="set: 2 faults") as caught:
        pool.submit(_refuse, kind).result()
    assert type(caught.value) is kind
    assert caught.value.where == "set"
    assert caught.value.faults == (
        Fault(Rule.FLAT_BOX, "is flat", file="a.txt", line=2),
        Fault(Rule.LAYOUT, "is a mess"),
    )
