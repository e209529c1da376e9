"""Can it be trusted? Leaked drives, chance in training, classes that are missed, trials too short."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rccar_models.formats import open_data
from sweep.api.report_evidence import no_evidence
from sweep.api.report_material import material_of
from sweep.api.sweeps import sweep_view
from sweep.cli.sweep_tables import show_sweep
from sweep.errors import InputError
from sweep.paths import Home
from sweep.records import Objective, Status
from sweep.report.answer import lead
from sweep.report.trust import trust
from sweep.wiring import Addresses
from sweep.workshop.data.shared_drives import shared_drives
from tests.cached_data import built, masked
from tests.conftest import run_here
from tests.report_material import HOME, a_material, a_trial, an_evaluation, words

DONE = a_trial(1, 0.3, 0.4, 0.5, 0.45)
LEAK = "101 of 101 val frames (100%) seem to come from drives in train too"


def test_leaked_drives_are_a_warning_before_all_else() -> None:
    told = words(trust(a_material(DONE, leak=LEAK)))
    assert told.startswith(f"warning| {LEAK}.\n")


def test_drives_that_nobody_looked_at_are_a_note_with_the_command() -> None:
    told = words(trust(a_material(DONE, leak_unknown="the frame cache is gone")))
    assert (
        "note| Whether val has frames of drives that are in train too was not checked (the frame cache is "
        "gone). Run `sweep data check /data/track`." in told
    )


def test_drives_that_look_apart_are_said_to_be_so_without_certainty() -> None:
    told = words(trust(a_material(DONE)))
    assert "| By their looks no frames of val come from drives that are in train too." in told
    assert "does not find every such drive" in told


def test_interval_is_said_to_leave_chance_in_training_out_and_the_command_measures_it() -> None:
    seen = a_trial(1, 0.3, 0.4, model="lraspp_mobilenet_v3_large", batch_size=4)
    told = words(trust(a_material(seen, evaluation=an_evaluation(road=0.9))))
    assert (
        "note| The interval covers the choice of validation frames only. Each trial was trained once" in told
    )
    assert "and it may lie outside the interval. By how much was not measured" in told
    (command,) = [line for line in told.splitlines() if "sweep run" in line]
    assert command.endswith(
        "sweep run --task segmentation --trials 3 --data /data/track --epochs 4 --workers 1 --pruner none "
        "--seed 1 --set model_name=lraspp_mobilenet_v3_large --set lr=0.002 --set batch_size=4 "
        f"--no-promote --home {HOME}"
    )


def test_command_with_other_seeds_lets_every_trial_come_to_its_end() -> None:
    config = {**a_material(DONE).config, "timeout": 60.0, "patience": 3, "target": 0.5, "sampler": "grid"}
    told = words(trust(a_material(DONE, config=config)))
    assert "--pruner none" in told
    for flag in ("--timeout", "--patience", "--target", "--sampler"):
        assert flag not in told


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep of four complete trials."""
    folder = tmp_path_factory.mktemp("doubts")
    first = ("run", "--trainer", "stand_in", "--task", "segmentation", "--workers", "1", "--trials", "4")
    first += ("--pruner", "none", "--name", "a", "--no-report", "--quiet")
    assert run_here(*first, folder=folder).returncode == 0
    return folder


@pytest.mark.slow
def test_command_with_other_seeds_trains_the_same_parameters_with_different_ones(root: Path) -> None:
    home = Home.at(root / "mlruns")
    view = sweep_view("a", str(home.root))
    material = material_of(view, home, addresses="not asked", evidence=no_evidence("", "nobody looked"))
    (command,) = [line for line in words(trust(material)).splitlines() if "sweep run" in line]
    again = command.partition("sweep ")[2].split()
    done = run_here(*again, "--name", "b", "--no-report", "--json", folder=root)
    assert done.returncode == 0, done.stderr
    trials = sweep_view("b", str(home.root)).trials
    assert view.summary.best is not None
    best = view.summary.best[0]
    assert json.loads(done.stdout)["slots"]["complete"] == len(trials) == 3
    assert all((one.spec.model, one.spec.params) == (best.model, best.params) for one in trials)
    assert len({one.spec.seed for one in trials} | {best.seed}) == 4


def test_classes_that_are_never_right_are_a_warning_where_they_are_many() -> None:
    told = words(trust(a_material(DONE, evaluation=an_evaluation(road=0.9, cone=0.0, curb=0.0))))
    assert "warning| 2 of 3 classes are never right: cone and curb. The car would not see them." in told
    few = an_evaluation(road=0.9, cone=0.0, sky=0.5, curb=0.7)
    told = words(trust(a_material(DONE, evaluation=few)))
    assert "note| 1 of 4 classes is never right: cone. The car would not see it." in told
    assert "never right" not in words(trust(a_material(DONE, evaluation=an_evaluation(road=0.9))))


def test_low_score_is_said_to_be_low_and_a_low_loss_is_not() -> None:
    bad = a_material(a_trial(1, 0.01, 0.0537, 0.02))
    assert "warning| miou 0.0537 is low, 1 is perfect" in words(trust(bad))
    loss = Objective("val_loss_segmentation", maximise=False)
    told = words(trust(dataclasses.replace(bad, record=dataclasses.replace(bad.record, objective=loss))))
    assert "is low" not in told
    assert "is low" not in words(trust(a_material(DONE)))


