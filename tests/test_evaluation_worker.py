"""The worker's evaluation: the numbers that were logged, and pictures of the best and worst frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models import checkpoints
from rccar_models.export import package
from rccar_models.predictor import load_predictor
from sweep.evaluation import CONFUSION, MONTAGE, NOTHING, EvaluateRequest, Evaluation
from sweep.workshop.evaluating import evaluate
from tests.small_demo import OBJECTIVES, a_request, small_cache, trained

TASKS = ("segmentation", "detection")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """A cache and a trained checkpoint by task."""
    made = {}
    for task in TASKS:
        root = tmp_path_factory.mktemp(task)
        cache = small_cache(task, root, n_train=24, n_val=8)
        request = a_request(task, cache, root, epochs=3)
        trained(request)
        made[task] = (cache, request.checkpoint)
    return made


def a_job(
    task: str, places: dict[str, tuple[Path, Path]], folder: Path, **changes: object
) -> EvaluateRequest:
    cache, checkpoint = places[task]
    values = {
        "trial_uid": "uid",
        "run_name": "trial-003",
        "checkpoint": str(checkpoint),
        "data_ref": str(cache),
        "folder": str(folder),
        "metric": OBJECTIVES[task],
        "maximise": True,
        "n_resamples": 100,
        "seed": 5,
    }
    return EvaluateRequest(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def evaluated(
    places: dict[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Evaluation, Path]]:
    found = {}
    for task in TASKS:
        folder = tmp_path_factory.mktemp("evaluated") / "made"
        found[task] = (evaluate(a_job(task, places, folder)), folder)
    return found


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_that_training_logged(
    task: str, places: dict[str, tuple[Path, Path]], evaluated: dict[str, tuple[Evaluation, Path]]
) -> None:
    evaluation, _ = evaluated[task]
    _, info = checkpoints.load(places[task][1])
    logged = {name: value for name, value in info.metrics.items() if not name.startswith("train_")}
    assert evaluation.reason == ""
    assert evaluation.scores == pytest.approx(logged, abs=1e-6)
    assert evaluation.value == evaluation.scores[OBJECTIVES[task]]
    assert evaluation.low is not None
    assert evaluation.high is not None
    assert evaluation.low <= evaluation.value <= evaluation.high
    assert (evaluation.n_images, evaluation.latency_threads) == (8, 1)
    assert evaluation.latency_ms is not None
    assert evaluation.latency_ms > 0
    assert Evaluation.from_json(evaluation.to_json()) == evaluation


@pytest.mark.parametrize("task", TASKS)
def test_confusion_holds_every_true_pixel_or_object(
    task: str, evaluated: dict[str, tuple[Evaluation, Path]]
) -> None:
    evaluation, _ = evaluated[task]
    names = [one.name for one in evaluation.classes]
    assert list(evaluation.confusion_names) == names + ([NOTHING] if task == "detection" else [])
    rows = np.array(evaluation.confusion).sum(axis=1)
    assert rows[: len(names)].tolist() == [one.n_true for one in evaluation.classes]


def test_figures_by_class_are_those_of_the_scores(evaluated: dict[str, tuple[Evaluation, Path]]) -> None:
    pixels, objects = evaluated["segmentation"][0], evaluated["detection"][0]
    for one in pixels.classes:
        if one.figures:
            assert one.figures["iou"] == pytest.approx(pixels.scores[f"iou_{one.name}_segmentation"])
            assert one.figures["dice"] == pytest.approx(pixels.scores[f"dice_{one.name}_segmentation"])
    known = [one.figures["map_50"] for one in objects.classes if "map_50" in one.figures]
    assert np.mean(known) == pytest.approx(objects.scores["map_50_detection"])


@pytest.mark.parametrize("task", TASKS)
def test_best_and_worst_frames_are_drawn_beside_the_montage(
    task: str, evaluated: dict[str, tuple[Evaluation, Path]]
) -> None:
    evaluation, folder = evaluated[task]
    assert [one.group for one in evaluation.frames] == ["best"] * 3 + ["worst"] * 5
    assert len({one.name for one in evaluation.frames}) == 8
    best, worst = evaluation.frames[0], evaluation.frames[3]
    assert best.score >= worst.score
    assert (best.picture, worst.picture) == ("frames/best-1.png", "frames/worst-1.png")
    for name in (MONTAGE, CONFUSION, *(one.picture for one in evaluation.frames)):
        with Image.open(folder / name) as picture:
            assert picture.width > 500


def test_validation_loss_of_a_detector_has_an_interval_too(
    places: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    found = evaluate(a_job("detection", places, tmp_path, metric="val_loss_detection", maximise=False))
    assert found.low is not None
    assert found.low < found.high  # type: ignore[operator]
    _, info = checkpoints.load(places["detection"][1])
    assert found.value == pytest.approx(info.metrics["val_loss_detection"], abs=1e-6)


def test_packaged_model_is_examined_as_its_checkpoint_is(
    places: dict[str, tuple[Path, Path]], evaluated: dict[str, tuple[Evaluation, Path]], tmp_path: Path
) -> None:
    from rccar_models.cache import open_split
    from rccar_models.examination import ExaminationRequest, examine

    cache, checkpoint = places["segmentation"]
    package(checkpoint, tmp_path)
    predictor = load_predictor(tmp_path)
    request = ExaminationRequest(metric=OBJECTIVES["segmentation"], n_resamples=10)
    found = examine(predictor, open_split(cache, "val"), request, ignore_id=predictor.card.ignore_id)
    assert found.scores == pytest.approx(evaluated["segmentation"][0].scores, abs=1e-4)


def test_checkpoint_that_is_gone_becomes_a_reason(
    places: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    found = evaluate(a_job("segmentation", places, tmp_path, checkpoint=str(tmp_path / "best.pt")))
    assert "cannot read the checkpoint" in found.reason
    assert (found.trial_uid, found.run_name, found.scores) == ("uid", "trial-003", {})
