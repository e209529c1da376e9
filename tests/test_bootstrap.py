"""The paired bootstrap, and metrics recomputed of drawn images."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rccar_models.metrics.bootstrap import Scorer, paired_interval
from rccar_models.metrics.detection import DetectionMetrics, ImageBoxes
from rccar_models.metrics.detection_tally import DetectionTally
from rccar_models.metrics.segmentation import SegmentationMetrics, cross_entropy_sum
from rccar_models.metrics.segmentation_tally import SegmentationTally
from rccar_models.metrics.tally import Tally, scores

CLASSES = ("ground", "line", "cone")


def mean_of(values: NDArray[np.float64]) -> Scorer:
    return lambda counts: counts @ values / counts.sum(axis=1)


def test_difference_that_every_image_shares_has_an_interval_without_width() -> None:
    first = np.array([0.9, 0.5, 0.1, 0.7])
    interval = paired_interval(mean_of(first), mean_of(first - 0.25), n_images=4, seed=0)
    assert (interval.low, interval.high) == (pytest.approx(0.25), pytest.approx(0.25))


def test_same_model_twice_differs_by_nothing() -> None:
    values = np.random.default_rng(0).random(30)
    interval = paired_interval(mean_of(values), mean_of(values), n_images=30, seed=0)
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_two_images_give_the_three_means_that_can_be_drawn() -> None:
    # Differences 0 and 1: of two drawn images the mean is 0, 0.5 or 1 with chances 1/4, 1/2, 1/4.
    values = np.array([0.0, 1.0])
    interval = paired_interval(mean_of(values), mean_of(np.zeros(2)), n_images=2, seed=0)
    assert (interval.low, interval.high) == (0.0, 1.0)
    narrow = paired_interval(mean_of(values), mean_of(np.zeros(2)), n_images=2, seed=0, confidence=0.4)
    assert (narrow.low, narrow.high) == (0.5, 0.5)


def test_same_seed_gives_the_same_interval_and_another_seed_a_near_one() -> None:
    values = np.random.default_rng(1).normal(0.1, 1.0, 40)
    found = [
        paired_interval(mean_of(values), mean_of(np.zeros(40)), n_images=40, seed=seed) for seed in (3, 3, 4)
    ]
    assert found[0] == found[1] != found[2]
    assert found[2].low == pytest.approx(found[0].low, abs=0.08)


def test_interval_of_a_mean_agrees_with_its_standard_error() -> None:
    values = np.random.default_rng(2).normal(0.3, 1.0, 200)
    interval = paired_interval(
        mean_of(values), mean_of(np.zeros(200)), n_images=200, seed=0, n_resamples=4000
    )
    error = values.std() / np.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_true_difference_lies_in_about_95_of_100_intervals() -> None:
    generator = np.random.default_rng(5)
    n_inside = 0
    for seed in range(300):
        shared = generator.normal(0.0, 2.0, 60)  # hard images are hard for both
        first, second = (shared + generator.normal(mean, 0.5, 60) for mean in (0.3, 0.1))
        interval = paired_interval(mean_of(first), mean_of(second), n_images=60, seed=seed, n_resamples=400)
        n_inside += interval.low <= 0.2 <= interval.high
    # 95 % of 300 is 285, give or take three standard deviations (3.8); the bootstrap is a bit narrow.
    assert 268 <= n_inside <= 297


def test_model_that_is_no_better_is_called_better_in_few_of_100_cases() -> None:
    generator = np.random.default_rng(6)
    n_better = 0
    for seed in range(300):
        shared = generator.normal(0.0, 2.0, 60)
        first, second = (shared + generator.normal(0.0, 0.5, 60) for _ in range(2))
        interval = paired_interval(mean_of(first), mean_of(second), n_images=60, seed=seed, n_resamples=400)
        n_better += interval.low > 0
    assert n_better <= 0.06 * 300


# Metrics of draws


def segmentation(n_images: int, seed: int) -> tuple[Tally, list[tuple[torch.Tensor, torch.Tensor]]]:
    generator = torch.Generator().manual_seed(seed)
    images = []
    for index in range(n_images):
        truth = torch.randint(0, 3 if index % 2 else 2, (1, 6, 8), generator=generator)
        truth[0, 0, : index % 8] = 255
        logits = torch.randn(1, 3, 6, 8, generator=generator) + 2 * torch.nn.functional.one_hot(
            truth.where(truth != 255, 0), 3
        ).permute(0, 3, 1, 2)
        images.append((logits, truth))
    confusions, sums, n_pixels = [], [], []
    for logits, truth in images:
        metrics = SegmentationMetrics(CLASSES, 255)
        metrics.update(logits, truth)
        loss, counted = cross_entropy_sum(logits, truth, 255)
        confusions.append(metrics.confusion().numpy())
        sums.append(float(loss))
        n_pixels.append(counted)
    return SegmentationTally(confusions, sums, n_pixels), images


def test_segmentation_metrics_of_all_images_once_are_those_of_the_split() -> None:
    tally, images = segmentation(9, seed=0)
    metrics = SegmentationMetrics(CLASSES, 255)
    for logits, truth in images:
        metrics.update(logits, truth)
    logits, truth = torch.cat([one for one, _ in images]), torch.cat([one for _, one in images])
    loss = torch.nn.functional.cross_entropy(logits.double(), truth, ignore_index=255)
    expected = metrics.compute() | {"val_loss_segmentation": float(loss)}
    found = scores(tally)
    for name in ("miou_segmentation", "dice_segmentation", "pixel_acc_segmentation"):
        assert found[name] == pytest.approx(expected[name], abs=1e-12)
    assert found["val_loss_segmentation"] == pytest.approx(expected["val_loss_segmentation"], abs=1e-7)


def test_segmentation_metrics_of_a_draw_are_those_of_a_split_of_the_drawn_images() -> None:
    tally, images = segmentation(6, seed=1)
    drawn = [0, 0, 3, 4, 4, 4]
    metrics = SegmentationMetrics(CLASSES, 255)
    for index in drawn:
        metrics.update(*images[index])
    counts = np.bincount(drawn, minlength=6)[None]
    for name, value in metrics.compute().items():
        if name in tally.metrics:
            assert tally.resampled(name, counts)[0] == pytest.approx(value, abs=1e-12)


def test_class_that_no_drawn_image_holds_is_left_out_of_the_mean() -> None:
    # Image 0: class 0 all right (IoU 1). Image 1: 2 pixels of class 1, one of them taken for 0.
    first, second = np.array([[4, 0], [0, 0]]), np.array([[0, 0], [1, 1]])
    tally = SegmentationTally([first, second], [0.0, 0.0], [4, 2])
    found = tally.resampled("miou_segmentation", np.array([[1, 0], [0, 1], [1, 1]]))
    # Second draw: class 0 has IoU 0/1 and class 1 has 1/2. Third: 4/5 and 1/2.
    assert found.tolist() == pytest.approx([1.0, 0.25, 0.65])


def test_classes_are_counted_in_truth_and_prediction() -> None:
    tally = SegmentationTally([np.array([[5, 0, 0], [2, 0, 0], [0, 0, 0]])], [0.0], [7])
    assert (tally.n_true_classes, tally.n_predicted_classes) == (2, 1)


def some_boxes(n_images: int, seed: int) -> tuple[list[ImageBoxes], list[ImageBoxes]]:
    """Detections near the truth and elsewhere, with equal scores here and there; some images are empty."""
    generator = np.random.default_rng(seed)
    predicted, true = [], []
    for index in range(n_images):
        n_true = 0 if index % 5 == 4 else int(generator.integers(1, 5))
        corners = generator.uniform(0, 60, (n_true, 2))
        boxes = np.concatenate([corners, corners + generator.uniform(8, 20, (n_true, 2))], axis=1)
        labels = generator.integers(0, 3, n_true)
        n_extra = int(generator.integers(0, 4))
        found = np.concatenate([boxes + generator.normal(0, 1.5, boxes.shape), boxes, boxes[:1]])
        elsewhere = generator.uniform(0, 40, (n_extra, 2))
        found = np.concatenate([found, np.concatenate([elsewhere, elsewhere + 15], axis=1)])
        found_labels = np.concatenate([labels, labels, labels[:1], generator.integers(0, 3, n_extra)])
        found_scores = generator.uniform(0.05, 1, len(found)).round(1 if index % 2 else 6)
        predicted.append(ImageBoxes(found, found_labels.astype(np.int64), found_scores))
        true.append(ImageBoxes(boxes, labels.astype(np.int64), np.ones(n_true)))
    return predicted, true


def metrics_of(predicted: list[ImageBoxes], true: list[ImageBoxes]) -> dict[str, float]:
    def as_tensors(image: ImageBoxes) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(getattr(image, name)) for name in ("boxes", "labels", "scores")}

    metrics = DetectionMetrics(3)
    metrics.update([as_tensors(one) for one in predicted], [as_tensors(one) for one in true])
    return metrics.compute()


@pytest.mark.parametrize("seed", range(4))
def test_detection_metrics_of_all_images_once_are_those_of_the_split(seed: int) -> None:
    predicted, true = some_boxes(20, seed)
    expected = metrics_of(predicted, true)
    found = scores(DetectionTally(predicted, true, n_classes=3))
    assert 0.1 < found["map_detection"] < 0.9
    assert found == pytest.approx({name: expected[name] for name in found}, abs=1e-9)


def test_detection_metrics_of_a_draw_are_those_of_a_split_of_the_drawn_images() -> None:
    predicted, true = some_boxes(8, 7)
    for image in predicted:  # equal scores in one image come in another order when the image comes twice
        image.scores[:] = np.random.default_rng(len(image.scores)).permutation(len(image.scores)) / 100 + 0.1
    drawn = [1, 1, 1, 2, 5, 5, 6, 4]
    expected = metrics_of([predicted[i] for i in drawn], [true[i] for i in drawn])
    tally = DetectionTally(predicted, true, n_classes=3)
    counts = np.bincount(drawn, minlength=8)[None]
    found = {name: float(tally.resampled(name, counts)[0]) for name in tally.metrics}
    assert found["f1_50_detection"] == pytest.approx(expected["f1_50_detection"], abs=1e-9)
    # Equal scores of different images may come in another order.
    for name in ("map_50_detection", "map_detection"):
        assert found[name] == pytest.approx(expected[name], abs=5e-3)


def test_detector_without_boxes_scores_0_and_answers_with_no_class() -> None:
    nothing = ImageBoxes(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
    _, true = some_boxes(3, 0)
    tally = DetectionTally([nothing] * 3, true, n_classes=3)
    assert set(scores(tally).values()) == {0.0}
    assert (tally.n_predicted_classes, tally.n_true_classes > 0) == (0, True)


def test_boxes_below_the_models_threshold_do_not_count_as_answers() -> None:
    predicted, true = some_boxes(3, 0)
    tally = DetectionTally(predicted, true, n_classes=3)
    assert tally.completed(threshold=1.1, losses=None).n_predicted_classes == 0
    assert tally.completed(threshold=0.0, losses=None).n_predicted_classes > 0


def test_detectors_losses_are_averaged_over_the_drawn_images() -> None:
    predicted, true = some_boxes(3, 0)
    tally = DetectionTally(predicted, true, n_classes=3).completed(threshold=0.0, losses=[1.0, 2.0, 6.0])
    assert tally.resampled("val_loss_detection", np.array([[1, 1, 1], [0, 3, 0], [2, 0, 1]])).tolist() == [
        3.0,
        2.0,
        pytest.approx(8 / 3),
    ]
