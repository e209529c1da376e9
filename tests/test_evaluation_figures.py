"""Figures of an evaluation: worked by hand, and the same as torchmetrics has where it computes the same."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rccar_models.confusion_chart import compact, confusion_chart
from rccar_models.metrics.bootstrap import interval, paired_interval
from rccar_models.metrics.class_figures import object_confusion, object_figures, pixel_figures
from rccar_models.metrics.detection import ImageBoxes
from rccar_models.metrics.frame_scores import best_and_worst, object_scores, pixel_scores

CLASSES = ("road", "cone", "car")


def boxes(*rows: tuple[float, float, float, float, int, float]) -> ImageBoxes:
    """Rows of x1, y1, x2, y2, label, score."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return ImageBoxes(table[:, :4], table[:, 4].astype(np.int64), table[:, 5])


# One frame: a cone found as a car, a car found, a cone missed, a box without an object, and one below 0.5.
TRUE = boxes((0, 0, 10, 10, 0, 1), (20, 0, 30, 10, 1, 1), (40, 0, 50, 10, 0, 1))
FOUND = boxes(
    (0, 0, 10, 9, 1, 0.9), (20, 0, 30, 10, 1, 0.8), (60, 60, 70, 70, 0, 0.7), (40, 0, 50, 10, 0, 0.4)
)
NOTHING_THERE = boxes()


def test_figures_of_pixels_leave_out_what_is_not_defined() -> None:
    confusion = np.array([[6, 2, 0], [1, 0, 0], [0, 0, 0]])
    road, cone, car = pixel_figures(confusion, CLASSES)
    assert road.figures == pytest.approx({"iou": 6 / 9, "dice": 12 / 15, "precision": 6 / 7, "recall": 6 / 8})
    assert (road.n_true, cone.n_true, car.n_true) == (8, 1, 0)
    assert cone.figures == {"iou": 0.0, "dice": 0.0, "precision": 0.0, "recall": 0.0}
    assert car.figures == {}
    never_answered = pixel_figures(np.array([[3, 0], [2, 0]]), CLASSES[:2])[1]
    assert never_answered.figures == {"iou": 0.0, "dice": 0.0, "recall": 0.0}


def test_figures_of_pixels_are_those_of_torchmetrics() -> None:
    from torchmetrics.classification import (
        MulticlassConfusionMatrix,
        MulticlassF1Score,
        MulticlassJaccardIndex,
        MulticlassPrecision,
        MulticlassRecall,
    )

    generator = torch.Generator().manual_seed(3)
    truth = torch.randint(0, 3, (4, 8, 8), generator=generator)
    answer = torch.where(torch.rand(4, 8, 8, generator=generator) < 0.6, truth, truth.roll(1))
    truth[0, :4] = 255
    options = {"num_classes": 3, "ignore_index": 255, "average": None}
    found = MulticlassConfusionMatrix(num_classes=3, ignore_index=255)(answer, truth).numpy()
    figures = [one.figures for one in pixel_figures(found, CLASSES)]
    for name, metric in {
        "iou": MulticlassJaccardIndex(**options),
        "dice": MulticlassF1Score(**options),
        "precision": MulticlassPrecision(**options),
        "recall": MulticlassRecall(**options),
    }.items():
        assert [one[name] for one in figures] == pytest.approx(metric(answer, truth).tolist(), abs=1e-6)


def test_objects_are_matched_by_score_whatever_their_class() -> None:
    counts = object_confusion([FOUND, NOTHING_THERE], [TRUE, NOTHING_THERE], n_classes=2, threshold=0.5)
    #             cone car nothing
    assert counts.tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 0]]
    all_shown = object_confusion([FOUND], [TRUE], n_classes=2, threshold=0.0)
    assert all_shown.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_better_box_takes_the_object_and_the_other_one_has_none() -> None:
    found = boxes((0, 0, 10, 9, 0, 0.6), (0, 0, 10, 10, 1, 0.9))
    counts = object_confusion([found], [boxes((0, 0, 10, 10, 0, 1))], n_classes=2, threshold=0.0)
    assert counts.tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 0]]


