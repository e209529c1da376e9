"""Figures of a study: states as this program calls them, nothing cut, the best marked."""

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from sweep.figures.curves import NamedCurve, learning_curves
from sweep.searching.plot_layout import state_of
from sweep.searching.plots import StudyPlots
from sweep.searching.plotted import plotted_study


def _trial(number: int, state: TrialState, values: tuple[float, ...], reason: str = "") -> FrozenTrial:
    return optuna.trial.create_trial(
        state=state,
        value=values[-1] if state is TrialState.COMPLETE else None,
        params={"lr": 0.1 * (number + 1)},
        distributions={"lr": optuna.distributions.FloatDistribution(0.0, 1.0)},
        user_attrs={"reason": reason} if reason else {},
        intermediate_values=dict(enumerate(values, start=1)),
    )


def _plots(*trials: FrozenTrial) -> StudyPlots:
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    return StudyPlots(plotted_study(study), metric="score")


@pytest.fixture
def plots() -> StudyPlots:
    return _plots(
        _trial(0, TrialState.COMPLETE, (0.1, 0.4)),
        _trial(1, TrialState.COMPLETE, (0.2, 0.6)),
        _trial(2, TrialState.FAIL, (0.7,), "stopped by `sweep stop`"),
        _trial(3, TrialState.FAIL, (0.3,), "trial_timeout: not done after 1 s"),
    )


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("stopped by `sweep stop`", "stopped"),
        ("interrupted by SIGINT", "stopped"),
        ("time budget of 60 s used up", "stopped"),
        ("3 trials in a row failed; the last: trial_timeout: not done after 1 s", "stopped"),
        ("target 0.9 reached", "stopped"),
        ("out_of_memory: 12 GiB", "failed"),
        ("exception: ValueError: no such file", "failed"),
        ("coordinator_killed", "failed"),
        ("", "failed"),
    ],
)
def test_trial_that_somebody_ended_is_stopped_and_not_failed(reason: str, state: str) -> None:
    assert state_of(_trial(0, TrialState.FAIL, (0.1,), reason)) == state


def test_stopped_trials_have_their_own_mark_and_count_in_history_and_curves(plots: StudyPlots) -> None:
    history = plots.history()
    marks = {trace.name: list(trace.x) for trace in history.data}
    assert (marks["stopped"], marks["failed"]) == ([2], [3])
    title = history.layout.title.text.replace("<br>", " ")
    assert title == "History: score by trial, 2 complete, 1 failed, 1 stopped"
    assert {trace.legendgroup for trace in plots.curves().data} == {"complete", "stopped", "failed"}


def test_first_and_last_marks_stand_clear_of_the_ends_of_their_axis(plots: StudyPlots) -> None:
    assert tuple(plots.history().layout.xaxis.range) == (-0.5, 3.5)
    assert tuple(plots.curves().layout.xaxis.range) == (0.5, 2.5)
    lone = _plots(_trial(0, TrialState.COMPLETE, (0.4,))).history()
    assert tuple(lone.layout.xaxis.range) == (-0.5, 0.5)


def test_best_trial_is_marked_in_history_and_curves(plots: StudyPlots) -> None:
    (star,) = [trace for trace in plots.history().data if trace.name == "best"]
    assert (list(star.x), list(star.y)) == ([1], [0.6])
    (line,) = [trace for trace in plots.curves().data if trace.name == "best"]
    assert (list(line.x), list(line.y)) == ([1, 2], [0.2, 0.6])
    assert plots.curves().data[-1].name == "best", "drawn last, above the others"


@pytest.mark.parametrize("trials", [(), (_trial(0, TrialState.FAIL, (), "exception: OSError"),)])
def test_figures_of_what_has_ended_promise_nothing(trials: tuple[FrozenTrial, ...]) -> None:
    plots = _plots(*trials)
    for name in ("history", "importance", "parallel", "slices", "contour", "curves"):
        assert "yet" not in getattr(plots, name)().layout.title.text


def test_curves_of_a_dashboard_have_no_empty_epoch_0() -> None:
    curve = NamedCurve(name="trial-000", metric="score", steps=(1, 2), values=(0.1, 0.2), state="complete")
    assert learning_curves([curve], title="a").layout.xaxis.rangemode is None
