"""Pascal VOC: masks of SegmentationClass, by index or colour, and what names their classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.formats.voc.classes import VOC_NAMES, voc_colour
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines, voc_object, voc_set, voc_xml, write_image, write_lists, write_mask


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


def masked_set(root: Path, ids: list[list[int]], *, mode: str = "P", boxed: str = "car") -> Path:
    """The full tree with masks for a and c, in the palette of Pascal VOC, an index or a colour a pixel."""
    voc_set(root, xml={stem: voc_xml(voc_object(boxed), filename=f"{stem}.png") for stem in "abc"})
    palette = [value for class_id in range(256) for value in voc_colour(class_id)]
    for stem in "ac":
        picture = Image.fromarray(np.asarray(ids, np.uint8), mode="L")
        picture.putpalette(palette)
        path = root / "SegmentationClass" / f"{stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (picture if mode == "P" else picture.convert(mode)).save(path)
    write_lists(root / "ImageSets" / "Segmentation", train="a\n", val="c\n")
    return root


IDS_OF_THREE = [[0, 0, 1, 1, 2, 2, 255, 255]] * 6
IDS = [[0, 0, 7, 7, 15, 15, 255, 255]] * 6


@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_masks_are_read_by_index_or_by_the_colours_of_voc(tmp_path: Path, mode: str) -> None:
    index = open_data(str(masked_set(tmp_path, IDS, mode=mode)), "segmentation")
    assert (index.format, index.classes, index.ignore_id) == ("voc", VOC_NAMES, 255)
    assert names(index, "train") == ["JPEGImages/a.png"]  # b has boxes only, and is on no list of masks
    assert (frame(index).mask == IDS).all()
    assert "called as the 20 of Pascal VOC" in as_lines(index.warnings)[-1]


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
    assert as_lines(index.warnings) == ("1 images stand in no split list and are not used",)


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


def test_class_names_of_labelme2voc_name_the_ids_of_masks(tmp_path: Path) -> None:
    masked_set(tmp_path, [[0, 0, 1, 1, 2, 2, 255, 255]] * 6, boxed="cone")
    (tmp_path / "class_names.txt").write_text("__ignore__\n_background_\nroad\ncone\n")
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == ("_background_", "road", "cone")
    assert frame(index).mask[0].tolist() == [0, 0, 1, 1, 2, 2, 255, 255]  # type: ignore[index]
    assert opened(tmp_path).classes == ("road", "cone")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "road\ncone\nextra\n"),
        ("labelmap.txt", "road\ncone\nextra\n"),
        ("labelmap.txt", "road:128,0,0::\ncone:0,128,0::\nextra:9,9,9::\n"),
    ],
)
@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_names_without_a_background_start_at_id_1_and_a_warning_says_so(
    tmp_path: Path, file: str, text: str, mode: str
) -> None:
    masked_set(tmp_path, IDS_OF_THREE, mode=mode)
    (tmp_path / file).write_text(text)
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == ("background", "road", "cone", "extra")
    assert (frame(index).mask == IDS_OF_THREE).all()
    said = f"{file}: names no background: 0 is the background as in Pascal VOC, 1 is 'road', 3 is 'extra'"
    assert said in as_lines(index.warnings)[-1]


@pytest.mark.parametrize(
    ("file", "text"),
    [("classes.txt", "0 road\n1 cone\n2 car\n"), ("labelmap.txt", "road:0,0,0::\ncone\ncar\n")],
)
def test_file_that_gives_id_0_to_a_class_is_believed(tmp_path: Path, file: str, text: str) -> None:
    masked_set(tmp_path, IDS_OF_THREE)
    (tmp_path / file).write_text(text)
    index = open_data(str(tmp_path), "segmentation")
    mask = frame(index).mask
    assert mask is not None
    named = [index.classes[class_id] if class_id != 255 else "" for class_id in mask[0]]
    assert named == ["road", "road", "cone", "cone", "car", "car", "", ""]
    assert not any("names no background" in line for line in as_lines(index.warnings))


def test_xml_files_with_other_names_than_voc_need_a_labelmap(tmp_path: Path) -> None:
    said = faults_of(masked_set(tmp_path, IDS, boxed="zebra"), "segmentation")
    assert "the XML files name others than Pascal VOC (zebra); write labelmap.txt with a name a line" in said
    assert "'background' for 0, 'zebra' for 1" in said


def test_id_of_one_mask_far_beyond_all_others_is_no_class_and_names_its_file(tmp_path: Path) -> None:
    for number in range(12):
        write_image(tmp_path / "JPEGImages" / f"{number}.png", colour=(number, 1, 1))
        ids = [[0, 0, 1, 1, 2, 2, 2, 2 if number else 77]] * 6
        write_mask(tmp_path / "SegmentationClass" / f"{number}.png", ids)
    train = "".join(f"{number}\n" for number in range(10))
    write_lists(tmp_path / "ImageSets" / "Segmentation", train=train, val="10\n11\n")
    index = open_data(str(tmp_path), "segmentation")
    assert index.classes == VOC_NAMES
    with pytest.raises(DataError, match=r"SegmentationClass/0.png: class id 77 \(6 pixels\) has no name"):
        frame(index)


def test_ids_above_those_of_voc_are_numbered(tmp_path: Path) -> None:
    index = open_data(str(masked_set(tmp_path, [[0] * 7 + [30]] * 6)), "segmentation")
    assert len(index.classes) == 31
    assert "class_0 to class_30" in as_lines(index.warnings)[-1]


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
    with pytest.raises(
        DataError, match=r"class id 7 \(12 pixels\) has no name: labelmap.txt names ids 0 to 1"
    ):
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
    assert "1 images have no mask and are not used, e.g. JPEGImages/b.png" in as_lines(index.warnings)


def test_boxes_alone_cannot_serve_segmentation_and_the_message_says_what_can(tmp_path: Path) -> None:
    assert "no image has a mask in SegmentationClass/; with boxes only use --task detection" in faults_of(
        voc_set(tmp_path), "segmentation"
    )