def test_figures_of_objects_at_the_chosen_threshold_and_over_all_of_them() -> None:
    cone, car, third = object_figures([FOUND], [TRUE], classes=CLASSES, threshold=0.5)
    assert (cone.n_true, car.n_true) == (2, 1)
    assert cone.figures["precision_50"] == cone.figures["recall_50"] == cone.figures["f1_50"] == 0.0
    # The car's own box comes second of two: precision 1/2 at every recall.
    assert car.figures == pytest.approx(
        {"precision_50": 0.5, "recall_50": 1.0, "f1_50": 2 / 3, "map_50": 0.5, "map": 0.5}
    )
    assert third.figures == {}


def test_average_precision_of_a_class_is_that_of_torchmetrics() -> None:
    from torchmetrics.detection import MeanAveragePrecision

    reference = MeanAveragePrecision(class_metrics=True, backend="faster_coco_eval")
    reference.update(
        [
            {
                "boxes": torch.tensor(FOUND.boxes),
                "scores": torch.tensor(FOUND.scores),
                "labels": torch.tensor(FOUND.labels),
            }
        ],
        [{"boxes": torch.tensor(TRUE.boxes), "labels": torch.tensor(TRUE.labels)}],
    )
    wanted = reference.compute()["map_per_class"].tolist()
    figures = object_figures([FOUND], [TRUE], classes=CLASSES[:2], threshold=0.0)
    assert [one.figures["map"] for one in figures] == pytest.approx(wanted, abs=1e-6)


def test_score_of_a_frame_is_the_mean_over_classes_that_occur_in_it() -> None:
    perfect = np.diag([5, 0, 3])
    half = np.array([[2, 2, 0], [0, 0, 0], [0, 0, 0]])  # road 2/4, cone 0/2
    nothing_counts = np.zeros((3, 3), int)
    found = pixel_scores(np.stack([perfect, half, nothing_counts]))
    assert found[:2].tolist() == [1.0, 0.25]
    assert np.isnan(found[2])


def test_score_of_a_frame_without_objects_and_boxes_is_1() -> None:
    scores = object_scores([FOUND, NOTHING_THERE, FOUND], [TRUE, NOTHING_THERE, NOTHING_THERE], threshold=0.5)
    assert scores.tolist() == [2 * 1 / 6, 1.0, 0.0]


@pytest.mark.parametrize(("n", "best", "worst"), [(1, 1, 0), (2, 1, 1), (5, 2, 3), (12, 4, 8), (40, 4, 8)])
def test_best_and_worst_frames_are_never_the_same(n: int, best: int, worst: int) -> None:
    scores = np.linspace(0, 1, n)
    chosen = best_and_worst(scores, np.ones(n, np.int64))
    groups = [one.group for one in chosen]
    assert (groups.count("best"), groups.count("worst")) == (best, worst)
    assert len({one.index for one in chosen}) == len(chosen)
    assert chosen[0].index == n - 1
    if worst:
        first = next(one for one in chosen if one.group == "worst")
        assert (first.index, first.rank, first.score) == (0, 1, 0.0)


def test_of_equal_frames_that_with_more_to_see_comes_first_and_undefined_ones_never() -> None:
    chosen = best_and_worst(np.array([1.0, 1.0, np.nan, 0.0]), np.array([0, 3, 9, 1]))
    assert [one.index for one in chosen] == [1, 3, 0]


