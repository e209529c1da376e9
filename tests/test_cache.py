"""The frame cache: what is stored, and what is refused or warned of."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rccar_models.cache import (
    read_info,
    resized_image,
    suggested_size,
)
from rccar_models.cache.resizing import resized_mask
from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import Frame
from tests.cached_data import boxed, built, left_in, masked, train
from tests.data_folders import mask_set, write_image, write_mask, yolo_set


def test_frames_and_masks_of_the_same_size_are_stored_unchanged(tmp_path: Path) -> None:
    index = open_data(str(mask_set(tmp_path / "set")), "segmentation")
    split = train(built(index, tmp_path / "cache"))
    assert split.images.shape == (3, 6, 8, 3)
    assert split.images[2, 0, 0].tolist() == [2, 5, 50]
    assert split.masks is not None
    assert split.masks[1].tolist() == [[0] * 4 + [1] * 4] * 6
    assert split.names == ("images/train/0.png", "images/train/1.png", "images/train/2.png")


def test_info_says_what_is_stored(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "set")
    info = built(open_data(str(root), "segmentation"), tmp_path / "cache")
    assert info.source == str(root)
    assert (info.format, info.task, info.classes, info.ignore_id) == (
        "mask_folder",
        "segmentation",
        ("floor", "road"),
        255,
    )
    assert info.image_size == (8, 6)
    assert info.counts == {"train": 3, "val": 2}
    assert info.class_counts == {"train": (72, 72), "val": (48, 48)}
    assert read_info(info.folder) == info


def test_arrays_are_memory_mapped_and_read_only(tmp_path: Path) -> None:
    split = train(built(masked([[0, 1]]), tmp_path))
    assert isinstance(split.images, np.memmap)
    assert isinstance(split.masks, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        split.images[0, 0, 0, 0] = 1


def test_boxes_are_scaled_into_pixels_of_the_cache(tmp_path: Path) -> None:
    split = train(built(boxed([10, 5, 20, 15], [0, 0, 40, 20]), tmp_path, (80, 10)))
    assert_allclose(split.boxes[0], [[20, 2.5, 40, 7.5], [0, 0, 80, 10]])
    assert split.boxes[0].dtype == np.float32
    assert split.labels[0].tolist() == [0, 0]
    assert split.masks is None


def test_boxes_stay_with_their_frames(tmp_path: Path) -> None:
    index = open_data(
        str(yolo_set(tmp_path / "set", lines={"train/a": "", "train/b": "1 .5 .5 .5 .5\n0 .5 .5 1 1"})),
        "detection",
    )
    split = train(built(index, tmp_path / "cache"))
    assert [len(boxes) for boxes in split.boxes] == [0, 2]
    assert split.boxes[0].shape == (0, 4)
    assert [labels.tolist() for labels in split.labels] == [[], [1, 0]]


def test_boxes_below_a_pixel_are_left_out_and_counted(tmp_path: Path) -> None:
    info = built(boxed([0, 0, 20, 20], [0, 0, 3, 20], [0, 0, 4, 20]), tmp_path, (10, 20))
    assert_allclose(train(info).boxes[0], [[0, 0, 5, 20], [0, 0, 1, 20]])  # 3 of 40 pixels are 0.75 of 10
    assert info.warnings == (
        "2 of 6 boxes are less than a pixel wide or high at 10x20 and were left out; "
        "a larger --image-size keeps them",
    )


def test_shrinking_averages_the_area() -> None:
    image = np.zeros((2, 4, 3), np.uint8)
    image[0, :2] = 200
    assert resized_image(image, (2, 1))[..., 0].tolist() == [[100, 0]]


def test_growing_a_picture_makes_no_new_extremes() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = 100
    grown = resized_image(image, (8, 2))
    assert grown.shape == (2, 8, 3)
    assert grown.min() == 0
    assert grown.max() == 100
    assert (np.diff(grown[0, :, 0].astype(int)) >= 0).all()


def test_masks_are_resized_without_mixing_ids() -> None:
    mask = np.asarray([[0, 0, 4, 4], [0, 0, 4, 4]], np.uint8)
    assert resized_mask(mask, (2, 1)).tolist() == [[0, 4]]
    assert set(resized_mask(mask, (7, 5)).ravel()) == {0, 4}


def test_picture_and_mask_stay_aligned_when_shrunk() -> None:
    mask = np.zeros((120, 160), np.uint8)
    mask[40:80, 60:100] = 1
    image = np.repeat(mask[..., None] * 255, 3, axis=2)
    small_image, small_mask = resized_image(image, (40, 30)), resized_mask(mask, (40, 30))
    assert np.array_equal(small_image[..., 0] > 127, small_mask == 1)


@pytest.mark.parametrize(
    ("frame", "long_side_px", "expected"),
    [
        ((640, 480), 160, (160, 128)),  # 120 / 16 = 7.5 rounds to 8
        ((480, 640), 160, (128, 160)),
        ((640, 640), 160, (160, 160)),
        ((240, 180), 128, (128, 96)),
        ((1000, 100), 160, (160, 32)),
        ((1920, 1080), 320, (320, 176)),  # 180 / 16 = 11.25
    ],
)
def test_suggested_size_keeps_the_shape_in_steps_of_16(
    frame: tuple[int, int], long_side_px: int, expected: tuple[int, int]
) -> None:
    assert suggested_size(boxed([0, 0, 1, 1], size=frame), long_side_px) == expected


def test_frames_of_different_sizes_come_out_alike(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "set")
    write_image(root / "images" / "train" / "0.png", size=(80, 60))
    write_mask(root / "masks" / "train" / "0.png", size=(80, 60))
    split = train(built(open_data(str(root), "segmentation"), tmp_path / "cache"))
    assert split.images.shape == (3, 6, 8, 3)
    assert split.masks is not None
    assert np.array_equal(split.masks[0], split.masks[1])


def test_split_whose_masks_are_all_ignored_is_refused(tmp_path: Path) -> None:
    index = masked([[0, 1]])
    ignored = {**index.splits, "val": masked([[255, 255]]).splits["val"]}
    with pytest.raises(DataError, match="val: every pixel of every mask is ignored"):
        built(dataclasses.replace(index, splits=ignored), tmp_path)
    assert left_in(tmp_path) == []


def test_split_that_loses_all_boxes_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train: no box is left at 10x20 \(1 are less.*larger --image-size"):
        built(boxed([0, 0, 3, 20]), tmp_path, (10, 20))


def test_classes_that_are_missing_in_train_or_val_are_named(tmp_path: Path) -> None:
    index = masked([[0, 1]], classes=("floor", "road", "cone"))
    assert built(index, tmp_path).warnings == (
        "classes without a label in train cannot be learnt: cone",
        "classes without a label in val are left out of the metrics: cone",
    )


def test_validation_of_a_single_class_is_called_meaningless(tmp_path: Path) -> None:
    assert built(masked([[0, 0]]), tmp_path).warnings[-1].startswith("val holds a single class")


@pytest.mark.parametrize("split", ["train", "val"])
def test_split_of_one_class_and_ignored_pixels_is_refused(tmp_path: Path, split: str) -> None:
    binary = {**masked([[0, 1]]).splits, split: masked([[0, 255]], [[0, 0]]).splits[split]}
    said = f"{split}: masks hold 'floor' and ignored pixels \\(255\\) only.* name 255 in classes.txt"
    with pytest.raises(DataError, match=said):
        built(masked([[0, 1]], splits=binary), tmp_path)
    assert left_in(tmp_path) == []


def test_same_picture_in_two_splits_is_a_leak_that_is_named(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "set")
    shutil.copy(root / "images" / "train" / "1.png", root / "images" / "val" / "1.png")
    info = built(open_data(str(root), "segmentation"), tmp_path / "cache")
    assert info.warnings == (
        "1 images stand in several splits, which flatters the metrics, "
        "e.g. images/train/1.png in train and images/val/1.png in val",
    )


def test_warnings_of_frames_are_counted_once(tmp_path: Path) -> None:
    index = masked([[0, 1]], [[1, 0]])

    def read() -> Frame:
        return dataclasses.replace(index.splits["train"][0].read(), warnings=("it is tilted",))

    tilted = tuple(dataclasses.replace(sample, read=read) for sample in index.splits["train"])
    info = built(dataclasses.replace(index, splits={**index.splits, "train": tilted}), tmp_path)
    assert info.warnings == ("2 frames, e.g. train/0: it is tilted",)
