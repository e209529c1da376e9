from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import DataIndex
from tests.data_folders import SIZE, as_lines, mask_set, write_image, write_mask


def opened(root: Path) -> DataIndex:
    return open_data(str(root), "segmentation")


def faults_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        opened(root)
    return str(caught.value)


def first_mask(root: Path) -> np.ndarray:
    mask = opened(root).splits["train"][0].read().mask
    assert mask is not None
    return mask


def test_frames_masks_classes_and_splits_are_found(tmp_path: Path) -> None:
    index = opened(mask_set(tmp_path, n_frames={"train": 3, "val": 2, "test": 1}))
    assert {split: len(samples) for split, samples in index.splits.items()} == {
        "train": 3,
        "val": 2,
        "test": 1,
    }
    assert index.classes == ("floor", "road")
    assert index.ignore_id == 255
    assert index.warnings == ()
    frame = index.splits["train"][2].read()
    assert index.splits["train"][2].name == "images/train/2.png"
    assert frame.image.shape == (6, 8, 3)
    assert frame.image[0, 0].tolist() == [2, 5, 50]
    assert frame.mask is not None
    assert frame.mask.tolist() == [[0] * 4 + [1] * 4] * 6


@pytest.mark.parametrize("spelling", ["val", "valid", "validation"])
def test_every_spelling_of_val_is_understood(tmp_path: Path, spelling: str) -> None:
    assert len(opened(mask_set(tmp_path, n_frames={"train": 1, spelling: 2})).splits["val"]) == 2


def test_masks_and_images_may_be_tiff_or_bitmaps(tmp_path: Path) -> None:
    for split, image, mask in (("train", "webp", "tif"), ("train2", "tif", "bmp"), ("val", "tiff", "TIFF")):
        name = split[5:] or "0"
        write_image(tmp_path / "images" / split[:5] / f"{name}.{image}")
        write_mask(tmp_path / "masks" / split[:5] / f"{name}.{mask}")
    (tmp_path / "classes.txt").write_text("0 floor\n1 road\n")
    index = opened(tmp_path)
    assert {split: len(kept) for split, kept in index.splits.items()} == {"train": 2, "val": 1}
    masks = [sample.read().mask for kept in index.splits.values() for sample in kept]
    assert [mask[0].tolist() for mask in masks if mask is not None] == [[0, 0, 0, 0, 1, 1, 1, 1]] * 3


def test_tiff_beside_an_image_of_its_name_is_no_mask(tmp_path: Path) -> None:
    root = mask_set(tmp_path)
    for suffix in ("jpg", "tif"):
        write_image(root / "images" / "train" / f"new.{suffix}")
    assert "images/train/new.jpg: has no mask masks/train/new.png" in faults_of(root)


@pytest.mark.parametrize("folder", ["labels", "annotations"])
def test_masks_may_lie_in_folders_of_other_names(tmp_path: Path, folder: str) -> None:
    mask_set(tmp_path)
    (tmp_path / "masks").rename(tmp_path / folder)
    assert opened(tmp_path).splits["train"][0].read().mask is not None


