"""Pascal VOC: layouts, and boxes from XML."""

from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines, voc_object, voc_set, voc_xml, write_image, write_lists


def opened(root: Path) -> DataIndex:
    return open_data(str(root), "detection")


def frame(index: DataIndex, number: int = 0, split: str = "train") -> Frame:
    return index.splits[split][number].read()


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        open_data(str(root), task)
    return str(caught.value)


def names(index: DataIndex, split: str) -> list[str]:
    return [sample.name for sample in index.splits[split]]


# Layouts


@pytest.mark.parametrize("above", ["", "VOC2012/", "VOCdevkit/VOC2007/"])
def test_full_tree_is_read_with_its_lists_at_any_depth(tmp_path: Path, above: str) -> None:
    voc_set(tmp_path / above)
    index = opened(tmp_path)
    assert (index.format, index.classes, as_lines(index.warnings)) == ("voc", ("cone",), ())
    assert names(index, "train") == [f"{above}JPEGImages/a.png", f"{above}JPEGImages/b.png"]
    assert names(index, "val") == [f"{above}JPEGImages/c.png"]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]])


def test_lists_may_carry_the_flags_of_a_class(tmp_path: Path) -> None:
    write_lists(
        voc_set(tmp_path) / "ImageSets" / "Main", train="a  1\nb -1\n", val="c  0\n", cone_train="x 1\n"
    )
    assert len(opened(tmp_path).splits["train"]) == 2


def test_xml_beside_the_image_in_folders_of_splits_is_read(tmp_path: Path) -> None:
    for stem in ("train/a", "train/b", "valid/c"):
        write_image(tmp_path / f"{stem}.jpg", colour=(len(stem), 0, 0))
        (tmp_path / f"{stem}.xml").write_text(voc_xml())
    index = opened(tmp_path)
    assert (names(index, "train"), names(index, "val")) == (["train/a.jpg", "train/b.jpg"], ["valid/c.jpg"])
    assert frame(index, split="val").labels.tolist() == [0]


@pytest.mark.parametrize("folder", ["annotations", "annotations/xmls"])
def test_images_and_annotations_side_by_side_are_read(tmp_path: Path, folder: str) -> None:
    for stem in "abc":
        write_image(tmp_path / "images" / f"{stem}.png")
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / f"{stem}.xml").write_text(voc_xml())
    write_lists(tmp_path / "splits", train="a.png\nb.png", val="c.png")
    index = opened(tmp_path)
    assert index.format == "voc"
    assert len(frame(index, 1).boxes) == 1


def test_digest_files_are_image_and_xml(tmp_path: Path) -> None:
    sample = opened(voc_set(tmp_path)).splits["train"][0]
    assert [path.name for path in sample.files] == ["a.png", "a.xml"]


def test_image_without_xml_is_counted_and_has_no_objects(tmp_path: Path) -> None:
    (voc_set(tmp_path) / "Annotations" / "a.xml").unlink()
    index = opened(tmp_path)
    assert frame(index).boxes.shape == (0, 4)
    assert as_lines(index.warnings) == (
        "1 images have no XML file and count as images without objects, e.g. JPEGImages/a.png",
    )


# Boxes


def test_boxes_are_kept_as_written_with_parts_and_attributes_passed_over(tmp_path: Path) -> None:
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    objects = [
        voc_object("car", (1, 1, 8, 6), more="<pose>Left</pose><truncated>1</truncated>" + part),
        voc_object("cone", (0.5, "1e0", 7.25, 3)),
    ]
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(*objects)}))
    assert index.classes == ("car", "cone")
    assert_allclose(frame(index).boxes, [[1, 1, 8, 6], [0.5, 1, 7.25, 3]])
    assert frame(index).labels.tolist() == [0, 1]
    assert [thing.line for thing in frame(index).things] == [3, 4]


def test_difficult_objects_are_kept_and_counted(tmp_path: Path) -> None:
    hard = voc_object(more="<difficult>1</difficult>")
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(hard, voc_object(more="<difficult>0</difficult>"))}))
    assert len(frame(index).boxes) == 2
    assert as_lines(index.warnings) == ("1 objects are marked as difficult; they are kept",)


@pytest.mark.parametrize("box", [(2, 1, 2, 3), (6, 1, 2, 3), (2, 3, 6, 3)])
def test_flat_and_inverted_boxes_stay_things_and_are_left_out_of_training(
    tmp_path: Path, box: tuple[int, ...]
) -> None:
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(voc_object(box=box), voc_object())}))
    assert [thing.box for thing in frame(index).things] == [box, (2, 1, 6, 3)]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]])
    assert as_lines(index.warnings) == ("1 box without width or height was left out",)


