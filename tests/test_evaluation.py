"""The one evaluation: right against hand-worked numbers, and without a trace in the network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from rccar_models.cache import CachedSplit, open_split, read_info
from rccar_models.errors import ShapeError
from rccar_models.evaluation import evaluate
from rccar_models.models import MODELS, BuildRequest
from rccar_models.tasks import TASKS
from rccar_models.tasks.definition import Evaluation, StepsRequest
from rccar_models.tasks.steps.detection import live_outputs
from tests.small_demo import small_cache

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root, n_train=2, n_val=5) for task in TASKS}


def network_for(name: str, cache: Path) -> nn.Module:
    torch.manual_seed(0)
    info = read_info(cache)
    options = {option.name: option.default for option in MODELS[name].options}
    return (
        MODELS[name]
        .build(BuildRequest(n_classes=len(info.classes), image_size=info.image_size, options=options))
        .network
    )


def evaluated(network: nn.Module, cache: Path, *, seed: int = 0) -> Evaluation:
    info = read_info(cache)
    return evaluate(
        network,
        open_split(cache, "val"),
        task=info.task,
        classes=info.classes,
        ignore_id=info.ignore_id,
        device=CPU,
        seed=seed,
    )


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("segmentation", "tiny_unet"),
        ("detection", "small_ssd"),
        pytest.param("detection", "fasterrcnn_mobilenet_v3_large_320_fpn", marks=pytest.mark.slow),
    ],
)
def test_evaluation_leaves_buffers_mode_and_random_state_untouched(
    task: str, model: str, caches: dict[str, Path]
) -> None:
    network = network_for(model, caches[task]).train()
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    modes = [module.training for module in network.modules()]
    state = torch.get_rng_state()
    first = evaluated(network, caches[task], seed=3)
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in network.named_buffers())
    assert [module.training for module in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert evaluated(network, caches[task], seed=3) == first


def test_segmentation_loss_is_the_mean_cross_entropy_of_all_pixels(caches: dict[str, Path]) -> None:
    split = open_split(caches["segmentation"], "val")
    network = network_for("tiny_unet", caches["segmentation"]).eval()
    images = torch.from_numpy(split.images[:].astype(np.float32) / 255).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = functional.cross_entropy(
            network(images), torch.from_numpy(split.masks[:].astype(np.int64))
        )
    found = evaluated(network, caches["segmentation"]).metrics["val_loss_segmentation"]
    assert found == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 99])
def test_metrics_do_not_depend_on_the_batches(batch_size: int, caches: dict[str, Path]) -> None:
    for task, model in (("segmentation", "tiny_unet"), ("detection", "small_ssd")):
        network = network_for(model, caches[task]).eval()
        info = read_info(caches[task])
        steps = TASKS[task].steps(StepsRequest(classes=info.classes, ignore_id=info.ignore_id))
        with torch.no_grad():
            found = steps.evaluate(
                network, open_split(caches[task], "val"), device=CPU, batch_size=batch_size, seed=0
            )
        if task == "segmentation":
            assert found.metrics == pytest.approx(evaluated(network, caches[task]).metrics, abs=1e-5)
        else:  # a detector's loss divides by the matches of its batch: only the rest is independent of it
            names = [name for name in found.metrics if not name.startswith("val_loss")]
            expected = evaluated(network, caches[task]).metrics
            assert [found.metrics[name] for name in names] == pytest.approx(
                [expected[n] for n in names], abs=1e-5
            )


class KnowsTheMasks(nn.Module):
    """Answers with the truth, frame after frame; wrong where told to."""

    def __init__(self, split: CachedSplit, *, wrong: int = 0) -> None:
        super().__init__()
        assert split.masks is not None
        self.masks = torch.from_numpy(split.masks[:].astype(np.int64))
        self.masks[:wrong] = (self.masks[:wrong] + 1) % 5
        self.next = 0

    def forward(self, images: Tensor) -> Tensor:
        chosen = self.masks[self.next : self.next + len(images)]
        self.next += len(images)
        return functional.one_hot(chosen, 5).permute(0, 3, 1, 2).float() * 100


def test_segmentation_that_knows_the_truth_scores_one(caches: dict[str, Path]) -> None:
    found = evaluated(
        KnowsTheMasks(open_split(caches["segmentation"], "val")), caches["segmentation"]
    ).metrics
    scores = [value for name, value in found.items() if name != "val_loss_segmentation"]
    assert scores == pytest.approx([1.0] * len(scores))
    assert found["val_loss_segmentation"] == pytest.approx(0.0, abs=1e-6)


def test_segmentation_wrong_in_two_of_five_frames_has_three_fifths_of_the_pixels_right(
    caches: dict[str, Path],
) -> None:
    network = KnowsTheMasks(open_split(caches["segmentation"], "val"), wrong=2)
    assert evaluated(network, caches["segmentation"]).metrics["pixel_acc_segmentation"] == pytest.approx(0.6)


class KnowsTheBoxes(nn.Module):
    """Speaks torchvision's language: labels from 1; a loss of 3 when in training mode."""

    def __init__(self, split: CachedSplit) -> None:
        super().__init__()
        self.split = split
        self.next = 0

    def forward(
        self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        if self.training:
            assert targets is not None
            assert all(int(target["labels"].min()) >= 1 for target in targets if len(target["labels"]))
            return {"classification": torch.tensor(1.0), "bbox_regression": torch.tensor(2.0)}
        found = []
        for i in range(self.next, self.next + len(images)):
            labels = torch.from_numpy(self.split.labels[i].copy()) + 1
            boxes = torch.from_numpy(self.split.boxes[i].copy())
            found.append({"boxes": boxes, "labels": labels, "scores": torch.full((len(labels),), 0.9)})
        self.next += len(images)
        return found


def test_detector_that_knows_the_truth_scores_one_and_its_threshold_is_its_score(
    caches: dict[str, Path],
) -> None:
    found = evaluated(KnowsTheBoxes(open_split(caches["detection"], "val")), caches["detection"])
    names = (
        "map_detection",
        "map_50_detection",
        "f1_50_detection",
        "precision_50_detection",
        "recall_50_detection",
    )
    assert [found.metrics[name] for name in names] == pytest.approx([1.0] * 5)
    assert found.metrics["val_loss_detection"] == pytest.approx(3.0)
    assert found.score_threshold == pytest.approx(0.9)


def test_live_detector_answers_with_labels_from_zero(caches: dict[str, Path]) -> None:
    split = open_split(caches["detection"], "val")
    answers = live_outputs(KnowsTheBoxes(split).eval())(torch.zeros(5, 3, 64, 96))
    assert [answer["labels"].tolist() for answer in answers] == [labels.tolist() for labels in split.labels]


def test_segmentation_of_a_split_without_masks_is_refused(caches: dict[str, Path]) -> None:
    steps = TASKS["segmentation"].steps(StepsRequest(classes=("a", "b"), ignore_id=None))
    with pytest.raises(ShapeError, match="no masks"):
        steps.measure(lambda images: images, open_split(caches["detection"], "val"), device=CPU, batch_size=2)
