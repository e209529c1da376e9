"""Real data sets, checked against the counts that their own READMEs give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rccar_models.formats import open_data
from rccar_models.samples import DataIndex, Sample

Finder = Callable[[str], Path]

OTONOM = {  # class: objects in train, valid, test
    "duz-git": (160, 44, 20),
    "hemzemin-gecit": (52, 19, 8),
    "hemzemin-gecit-levhasi": (113, 32, 15),
    "kesikli-cizgi": (116, 25, 21),
    "park-tabelasi": (64, 21, 8),
    "saga-don": (116, 29, 15),
    "sola-don": (75, 23, 17),
    "sollama-serbest-levhasi": (28, 11, 4),
    "son": (45, 14, 8),
    "trafik-lambasi": (13, 6, 2),
    "yaya-gecidi": (151, 54, 31),
    "yaya-gecidi-levhasi": (21, 9, 2),
}
TRASHCAR = {
    "bottle": (104, 28, 29),
    "battery": (123, 22, 17),
    "cup": (70, 23, 22),
    "orange": (88, 18, 39),
    "paper": (54, 22, 16),
}
CAMVID_VAL_PERCENT = {
    "sky": 9.13,
    "building": 25.86,
    "pole": 0.56,
    "road": 29.10,
    "pavement": 8.72,
    "tree": 16.33,
    "sign_symbol": 0.89,
    "fence": 3.09,
    "car": 1.75,
    "pedestrian": 0.65,
    "bicyclist": 2.22,
}


def n_frames(index: DataIndex) -> dict[str, int]:
    return {split: len(samples) for split, samples in index.splits.items()}


def object_counts(samples: tuple[Sample, ...], n_classes: int) -> list[int]:
    labels = np.concatenate([sample.read().labels for sample in samples])
    return np.bincount(labels, minlength=n_classes).tolist()


def test_camvid_has_the_frames_and_classes_of_its_readme(real_data: Finder) -> None:
    index = open_data(str(real_data("camvid-small")), "segmentation")
    assert index.format == "mask_folder"
    assert n_frames(index) == {"train": 367, "val": 101, "test": 233}
    assert index.classes == tuple(CAMVID_VAL_PERCENT)
    assert index.warnings == ()


def test_camvid_masks_have_the_class_shares_of_its_readme(real_data: Finder) -> None:
    index = open_data(str(real_data("camvid-small")), "segmentation")
    pixels = np.zeros(256)
    for sample in index.splits["val"]:
        mask = sample.read().mask
        assert mask is not None
        assert mask.shape == (180, 240)
        pixels += np.bincount(mask.ravel(), minlength=256)
    percent = 100 * pixels / pixels.sum()
    np.testing.assert_allclose(percent[:11], list(CAMVID_VAL_PERCENT.values()), atol=0.006)
    assert percent[255] == pytest.approx(1.71, abs=0.006)


@pytest.mark.parametrize("split", ["val", "test"])
def test_otonom_track_has_the_objects_of_its_readme(real_data: Finder, split: str) -> None:
    index = open_data(str(real_data("otonom-track-coco")), "detection")
    assert index.format == "coco"
    assert n_frames(index) == {"train": 601, "val": 184, "test": 93}
    assert index.classes == tuple(OTONOM)
    column = {"val": 1, "test": 2}[split]
    assert object_counts(index.splits[split], 12) == [counts[column] for counts in OTONOM.values()]


def test_otonom_masks_lie_in_the_boxes_of_their_objects(real_data: Finder) -> None:
    folder = str(real_data("otonom-track-coco"))
    boxed, masked = (open_data(folder, task).splits["test"][:20] for task in ("detection", "segmentation"))
    for box_sample, mask_sample in zip(boxed, masked, strict=True):
        truth, mask = box_sample.read(), mask_sample.read().mask
        assert mask is not None
        outside = mask > 0
        for box, label in zip(truth.boxes, truth.labels, strict=True):
            x1, y1, x2, y2 = (*np.floor(box[:2]).astype(int), *np.ceil(box[2:]).astype(int))
            assert (mask[y1:y2, x1:x2] == label + 1).any()
            outside[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = False
        assert not outside.any()


def test_trashcar_has_the_objects_of_its_readme(real_data: Finder) -> None:
    index = open_data(str(real_data("trashcar-yolo")), "detection")
    assert index.format == "yolo"
    assert n_frames(index) == {"train": 112, "val": 28, "test": 28}
    assert index.classes == tuple(TRASHCAR)
    assert index.warnings == ()
    for column, split in enumerate(("train", "val", "test")):
        assert object_counts(index.splits[split], 5) == [counts[column] for counts in TRASHCAR.values()]


def test_trashcar_boxes_are_pixels_of_its_640_by_480_pictures(real_data: Finder) -> None:
    index = open_data(str(real_data("trashcar-yolo")), "detection")
    frame = index.splits["train"][0].read()  # labels/000.txt: 1 0.308594 0.492708 0.023438 0.056250
    assert frame.image.shape == (480, 640, 3)
    np.testing.assert_allclose(frame.boxes[0], [190, 223, 205, 250], atol=0.01)
