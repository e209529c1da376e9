"""Evaluations that somebody else wrote: whole and harmless, or none."""

import json
import math
from pathlib import Path

import pytest

from sweep.evaluation import ClassFigures, Evaluation, FrameFigures
from sweep.tracking.evaluation_reader import read_evaluation

FRAME = FrameFigures(name="f1", group="best", rank=1, score=0.9, picture="best_1.png")
WHOLE = Evaluation(
    trial_uid="uid",
    task="segmentation",
    value=0.5,
    low=0.25,
    scores={"miou_segmentation": 0.5, "val_loss_segmentation": math.inf},
    classes=(ClassFigures(name="road", n_true=3, figures={"iou": 0.5}),),
    confusion=((1, 2), (3, 4)),
    confusion_names=("road", "cone"),
    frames=(FRAME,),
    image_size=(128, 96),
)


def written(folder: Path, text: str) -> Path:
    file = folder / "evaluation.json"
    file.write_text(text)
    return file


def test_whole_evaluation_comes_back(tmp_path: Path) -> None:
    found = read_evaluation(written(tmp_path, WHOLE.to_json()))
    assert found is not None
    assert found.to_json() == WHOLE.to_json()


def test_reason_alone_comes_back(tmp_path: Path) -> None:
    lost = Evaluation(trial_uid="uid", reason="cannot read the checkpoint")
    assert read_evaluation(written(tmp_path, lost.to_json())) == lost


def test_missing_file_is_none(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "picture",
    [
        "../a.png",
        "/etc/passwd",
        "a/b.png",
        "..",
        "",
        "a.svg",
        "a.html",
        ".png",
        "a.png\n",
        "a\0.png",
        "A" * 200,
    ],
)
def test_picture_that_is_no_plain_name_beside_it_makes_it_none(tmp_path: Path, picture: str) -> None:
    body = json.loads(WHOLE.to_json())
    body["frames"][0]["picture"] = picture
    assert read_evaluation(written(tmp_path, json.dumps(body))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"value": "0.5"},
        {"value": True},
        {"scores": {"miou": "high"}},
        {"scores": []},
        {"classes": 3},
        {"classes": [{"name": "road"}]},
        {"classes": [{"name": "road", "n_true": 1, "figures": None}]},
        {"frames": {"0": 1}},
        {"frames": [None]},
        {"confusion": [[1, 2]]},
        {"confusion": [[1], [2]]},
        {"confusion": [["a", "b"], ["c", "d"]]},
        {"confusion": "road"},
        {"confusion_names": [1, 2]},
        {"image_size": ["a"]},
        {"trial_uid": None},
        {"unknown": 1},
        {"task": "boat"},
        {"task": ""},
        {"task": "", "reason": "its classes have a figure without a name all the same"},
        {"latency_ms": 0.0},
        {"latency_ms": -2.0},
        {"latency_ms": math.nan},
        {"value": 10**400},
        {"value": 2**63},
        {"value": math.inf},
        {"low": math.nan},
        {"scores": {"miou": 10**400}},
        {"n_images": -1},
        {"n_images": 2**63},
        {"confusion": [[1, 2], [3, -1]]},
        {"confusion": [[1, 2], [3, 10**400]]},
        {"image_size": [-128, 96]},
        {"classes": [{"name": "road", "n_true": 1, "figures": {"iou": math.nan}}]},
        {"classes": [{"name": "road", "n_true": -1, "figures": {}}]},
        {"frames": [{"name": "f", "group": "best", "rank": 1, "score": math.inf, "picture": "a.png"}]},
        {"record": "Other"},
        {"format": 2},
    ],
)
def test_field_of_another_kind_makes_it_none(tmp_path: Path, change: dict[str, object]) -> None:
    body = json.loads(WHOLE.to_json()) | change
    assert read_evaluation(written(tmp_path, json.dumps(body))) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "3", '"text"', "[" * 100_000, '{"record": "Evaluation", "format": 1}', "\udc80"],
)
def test_text_that_is_no_evaluation_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evaluation.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert read_evaluation(file) is None


def test_huge_file_is_none(tmp_path: Path) -> None:
    body = json.loads(WHOLE.to_json()) | {"reason": "x" * (9 * 2**20)}
    assert read_evaluation(written(tmp_path, json.dumps(body))) is None
