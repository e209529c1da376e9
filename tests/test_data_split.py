"""Division into train, val and test: what stays together, is left out, is written, is refused."""

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.inspection.drives import LIKE_BITS, LIKE_LEVELS
from rccar_models.inspection.frames import look_of
from rccar_models.inspection.splitting import split_data
from rccar_models.inspection.splitting.assignment import assigned
from rccar_models.inspection.splitting.frames import drives_of_names
from rccar_models.inspection.splitting.groups import time_groups
from rccar_models.inspection.splitting.plan import SplitPlan, SplitShares
from tests.conftest import Cli
from tests.data_folders import coco_json, coco_object, coco_set

SIDE = 48


def scene(seed: int) -> NDArray[np.uint8]:
    """A picture that looks like no other one."""
    patches = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(patches).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def panorama(n_frames: int, *, step: int = 2, seed: int = 1) -> list[NDArray[np.uint8]]:
    """One drive past a long wall: neighbours look alike, distant frames do not."""
    width = SIDE + step * n_frames
    patches = np.random.default_rng(seed).integers(0, 255, (6, width // 8, 3), np.uint8)
    wall = np.asarray(Image.fromarray(patches).resize((width, SIDE), Image.Resampling.BICUBIC))
    return [wall[:, step * number : step * number + SIDE] for number in range(n_frames)]


def yolo_frames(root: Path, frames: Mapping[str, tuple[NDArray[np.uint8], int]]) -> Path:
    """Frames by name, each with one box of a class."""
    for name, (image, class_id) in frames.items():
        path = root / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        label = root / "labels" / "detection" / f"{name.removeprefix('images/')}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(f"{class_id} 0.5 0.5 0.5 0.5\n")
    (root / "labels" / "detection" / "classes.txt").write_text("cone\ncar\ncat\n")
    return root


def drives(
    root: Path, *, n_drives: int = 10, n_frames: int = 4, class_of: Mapping[int, int] | None = None
) -> Path:
    """Drives H0/, H1/, ... of frames that look alike within a drive; of class 0, or of `class_of`."""
    ids = class_of or {}
    return yolo_frames(
        root,
        {
            f"H{drive}/{number:04d}": (
                np.clip(scene(drive).astype(int) + number, 0, 255).astype(np.uint8),
                ids.get(drive, 0),
            )
            for drive in range(n_drives)
            for number in range(n_frames)
        },
    )


def divided(root: Path, *, val: float = 0.2, test: float = 0.1, **more: object) -> SplitPlan:
    return split_data(str(root), task="detection", shares=SplitShares(val=val, test=test), **more)  # type: ignore[arg-type]


def lists_of(root: Path) -> dict[str, list[str]]:
    return {path.stem: path.read_text().split("\n")[:-1] for path in (root / "splits").glob("*.txt")}


def split_by_name(splits: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: split for split, names in splits.items() for name in names}


def straddling(root: Path, plan: SplitPlan) -> list[tuple[str, str]]:
    """Pairs in two splits that look alike, each with each: the definition, without the code under test."""
    split_of = split_by_name(plan.splits)
    looks = {name: look_of(np.asarray(Image.open(root / name))) for name in split_of}
    return [
        (one, other)
        for one in looks
        for other in looks
        if split_of[one] < split_of[other]
        and int(looks[one].hash ^ looks[other].hash).bit_count() <= LIKE_BITS
        and np.abs(looks[one].thumbnail.astype(int) - looks[other].thumbnail).mean() <= LIKE_LEVELS
    ]


# What stays together


def test_drives_are_divided_whole_and_near_the_shares(tmp_path: Path) -> None:
    plan = divided(drives(tmp_path))
    assert {split: len(names) for split, names in plan.splits.items()} == {"train": 28, "val": 8, "test": 4}
    splits = split_by_name(plan.splits)
    assert all(len({splits[f"H{drive}/{number:04d}.png"] for number in range(4)}) == 1 for drive in range(10))
    assert plan.n_groups == {"train": 7, "val": 2, "test": 1}
    assert not plan.left_out


def test_three_equal_drives_stay_whole_and_the_sizes_are_warned_of(tmp_path: Path) -> None:
    frames = {
        f"images/H{drive}_frame_{number:03d}": (scene(100 * drive + number), number % 3)
        for drive in (1, 2, 3)
        for number in range(14)
    }
    plan = divided(yolo_frames(tmp_path, frames))
    assert {split: len(names) for split, names in plan.splits.items()} == {"train": 14, "val": 14, "test": 14}
    assert all(len({Path(name).name[:2] for name in names}) == 1 for names in plan.splits.values())
    assert "--by block cuts drives into time blocks" in plan.warnings[0]


def test_drive_without_any_label_is_no_split_of_its_own(tmp_path: Path) -> None:
    frames = {
        f"images/H{drive}_frame_{number:03d}": (scene(100 * drive + number), 0)
        for drive in (1, 2, 3)
        for number in range(14)
    }
    root = yolo_frames(tmp_path, frames)
    for path in (root / "labels" / "detection").glob("H2_*.txt"):
        path.write_text("")
    assert all(counts[0] for counts in divided(root).class_frames.values())


def test_written_lists_are_read_by_every_command(tmp_path: Path) -> None:
    plan = divided(drives(tmp_path))
    index = open_data(str(tmp_path), "detection")
    assert {split: {one.name for one in kept} for split, kept in index.splits.items()} == {
        split: set(names) for split, names in plan.splits.items()
    }
    assert lists_of(tmp_path) == {split: list(names) for split, names in plan.splits.items()}


def test_drives_of_the_same_place_go_to_the_same_split(tmp_path: Path) -> None:
    root = drives(tmp_path)
    for number in range(4):
        (root / "H7" / f"{number:04d}.png").write_bytes((root / "H2" / f"{number:04d}.png").read_bytes())
    for seed in range(5):
        splits = split_by_name(divided(root, seed=seed, dry_run=True).splits)
        assert splits["H7/0000.png"] == splits["H2/0003.png"]


def test_prefix_before_the_running_number_is_the_drive() -> None:
    names = ["images_all/H1_frame_001.png", "images_all/H1_frame_012.png", "images_all/H2_frame_001.png"]
    assert drives_of_names(names) == ["H1_frame_", "H1_frame_", "H2_frame_"]


def test_folders_are_drives_but_those_of_the_layout_are_not() -> None:
    assert drives_of_names(["images/H1/a1.png", "images/H1/b1.png", "images/H2/a1.png"]) == [
        "H1/",
        "H1/",
        "H2/",
    ]
    assert drives_of_names(["train/images/x_1.png", "valid/images/x_2.png"]) == ["x_", "x_"]


def test_one_long_drive_is_cut_and_nothing_alike_straddles(tmp_path: Path) -> None:
    frames = {f"images/{number:03d}": (image, number % 2) for number, image in enumerate(panorama(120))}
    root = yolo_frames(tmp_path, frames)
    plan = divided(root)
    assert "time blocks" in plan.method
    assert plan.n_cuts >= 2
    assert straddling(root, plan) == []
    counts = {split: len(names) for split, names in plan.splits.items()}
    assert sum(counts.values()) + len(plan.left_out) == 120
    assert counts["val"] >= 12
    assert counts["test"] >= 6
    splits = split_by_name(plan.splits)
    order = [splits.get(f"images/{number:03d}.png") for number in range(120)]
    # At every change of split at least two frames are left out.
    kept = [(number, split) for number, split in enumerate(order) if split]
    assert all(b - a > 2 for (a, one), (b, other) in pairwise(kept) if one != other)


def test_look_alikes_across_a_cut_are_left_out_without_any_gap(tmp_path: Path) -> None:
    frames = {f"images/{number:03d}": (image, 0) for number, image in enumerate(panorama(120, step=1))}
    root = yolo_frames(tmp_path, frames)
    plan = divided(root, gap=0, dry_run=True)
    assert plan.left_out
    assert straddling(root, plan) == []


def test_wider_gap_leaves_more_frames_out(tmp_path: Path) -> None:
    frames = {f"images/{number:03d}": (image, 0) for number, image in enumerate(panorama(120))}
    root = yolo_frames(tmp_path, frames)
    splits = split_by_name(divided(root, gap=5, dry_run=True).splits)
    kept = [
        (number, splits[f"images/{number:03d}.png"])
        for number in range(120)
        if f"images/{number:03d}.png" in splits
    ]
    assert all(b - a > 5 for (a, one), (b, other) in pairwise(kept) if one != other)


def test_scenes_of_one_drive_are_blocks_and_lose_no_frame(tmp_path: Path) -> None:
    images = [
        np.clip(scene(number // 6).astype(int) + number % 6, 0, 255).astype(np.uint8) for number in range(60)
    ]
    root = yolo_frames(tmp_path, {f"images/{number:03d}": (image, 0) for number, image in enumerate(images)})
    plan = divided(root)
    assert "10 time blocks between changes of scene" in plan.method
    assert {split: len(names) for split, names in plan.splits.items()} == {"train": 42, "val": 12, "test": 6}
    assert straddling(root, plan) == []


def test_group_too_long_is_cut_into_equal_blocks() -> None:
    groups = np.asarray([0] * 6 + [1] * 2)
    cut, is_cut = time_groups(groups, longest=4)
    assert cut.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert np.flatnonzero(is_cut).tolist() == [3]


# Classes


def test_class_of_three_drives_is_in_every_split(tmp_path: Path) -> None:
    root = drives(tmp_path, class_of={1: 1, 5: 1, 8: 1})
    for seed in range(5):
        plan = divided(root, test=0.2, seed=seed, dry_run=True)
        assert all(counts[1] == 4 for counts in plan.class_frames.values())


def test_class_of_one_drive_is_warned_of(tmp_path: Path) -> None:
    plan = divided(drives(tmp_path, class_of={4: 2}))
    (warning,) = [text for text in plan.warnings if text.startswith("class cat")]
    assert "lives in 1 group of frames only, so it cannot be in every split" in warning
    assert any(text == "class car is in no frame" for text in plan.warnings)


def test_deal_meets_shares_that_can_be_met() -> None:
    # Ten equal groups, class 0 in all, class 1 in the groups 0, 1, 2.
    amounts = np.asarray([[5, 5 * (group < 3), 5] for group in range(10)], float)
    deal = assigned(amounts, np.asarray([0.7, 0.2, 0.1]), seed=3)
    assert np.bincount(deal).tolist() == [7, 2, 1]
    assert sorted(deal[:3].tolist()) == [0, 1, 2]


# Chance


def test_same_seed_divides_the_same_and_another_one_otherwise(tmp_path: Path) -> None:
    root = drives(tmp_path)
    plans = [divided(root, seed=seed, dry_run=True).splits for seed in (4, 4, 5, 6)]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2] or plans[0] != plans[3]


# Lists


def test_lists_that_are_there_are_not_written_over_without_force(tmp_path: Path) -> None:
    root = drives(tmp_path)
    divided(root)
    before = lists_of(root)
    with pytest.raises(DataError, match=r"divided already, by splits/train\.txt"):
        divided(root, seed=9)
    assert lists_of(root) == before


def test_set_that_boxes_alone_cannot_serve_is_divided_by_its_outlines(tmp_path: Path) -> None:
    content = coco_json(coco_object(iscrowd=1))
    root = coco_set(tmp_path, train=content, valid=content)
    with pytest.raises(DataError, match="divided already"):  # and not "no object is boxed in train"
        split_data(str(root), shares=SplitShares(test=0))


def test_set_with_the_folder_train_alone_is_divided_like_an_undivided_one(tmp_path: Path) -> None:
    frames = {f"images/train/H{number}/0": (scene(number), 0) for number in range(10)}
    plan = split_data(str(yolo_frames(tmp_path, frames)), shares=SplitShares())
    assert {split: len(names) for split, names in plan.splits.items()} == {"train": 7, "val": 2, "test": 1}


def test_force_keeps_earlier_lists_each_time(tmp_path: Path) -> None:
    root = drives(tmp_path)
    divided(root)
    first = (root / "splits" / "test.txt").read_text()
    (root / "splits" / "notes.md").write_text("mine")
    divided(root, test=0, force=True, seed=1)
    divided(root, test=0, force=True, seed=2)
    assert (root / "splits" / "test.txt.bak").read_text() == first
    assert (root / "splits" / "train.txt.bak2").is_file()
    assert (root / "splits" / "notes.md").read_text() == "mine"
    assert sorted(lists_of(root)) == ["train", "val"]
    assert set(open_data(str(root), "detection").splits) == {"train", "val"}


def test_dry_run_and_the_rest_of_the_folder_change_nothing(tmp_path: Path) -> None:
    root = drives(tmp_path)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    divided(root, dry_run=True)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    divided(root)
    assert {path: path.read_bytes() for path in before} == before
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_set_divided_by_its_folders_is_divided_anew_with_force_only(tmp_path: Path) -> None:
    root = yolo_frames(
        tmp_path,
        {
            "images/train/H1_0": (scene(1), 0),
            "images/val/H2_0": (scene(2), 0),
            "images/val/H3_0": (scene(3), 0),
        },
    )
    with pytest.raises(DataError, match="by its folders or annotation files"):
        divided(root)
    divided(root, val=0.3, test=0.3, force=True)
    lists = lists_of(root)
    assert sorted(lists) == ["test", "train", "val"]
    assert sorted(name for names in lists.values() for name in names) == [
        "images/train/H1_0.png",
        "images/val/H2_0.png",
        "images/val/H3_0.png",
    ]


# What is refused


def test_too_few_drives_are_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--by block"):
        divided(drives(tmp_path, n_drives=2), by="drive")
    assert not (tmp_path / "splits").exists()


def test_frames_that_all_look_the_same_are_refused(tmp_path: Path) -> None:
    root = yolo_frames(tmp_path, {f"images/{number}": (scene(1), 0) for number in range(30)})
    with pytest.raises(DataError, match="look so much alike"):
        divided(root)


def test_shares_without_train_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leave some for train"):
        divided(drives(tmp_path), val=0.7, test=0.3)


def test_all_unreadable_frames_are_named(tmp_path: Path) -> None:
    root = drives(tmp_path)
    for name in ("H1/0001.png", "H2/0002.png"):
        (root / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match="2 faults") as caught:
        divided(root)
    assert "H1/0001.png" in str(caught.value)


# The command


def test_command_shows_the_table_and_how_to_use_it(tmp_path: Path, cli: Cli) -> None:
    drives(tmp_path / "set")
    done = cli("data", "split", "set")
    assert done.returncode == 0, done.stderr
    assert "frames  28     8    4" in done.stdout
    assert "written: splits/train.txt, splits/val.txt, splits/test.txt" in done.stdout
    again = cli("data", "split", "set")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert cli("data", "check", "set", "--task", "detection").returncode == 0


def test_command_answers_json(tmp_path: Path, cli: Cli) -> None:
    drives(tmp_path / "set")
    found = json.loads(cli("data", "split", "set", "--json", "--dry-run", "--test", "0").stdout)
    assert found["counts"] == {"train": 32, "val": 8}
    assert found["lists"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["camvid-small", "trashcar-yolo"])
def test_real_set_is_divided_so_that_nothing_alike_straddles(
    name: str, real_data: object, tmp_path: Path
) -> None:
    source = real_data(name)  # type: ignore[operator]
    plan = split_data(str(source), shares=SplitShares(), dry_run=True)
    assert straddling(source, plan) == []
    counts = {split: len(names) for split, names in plan.splits.items()}
    n_frames = sum(len(kept) for kept in scan_data(str(source), plan.task).splits.values())
    assert counts["val"] >= 0.1 * n_frames
    assert counts["test"] >= 0.05 * n_frames