def test_classes_txt_gives_the_order_of_classes(tmp_path: Path) -> None:
    (voc_set(tmp_path) / "classes.txt").write_text("0 sign\n1 cone\n")
    index = opened(tmp_path)
    assert index.classes == ("sign", "cone")
    assert frame(index).labels.tolist() == [1]


def test_labelmap_gives_the_order_of_classes_without_background(tmp_path: Path) -> None:
    text = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsign:9,9,9::\ncone:1,2,3::\n"
    (voc_set(tmp_path) / "labelmap.txt").write_text(text)
    assert opened(tmp_path).classes == ("sign", "cone")


def test_name_outside_classes_txt_is_refused_by_line(tmp_path: Path) -> None:
    (voc_set(tmp_path) / "classes.txt").write_text("cone\n")
    (tmp_path / "Annotations" / "b.xml").write_text(voc_xml(voc_object(), voc_object("cnoe")))
    assert "Annotations/b.xml:4: class 'cnoe' is not among the 1 that are named (cone)" in faults_of(tmp_path)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (voc_object(box=("nan", 1, 6, 3)), "<xmin> is 'nan', not a finite number"),
        (voc_object(box=(2, 1, "inf", 3)), "<xmax> is 'inf', not a finite number"),
        (voc_object(box=(2, "", 6, 3)), "<ymin> is '', not a finite number"),
        (voc_object(box=(2, 1, 6, "3,5")), "<ymax> is '3,5', not a finite number"),
        (voc_object(box=(2, 1, 6, "1e300")), "<ymax> 1e300 lies far outside any picture"),
        ("<object><name>cone</name></object>", "cone: an <object> without <bndbox>"),
        ("<object><name>cone</name><robndbox/></object>", "its <robndbox> is turned, which is not read"),
        ("<object><name>cone</name><bndbox><xmin>1</xmin></bndbox></object>", "has no <ymin>"),
        (voc_object(name=" "), "an <object> without <name>"),
    ],
)
def test_faulty_object_is_refused_by_file_and_line(tmp_path: Path, broken: str, said: str) -> None:
    faults = faults_of(voc_set(tmp_path, xml={"b": voc_xml(voc_object(), broken)}))
    assert "Annotations/b.xml:4: " in faults
    assert said in faults


def test_faults_of_all_files_are_shown_at_once(tmp_path: Path) -> None:
    bad = voc_xml("<object><name>cone</name></object>")
    assert "3 faults" in faults_of(voc_set(tmp_path, xml={"a": bad, "b": "<annotation>", "c": bad}))


def test_size_other_than_that_of_the_image_is_refused_with_both(tmp_path: Path) -> None:
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(size=(640, 480))}))
    with pytest.raises(DataError, match=r"Annotations/a.xml: .*640x480, but JPEGImages/a.png is 8x6"):
        frame(index)


@pytest.mark.parametrize("size", ["", "<size><width>0</width><height>0</height></size>", "<size/>"])
def test_a_size_that_the_tool_did_not_know_is_no_fault(tmp_path: Path, size: str) -> None:
    index = opened(voc_set(tmp_path, xml={"a": f"<annotation>{size}{voc_object()}</annotation>"}))
    assert len(frame(index).boxes) == 1


def test_a_size_that_is_no_number_is_a_fault(tmp_path: Path) -> None:
    xml = "<annotation><size><width>wide</width><height>6</height></size></annotation>"
    assert "Annotations/a.xml: <size> is 'widex6', not whole pixels" in faults_of(
        voc_set(tmp_path, xml={"a": xml})
    )


@pytest.mark.parametrize("said", ["a.jpg", "a", "A.PNG", "C:\\drive\\a.jpg", "", "../a.png"])
def test_filename_with_another_suffix_or_folder_is_no_contradiction(tmp_path: Path, said: str) -> None:
    assert opened(voc_set(tmp_path, xml={"a": voc_xml(filename=said)})).warnings == ()


def test_filename_of_another_image_is_a_warning_and_never_followed(tmp_path: Path) -> None:
    write_image(tmp_path / "secret.png", size=(99, 99))
    index = opened(voc_set(tmp_path / "set", xml={"a": voc_xml(filename="../../secret.png")}))
    assert frame(index).image.shape == (6, 8, 3)
    assert (
        "1 XML files say in <filename> that they belong to another image, e.g. a.xml to"
        in as_lines(index.warnings)[0]
    )


def test_split_without_objects_is_refused_with_counts(tmp_path: Path) -> None:
    empty = "<annotation></annotation>"
    faults = faults_of(voc_set(tmp_path, xml={"c": empty}))
    assert "no object is boxed in val (objects found: train 2, val 0)" in faults