def test_splits_may_be_the_outer_folders(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write_image(tmp_path / split / "images" / "0.png", colour=(len(split), 0, 0))
        write_mask(tmp_path / split / "masks" / "0.png")
    index = opened(tmp_path)
    assert index.splits["val"][0].name == "valid/images/0.png"


def test_flat_folders_are_split_by_lists_in_any_common_spelling(tmp_path: Path) -> None:
    for stem in ("a", "deep/b", "c.x", "d"):
        write_image(tmp_path / "images" / f"{stem}.png")
        write_mask(tmp_path / "masks" / f"{stem}.png")
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text(f"images/a.png\n\ndeep/b\r\n{tmp_path}/images/c.x.png\n")
    (tmp_path / "splits" / "valid.txt").write_text("./images/d.png")
    index = opened(tmp_path)
    assert [sample.name for sample in index.splits["train"]] == [
        "images/a.png",
        "images/deep/b.png",
        "images/c.x.png",
    ]
    assert [sample.name for sample in index.splits["val"]] == ["images/d.png"]


def listed(root: Path, train: str, val: str) -> Path:
    mask_set(root)
    (root / "splits").mkdir()
    (root / "splits" / "train.txt").write_text(train)
    (root / "splits" / "val.txt").write_text(val)
    return root


def test_a_list_that_names_a_missing_or_outer_file_is_refused_by_line(tmp_path: Path) -> None:
    faults = faults_of(listed(tmp_path, "train/0.png\nnothing.png\n../../secret.png\n", "val/0.png"))
    assert "splits/train.txt:2: there is no image 'nothing.png'" in faults
    assert "splits/train.txt:3: there is no image '../../secret.png'" in faults


def test_a_frame_in_two_lists_is_refused(tmp_path: Path) -> None:
    faults = faults_of(listed(tmp_path, "train/0\ntrain/1\ntrain/1\n", "val/0\ntrain/0\n"))
    assert "images/train/0.png is in train and in val" in faults
    assert "images/train/1.png is twice in train" in faults


def test_images_in_no_list_are_counted(tmp_path: Path) -> None:
    index = opened(listed(tmp_path, "train/0\n", "val/0\n"))
    assert as_lines(index.warnings) == ("3 images stand in no split list and are not used",)


def test_missing_split_names_what_was_found_and_the_mend(tmp_path: Path) -> None:
    faults = faults_of(mask_set(tmp_path, n_frames={"train": 3, "test": 2}))
    assert "no val split (frames found: train 3, test 2)" in faults
    assert "splits/val.txt" in faults


def test_empty_split_is_refused_with_counts(tmp_path: Path) -> None:
    listed(tmp_path, "train/0\ntrain/1\ntrain/2\n", "\n")
    assert "the val split is empty (frames found: train 3, val 0)" in faults_of(tmp_path)


def test_every_image_without_a_mask_is_named(tmp_path: Path) -> None:
    mask_set(tmp_path)
    for name in ("0", "2"):
        (tmp_path / "masks" / "train" / f"{name}.png").unlink()
    faults = faults_of(tmp_path)
    assert "images/train/0.png: has no mask masks/train/0.png" in faults
    assert "images/train/2.png: has no mask masks/train/2.png" in faults


def test_a_split_without_any_mask_is_one_fault(tmp_path: Path) -> None:
    mask_set(tmp_path)
    (tmp_path / "masks" / "val").rename(tmp_path / "masks" / "vall")
    faults = faults_of(tmp_path)
    assert faults.count("masks/val/") == 1
    assert "masks/val/: holds no mask for any of 2 images" in faults


def test_masks_without_an_image_are_counted(tmp_path: Path) -> None:
    mask_set(tmp_path)
    write_mask(tmp_path / "masks" / "train" / "extra.png")
    assert as_lines(opened(tmp_path).warnings) == ("1 label files (.png) have no image and are not used",)


def test_two_images_of_one_stem_are_refused(tmp_path: Path) -> None:
    mask_set(tmp_path)
    write_image(tmp_path / "images" / "train" / "0.jpg")
    assert "images/train/0.jpg and images/train/0.png would share 0.png" in faults_of(tmp_path)


def test_hidden_and_foreign_files_are_no_frames(tmp_path: Path) -> None:
    mask_set(tmp_path)
    (tmp_path / "images" / "train" / "._0.png").write_bytes(b"mac")
    (tmp_path / "images" / "train" / "notes.txt").write_text("x")
    assert len(opened(tmp_path).splits["train"]) == 3


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    mask_set(tmp_path)
    (tmp_path / "images" / "train" / "loop").symlink_to(tmp_path / "images" / "train")
    assert len(opened(tmp_path).splits["train"]) == 3


def test_mask_of_another_size_names_both_files_and_sizes(tmp_path: Path) -> None:
    mask_set(tmp_path)
    write_mask(tmp_path / "masks" / "train" / "0.png", size=(8, 7))
    with pytest.raises(DataError, match=r"masks/train/0.png is 8x7, but images/train/0.png is 8x6"):
        opened(tmp_path).splits["train"][0].read()


def test_class_id_without_a_name_is_named_with_its_file_and_the_mend(tmp_path: Path) -> None:
    mask_set(tmp_path)
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 1, 2, 2, 255, 0, 0, 0]] * 6)
    with pytest.raises(
        DataError, match=r"masks/train/0.png: class id 2 \(12 pixels\).*ids 0 to 1.*paint it 255"
    ):
        opened(tmp_path).splits["train"][0].read()


def test_255_is_ignored_without_being_named(tmp_path: Path) -> None:
    mask_set(tmp_path)
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 1, 1, 1, 255, 0, 0, 0]] * 6)
    assert set(first_mask(tmp_path).ravel()) == {0, 1, 255}


def saved(root: Path, mask: Image.Image) -> Path:
    mask_set(root)
    mask.save(root / "masks" / "train" / "0.png")
    return root


IDS = np.asarray([[0, 1, 1, 1, 0, 0, 0, 1]] * 6, np.uint8)


def test_mask_of_a_palette_counts_by_index(tmp_path: Path) -> None:
    mask = Image.fromarray(IDS, "L").convert("P")
    mask.putpalette([200, 0, 0, 0, 200, 0] + [0] * 750)
    mask.putdata(IDS.ravel().tolist())
    assert first_mask(saved(tmp_path, mask)).tolist() == IDS.tolist()


def test_mask_of_16_bits_with_small_ids_is_understood(tmp_path: Path) -> None:
    assert first_mask(saved(tmp_path, Image.fromarray(IDS.astype(np.uint16)))).tolist() == IDS.tolist()


def test_mask_of_16_bits_with_large_ids_is_refused(tmp_path: Path) -> None:
    mask = Image.fromarray(np.full(SIZE[::-1], 256, np.uint16))
    with pytest.raises(DataError, match=r"masks/train/0\.png: class id 256"):
        first_mask(saved(tmp_path, mask))


