"""Detection metrics against hand-worked numbers, brute force, pycocotools and torchmetrics."""

import contextlib
import io

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

from rccar_models.metrics.detection import DetectionMetrics
from rccar_models.metrics.matching import box_iou

N_CLASSES = 4
Images = list[dict[str, Tensor]]
ALL_ZERO = {
    "map_detection": 0.0,
    "map_50_detection": 0.0,
    "precision_50_detection": 0.0,
    "recall_50_detection": 0.0,
    "f1_50_detection": 0.0,
}


def found(boxes: list[list[float]], scores: list[float], labels: list[int]) -> dict[str, Tensor]:
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "scores": torch.tensor(scores),
        "labels": torch.tensor(labels, dtype=torch.int64),
    }


def wanted(boxes: list[list[float]], labels: list[int]) -> dict[str, Tensor]:
    answer = found(boxes, [], labels)
    del answer["scores"]
    return answer


def measured(
    predictions: Images, targets: Images, n_classes: int = N_CLASSES
) -> tuple[dict[str, float], float]:
    metrics = DetectionMetrics(n_classes)
    metrics.update(predictions, targets)
    return metrics.compute(), metrics.threshold


def random_scenes(seed: int, *, n_images: int = 12, round_scores: bool = False) -> tuple[Images, Images]:
    """True boxes, detections scattered around them, false ones, empty images, a class never true."""
    random = np.random.default_rng(seed)
    predictions, targets = [], []
    for _ in range(n_images):
        n_true = int(random.integers(0, 6))
        corners = random.uniform(0, 90, (n_true, 2))
        true = np.concatenate((corners, corners + random.uniform(6, 60, (n_true, 2))), axis=1)
        labels = random.integers(0, N_CLASSES - 1, n_true)
        picks = random.integers(0, n_true, int(random.integers(0, 9))) if n_true else np.zeros(0, int)
        near = true[picks] + random.normal(0, 3, (len(picks), 4))
        far = random.uniform(0, 60, (2, 4)) + np.array([0, 0, 60, 60])
        boxes = np.concatenate((near, far))
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        guesses = np.concatenate((labels[picks], random.integers(0, N_CLASSES, 2)))
        scores = random.uniform(0, 1, len(boxes))
        scores = np.round(scores, 1) if round_scores else scores
        predictions.append(found(boxes.tolist(), scores.tolist(), guesses.tolist()))
        targets.append(wanted(true.tolist(), labels.tolist()))
    return predictions, targets


def pycocotools_answer(predictions: Images, targets: Images) -> tuple[float, float]:
    """mAP and mAP50 of the reference implementation."""
    annotations, results = [], []
    for image_id, (prediction, target) in enumerate(zip(predictions, targets, strict=True), start=1):
        for box, label in zip(target["boxes"].double().tolist(), target["labels"].tolist(), strict=True):
            width, height = box[2] - box[0], box[3] - box[1]
            row = {"image_id": image_id, "category_id": label, "bbox": [box[0], box[1], width, height]}
            annotations.append({"id": len(annotations) + 1, "area": width * height, "iscrowd": 0, **row})
        rows = zip(
            *(prediction[key].double().tolist() for key in ("boxes", "scores")),
            prediction["labels"].tolist(),
            strict=True,
        )
        for box, score, label in rows:
            sides = [box[2] - box[0], box[3] - box[1]]
            results.append(
                {"image_id": image_id, "category_id": label, "bbox": [*box[:2], *sides], "score": score}
            )
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": index + 1} for index in range(len(targets))],
            "categories": [{"id": index} for index in range(N_CLASSES)],
            "annotations": annotations,
            "info": {},
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


