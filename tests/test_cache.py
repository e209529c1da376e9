"""The frame cache: what is stored, when it is reused, what is refused, and that nothing half-built stays."""

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rccar_models.cache import (
    CachedSplit,
    CacheInfo,
    digest_of,
    open_split,
    prepare,
    read_info,
    resized_image,
    suggested_size,
)
from rccar_models.cache.resizing import resized_mask
from rccar_models.errors import DataError
from rccar_models.formats import open_data
from rccar_models.samples import DataIndex, Frame, Sample
from tests.data_folders import coco_json, coco_object, coco_set, mask_set, write_image, write_mask, yolo_set


def masked(*masks: Sequence[Sequence[int]], **changes: object) -> DataIndex:
    """Frames in memory, one for each mask, in train and val alike."""

    def sample(split: str, number: int) -> Sample:
        mask = np.asarray(masks[number], np.uint8)
        image = np.full((*mask.shape, 3), number, np.uint8)
        return Sample(
            name=f"{split}/{number}", read=lambda: Frame(image=image, mask=mask), key=f"{split} {number}"
        )

    splits = {
        split: tuple(sample(split, number) for number in range(len(masks))) for split in ("train", "val")
    }
    index = DataIndex(
        source="in memory",
        format="test",
        task="segmentation",
        classes=("floor", "road"),
        ignore_id=255,
        splits=splits,
    )
    return dataclasses.replace(index, **changes)  # type: ignore[arg-type]


def boxed(*boxes: Sequence[float], size: tuple[int, int] = (40, 20)) -> DataIndex:
    """One frame with these boxes of class 0, in train and val alike."""
    rows = np.asarray(boxes, np.float32).reshape(-1, 4)
    frame = Frame(
        image=np.zeros((size[1], size[0], 3), np.uint8), boxes=rows, labels=np.zeros(len(rows), np.int64)
    )
    splits = {split: (Sample(name=split, read=lambda: frame, key=split),) for split in ("train", "val")}
    return DataIndex(source="in memory", format="test", task="detection", classes=("cone",), splits=splits)


def built(index: DataIndex, root: Path, size: tuple[int, int] = (8, 6)) -> CacheInfo:
    return prepare(index, image_size=size, cache_root=root)


def train(info: CacheInfo) -> CachedSplit:
    return open_split(info.folder, "train")


def left_in(root: Path) -> list[str]:
    return (
        sorted(path.name for path in root.iterdir() if not path.name.endswith(".lock"))
        if root.exists()
        else []
    )


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


def refusing(index: DataIndex) -> DataIndex:
    """The same data set, but nobody may decode it."""

    def read() -> Frame:
        raise AssertionError("decoded again")

    splits = {
        split: tuple(dataclasses.replace(sample, read=read) for sample in samples)
        for split, samples in index.splits.items()
    }
    return dataclasses.replace(index, splits=splits)


def test_second_call_decodes_nothing(tmp_path: Path) -> None:
    index = masked([[0, 1]], [[1, 1]])
    first = built(index, tmp_path)
    assert built(refusing(index), tmp_path) == first


def test_moved_data_set_uses_the_same_cache_under_its_new_name(tmp_path: Path) -> None:
    first = built(open_data(str(mask_set(tmp_path / "a")), "segmentation"), tmp_path / "cache")
    shutil.move(tmp_path / "a", tmp_path / "b")
    second = built(refusing(open_data(str(tmp_path / "b"), "segmentation")), tmp_path / "cache")
    assert second.folder == first.folder
    assert second.source == str(tmp_path / "b")


def test_other_sizes_and_tasks_have_caches_of_their_own(tmp_path: Path) -> None:
    root = str(coco_set(tmp_path / "set"))
    folders = {
        built(open_data(root, task), tmp_path / "cache", size).folder
        for task in ("segmentation", "detection")
        for size in ((8, 6), (16, 12))
    }
    assert len(folders) == 4


@pytest.mark.parametrize("file", ["images/train/0.png", "masks/val/1.png"])
def test_digest_changes_with_any_file(tmp_path: Path, file: str) -> None:
    root = mask_set(tmp_path)
    before = digest_of(open_data(str(root), "segmentation"))
    path = root / file
    (write_image if "images" in file else write_mask)(path, size=(8, 7))
    assert digest_of(open_data(str(root), "segmentation")) != before


def test_digest_changes_with_class_names_splits_and_ignore_id(tmp_path: Path) -> None:
    index = masked([[0, 1]], [[1, 1]])
    swapped = {"train": index.splits["val"], "val": index.splits["train"]}
    others = [
        index,
        dataclasses.replace(index, classes=("floor", "lane")),
        dataclasses.replace(index, ignore_id=None),
        dataclasses.replace(index, splits=swapped),
        dataclasses.replace(index, splits={**index.splits, "test": index.splits["val"]}),
    ]
    assert len({digest_of(other) for other in others}) == len(others)


def test_digest_of_coco_follows_its_annotations(tmp_path: Path) -> None:
    root = coco_set(tmp_path)
    before = digest_of(open_data(str(root), "detection"))
    coco_set(root, train=coco_json(coco_object(bbox=[2, 1, 4, 3])))
    assert digest_of(open_data(str(root), "detection")) != before


