"""Segmentation metrics and losses against hand-worked numbers, torchmetrics, torch and smp."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor
from torch.nn import functional

from rccar_models.errors import OptionError, ShapeError
from rccar_models.metrics.losses import SEGMENTATION_LOSSES, segmentation_loss
from rccar_models.metrics.segmentation import SegmentationMetrics, cross_entropy_sum, metric_safe

CLASSES = ("road", "line", "cone", "car")
N_CLASSES = len(CLASSES)
IGNORED = 255


def measured(prediction: Tensor, truth: Tensor, *, ignore_id: int | None = None) -> dict[str, float]:
    metrics = SegmentationMetrics(CLASSES, ignore_id)
    metrics.update(prediction, truth)
    return metrics.compute()


def random_masks(seed: int, *, classes: tuple[int, ...], ignored_share: float) -> tuple[Tensor, Tensor]:
    """Two images of 7 x 9 in which only some classes occur; at least one pixel counts."""
    generator = torch.Generator().manual_seed(seed)
    choice = torch.tensor(classes)
    truth, prediction = (choice[torch.randint(len(classes), (2, 7, 9), generator=generator)] for _ in "tp")
    truth[torch.rand(2, 7, 9, generator=generator) < ignored_share] = IGNORED
    truth[0, 0, 0] = classes[0]
    return prediction, truth


def random_logits(seed: int) -> Tensor:
    return 3 * torch.randn(2, N_CLASSES, 7, 9, generator=torch.Generator().manual_seed(seed))


def test_metrics_of_a_hand_worked_example() -> None:
    # road: 2 true, 3 predicted, 2 right: IoU 2/3, Dice 4/5. line: 2 true, 1 predicted, 1 right: 1/2, 2/3.
    # cone and car occur nowhere.
    metrics = measured(torch.tensor([[[0, 0], [0, 1]]]), torch.tensor([[[0, 0], [1, 1]]]))
    assert metrics == pytest.approx(
        {
            "pixel_acc_segmentation": 3 / 4,
            "miou_segmentation": (2 / 3 + 1 / 2) / 2,
            "dice_segmentation": (4 / 5 + 2 / 3) / 2,
            "iou_road_segmentation": 2 / 3,
            "dice_road_segmentation": 4 / 5,
            "iou_line_segmentation": 1 / 2,
            "dice_line_segmentation": 2 / 3,
        }
    )


def test_class_absent_from_truth_but_predicted_counts_as_zero() -> None:
    metrics = measured(torch.tensor([[[0, 3]]]), torch.tensor([[[0, 0]]]))
    assert metrics["iou_car_segmentation"] == 0
    assert metrics["miou_segmentation"] == pytest.approx((1 / 2 + 0) / 2)


def test_class_predicted_only_on_ignored_pixels_is_absent() -> None:
    metrics = measured(torch.tensor([[[0, 3]]]), torch.tensor([[[0, IGNORED]]]), ignore_id=IGNORED)
    assert "iou_car_segmentation" not in metrics
    assert metrics["miou_segmentation"] == 1


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    classes=st.sets(st.integers(0, N_CLASSES - 1), min_size=1).map(lambda ids: tuple(sorted(ids))),
    ignored_share=st.sampled_from([0.0, 0.3, 0.99]),
)
def test_metrics_agree_with_torchmetrics(seed: int, classes: tuple[int, ...], ignored_share: float) -> None:
    # Here alone: every process of the tests would wait seconds for it.
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index
    from torchmetrics.functional.segmentation import dice_score

    prediction, truth = random_masks(seed, classes=classes, ignored_share=ignored_share)
    metrics = measured(prediction, truth, ignore_id=IGNORED)
    kept = truth != IGNORED
    p, t = prediction[kept], truth[kept]
    present = sorted({*p.tolist(), *t.tolist()})
    iou = multiclass_jaccard_index(p, t, N_CLASSES, average="none")
    one_hot = (functional.one_hot(ids, N_CLASSES).T.unsqueeze(0) for ids in (p, t))
    dice = dice_score(*one_hot, num_classes=N_CLASSES, average="none")[0]
    for index in present:
        assert metrics[f"iou_{CLASSES[index]}_segmentation"] == pytest.approx(float(iou[index]), abs=1e-4)
        assert metrics[f"dice_{CLASSES[index]}_segmentation"] == pytest.approx(float(dice[index]), abs=1e-4)
    assert metrics["miou_segmentation"] == pytest.approx(float(iou[present].mean()), abs=1e-4)
    assert metrics["dice_segmentation"] == pytest.approx(float(dice[present].mean()), abs=1e-4)
    accuracy = multiclass_accuracy(p, t, N_CLASSES, average="micro")
    assert metrics["pixel_acc_segmentation"] == pytest.approx(float(accuracy), abs=1e-4)
    assert len(metrics) == 3 + 2 * len(present)


def test_metrics_of_batches_equal_those_of_all_at_once() -> None:
    prediction, truth = random_masks(3, classes=(0, 1, 3), ignored_share=0.2)
    apart = SegmentationMetrics(CLASSES, IGNORED)
    for image in range(2):
        apart.update(prediction[image : image + 1], truth[image : image + 1])
    assert apart.compute() == measured(prediction, truth, ignore_id=IGNORED)


def test_logits_count_by_their_largest_channel() -> None:
    logits, (_, truth) = random_logits(0), random_masks(0, classes=(0, 1, 2, 3), ignored_share=0)
    assert measured(logits, truth) == measured(logits.argmax(dim=1), truth)


def test_confusion_has_the_true_class_in_rows() -> None:
    metrics = SegmentationMetrics(("a", "b"), None)
    metrics.update(torch.tensor([[[1, 1, 0]]]), torch.tensor([[[0, 1, 0]]]))
    assert metrics.confusion().tolist() == [[1, 1], [0, 1]]


def test_nothing_but_ignored_pixels_gives_zeros_and_no_class() -> None:
    truth = torch.full((1, 2, 2), IGNORED)
    assert measured(torch.zeros_like(truth), truth, ignore_id=IGNORED) == {
        "pixel_acc_segmentation": 0.0,
        "miou_segmentation": 0.0,
        "dice_segmentation": 0.0,
    }


@pytest.mark.parametrize(
    ("prediction", "truth", "complaint"),
    [
        (torch.zeros(1, 2, 2).long(), torch.full((1, 2, 2), 255), "truth holds class ids 255"),
        (torch.full((1, 2, 2), 4), torch.zeros(1, 2, 2).long(), "prediction holds class ids 4"),
        (torch.zeros(1, 2, 3).long(), torch.zeros(1, 2, 2).long(), "differ in shape"),
        (torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2).long(), "3 channels for 4 classes"),
    ],
)
def test_wrong_ids_and_shapes_are_named(prediction: Tensor, truth: Tensor, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        measured(prediction, truth)


def test_class_names_become_metric_names_that_stay_apart() -> None:
    names = ("road", "saga-don", "a b", "lane/left", "100%", "100&", "a//b", "a/../b", "şerit", "", "road")
    assert metric_safe(names) == (
        *("road", "saga-don", "a b", "lane/left", "100_", "100__2"),
        *("a__b", "a_.._b", "şerit", "", "road_2"),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=5))
def test_any_class_name_makes_a_name_that_mlflow_accepts(classes: list[str]) -> None:
    safe = metric_safe(classes)
    assert len(set(safe)) == len(classes)
    for name in safe:
        _validate_metric_name(f"iou_{name}_segmentation")
        assert len(f"dice_{name}_segmentation") <= 250


def test_cross_entropy_sum_divided_by_its_pixels_is_the_mean_over_all() -> None:
    logits, (_, truth) = random_logits(1), random_masks(1, classes=(0, 1, 2, 3), ignored_share=0.4)
    parts = [cross_entropy_sum(logits[i : i + 1], truth[i : i + 1], IGNORED) for i in range(2)]
    mean = sum(float(total) for total, _ in parts) / sum(count for _, count in parts)
    assert mean == pytest.approx(
        float(functional.cross_entropy(logits, truth, ignore_index=IGNORED)), abs=1e-5
    )
    assert parts[0][1] != parts[1][1]


@pytest.mark.parametrize("ignored_share", [0.0, 0.5])
@pytest.mark.parametrize("classes", [(0, 1, 2, 3), (1, 3)])
def test_losses_and_their_gradients_agree_with_torch_and_smp(
    classes: tuple[int, ...], ignored_share: float
) -> None:
    _, truth = random_masks(2, classes=classes, ignored_share=ignored_share)
    smp_dice = DiceLoss("multiclass", ignore_index=IGNORED)
    expected = {
        "ce": lambda logits: functional.cross_entropy(logits, truth, ignore_index=IGNORED),
        "dice": lambda logits: smp_dice(logits, truth),
        "ce_dice": lambda logits: (
            functional.cross_entropy(logits, truth, ignore_index=IGNORED) + smp_dice(logits, truth)
        ),
    }
    for name, reference in expected.items():
        ours, theirs = (random_logits(5).requires_grad_() for _ in "ot")
        loss, wanted = segmentation_loss(name)(ours, truth, IGNORED), reference(theirs)
        loss.backward()
        wanted.backward()
        assert loss.item() == pytest.approx(wanted.item(), abs=1e-4)
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SEGMENTATION_LOSSES))
def test_batch_of_nothing_but_ignored_pixels_gives_zero_loss_and_zero_gradient(name: str) -> None:
    logits = random_logits(0).requires_grad_()
    loss = segmentation_loss(name)(logits, torch.full((2, 7, 9), IGNORED), IGNORED)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("name", sorted(SEGMENTATION_LOSSES))
def test_losses_without_an_ignored_id_count_every_pixel(name: str) -> None:
    logits, (_, truth) = random_logits(0), random_masks(0, classes=(0, 1, 2, 3), ignored_share=0)
    loss = segmentation_loss(name)
    assert float(loss(logits, truth, None)) == pytest.approx(float(loss(logits, truth, IGNORED)))


def test_unknown_loss_names_the_known_ones() -> None:
    with pytest.raises(OptionError, match="ce, dice, ce_dice"):
        segmentation_loss("focal")
