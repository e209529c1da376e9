"""Packages: what was trained is what is loaded, and a package that is not whole is refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rccar_models import checkpoints
from rccar_models.cache import open_split
from rccar_models.errors import PackageError, ShapeError
from rccar_models.export import package
from rccar_models.pictures import prediction_sheet
from rccar_models.predictor import Boxes, Predictor, load_predictor
from tests.small_demo import MODELS, OBJECTIVES, Trained, small_cache, well_trained

TASKS = ("segmentation", "detection")


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root, n_train=8, n_val=4) for task in TASKS}


@pytest.fixture(scope="module")
def made(caches: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    both = {task: well_trained(task, caches[task], tmp_path_factory.mktemp(task)) for task in TASKS}
    for one in both.values():
        package(one.checkpoint, one.folder)
    return both


@pytest.mark.parametrize("task", TASKS)
def test_package_reproduces_the_metrics_of_training(task: str, made: dict[str, Trained]) -> None:
    one = made[task]
    found = load_predictor(one.folder).evaluate(open_split(one.cache, "val"))
    assert OBJECTIVES[task] in found
    assert found == pytest.approx({name: one.metrics[name] for name in found}, abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_package_holds_a_card_and_a_network_and_no_pickled_classes(
    task: str, made: dict[str, Trained]
) -> None:
    assert sorted(path.name for path in made[task].folder.iterdir()) == ["network.pt2", "predictor.json"]
    card = json.loads((made[task].folder / "predictor.json").read_text())
    assert (card["format"], card["kind"], card["task"], card["model"]) == (1, "pt2", task, MODELS[task])
    assert (card["nms"] is None) == (task == "segmentation")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_package_takes_batches_of_any_size(task: str, n_frames: int, made: dict[str, Trained]) -> None:
    predictor = load_predictor(made[task].folder)
    width, height = predictor.card.image_size
    assert len(predictor.raw_outputs(torch.rand(n_frames, 3, height, width))) == n_frames


def test_package_gives_the_logits_of_the_checkpoint(made: dict[str, Trained]) -> None:
    network, _ = checkpoints.restore(made["segmentation"].checkpoint)
    frames = torch.rand(3, 3, 48, 64)
    with torch.no_grad():
        expected = network(frames)
    assert torch.allclose(
        load_predictor(made["segmentation"].folder).raw_outputs(frames), expected, atol=1e-4
    )


def test_mask_has_the_size_of_the_frame_and_agrees_with_the_network_at_its_own_size(
    made: dict[str, Trained],
) -> None:
    predictor = load_predictor(made["segmentation"].folder)
    frame = np.array(open_split(made["segmentation"].cache, "val").images[0])
    large = np.array(Image.fromarray(frame).resize((200, 130)))
    own, other = predictor.predict([frame, large])
    assert isinstance(own, np.ndarray)
    assert isinstance(other, np.ndarray)
    assert (own.shape, other.shape, other.dtype) == ((48, 64), (130, 200), np.uint8)
    logits = predictor.raw_outputs(
        torch.from_numpy(frame[None].transpose(0, 3, 1, 2).astype(np.float32) / 255)
    )
    assert (own == logits.argmax(1)[0].numpy()).all()
    assert repr(predictor).startswith("Predictor(segmentation, tiny_unet, 64x48, classes=['background'")


def test_boxes_come_in_pixels_of_the_frame_whatever_its_size(made: dict[str, Trained]) -> None:
    predictor = load_predictor(made["detection"].folder)
    predictor = Predictor(dataclasses.replace(predictor.card, score_threshold=0.0), predictor.raw_outputs)
    frame = np.array(open_split(made["detection"].cache, "val").images[0])
    # Each pixel doubled: area-averaged back, it is the very same input for the network.
    own, doubled = predictor.predict([frame, frame.repeat(2, axis=0).repeat(3, axis=1)])
    assert isinstance(own, Boxes)
    assert isinstance(doubled, Boxes)
    assert len(own.boxes) > 0
    assert np.allclose(doubled.boxes, own.boxes * [3, 2, 3, 2], atol=1e-3)
    assert own.names == tuple(predictor.classes[label] for label in own.labels)


def test_boxes_below_the_score_threshold_are_left_out_of_predictions(made: dict[str, Trained]) -> None:
    loaded = load_predictor(made["detection"].folder)
    frame = np.array(open_split(made["detection"].cache, "val").images[1])
    (every,) = Predictor(dataclasses.replace(loaded.card, score_threshold=0.0), loaded.raw_outputs).predict(
        [frame]
    )
    assert isinstance(every, Boxes)
    middle = float(np.median(every.scores))
    (some,) = Predictor(dataclasses.replace(loaded.card, score_threshold=middle), loaded.raw_outputs).predict(
        [frame]
    )
    assert isinstance(some, Boxes)
    assert len(some.scores) == int((every.scores >= middle).sum()) < len(every.scores)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_image_of_another_kind_is_refused(image: np.ndarray[Any, Any], made: dict[str, Trained]) -> None:
    with pytest.raises(ShapeError, match="uint8"):
        load_predictor(made["segmentation"].folder).predict([image])


def copy_of(folder: Path, to: Path, **card_changes: object) -> Path:
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    card = json.loads((to / "predictor.json").read_text()) | card_changes
    (to / "predictor.json").write_text(json.dumps(card))
    return to


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "not a card of format 1"),
        ({"kind": "pickle"}, "kind 'pickle'"),
        ({"task": "depth"}, "task 'depth'"),
        ({"file": "gone.pt2"}, "'gone.pt2' is not in the package"),
        ({"file": "../../outside.pt2"}, "'../../outside.pt2' is not in the package"),
        ({"surprise": 1}, "not a readable card"),
    ],
)
def test_package_with_a_wrong_card_is_refused(
    changes: dict[str, object], message: str, made: dict[str, Trained], tmp_path: Path
) -> None:
    (tmp_path.parent / "outside.pt2").write_bytes(b"elsewhere")
    folder = copy_of(made["segmentation"].folder, tmp_path / "package", **changes)
    with pytest.raises(PackageError, match=message.replace(".", r"\.")):
        load_predictor(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 but torn", b"hello"])
def test_package_with_a_torn_network_is_refused(
    content: bytes, made: dict[str, Trained], tmp_path: Path
) -> None:
    folder = copy_of(made["segmentation"].folder, tmp_path / "package")
    (folder / "network.pt2").write_bytes(content)
    with pytest.raises(PackageError, match=r"network\.pt2"):
        load_predictor(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_package_with_an_unreadable_card_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "predictor.json").write_text(text)
    with pytest.raises(PackageError, match=r"predictor\.json"):
        load_predictor(tmp_path)


def test_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no predictor\.json"):
        load_predictor(tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_sheet_shows_frame_truth_and_prediction(task: str, made: dict[str, Trained], tmp_path: Path) -> None:
    split = open_split(made[task].cache, "val")
    prediction_sheet(load_predictor(made[task].folder), split, tmp_path / "new" / "sheet.png", n=3)
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    height, width = split.images.shape[1:3]
    assert pixels.shape[0] > 3 * 320 * height / width
    assert pixels.shape[1] > 3 * 320
    frame, truth = pixels[40:200, 10:320], pixels[40:200, 338:648]
    assert (frame != truth).any(axis=2).mean() > 0.005  # the truth is painted over the frame