def test_best_trial_whose_last_epoch_was_its_best_is_said_to_be_still_improving() -> None:
    told = words(trust(a_material(a_trial(1, 0.3, 0.4, 0.5, 0.6))))
    assert "note| The best epoch of the best trial was its last (4 of 4): it was still improving." in told
    assert "still improving" not in words(trust(a_material(DONE)))


def test_trial_that_was_ahead_when_it_was_stopped_is_in_the_first_sentence_and_a_warning() -> None:
    ahead = a_trial(2, 0.2, 0.6972, status=Status.STOPPED, until=12)
    material = a_material(DONE, ahead, state="stopped")
    text, tone = lead(material)
    said = "trial-002 was ahead (0.6972 at epoch 2 of 12) when it was stopped"
    assert text == f"The best is tiny_unet with miou 0.5000. But {said}."
    assert tone == "note"
    told = words(trust(material))
    assert f"warning| {said}. Go on with it: `sweep resume monday --home {HOME}`." in told
    assert "did not come to its end" not in told
    running = dataclasses.replace(material, state="running")
    assert said not in lead(running)[0] + words(trust(running))


@pytest.mark.slow
def test_material_of_a_sweep_has_the_look_at_its_cache_and_no_importance_of_four_trials(
    root: Path, tmp_path: Path
) -> None:
    home = Home.at(root / "mlruns")
    info = built(masked([[0, 1]], [[1, 1]]), tmp_path)
    view = sweep_view("a", str(home.root))
    assert view.summary.best is not None
    spec = dataclasses.replace(view.summary.best[0], data_ref=str(info.folder), digest=info.digest)
    best = (spec, view.summary.best[1])
    view = dataclasses.replace(view, summary=dataclasses.replace(view.summary, best=best))
    addresses = Addresses(tracking_uri=home.mlflow_url, storage=home.optuna_url)
    material = material_of(view, home, addresses=addresses, evidence=no_evidence("", "nobody looked"))
    assert material.leak.startswith("2 of 2 val frames (100%) seem to come from drives in train too")
    assert "4 trials completed, and 10 are needed" in material.figures.missing["importance"]
    assert "slices" in material.figures.by_name
    shutil.rmtree(info.folder)
    material = material_of(view, home, addresses="not asked", evidence=no_evidence("", "nobody looked"))
    assert (material.leak, bool(material.leak_unknown)) == ("", True)


@pytest.mark.slow
def test_trial_that_was_ahead_when_its_sweep_was_cut_is_shown_with_the_sweep(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home.at(tmp_path / "mlruns")
    shutil.copytree(root / "mlruns/sweeps/a", home.sweep("a").spool.parent)
    lines = home.sweep("a").spool.read_text().splitlines()
    epochs = [place for place, line in enumerate(lines) if '"EpochReport"' in line]
    last = json.loads(lines[epochs[-1]])
    last["event"]["metrics"]["miou_segmentation"] = 0.99
    home.sweep("a").spool.write_text("\n".join([*lines[: epochs[-1]], json.dumps(last)]) + "\n")
    view = sweep_view("a", str(home.root))
    assert view.state == "cut"
    show_sweep(view)
    said = "trial-003 was ahead (0.9900 at epoch 10 of 10) when it was cut"
    command = f"go on with it: sweep resume a --home {home.root}"
    shown = capsys.readouterr().out
    assert f"\n{said}\n" in shown
    assert shown.count(command) == 1
    show_sweep(dataclasses.replace(view, state="done"))  # by its time budget, say
    assert f"\n{said}; {command}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_sweep_in_which_all_failed_alike_is_shown_with_the_next_step(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = sweep_view("a", str(root / "mlruns"))
    failed = tuple(
        (one.spec, dataclasses.replace(one.ending, reason="disk_full: no room")) for one in view.trials
    )
    failed = tuple((spec, dataclasses.replace(result, status=Status.FAILED)) for spec, result in failed)
    summary = dataclasses.replace(view.summary, best=None, default=None, all_failed=failed)
    show_sweep(dataclasses.replace(view, state="failed", summary=summary))
    said = f"next: make room, then sweep retry a --home {root}/mlruns\n"
    assert said in capsys.readouterr().out


def test_look_at_the_cache_finds_frames_that_look_like_one_of_train(tmp_path: Path) -> None:
    info = built(masked([[0, 1]], [[1, 1]]), tmp_path)
    found = shared_drives(info.folder, digest=info.digest)
    assert found.startswith("2 of 2 val frames (100%) seem to come from drives in train too (2 look like")


def test_look_at_a_cache_that_is_gone_large_or_of_other_data_says_why_it_was_not_had(tmp_path: Path) -> None:
    info = built(masked([[0, 1]], [[1, 1]]), tmp_path)
    with pytest.raises(InputError, match="is of other data"):
        shared_drives(info.folder, digest="another")
    with pytest.raises(InputError, match="4 frames take too long"):
        shared_drives(info.folder, digest=info.digest, most_frames=3)
    with pytest.raises(InputError, match="gone"):
        shared_drives(tmp_path / "gone", digest=info.digest)


@pytest.mark.slow
def test_look_at_the_cache_says_of_camvid_what_the_check_of_the_data_says(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    info = built(open_data(str(real_data("camvid-small")), "segmentation"), tmp_path, (96, 72))
    assert shared_drives(info.folder, digest=info.digest).startswith(LEAK)