def best_f1_by_brute_force(predictions: Images, targets: Images) -> tuple[float, float]:
    """Highest F1 over every threshold, each matched afresh by the simplest loops, and its threshold."""
    thresholds = sorted({score for image in predictions for score in image["scores"].tolist()}, reverse=True)
    best = (0.0, 0.5)
    n_true = sum(len(target["boxes"]) for target in targets)
    for threshold in thresholds:
        n_right = n_found = 0
        for prediction, target in zip(predictions, targets, strict=True):
            free = list(range(len(target["boxes"])))
            order = sorted(range(len(prediction["scores"])), key=lambda i: -float(prediction["scores"][i]))
            for index in order:
                if float(prediction["scores"][index]) < threshold:
                    continue
                n_found += 1
                same = [i for i in free if target["labels"][i] == prediction["labels"][index]]
                overlaps = {i: plain_iou(prediction["boxes"][index], target["boxes"][i]) for i in same}
                choice = max(overlaps, key=overlaps.__getitem__, default=None)
                if choice is not None and overlaps[choice] >= 0.5:
                    free.remove(choice)
                    n_right += 1
        f1 = 2 * n_right / (n_found + n_true)
        if f1 > best[0]:
            best = (f1, threshold)
    return best


def plain_iou(first: Tensor, second: Tensor) -> float:
    a, b = first.double().tolist(), second.double().tolist()
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.mark.parametrize("seed", range(6))
def test_average_precision_agrees_with_pycocotools(seed: int) -> None:
    predictions, targets = random_scenes(seed, round_scores=seed % 2 == 1)
    metrics, _ = measured(predictions, targets)
    overall, at_50 = pycocotools_answer(predictions, targets)
    assert metrics["map_detection"] == pytest.approx(overall, abs=1e-4)
    assert metrics["map_50_detection"] == pytest.approx(at_50, abs=1e-4)
    assert 0.05 < overall < at_50 < 1


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_agrees_with_torchmetrics(seed: int) -> None:
    # Here alone: every process of the tests would wait seconds for it.
    from torchmetrics.detection import MeanAveragePrecision

    predictions, targets = random_scenes(100 + seed)
    # Its own recall grid is rounded to float32, which moves a recall that lies on the grid by a step.
    recalls = np.linspace(0, 1, 101).tolist()
    reference = MeanAveragePrecision(backend="faster_coco_eval", rec_thresholds=recalls)
    reference.update(predictions, targets)
    expected = reference.compute()
    metrics, _ = measured(predictions, targets)
    assert metrics["map_detection"] == pytest.approx(float(expected["map"]), abs=1e-4)
    assert metrics["map_50_detection"] == pytest.approx(float(expected["map_50"]), abs=1e-4)


def test_average_precision_counts_at_most_100_detections_an_image_and_class() -> None:
    # 100 wrong ones with higher scores crowd out the right one.
    wrong = [[200.0, 200, 210, 210]] * 100
    prediction = found([*wrong, [0, 0, 10, 10]], [*np.linspace(0.9, 0.5, 100).tolist(), 0.1], [0] * 101)
    metrics, _ = measured([prediction], [wanted([[0, 0, 10, 10]], [0])])
    assert metrics["map_50_detection"] == 0
    assert metrics["recall_50_detection"] == 1  # the operating point knows no such limit


@pytest.mark.parametrize("seed", range(8))
def test_best_f1_and_its_threshold_agree_with_brute_force(seed: int) -> None:
    predictions, targets = random_scenes(seed, round_scores=seed % 2 == 1)
    metrics, threshold = measured(predictions, targets)
    f1, expected_threshold = best_f1_by_brute_force(predictions, targets)
    assert metrics["f1_50_detection"] == pytest.approx(f1, abs=1e-9)
    assert threshold == pytest.approx(expected_threshold, abs=1e-9)


