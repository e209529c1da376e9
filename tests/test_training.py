"""The epoch loop: names, seeds, schedules, refusals, on real demo frames."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rccar_models import checkpoints
from rccar_models.cache import open_split, read_info
from rccar_models.datasets.batches import gather, shuffled_chunks
from rccar_models.errors import DataError, NonFiniteLossError, OptionError, UnknownNameError
from rccar_models.evaluation import evaluate
from rccar_models.optimisation import Optimisation, learning_rate_factor, mixed_precision
from rccar_models.training import train
from tests.small_demo import a_request, small_cache, trained

TASKS = ("segmentation", "detection")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root) for task in TASKS}


def test_segmentation_reports_exactly_the_promised_metrics(caches: dict[str, Path], tmp_path: Path) -> None:
    _, epochs = trained(a_request("segmentation", caches["segmentation"], tmp_path, epochs=1))
    classes = ("background", "road", "tape", "cone", "car")
    assert set(epochs[0]) == {
        "train_loss_segmentation",
        "val_loss_segmentation",
        "pixel_acc_segmentation",
        "miou_segmentation",
        "dice_segmentation",
        *(f"iou_{name}_segmentation" for name in classes),
        *(f"dice_{name}_segmentation" for name in classes),
    }


def test_detection_reports_exactly_the_promised_metrics(caches: dict[str, Path], tmp_path: Path) -> None:
    _, epochs = trained(a_request("detection", caches["detection"], tmp_path, epochs=1))
    names = "train_loss val_loss precision_50 recall_50 f1_50 map map_50"
    assert set(epochs[0]) == {f"{name}_detection" for name in names.split()}


@pytest.mark.parametrize("task", TASKS)
def test_same_request_gives_the_same_metrics_bit_by_bit_and_another_seed_others(
    task: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    first, again, other = (
        trained(a_request(task, caches[task], tmp_path / str(i), seed=seed))[1]
        for i, seed in enumerate((3, 3, 4))
    )
    assert first == again
    assert first[0][f"train_loss_{task}"] != other[0][f"train_loss_{task}"]
    one, two = (checkpoints.load(tmp_path / str(i) / "best.pt")[0] for i in (0, 1))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("task", TASKS)
def test_training_lowers_the_loss(task: str, caches: dict[str, Path], tmp_path: Path) -> None:
    _, epochs = trained(a_request(task, caches[task], tmp_path, epochs=6))
    losses = [metrics[f"train_loss_{task}"] for metrics in epochs]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 2e-2},
        {"weight_decay": 1.0},
        {"batch_size": 2},
        {"warmup": 0.5},
        {"loss": "ce_dice"},
        {"flip": 0.5},
        {"scale": 0.5},
        {"crop": 0.5},
        {"colour": 1.0},
        {"blur": 1.0},
        {"width": 6},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_option_changes_what_is_trained(
    change: dict[str, float | str], caches: dict[str, Path], tmp_path: Path
) -> None:
    params = {"lr": 1e-2, "batch_size": 4}
    request = a_request("segmentation", caches["segmentation"], tmp_path, params=params)
    changed = a_request("segmentation", caches["segmentation"], tmp_path, params=params | change)
    assert trained(request)[1] != trained(changed)[1]


def test_training_stops_when_told_to_and_says_so(caches: dict[str, Path], tmp_path: Path) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path, epochs=5)
    outcome = train(request, lambda epoch, _: epoch < 2)
    assert (outcome.epochs, outcome.stopped) == (2, True)


@pytest.mark.parametrize(
    ("task", "metric", "maximise"),
    [
        ("segmentation", "miou_segmentation", True),
        ("segmentation", "val_loss_segmentation", False),
        ("detection", "f1_50_detection", True),
    ],
)
def test_checkpoint_is_that_of_the_best_epoch_and_evaluates_to_its_metrics(
    task: str, metric: str, maximise: bool, caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request(task, caches[task], tmp_path, epochs=3, objective_metric=metric, maximise=maximise)
    outcome, epochs = trained(request)
    values = [metrics[metric] for metrics in epochs]
    best = values.index(max(values) if maximise else min(values))
    assert outcome.best_epoch == best + 1
    assert outcome.metrics == epochs[best]
    network, info = checkpoints.restore(request.checkpoint)
    assert info.epoch == best + 1
    again = evaluate(
        network,
        open_split(caches[task], "val"),
        task=task,
        classes=info.classes,
        ignore_id=info.ignore_id,
        device=CPU,
        seed=request.seed,
    )
    logged = {name: value for name, value in epochs[best].items() if not name.startswith("train_")}
    assert again.metrics == logged
    assert again.score_threshold == info.score_threshold


def test_outcome_counts_parameters_and_says_what_it_started_from(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path, epochs=1)
    outcome, _ = trained(request)
    state, _ = checkpoints.load(request.checkpoint)
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    assert outcome.n_parameters == sum(t.numel() for name, t in state.items() if not name.endswith(buffers))
    assert (outcome.weights, outcome.notes) == ("scratch", ())


def test_batch_larger_than_the_training_split_is_refused_before_the_first_epoch(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path, params={"batch_size": 11})
    with pytest.raises(OptionError, match="11 is more than the 10 training frames"):
        trained(request)
    assert not request.checkpoint.exists()


@pytest.mark.parametrize("batch_size", [1, 3, 9, 10])
def test_every_allowed_batch_size_trains_also_one_that_leaves_a_single_frame(
    batch_size: int, caches: dict[str, Path], tmp_path: Path
) -> None:
    params = {"batch_size": batch_size}
    _, epochs = trained(a_request("segmentation", caches["segmentation"], tmp_path, params=params, epochs=1))
    assert np.isfinite(epochs[0]["val_loss_segmentation"])


@pytest.mark.parametrize(
    ("task", "changes", "names"),
    [
        ("segmentation", {"params": {"lrr": 1e-2}}, "'lrr'"),
        ("detection", {"params": {"loss": "ce"}}, "'loss'"),
        ("detection", {"model": "tiny_unet"}, "tiny_unet is a model for segmentation"),
        ("segmentation", {"model": "tiny_unit"}, "'tiny_unit'"),
        ("segmentation", {"objective_metric": "miou"}, "'miou'.*miou_segmentation"),
    ],
)
def test_unknown_name_is_refused_by_name(
    task: str, changes: Mapping[str, object], names: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match=names):
        trained(a_request(task, caches[task], tmp_path, **changes))


@pytest.mark.parametrize(
    ("name", "value"), [("lr", 0.0), ("weight_decay", -1.0), ("width", 99), ("loss", "mse")]
)
def test_option_out_of_range_is_refused_by_name(
    name: str, value: float | str, caches: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=f"^{name}: {re.escape(repr(value))}"):
        trained(a_request("segmentation", caches["segmentation"], tmp_path, params={name: value}))


def test_no_epochs_are_refused(caches: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="epochs: 0"):
        trained(a_request("segmentation", caches["segmentation"], tmp_path, epochs=0))


def test_cache_of_another_task_is_refused(caches: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cached for detection, not for segmentation"):
        trained(a_request("segmentation", caches["detection"], tmp_path))


def test_loss_that_becomes_nan_ends_training_and_names_the_epoch(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path, epochs=1)
    trained(request)
    state, _ = checkpoints.load(request.checkpoint)
    first = next(name for name in state if name.endswith("weight"))
    torch.save(state | {first: torch.full_like(state[first], float("nan"))}, tmp_path / "nan.pt")
    broken = a_request(
        "segmentation", caches["segmentation"], tmp_path / "2", weights=str(tmp_path / "nan.pt")
    )
    with pytest.raises(NonFiniteLossError, match="train_loss_segmentation became nan in epoch 1"):
        trained(broken)
    assert not broken.checkpoint.exists()


def test_training_uses_the_threads_it_was_given(caches: dict[str, Path], tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        for n_threads in (2, 1):
            trained(
                a_request("segmentation", caches["segmentation"], tmp_path, epochs=1, n_threads=n_threads)
            )
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("n_frames", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (5, 5, [5]), (3, 1, [1, 1, 1]), (3, 2, [3])],
)
def test_epoch_shows_every_frame_once_and_never_a_last_one_alone(
    n_frames: int, batch_size: int, sizes: list[int]
) -> None:
    chunks = shuffled_chunks(n_frames, batch_size=batch_size, generator=torch.Generator().manual_seed(1))
    assert [len(chunk) for chunk in chunks] == sizes
    assert sorted(np.concatenate(chunks)) == list(range(n_frames))


def test_two_epochs_differ_in_order_but_not_between_equal_generators() -> None:
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    orders = [
        np.concatenate(shuffled_chunks(50, batch_size=8, generator=g)) for g in (*generators, *generators)
    ]
    assert (orders[0] == orders[1]).all()
    assert (orders[0] != orders[2]).any()


def test_batch_holds_the_chosen_frames_scaled_to_one(caches: dict[str, Path]) -> None:
    split = open_split(caches["segmentation"], "train")
    batch = gather(split, np.array([7, 2]), device=CPU)
    expected = split.images[[7, 2]].astype(np.float64).transpose(0, 3, 1, 2) / 255
    assert np.allclose(batch.images.numpy(), expected, atol=1e-6)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert batch.masks is not None
    assert (batch.masks.numpy() == split.masks[[7, 2]]).all()


def test_batch_of_detection_holds_boxes_and_labels_of_the_chosen_frames(caches: dict[str, Path]) -> None:
    split = open_split(caches["detection"], "train")
    batch = gather(split, np.array([3, 1]), device=CPU)
    assert batch.masks is None
    for boxes, labels, i in zip(batch.boxes, batch.labels, (3, 1), strict=True):
        assert (boxes.numpy() == split.boxes[i]).all()
        assert (labels.numpy() == split.labels[i]).all()
        assert (boxes.dtype, labels.dtype) == (torch.float32, torch.int64)


def test_learning_rate_rises_to_its_peak_and_falls_along_a_cosine() -> None:
    factors = [learning_rate_factor(step, n_warmup=3, n_steps=11) for step in range(12)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    assert factors[7] == pytest.approx(0.5)  # half of the eight steps after the warm-up
    assert factors[9] == pytest.approx(0.5 * (1 - 2**-0.5))  # three quarters: cos(135 degrees)
    assert factors[11] == pytest.approx(0.0)


def optimisation_of(network: nn.Module, **options: float) -> Optimisation:
    values = {"lr": 0.1, "weight_decay": 0.0, "warmup": 0.0} | options
    return Optimisation(network, options=values, n_steps=3, device=CPU)


def a_weight() -> nn.Linear:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    return network


def test_learning_rate_is_spent_after_the_last_step() -> None:
    network = a_weight()
    optimisation = optimisation_of(network)
    seen = [1.0]
    for _ in range(4):
        optimisation.step(network.weight.sum())
        seen.append(float(network.weight.detach()))
    # A constant gradient makes AdamW move by the learning rate: 0.1, 0.1 * 3/4, 0.1 * 1/4, then none.
    assert seen == pytest.approx([1.0, 0.9, 0.825, 0.8, 0.8], abs=1e-5)


def test_one_outlier_among_the_gradients_does_not_drown_the_next_one() -> None:
    network = a_weight()
    optimisation = optimisation_of(network)
    optimisation.step(network.weight.sum() * 1e9)
    before = float(network.weight.detach())
    optimisation.step(network.weight.sum() * -10)
    assert float(network.weight.detach()) > before


def test_weight_decay_shrinks_weights_but_not_biases() -> None:
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, 1.0)
    nn.init.constant_(network.bias, 1.0)
    optimisation_of(network, weight_decay=0.5).step((network.weight.sum() + network.bias.sum()) * 0)
    assert float(network.weight.detach()) == pytest.approx(0.95)  # 1 - lr * weight_decay
    assert float(network.bias.detach()) == pytest.approx(1.0)


def test_cpu_computes_in_full_precision() -> None:
    assert mixed_precision(CPU) is None


def test_images_of_the_cache_are_those_the_checkpoint_names(caches: dict[str, Path], tmp_path: Path) -> None:
    request = a_request(
        "detection", caches["detection"], tmp_path, epochs=1, params={"width": 10, "batch_size": 4}
    )
    trained(request)
    _, info = checkpoints.load(request.checkpoint)
    cached = read_info(caches["detection"])
    assert (info.image_size, info.classes) == (cached.image_size, cached.classes)
    assert info.options["width"] == 10
