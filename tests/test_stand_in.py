"""The trainer without torch: same curves for the same trial, one optimum, faults on demand."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from rccar_models.errors import OptionError
from rccar_models.tasks import TASKS
from sweep.records import Objective, TrialSpec
from sweep.workshop import stand_in

BEST = {"lr": 3e-3, "weight_decay": 1e-3, "batch_size": 8}


def spec(
    task: str = "segmentation", *, seed: int = 1, epochs: int = 5, **params: bool | int | float | str
) -> TrialSpec:
    return TrialSpec(
        trial_uid="uid",
        slot=0,
        number=0,
        task=task,
        trainer="stand_in",
        model="tiny_unet",
        params={**BEST, **params},
        seed=seed,
        until_epoch=epochs,
        objectives=(Objective(f"miou_{task}", True),),
        folder="nowhere",
    )


def curve(of: TrialSpec) -> list[Mapping[str, float]]:
    epochs: list[Mapping[str, float]] = []

    def on_epoch(_: int, metrics: Mapping[str, float]) -> bool:
        epochs.append(metrics)
        return True

    stand_in.train(of, on_epoch)
    return epochs


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_stand_in_reports_five_metrics_an_epoch_with_the_names_of_real_training(task: str) -> None:
    known = {metric.logged for metric in TASKS[task].metrics} | {f"train_loss_{task}"}
    for metrics in curve(spec(task)):
        assert len(metrics) == 5
        assert set(metrics) <= known


def test_stand_in_gives_the_same_curve_for_the_same_trial_and_another_for_another_seed() -> None:
    assert curve(spec(seed=3)) == curve(spec(seed=3))
    assert curve(spec(seed=3)) != curve(spec(seed=4))


def test_stand_in_improves_over_epochs() -> None:
    scores = [metrics["miou_segmentation"] for metrics in curve(spec(epochs=12))]
    assert scores[0] < scores[3] < scores[11]


@pytest.mark.parametrize("worse", [{"lr": 3e-2}, {"lr": 3e-4}, {"weight_decay": 1.0}, {"batch_size": 64}])
def test_stand_in_is_best_at_its_stated_optimum(worse: dict[str, float]) -> None:
    best, other = (stand_in.quality("tiny_unet", params) for params in (BEST, BEST | worse))
    assert best > other + 0.01


def test_stand_in_tells_models_apart() -> None:
    assert stand_in.quality("tiny_unet", BEST) != stand_in.quality("unet_resnet18", BEST)


def test_stand_in_takes_options_of_models_and_refuses_a_value_out_of_range() -> None:
    assert len(curve(spec(width=8, epochs=2))) == 2
    with pytest.raises(OptionError, match="epoch_s"):
        curve(spec(epoch_s=-1.0))


def test_stand_in_stops_when_told_to() -> None:
    seen: list[int] = []
    stand_in.train(spec(epochs=9), lambda epoch, _: seen.append(epoch) or epoch < 3)
    assert seen == [1, 2, 3]


def test_stand_in_told_to_raise_does_so_in_that_epoch_and_not_before() -> None:
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="epoch 3"):
        stand_in.train(spec(fault="raise", fault_epoch=3), lambda epoch, _: seen.append(epoch) or True)
    assert seen == [1, 2]


def test_fault_share_hits_about_that_share_of_the_seeds() -> None:
    hit = 0
    for seed in range(200):
        try:
            curve(spec(seed=seed, epochs=1, fault="oom", fault_share=0.3))
        except MemoryError:
            hit += 1
    assert 40 <= hit <= 80  # 60 expected, standard deviation 6.5


def test_stand_in_told_to_exit_ends_the_process_with_its_code() -> None:
    program = (
        "from sweep.records import TrialSpec; from sweep.workshop import stand_in;"
        "spec = TrialSpec(trial_uid='u', slot=0, number=0, task='detection', trainer='stand_in', model='m',"
        "    params={'fault': 'exit'}, seed=0, until_epoch=2, objectives=(), folder='');"
        "stand_in.train(spec, lambda epoch, metrics: True)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == stand_in.EXIT_CODE


def test_a_stand_in_trial_imports_neither_torch_nor_mlflow() -> None:
    program = (
        "import sys, sweep.workshop.jobs, sweep.workshop.trial_runner;"
        "print(sorted({'torch', 'mlflow', 'optuna'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"