def test_operating_point_of_a_hand_worked_example() -> None:
    # Three true boxes. By score: 0.9 right, 0.8 wrong class, 0.7 right, 0.6 the same box again, 0.2 far off.
    # F1 after each: 2/4, 2/5, 4/6, 4/7, 4/8: best at 0.7 with precision 2/3, recall 2/3.
    predictions = [
        found([[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 9]], [0.9, 0.8, 0.6], [0, 0, 0]),
        found([[5, 5, 15, 15], [80, 80, 90, 90]], [0.7, 0.2], [1, 1]),
    ]
    targets = [wanted([[0, 0, 10, 10], [50, 50, 60, 60]], [0, 1]), wanted([[5, 5, 15, 14]], [1])]
    metrics, threshold = measured(predictions, targets, n_classes=2)
    assert metrics["precision_50_detection"] == pytest.approx(2 / 3)
    assert metrics["recall_50_detection"] == pytest.approx(2 / 3)
    assert metrics["f1_50_detection"] == pytest.approx(2 / 3)
    assert threshold == pytest.approx(0.7)


def test_detections_of_one_score_come_and_go_together() -> None:
    # The right one alone would give F1 1, but no threshold separates it from the wrong one.
    prediction = found([[0, 0, 10, 10], [50, 50, 60, 60]], [0.5, 0.5], [0, 0])
    metrics, _ = measured([prediction], [wanted([[0, 0, 10, 10]], [0])])
    assert metrics["precision_50_detection"] == 0.5
    assert metrics["f1_50_detection"] == pytest.approx(2 / 3)


def test_overlap_of_exactly_one_half_is_enough() -> None:
    prediction = found([[0, 0, 10, 5]], [0.9], [0])
    metrics, _ = measured([prediction], [wanted([[0, 0, 10, 10]], [0])])
    assert metrics["f1_50_detection"] == 1
    assert metrics["map_50_detection"] == pytest.approx(1)


def test_perfect_detections_give_one_everywhere() -> None:
    _, targets = random_scenes(0)
    predictions = [{**target, "scores": torch.ones(len(target["boxes"]))} for target in targets]
    metrics, threshold = measured(predictions, targets)
    assert metrics == pytest.approx(dict.fromkeys(ALL_ZERO, 1.0))
    assert threshold == 1


@pytest.mark.parametrize(
    ("predictions", "targets"),
    [
        ([found([], [], [])], [wanted([[0, 0, 10, 10]], [0])]),
        ([found([[0, 0, 10, 10]], [0.9], [0])], [wanted([], [])]),
        ([found([], [], [])], [wanted([], [])]),
        ([found([[0, 0, 10, 10]], [0.9], [1])], [wanted([[0, 0, 10, 10]], [0])]),
        ([found([[0, 0, 10, 2]], [0.9], [0])], [wanted([[0, 0, 10, 10]], [0])]),
        ([], []),
    ],
    ids=["no prediction", "no truth", "neither", "wrong class", "too little overlap", "no image"],
)
def test_without_a_right_detection_every_metric_is_zero(predictions: Images, targets: Images) -> None:
    metrics, threshold = measured(predictions, targets)
    assert metrics == ALL_ZERO
    assert threshold == 0.5


def test_class_without_a_true_box_is_left_out_of_the_mean() -> None:
    prediction = found([[0, 0, 10, 10], [50, 50, 60, 60]], [0.9, 0.8], [0, 3])
    metrics, _ = measured([prediction], [wanted([[0, 0, 10, 10]], [0])])
    assert metrics["map_detection"] == pytest.approx(1)


def test_images_one_by_one_count_as_all_at_once() -> None:
    predictions, targets = random_scenes(1)
    apart = DetectionMetrics(N_CLASSES)
    for prediction, target in zip(predictions, targets, strict=True):
        apart.update([prediction], [target])
    assert apart.compute() == measured(predictions, targets)[0]


def test_computing_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    measured(*random_scenes(0))
    assert capfd.readouterr() == ("", "")


def test_box_iou_of_boxes_without_area_is_zero() -> None:
    empty = np.array([[5.0, 5.0, 5.0, 5.0]])
    assert box_iou(empty, empty).tolist() == [[0.0]]
