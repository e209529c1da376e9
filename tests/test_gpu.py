"""Training, mixed precision and evaluation on a CUDA device; skipped where there is none."""

import dataclasses
from pathlib import Path

import pytest
import torch

from rccar_models import checkpoints
from rccar_models.cache import open_split
from rccar_models.errors import NonFiniteLossError
from rccar_models.evaluation import evaluate
from rccar_models.optimisation import mixed_precision
from rccar_models.predictor import load_predictor
from rccar_models.training import train
from sweep.records import Objective, PackageRequest, TrialSpec
from sweep.workshop import packaging
from tests.small_demo import MODELS, OBJECTIVES, a_request, small_cache, trained

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
TASKS = ("segmentation", "detection")


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root, n_train=16, n_val=8) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_training_on_a_gpu_lowers_the_loss(task: str, caches: dict[str, Path], tmp_path: Path) -> None:
    _, epochs = trained(a_request(task, caches[task], tmp_path, device="cuda", epochs=8))
    losses = [metrics[f"train_loss_{task}"] for metrics in epochs]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("task", TASKS)
def test_checkpoint_of_a_gpu_evaluates_on_a_cpu_to_the_same_metrics(
    task: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request(task, caches[task], tmp_path, device="cuda", epochs=3)
    outcome, _ = trained(request)
    network, info = checkpoints.restore(request.checkpoint)
    found = evaluate(
        network,
        open_split(caches[task], "val"),
        task=task,
        classes=info.classes,
        ignore_id=info.ignore_id,
        device=torch.device("cpu"),
        seed=request.seed,
    ).metrics
    assert found == pytest.approx({name: outcome.metrics[name] for name in found}, abs=1e-3)


def test_gpu_computes_losses_in_mixed_precision_and_keeps_weights_in_full(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    assert mixed_precision(torch.device("cuda")) in {torch.bfloat16, torch.float16}
    request = a_request("segmentation", caches["segmentation"], tmp_path, device="cuda", epochs=1)
    trained(request)
    state, _ = checkpoints.load(request.checkpoint)
    assert {tensor.dtype for tensor in state.values()} <= {torch.float32, torch.int64}


def test_mixed_precision_changes_the_training_loss_but_little(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    losses = [
        trained(
            a_request("segmentation", caches["segmentation"], tmp_path / device, device=device, epochs=1)
        )[1][0]
        for device in ("cpu", "cuda")
    ]
    cpu, gpu = (loss["train_loss_segmentation"] for loss in losses)
    assert gpu != cpu
    assert gpu == pytest.approx(cpu, rel=0.05)


@pytest.mark.parametrize("task", TASKS)
def test_evaluation_on_a_gpu_agrees_with_the_cpu(task: str, caches: dict[str, Path], tmp_path: Path) -> None:
    request = a_request(task, caches[task], tmp_path, epochs=2)
    trained(request)
    network, info = checkpoints.restore(request.checkpoint)
    found = [
        evaluate(
            network.to(device),
            open_split(caches[task], "val"),
            task=task,
            classes=info.classes,
            ignore_id=info.ignore_id,
            device=torch.device(device),
            seed=1,
        ).metrics
        for device in ("cpu", "cuda")
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_training_on_a_gpu_that_was_cut_goes_on_where_it_stood(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path / "1", device="cuda", epochs=3)
    _, whole = trained(dataclasses.replace(request, checkpoint=tmp_path / "whole" / "best.pt"))
    train(request, lambda epoch, _: epoch < 1)
    again = dataclasses.replace(request, checkpoint=tmp_path / "2" / "best.pt", resume_from=tmp_path / "1")
    outcome, rest = trained(again)
    assert outcome.notes == ()
    losses = [epoch["train_loss_segmentation"] for epoch in rest]
    # Sums on a GPU are not in the same order every time.
    assert losses == pytest.approx([epoch["train_loss_segmentation"] for epoch in whole[1:]], rel=0.02)


def test_nan_on_a_gpu_ends_training(caches: dict[str, Path], tmp_path: Path) -> None:
    request = a_request("segmentation", caches["segmentation"], tmp_path, device="cuda", epochs=1)
    trained(request)
    state, _ = checkpoints.load(request.checkpoint)
    first = next(name for name in state if name.endswith("weight"))
    torch.save(state | {first: torch.full_like(state[first], float("nan"))}, tmp_path / "nan.pt")
    broken = a_request(
        "segmentation", caches["segmentation"], tmp_path, device="cuda", weights=str(tmp_path / "nan.pt")
    )
    with pytest.raises(NonFiniteLossError, match="epoch 1"):
        trained(broken)


def test_model_trained_on_a_gpu_is_packaged_for_the_cpu(caches: dict[str, Path], tmp_path: Path) -> None:
    task = "segmentation"
    request = a_request(task, caches[task], tmp_path, device="cuda", epochs=1)
    trained(request)
    spec = TrialSpec(
        trial_uid="uid",
        slot=0,
        number=0,
        task=task,
        trainer="torch",
        model=MODELS[task],
        params={},
        seed=request.seed,
        until_epoch=1,
        objectives=(Objective(OBJECTIVES[task], True),),
        folder=str(tmp_path),
        data_ref=str(caches[task]),
        device="cuda",
    )
    result = packaging.package(
        PackageRequest(
            trial_uid="uid", spec=spec, checkpoint=str(request.checkpoint), folder=str(tmp_path / "package")
        )
    )
    assert result.reason == ""
    answer = load_predictor(Path(result.model_folder)).raw_outputs(torch.rand(2, 3, 48, 64))
    assert answer.device.type == "cpu"
