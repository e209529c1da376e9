"""The trainer without torch: same curves for the same trial, one optimum, faults on demand."""

import dataclasses
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from rccar_models.earlier import Earlier
from rccar_models.errors import OptionError
from rccar_models.tasks import TASKS
from sweep.records import Objective, TrialSpec
from sweep.workshop import stand_in

BEST = {"lr": 3e-3, "weight_decay": 1e-3, "batch_size": 8}


def spec(
    task: str = "segmentation",
    *,
    seed: int = 1,
    epochs: int = 5,
    folder: str = "nowhere",
    **params: bool | int | float | str,
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
        folder=folder,
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


def cut_after(epoch_of_cut: int, of: TrialSpec) -> None:
    stand_in.train(of, lambda epoch, _: epoch < epoch_of_cut)


def going_on(of: TrialSpec, folder: Path) -> TrialSpec:
    return dataclasses.replace(of, folder=str(folder), resume_from=of.folder)


def test_stand_in_that_was_cut_goes_on_with_the_same_curve_after_its_last_epoch(tmp_path: Path) -> None:
    whole = spec(epochs=6, epoch_s=1e-4, folder=str(tmp_path / "1"))
    epochs = curve(whole)
    cut_after(4, whole)
    told: list[Earlier] = []
    seen: dict[int, Mapping[str, float]] = {}
    again = going_on(whole, tmp_path / "2")
    notes = stand_in.train(again, lambda epoch, metrics: seen.update({epoch: metrics}) or True, told.append)
    assert (seen, notes) == ({5: epochs[4], 6: epochs[5]}, ())
    scores = [metrics["miou_segmentation"] for metrics in epochs[:4]]
    (earlier,) = told
    assert (earlier.epochs, earlier.best_epoch) == (4, scores.index(max(scores)) + 1)
    assert earlier.metrics == epochs[earlier.best_epoch - 1]
    assert earlier.train_time_s >= 4e-4
    assert curve(going_on(again, tmp_path / "3")) == []


@pytest.mark.parametrize(
    ("changes", "content", "words"),
    [
        ({}, "", "last.json: torn"),
        ({}, '{"epoch": 3', "last.json: torn"),
        ({}, "[]", "last.json: torn or altered"),
        ({}, '{"format": 1, "epoch": 3, "train_time_s": 1.0}', "last.json: torn or altered"),
        ({"seed": 2}, None, "of another training"),
        ({"until_epoch": 6}, None, "of another training"),
        ({"resume_from": "/nowhere"}, None, "/nowhere/last.json: cannot be read"),
    ],
)
def test_stand_in_begins_anew_with_a_note_where_nothing_of_use_was_left(
    changes: dict[str, object], content: str | None, words: str, tmp_path: Path
) -> None:
    first = spec(epochs=5, epoch_s=1e-4, folder=str(tmp_path / "1"))
    cut_after(3, first)
    if content is not None:
        (tmp_path / "1" / "last.json").write_text(content)
    again = dataclasses.replace(going_on(first, tmp_path / "2"), **changes)
    seen: list[int] = []
    (note,) = stand_in.train(again, lambda epoch, _: seen.append(epoch) or True)
    assert note.startswith("begun anew from epoch 1: ")
    assert words in note
    assert seen == list(range(1, again.until_epoch + 1))


def test_stand_in_that_is_cut_again_before_an_epoch_loses_nothing(tmp_path: Path) -> None:
    first = spec(epochs=5, epoch_s=1e-4, folder=str(tmp_path / "1"))
    cut_after(3, first)
    again = going_on(first, tmp_path / "2")

    def cut(*_: object) -> bool:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        stand_in.train(again, cut)
    assert len(curve(going_on(again, tmp_path / "3"))) == 2


def test_stand_in_without_time_to_lose_writes_nothing(tmp_path: Path) -> None:
    curve(spec(folder=str(tmp_path / "1")))
    assert list(tmp_path.iterdir()) == []


def test_stand_in_goes_on_where_its_folder_cannot_be_written_and_notes_it_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    in_the_way = spec(epochs=3, epoch_s=1e-4, folder=str(tmp_path / "file" / "1"))
    seen: list[int] = []
    (note,) = stand_in.train(in_the_way, lambda epoch, _: seen.append(epoch) or True)
    assert "Not a directory" in note
    assert seen == [1, 2, 3]