def test_frames_that_look_alike_have_one_that_stands_for_them() -> None:
    # Twelve frames of one dark scene are the worst; the others come in pairs, 30 levels apart.
    levels = np.array([10] * 12 + [30 * (1 + n // 2) for n in range(12)], np.uint8)
    looks = np.broadcast_to(levels[:, None, None, None], (24, 16, 16, 3))
    scores = np.concatenate([np.linspace(0.0, 0.11, 12), np.linspace(0.2, 1.0, 12)])
    weights = np.ones(24, np.int64)
    by_score = best_and_worst(scores, weights)
    assert [one.index for one in by_score if one.group == "worst"] == list(range(8))
    chosen = best_and_worst(scores, weights, looks)
    assert [one.index for one in chosen if one.group == "best"] == [23, 21, 19, 17]
    # The worse half is the dark scene alone: all of it is alike, so the worst come as they are.
    assert [one.index for one in chosen if one.group == "worst"] == list(range(8))


def test_no_unlike_frame_of_the_median_takes_the_place_of_one_of_the_best() -> None:
    looks = np.broadcast_to(np.array([50] * 4 + [200] * 16, np.uint8)[:, None, None, None], (20, 16, 16, 3))
    scores = np.array([0.3, 0.25, 0.2, 0.1] + [0.0] * 16)
    chosen = best_and_worst(scores, np.ones(20, np.int64), looks)
    assert [one.index for one in chosen if one.group == "best"] == [0, 1, 2, 3]


def test_worst_frames_are_of_several_scenes_where_the_worse_half_has_them() -> None:
    levels = np.array([10, 10, 10, 60, 60, 60, 110, 110, 110, 160] * 4, np.uint8)
    looks = np.broadcast_to(levels[:, None, None, None], (40, 16, 16, 3))
    chosen = best_and_worst(np.linspace(0.0, 1.0, 40), np.ones(40, np.int64), looks)
    worst = [one.index for one in chosen if one.group == "worst"]
    # The worst of each of four scenes, then the next worst whatever their scene.
    assert worst == [0, 1, 2, 3, 4, 5, 6, 9]
    assert len({one.index for one in chosen}) == 12


def test_interval_of_one_model_is_that_of_its_difference_to_nothing() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])

    def mean(counts: np.ndarray) -> np.ndarray:
        return counts @ values / counts.sum(axis=1)

    alone = interval(mean, n_images=5, seed=4, n_resamples=400)
    assert alone == paired_interval(mean, lambda c: np.zeros(len(c)), n_images=5, seed=4, n_resamples=400)
    assert 0.0 <= alone.low < 0.6 < alone.high <= 1.0
    same = interval(lambda c: np.full(len(c), 0.3), n_images=5, seed=0)
    assert (same.low, same.high) == (0.3, 0.3)


def drawn(n: int, folder: Path) -> tuple[int, int]:
    """The size in pixels of a chart of n classes, of which the last one never occurs."""
    counts = np.diag(np.full(n, 12_400))
    counts[0, 1] = 7
    counts[-1] = 0
    file = folder / "made" / "confusion.png"
    confusion_chart(counts, [f"${i}_{{class}}$" for i in range(n)], file, title="$x$", unit="pixels")
    with Image.open(file) as picture:
        return picture.size


@pytest.mark.parametrize("n", [2, 5, 20])
def test_chart_of_a_confusion_matrix_has_room_for_its_cells(n: int, tmp_path: Path) -> None:
    width, height = drawn(n, tmp_path)
    assert 46 * n < width < 2000
    assert 36 * n < height < 2000


@pytest.mark.parametrize("n", [50, 150])
def test_chart_of_many_classes_keeps_its_size_and_is_drawn_in_seconds(n: int, tmp_path: Path) -> None:
    began = time.process_time()
    width, height = drawn(n, tmp_path)
    assert time.process_time() - began < 10  # 30 s and 160 s with a layout engine and counts in the cells
    assert max(width, height) <= 2000


@pytest.mark.parametrize("n", [2, 11, 20, 50, 400])
def test_chart_of_a_confusion_matrix_leaves_its_margins_white(n: int, tmp_path: Path) -> None:
    counts = np.full((n, n), 7)
    names = [f"emergency vehicle number {i}" for i in range(n)]
    confusion_chart(counts, names, tmp_path / "c.png", title="model; trial: miou 0.5 on val", unit="objects")
    with Image.open(tmp_path / "c.png") as picture:
        grey = np.asarray(picture.convert("L"))
    for edge in (grey[:3], grey[-3:], grey[:, :3], grey[:, -3:]):
        assert edge.min() == 255


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (12_400, "12.4k"), (124_000, "124k"), (3_200_000, "3.2M")],
)
def test_counts_fit_into_cells(count: int, text: str) -> None:
    assert compact(count) == text
