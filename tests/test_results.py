"""A sweep from Python: what `run_sweep` and `load_sweep` hand back, and the study's figures."""

import csv
import math
from pathlib import Path

import optuna
import pandas as pd
import pytest

import sweep
from sweep.api.results import SweepResults
from sweep.errors import InputError
from sweep.history import PastTrial
from sweep.records import Objective, TrialSpec
from sweep.searching.plots import StudyPlots, open_plots
from sweep.searching.plotted import plotted_study
from tests.conftest import run_here

METRIC = "miou_segmentation"
N_TRIALS = 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of the stand-in over two models with ranges of their own."""
    folder = tmp_path_factory.mktemp("results")
    done = run_here(
        *("run", "--task", "segmentation", "--trainer", "stand_in", "--space", "stand_in_segmentation"),
        *("--trials", str(N_TRIALS), "--workers", "2", "--name", "figures", "--home", "home"),
        folder=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder / "home"


@pytest.fixture(scope="module")
def results(home: Path) -> SweepResults:
    return sweep.load_sweep("figures", home=home)


def test_trials_are_those_of_the_table_with_typed_columns(results: SweepResults, home: Path) -> None:
    with (home / "sweeps" / "figures" / "trials.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frame = results.trials
    assert len(frame) == len(rows)
    for row, (_, trial) in zip(rows, frame.iterrows(), strict=True):
        assert (int(row["trial"]), row["run_name"], row["state"]) == (
            trial["number"],
            trial["run_name"],
            trial["state"],
        )
        assert float(row["value"]) == pytest.approx(trial["value"], rel=1e-5)
        assert float(row["lr"]) == trial["params_lr"]
        assert (row["width"] == "") == pd.isna(trial["params_width"])
    assert str(frame["number"].dtype) == str(frame["params_batch_size"].dtype) == "Int64"
    assert frame[METRIC].dtype == frame["params_lr"].dtype == "float64"
    assert str(frame["began"].dtype).endswith("UTC]")
    assert (frame["ended"] >= frame["began"]).all()
    assert frame["run_id"].str.len().eq(32).all()


def test_every_trial_names_the_worker_that_had_it(results: SweepResults) -> None:
    assert set(results.trials["worker"]) == {0, 1}
    figure = results.plot_timeline()
    assert {lane for bar in figure.data for lane in bar.y} == {"worker 0", "worker 1"}


def test_spec_of_an_earlier_version_has_no_worker_and_is_read() -> None:
    spec = TrialSpec(
        trial_uid="a",
        slot=0,
        number=0,
        task="segmentation",
        trainer="stand_in",
        model="tiny_unet",
        params={},
        seed=1,
        until_epoch=3,
        objectives=(Objective(METRIC, True),),
        folder="",
    )
    earlier = spec.to_json().replace(', "worker": null', "")
    assert "worker" not in earlier
    assert PastTrial(TrialSpec.from_json(earlier)).spec.worker is None


def test_best_is_the_largest_complete_value(results: SweepResults) -> None:
    complete = results.trials[results.trials["state"] == "complete"]
    assert results.best is not None
    assert results.best.value == complete["value"].max()
    assert results.best.run_name == complete.loc[complete["value"].idxmax(), "run_name"]


def test_curves_hold_every_epoch_of_pruned_trials_too(results: SweepResults) -> None:
    objective = results.curves[results.curves["metric"] == METRIC]
    assert set(results.trials["state"]) == {"complete", "pruned"}
    assert objective.groupby("trial").size().to_dict() == dict(
        zip(results.trials["number"], results.trials["epochs"], strict=True)
    )
    for figure in (results.plot_curves(), results._plots.curves()):
        assert {trace.legendgroup for trace in figure.data} == {"complete", "pruned"}
        assert sum(list(trace.y).count(None) for trace in figure.data) == N_TRIALS  # a gap behind each curve


def test_figures_call_a_models_own_range_by_the_users_name(results: SweepResults) -> None:
    assert "lr" in results._plots.params
    assert not any("@" in name for name in results._plots.importances())
    figure = results.plot_slices(["lr"])
    assert figure.layout.xaxis.title.text == "lr"
    assert figure.layout.xaxis.type == "log"
    assert len(figure.data[0].x) == (results.trials["state"] == "complete").sum()
    assert results.plot_importance().data
    assert results.plot_parallel().data
    assert results.plot_contour().data


def test_history_shows_the_pruned_and_ends_at_the_best(results: SweepResults) -> None:
    traces = {trace.name: trace for trace in results.plot_history().data}
    assert {"complete", "pruned", "best so far"} <= set(traces)
    assert max(traces["complete"].y) == traces["best so far"].y[-1] == results.best.value  # type: ignore[union-attr]


def test_unknown_sweep_and_parameter_name_the_near_one(results: SweepResults, home: Path) -> None:
    with pytest.raises(InputError, match="did you mean figures"):
        sweep.load_sweep("figure", home=home)
    with pytest.raises(InputError, match="did you mean figures"):
        open_plots(f"sqlite:///{home / 'optuna.db'}", "figure")
    with pytest.raises(InputError, match="weight_decay"):
        results.plot_slices(["weigth_decay"])
    with pytest.raises(InputError, match=METRIC):
        results.plot_curves("miou_segmentatio")


def test_looking_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Optuna database"):
        open_plots(f"sqlite:///{tmp_path / 'optuna.db'}", "figures")
    assert list(tmp_path.iterdir()) == []


def test_notebook_table_is_escaped(results: SweepResults, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "trial-" in results._repr_html_()
    view = results._view
    monkeypatch.setattr(
        results,
        "_view",
        type(view)(
            **{
                **{name: getattr(view, name) for name in view.__slots__},
                "why": "<script>alert(1)</script>",
            }
        ),
    )
    assert "<script>" not in results._repr_html_()
    assert "&lt;script&gt;" in results._repr_html_()


def test_without_a_run_the_champion_is_not_there(results: SweepResults) -> None:
    with pytest.raises(AttributeError, match="run_sweep only"):
        _ = results.champion
    assert repr(results).startswith("<sweep figures: done")


def plots_of(*values: float | None, direction: str = "maximize", n_params: int = 2) -> StudyPlots:
    """A study with a trial a value; None fails."""
    study = optuna.create_study(direction=direction)
    for index, value in enumerate(values):
        trial = study.ask()
        for number in range(n_params):
            trial.suggest_float(f"p{number}", 0.0, 1.0 + index * 1e-9)
        trial.report(math.nan if value is None else value, 1)
        study.tell(trial, value, state=None if value is not None else optuna.trial.TrialState.FAIL)
    return StudyPlots(plotted_study(study), metric="score")


@pytest.mark.parametrize(
    "plots",
    [
        plots_of(),
        plots_of(None, None),
        plots_of(0.5),
        plots_of(0.5, 0.5, 0.5),
        plots_of(0.1, 0.2, 0.3, n_params=1),
        plots_of(0.1, 0.2, n_params=0),
        plots_of(0.1, None, 0.7),
    ],
    ids=["empty", "all failed", "one", "all equal", "one parameter", "no parameter", "two"],
)
def test_every_figure_of_a_poor_study_has_data_or_says_what_is_missing(plots: StudyPlots) -> None:
    for name in ("history", "importance", "parallel", "slices", "contour", "curves"):
        figure = getattr(plots, name)()
        assert figure.layout.title.text
        words = ("needs", "no ", "same", "cannot")
        assert figure.data or any(word in figure.layout.title.text for word in words), name


def test_best_so_far_follows_the_direction() -> None:
    for direction, best in (("maximize", 0.9), ("minimize", 0.1)):
        history = plots_of(0.5, 0.9, 0.1, 0.4, direction=direction).history()
        assert next(trace for trace in history.data if trace.name == "best so far").y[-1] == best


def test_few_trials_are_counted_in_whole_numbers() -> None:
    assert plots_of(0.5, 0.9).history().layout.xaxis.dtick == 1
    assert plots_of(0.5, 0.9).curves().layout.xaxis.dtick == 1


def test_ranges_that_no_axis_can_hold_stay_apart() -> None:
    study = optuna.create_study()
    for value in (0.1, 0.2):
        for suggest in (
            lambda trial: trial.suggest_float("lr@a", 1e-4, 1e-1, log=True),
            lambda trial: trial.suggest_categorical("lr@b", ["low", "high"]),
        ):
            trial = study.ask()
            suggest(trial)
            study.tell(trial, value)
    assert {name for trial in plotted_study(study).trials for name in trial.params} <= {"lr@a", "lr@b"}


@pytest.mark.slow
def test_figures_of_300_trials_of_50_epochs_are_quick_and_small() -> None:
    import time

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(300):
        trial = study.ask()
        value = sum(trial.suggest_float(f"p{index}", 1e-4, 1, log=True) for index in range(5))
        for epoch in range(1, 51):
            trial.report(value * epoch, epoch)
        study.tell(trial, value)
    began = time.monotonic()
    plots = StudyPlots(plotted_study(study), metric="score")
    for name in ("history", "importance", "parallel", "slices", "contour", "curves"):
        # A contour of Optuna's has 12 x 300 x 300 cells: 5 MB that no browser draws.
        assert len(getattr(plots, name)().to_json()) < 2_000_000, name
    # 8 s on a free core of the machine it was written on; the limit leaves room for a busy one.
    assert time.monotonic() - began < 60
