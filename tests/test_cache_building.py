"""Building the frame cache: digests, reuse, interruptions, damage, several processes at once."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rccar_models.cache import (
    digest_of,
    open_split,
    prepare,
    read_info,
    resized_image,
)
from rccar_models.cache.frames import SplitStore
from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats import open_data
from rccar_models.samples import DataIndex, Frame
from tests.cached_data import built, left_in, masked, train
from tests.data_folders import as_lines, coco_json, coco_object, coco_set, mask_set, write_image, write_mask


def refusing(index: DataIndex) -> DataIndex:
    """The same data set, but nobody may decode it."""

    def read() -> Frame:
        raise AssertionError("decoded again")

    splits = {
        split: tuple(dataclasses.replace(sample, read=read) for sample in samples)
        for split, samples in index.splits.items()
    }
    return dataclasses.replace(index, splits=splits)


BUILD = """
import sys
from pathlib import Path
from rccar_models.cache import prepare
from rccar_models.formats import open_data
index = open_data(sys.argv[1], "segmentation")
print(prepare(index, image_size=(8, 6), cache_root=Path(sys.argv[2])).folder.name)
"""


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
    assert [fault.split(":")[0].split(" ")[0] for fault in as_lines(caught.value.faults)] == [
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


def test_warnings_of_the_data_set_come_with_a_reused_cache_too(tmp_path: Path) -> None:
    index = masked([[0, 1]], warnings=(Fault(Rule.NOTE, "mind the gap"),))
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


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve bytes of a file")
def test_bytes_of_a_split_are_taken_before_the_first_frame_is_stored(tmp_path: Path) -> None:
    SplitStore(tmp_path, "train", n_frames=50, size=(64, 48), n_classes=2, with_masks=True)
    for file in tmp_path.iterdir():
        assert file.stat().st_blocks * 512 >= file.stat().st_size > 100_000


LARGE = """
import dataclasses, resource, sys
from pathlib import Path
import numpy as np
from rccar_models.cache import open_split, prepare
from rccar_models.formats import open_data

limit = 300 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
index = open_data("demo", "segmentation")
few = {"train": index.splits["train"][:30], "val": index.splits["val"][:2]}
index = dataclasses.replace(index, splits=few)
split = open_split(prepare(index, image_size=(2400, 1800), cache_root=Path(sys.argv[1])).folder, "train")
assert split.images.nbytes > limit
assert all(split.images[row].any() for row in range(30))
try:
    np.array(split.images)
except MemoryError:
    print("larger than memory")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit a process's memory in other ways")
def test_set_larger_than_memory_is_built_and_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "larger than memory"
