"""Sheets of predictions: what a person must be able to tell apart."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from rccar_models.cache import CachedSplit
from rccar_models.colours import PALETTE, colours_of
from rccar_models.pictures import prediction_sheet
from rccar_models.predictor import Predictor, PredictorCard

SIZE = (32, 24)
CLASSES = ("road", "cone")
TILE = (320, 240)
COLUMNS = (8, 336, 664)  # where tiles begin
TOP = 70  # of the first row


def a_predictor(task: str, seen: list[Tensor] | None = None) -> Predictor:
    """Finds class 0 everywhere, or no box at all."""

    def outputs(frames: Tensor) -> Any:
        if seen is not None:
            seen.append(frames[0])
        if task == "segmentation":
            return torch.stack([torch.ones(1, *frames.shape[2:]), torch.zeros(1, *frames.shape[2:])], dim=1)
        none = {
            "boxes": torch.zeros(0, 4),
            "scores": torch.zeros(0),
            "labels": torch.zeros(0, dtype=torch.int64),
        }
        return [none]

    card = PredictorCard(
        kind="pt2",
        file="model.pt2",
        task=task,
        model="tiny_unet",
        options={},
        classes=CLASSES,
        ignore_id=255,
        image_size=SIZE,
        score_threshold=0.33,
    )
    return Predictor(card, outputs)


def a_split(values: list[int], mask_id: int | None) -> CachedSplit:
    """Plain frames of some grey values."""
    width, height = SIZE
    images = np.stack([np.full((height, width, 3), value, np.uint8) for value in values])
    return CachedSplit(
        images=images,
        names=tuple(f"drive/{number}.jpg" for number in range(len(values))),
        masks=None if mask_id is None else np.full((len(values), height, width), mask_id, np.uint8),
        boxes=tuple(np.zeros((0, 4), np.float32) for _ in values),
        labels=tuple(np.zeros((0,), np.int64) for _ in values),
    )


def a_sheet(folder: Path, split: CachedSplit, **more: Any) -> NDArray[np.uint8]:
    task = "detection" if split.masks is None else "segmentation"
    prediction_sheet(a_predictor(task), split, folder / "sheet.png", **more)
    with Image.open(folder / "sheet.png") as sheet:
        return np.asarray(sheet.convert("RGB"))


def tile(sheet: NDArray[np.uint8], column: int) -> NDArray[np.uint8]:
    left = COLUMNS[column]
    return sheet[TOP : TOP + TILE[1], left : left + TILE[0]]


def lab(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """CIELAB of an sRGB colour, white point D65 (IEC 61966-2-1, CIE 15)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.asarray(colour) / 255]
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    ratios = np.asarray(to_xyz) @ linear / [0.95047, 1.0, 1.08883]
    x, y, z = (r ** (1 / 3) if r > 216 / 24389 else (24389 / 27 * r + 16) / 116 for r in ratios)
    return np.asarray([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_sixteen_classes_have_colours_that_are_far_apart() -> None:
    """By the CIE 1976 difference: 2.3 is just noticeable. The nearest are Okabe and Ito's two blues, 26.4."""
    colours = [lab(colour) for colour in colours_of([str(i) for i in range(16)], with_grey=True)]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(colours, 2)) > 26


def test_more_classes_than_colours_still_get_one_each() -> None:
    names = [str(i) for i in range(len(PALETTE) + 5)]
    for with_grey in (True, False):
        assert len(set(colours_of(names, with_grey=with_grey))) == len(names)


def test_ignored_pixels_are_hatched_and_named_in_the_legend(tmp_path: Path) -> None:
    plain, ignored = a_sheet(tmp_path, a_split([100], 0)), a_sheet(tmp_path, a_split([100], 255))
    assert len(np.unique(tile(plain, 1).reshape(-1, 3), axis=0)) == 1
    light, dark = sorted(np.unique(tile(ignored, 1).reshape(-1, 3), axis=0).tolist(), reverse=True)
    assert light[0] - dark[0] > 100  # two greys in stripes
    legend = TOP + TILE[1] + 8
    assert (plain[legend:] != ignored[legend:]).any()
    assert (plain[:TOP] == ignored[:TOP]).all()


def test_frame_without_a_prediction_carries_a_note(tmp_path: Path) -> None:
    sheet = a_sheet(tmp_path, a_split([100], None))
    for column in (1, 2):  # no true objects, nothing found
        assert (tile(sheet, column) != tile(sheet, 0)).any(axis=2)[:40].any()
        assert (tile(sheet, column) == tile(sheet, 0)).all(axis=2)[40:].all()
    assert (tile(sheet, 1) != tile(sheet, 2)).any()  # they do not say the same


def test_title_says_what_the_caller_adds_and_rows_say_the_frames_name(tmp_path: Path) -> None:
    plain = a_sheet(tmp_path, a_split([100], 0))
    noted = a_sheet(tmp_path, a_split([100], 0), note="trial-003: miou 0.8114 on val")
    differ = (plain != noted).any(axis=2)
    assert differ[:30].any()
    assert not differ[30:].any()
    assert (plain[54:TOP] < 200).any()  # the name above the first row


@pytest.mark.parametrize("n", [1, 4, 50])
def test_frames_are_spread_over_the_split_and_differ_where_they_can(n: int, tmp_path: Path) -> None:
    seen: list[Tensor] = []
    values = [0] * 40
    values[13], values[25], values[36] = 80, 160, 240  # one odd frame in each of the last three quarters
    prediction_sheet(a_predictor("segmentation", seen), a_split(values, 0), tmp_path / "sheet.png", n=n)
    found = [round(float(frame.mean()) * 255) for frame in seen]
    assert len(found) == min(n, 40)
    if n == 4:
        assert found == [0, 80, 160, 240]