def test_mask_with_three_equal_channels_is_understood(tmp_path: Path) -> None:
    mask = Image.fromarray(np.stack([IDS] * 3, axis=2))
    assert first_mask(saved(tmp_path, mask)).tolist() == IDS.tolist()


def test_mask_in_black_and_white_holds_ids_0_and_1(tmp_path: Path) -> None:
    assert first_mask(saved(tmp_path, Image.fromarray(IDS * 255).convert("1"))).tolist() == IDS.tolist()


@pytest.mark.parametrize(("mode", "said"), [("CMYK", "mode CMYK"), ("F", "mode F")])
def test_mask_of_another_mode_is_refused_by_name(tmp_path: Path, mode: str, said: str) -> None:
    mask = Image.new("RGB", SIZE, (1, 2, 3)).convert("L" if mode == "F" else "RGB").convert(mode)
    path = mask_set(tmp_path) / "masks" / "train" / "0.png"
    mask.save(path, "TIFF")
    with pytest.raises(DataError, match=f"masks/train/0.png: {said}"):
        first_mask(tmp_path)


def test_transparency_of_a_mask_counts_for_nothing(tmp_path: Path) -> None:
    mask = Image.fromarray(IDS).convert("LA")
    mask.putalpha(7)
    assert first_mask(saved(tmp_path, mask)).tolist() == IDS.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 floor\n1 road\n", ("floor", "road")),
        ("1 road\n0 floor\n", ("floor", "road")),
        ("\ufeff0: floor\n\n1: the road\n", ("floor", "the road")),
        ("floor\nroad\n", ("floor", "road")),
        ("1 road\n2 tape", ("background", "road", "tape")),
    ],
)
def test_class_names_are_read_in_either_form(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    mask_set(tmp_path)
    (tmp_path / "classes.txt").write_text(text, encoding="utf-8")
    assert opened(tmp_path).classes == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 floor\n2 road\n", "1 is missing, the highest is 2"),
        ("0 floor\n0 road\n", "classes.txt:2: id 0 stands twice"),
        ("0 floor\n1 floor\n", "classes.txt:2: class 'floor' stands twice"),
        ("\n", "classes.txt: names no class"),
    ],
)
def test_faulty_class_names_are_refused(tmp_path: Path, text: str, said: str) -> None:
    mask_set(tmp_path)
    (tmp_path / "classes.txt").write_text(text)
    assert said in faults_of(tmp_path)


def test_class_names_in_another_encoding_are_refused(tmp_path: Path) -> None:
    mask_set(tmp_path)
    (tmp_path / "classes.txt").write_bytes("0 Stra\u00dfe\n".encode("latin-1"))
    assert "classes.txt: cannot be read as UTF-8" in faults_of(tmp_path)


def test_without_class_names_the_ids_found_are_numbered_with_a_warning(tmp_path: Path) -> None:
    mask_set(tmp_path)
    (tmp_path / "classes.txt").unlink()
    write_mask(tmp_path / "masks" / "val" / "1.png", [[0, 3, 255, 0, 0, 0, 0, 0]] * 6)
    index = opened(tmp_path)
    assert index.classes == ("class_0", "class_1", "class_2", "class_3")
    assert "class_0 to class_3" in as_lines(index.warnings)[0]


def test_id_of_one_mask_far_beyond_all_others_is_no_class_and_names_its_file(tmp_path: Path) -> None:
    mask_set(tmp_path, n_frames={"train": 10, "val": 2})
    (tmp_path / "classes.txt").unlink()
    write_mask(tmp_path / "masks" / "train" / "0.png", [[0, 1, 77, 255, 0, 0, 0, 0]] * 6)
    index = opened(tmp_path)
    assert index.classes == ("class_0", "class_1")
    said = r"masks/train/0.png: class id 77 \(6 pixels\), but the other masks hold 0 to 1; correct it"
    with pytest.raises(DataError, match=said):
        index.splits["train"][0].read()


def test_far_id_of_many_masks_is_a_class(tmp_path: Path) -> None:
    mask_set(tmp_path, n_frames={"train": 10, "val": 2})
    (tmp_path / "classes.txt").unlink()
    for number in range(2):
        write_mask(tmp_path / "masks" / "train" / f"{number}.png", [[0, 1, 77, 255, 0, 0, 0, 0]] * 6)
    assert len(opened(tmp_path).classes) == 78


def test_names_with_any_characters_work(tmp_path: Path) -> None:
    mask_set(tmp_path)
    odd = "a b%23#\u00fc\u4e2d'\n;"
    write_image(tmp_path / "images" / "train" / f"{odd}.png")
    write_mask(tmp_path / "masks" / "train" / f"{odd}.png")
    assert f"images/train/{odd}.png" in [sample.name for sample in opened(tmp_path).splits["train"]]