def test_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    digests = {digest_of(open_data(str(mask_set(tmp_path / name)), "segmentation")) for name in ("a", "b")}
    assert len(digests) == 1


def test_digest_of_the_demo_tells_its_tasks_apart() -> None:
    assert len({digest_of(open_data("demo", task)) for task in ("segmentation", "detection")}) == 2


def test_file_that_vanishes_before_the_digest_is_named(tmp_path: Path) -> None:
    index = open_data(str(mask_set(tmp_path)), "segmentation")
    (tmp_path / "masks" / "val" / "1.png").unlink()
    with pytest.raises(DataError, match=r"images/val/1.png: 1.png cannot be read \(No such file"):
        digest_of(index)


def test_all_faulty_files_are_one_error_and_nothing_is_left_behind(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "set")
    (root / "images" / "train" / "1.png").write_bytes(b"broken")
    write_mask(root / "masks" / "train" / "2.png", size=(3, 3))
    write_mask(root / "masks" / "val" / "0.png", [[9] * 8] * 6)
    with pytest.raises(DataError) as caught:
        built(open_data(str(root), "segmentation"), tmp_path / "cache")
    assert [fault.split(":")[0].split(" ")[0] for fault in caught.value.faults] == [
        "images/train/1.png",
        "masks/train/2.png",
        "masks/val/0.png",
    ]
    assert left_in(tmp_path / "cache") == []


def test_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(masked([[0, 1]]), image_size=(8, 6), cache_root=tmp_path, progress=interrupt)
    assert left_in(tmp_path) == []


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    folder = built(masked([[0, 1]]), tmp_path).folder
    folder.rename(folder.with_name(f".{folder.name}.building"))
    built(masked([[0, 1]]), tmp_path)
    assert left_in(tmp_path) == [folder.name]


@pytest.mark.parametrize("damage", ["train_images.npy", "val_masks.npy", "train_names.json", "meta.json"])
def test_damaged_cache_is_refused_by_readers_and_built_again_by_prepare(tmp_path: Path, damage: str) -> None:
    info = built(masked([[0, 1]]), tmp_path)
    path = info.folder / damage
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="delete the folder and start again"):
        open_split(info.folder, "train")
    assert built(masked([[0, 1]]), tmp_path) == info
    assert len(train(info).images) == 1


def test_cache_of_another_format_number_is_refused(tmp_path: Path) -> None:
    folder = built(masked([[0, 1]]), tmp_path).folder
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"format_number": 99}))
    with pytest.raises(DataError, match="its format is 99"):
        read_info(folder)


def test_missing_split_of_a_cache_is_named(tmp_path: Path) -> None:
    folder = built(masked([[0, 1]]), tmp_path).folder
    with pytest.raises(DataError, match="there is no test split; there are train, val"):
        open_split(folder, "test")


def test_missing_cache_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        read_info(tmp_path / "nowhere")


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
    assert "val holds a single class" in built(masked([[0, 255]]), tmp_path).warnings[-1]


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


def test_warnings_of_the_data_set_come_with_a_reused_cache_too(tmp_path: Path) -> None:
    index = masked([[0, 1]], warnings=("mind the gap",))
    assert built(index, tmp_path).warnings == built(index, tmp_path).warnings == ("mind the gap",)


def test_progress_is_told_in_the_callers_thread_and_ends_complete(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    prepare(
        masked([[0, 1]], [[1, 0]]),
        image_size=(8, 6),
        cache_root=tmp_path,
        progress=lambda done, total: told.append((done, total, threading.get_ident())),
    )
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 4]
    assert {total for _, total, _ in told} == {4}
    assert {thread for _, _, thread in told} == {threading.get_ident()}


def test_reused_cache_tells_that_all_is_done(tmp_path: Path) -> None:
    built(masked([[0, 1]]), tmp_path)
    told: list[tuple[int, int]] = []
    prepare(
        masked([[0, 1]]), image_size=(8, 6), cache_root=tmp_path, progress=lambda *step: told.append(step)
    )
    assert told == [(2, 2)]


def test_frames_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    index = open_data("demo", "segmentation")
    few = dataclasses.replace(index, splits={split: samples[:9] for split, samples in index.splits.items()})
    split = train(built(few, tmp_path, (64, 48)))
    for row, sample in enumerate(few.splits["train"]):
        assert np.array_equal(split.images[row], resized_image(sample.read().image, (64, 48)))


BUILD = """
import sys
from pathlib import Path
from rccar_models.cache import prepare
from rccar_models.formats import open_data
print(prepare(open_data(sys.argv[1], "segmentation"), image_size=(8, 6), cache_root=Path(sys.argv[2])).folder.name)
"""


def test_two_processes_that_build_at_once_end_with_one_cache(tmp_path: Path) -> None:
    root = mask_set(tmp_path / "set", n_frames={"train": 60, "val": 20})
    command = [sys.executable, "-c", BUILD, str(root), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    names = {process.communicate(timeout=60)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0, 0]
    assert left_in(tmp_path / "cache") == sorted(names)
    assert len(names) == 1


def test_full_disk_is_an_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: filling a map on a full disk would be a SIGBUS."""
    root = mask_set(tmp_path / "set", n_frames={"train": 4, "val": 1})
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    ) + BUILD.replace("(8, 6)", "(800, 600)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "OSError" in done.stderr
    assert left_in(tmp_path / "cache") == []
