"""Pascal VOC: boxes from XML in every layout, masks from SegmentationClass, and hostile XML."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.formats.voc_classes import VOC_NAMES, voc_colour
from rccar_models.formats.voc_xml import read_voc
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import voc_object, voc_set, voc_xml, write_image, write_lists, write_mask


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
    assert (index.format, index.classes, index.warnings) == ("voc", ("cone",), ())
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
    assert index.warnings == (
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
    assert [thing.where for thing in frame(index).things] == ["line 3", "line 4"]


def test_difficult_objects_are_kept_and_counted(tmp_path: Path) -> None:
    hard = voc_object(more="<difficult>1</difficult>")
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(hard, voc_object(more="<difficult>0</difficult>"))}))
    assert len(frame(index).boxes) == 2
    assert index.warnings == ("1 objects are marked as difficult; they are kept",)


@pytest.mark.parametrize("box", [(2, 1, 2, 3), (6, 1, 2, 3), (2, 3, 6, 3)])
def test_flat_and_inverted_boxes_stay_things_and_are_left_out_of_training(
    tmp_path: Path, box: tuple[int, ...]
) -> None:
    index = opened(voc_set(tmp_path, xml={"a": voc_xml(voc_object(box=box), voc_object())}))
    assert [thing.box for thing in frame(index).things] == [box, (2, 1, 6, 3)]
    assert_allclose(frame(index).boxes, [[2, 1, 6, 3]])
    assert index.warnings == ("1 boxes without width or height were left out",)


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
        "1 XML files say in <filename> that they belong to another image, e.g. a.xml to" in index.warnings[0]
    )


def test_split_without_objects_is_refused_with_counts(tmp_path: Path) -> None:
    empty = "<annotation></annotation>"
    faults = faults_of(voc_set(tmp_path, xml={"c": empty}))
    assert "no object is boxed in val (objects found: train 2, val 0)" in faults


# Hostile XML

BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {x} "{f"&{y};" * 10}">' for y, x in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><annotation><filename>&j;</filename></annotation>"
)


def test_billion_laughs_are_refused_in_little_memory(tmp_path: Path) -> None:
    voc_set(tmp_path, xml={"a": BILLION_LAUGHS})
    code = (
        "import resource, sys\n"
        "from rccar_models.formats import scan_data\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "faults = scan_data(sys.argv[1], 'detection').faults\n"
        "print(faults[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000)"
    )
    run = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("Annotations/a.xml:1: a document type (<!DOCTYPE) has no place")
    assert done.stdout.endswith("True\n")


def test_external_entity_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    secret = (tmp_path / "secret.txt").as_uri()
    xml = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret}">]><annotation><filename>&e;</filename></annotation>'
    index = scan_data(str(voc_set(tmp_path / "set", xml={"a": xml})), "detection")
    assert "document type" in index.faults[0]
    assert "hunter2" not in repr(index)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<annotation>\n<object></annotation>", "a.xml:2:11: not valid XML: mismatched tag"),
        ("", "a.xml:1:1: not valid XML: no element found"),
        ("<annotation>&nbsp;</annotation>", "not valid XML: undefined entity"),
        ("<annotations/>", "a.xml:1: holds <annotations> instead of <annotation>"),
        ("<annotation>" + "<a>" * 1000 + "</a>" * 1000 + "</annotation>", "nested too deeply"),
        ("<annotation>" + "<a/>" * 250_000 + "</annotation>", "more than 200000 elements"),
        (
            "<annotation>" + " " * 11 * 2**20 + "</annotation>",
            "11 MiB are more than the 10 MiB that are read",
        ),
    ],
)
def test_xml_that_is_no_annotation_is_refused_by_place(tmp_path: Path, xml: str, said: str) -> None:
    assert said in faults_of(voc_set(tmp_path, xml={"a": xml}))


TAGS = ("annotation", "object", "bndbox", "name", "xmin", "ymin", "xmax", "ymax", "size", "width", "filename")
TREES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
        st.sampled_from(TAGS),
        st.lists(inner, max_size=5),
    ),
)


@settings(max_examples=200, deadline=None)
@given(body=TREES, head=st.sampled_from(["", '<?xml version="1.0" encoding="x"?>', "<!DOCTYPE a>", "\ufeff"]))
def test_any_xml_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, body: str, head: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xml"
    path.write_text(f"{head}<annotation>{body}</annotation>", encoding="utf-8")
    try:
        labels, faults = read_voc(path, root=path.parent)
    except DataError as error:
        faults = list(error.faults)
    else:
        assert all(np.isfinite(one.box).all() for one in labels.objects)
    assert all(fault.startswith("any.xml:") for fault in faults)


# Masks


def masked_set(root: Path, ids: list[list[int]], *, mode: str = "P") -> Path:
    """The full tree with masks for a and c, in the palette of Pascal VOC, an index or a colour a pixel."""
    voc_set(root)
    palette = [value for class_id in range(256) for value in voc_colour(class_id)]
    for stem in "ac":
        picture = Image.fromarray(np.asarray(ids, np.uint8), mode="L")
        picture.putpalette(palette)
        path = root / "SegmentationClass" / f"{stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (picture if mode == "P" else picture.convert(mode)).save(path)
    write_lists(root / "ImageSets" / "Segmentation", train="a\n", val="c\n")
    return root


IDS = [[0, 0, 7, 7, 15, 15, 255, 255]] * 6


@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_masks_are_read_by_index_or_by_the_colours_of_voc(tmp_path: Path, mode: str) -> None:
    index = open_data(str(masked_set(tmp_path, IDS, mode=mode)), "segmentation")
    assert (index.format, index.classes, index.ignore_id) == ("voc", VOC_NAMES, 255)
    assert names(index, "train") == ["JPEGImages/a.png"]  # b has boxes only, and is on no list of masks
    assert (frame(index).mask == IDS).all()
    assert "called as the 20 of Pascal VOC" in index.warnings[-1]


def test_colours_of_voc_are_those_of_its_development_kit() -> None:
    known = {0: (0, 0, 0), 1: (128, 0, 0), 7: (128, 128, 128), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {class_id: voc_colour(class_id) for class_id in known} == known
    assert voc_colour(255) == (224, 224, 192)


def test_the_same_tree_serves_detection_from_its_xml(tmp_path: Path) -> None:
    index = opened(masked_set(tmp_path, IDS))
    assert names(index, "train") == ["JPEGImages/a.png", "JPEGImages/b.png"]
    assert frame(index).mask is None


def test_labelmap_maps_colours_with_the_background_anywhere(tmp_path: Path) -> None:
    masked_set(tmp_path, IDS, mode="RGB")
    text = "car:128,128,128::\nbackground:0,0,0::\nignored:224,224,192::\nperson:192,128,128:head,hand:run\n"
    (tmp_path / "labelmap.txt").write_text(text)
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == ("background", "car", "person")
    assert frame(index).mask[0].tolist() == [0, 0, 1, 1, 2, 2, 255, 255]  # type: ignore[index]
    assert index.warnings == ("1 images stand in no split list and are not used",)


def test_labelmap_names_indices_by_their_lines(tmp_path: Path) -> None:
    masked_set(tmp_path, [[0, 0, 1, 1, 2, 2, 3, 255]] * 6)
    (tmp_path / "labelmap.txt").write_text("road:9,0,0::\nbackground:0,0,0::\ncone:1,1,1::\nvoid:2,2,2::\n")
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == ("background", "road", "cone")
    assert frame(index).mask[0].tolist() == [1, 1, 0, 0, 2, 2, 255, 255]  # type: ignore[index]


def test_classes_txt_names_the_ids_of_masks(tmp_path: Path) -> None:
    masked_set(tmp_path, [[0, 0, 1, 1, 2, 2, 255, 255]] * 6)
    (tmp_path / "classes.txt").write_text("1 road\n2 cone\n")
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == ("background", "road", "cone")


def test_ids_above_those_of_voc_are_numbered(tmp_path: Path) -> None:
    index = open_data(str(masked_set(tmp_path, [[0] * 7 + [30]] * 6)), "segmentation")
    assert len(index.classes) == 31
    assert "class_0 to class_30" in index.warnings[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("road\nroad:1,2,3::", "labelmap.txt:2: class 'road' stands twice"),
        ("road:1,2::", "labelmap.txt:1: colour '1,2' is not red, green, blue"),
        ("road:1,2,256::", "labelmap.txt:1: colour '1,2,256' is not red, green, blue from 0 to 255"),
        (":1,2,3::", "names no class"),
        ("# nothing", "labelmap.txt: names no class"),
        ("a:1,2,3::\nb:1,2,3::", "labelmap.txt:2: colour (1, 2, 3) stands twice"),
    ],
)
def test_faulty_labelmap_is_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    (masked_set(tmp_path, IDS) / "labelmap.txt").write_text(text)
    assert said in faults_of(tmp_path, "segmentation")


def test_colour_or_id_without_a_name_is_refused(tmp_path: Path) -> None:
    masked_set(tmp_path, IDS, mode="RGB")
    (tmp_path / "labelmap.txt").write_text("car:128,128,128::\n")
    with pytest.raises(
        DataError, match=r"SegmentationClass/a.png: colour \(192, 128, 128\) belongs to no class"
    ):
        frame(open_data(str(tmp_path), "segmentation"))
    masked_set(tmp_path, IDS)
    with pytest.raises(DataError, match=r"SegmentationClass/a.png: class id 7 \(12 pixels\) has no name"):
        frame(open_data(str(tmp_path), "segmentation"))


def test_mask_of_another_size_is_refused_with_both(tmp_path: Path) -> None:
    write_mask(masked_set(tmp_path, IDS) / "SegmentationClass" / "a.png", size=(7, 6))
    with pytest.raises(DataError, match=r"SegmentationClass/a.png is 7x6, but JPEGImages/a.png is 8x6"):
        frame(open_data(str(tmp_path), "segmentation"))


def test_listed_image_without_mask_is_a_fault_and_an_unlisted_one_a_warning(tmp_path: Path) -> None:
    masked_set(tmp_path, IDS)
    write_lists(tmp_path / "ImageSets" / "Segmentation", train="a\nb\n")
    assert "JPEGImages/b.png: has no mask in SegmentationClass/" in faults_of(tmp_path, "segmentation")
    for split in ("train", "val"):
        (tmp_path / "ImageSets" / "Segmentation" / f"{split}.txt").unlink()
    index = open_data(str(tmp_path), "segmentation")
    assert names(index, "train") == ["JPEGImages/a.png"]
    assert "1 images have no mask and are not used, e.g. JPEGImages/b.png" in index.warnings


def test_boxes_alone_cannot_serve_segmentation_and_the_message_says_what_can(tmp_path: Path) -> None:
    assert "no image has a mask in SegmentationClass/; with boxes only use --task detection" in faults_of(
        voc_set(tmp_path), "segmentation"
    )
