"""Figures of the Turkish pages: their own words are Turkish, and names of people stay."""

import re

import optuna
import plotly.graph_objects as go
import pytest

from sweep.dashboard.figure_words import spoken
from sweep.dashboard.language import words_in
from sweep.evaluation import NOTHING, ClassFigures, Evaluation
from sweep.figures.classes import class_bars, class_radar
from sweep.figures.confusion import confusion_matrix
from sweep.figures.curves import NamedCurve, learning_curves, loss_curves
from sweep.figures.timeline import WorkerBar, worker_timeline
from sweep.searching.plots import StudyPlots
from sweep.searching.plotted import plotted_study

ENGLISH = re.compile(
    r"\b(trial|epoch|after|before|best|complete|pruned|failed|running|waiting|state|seconds|value|class|run"
    r"|worker|lane|training|validation|true|predicted|share|pixels|objects|nothing|Objective|Feasible)\b"
)
PLACEHOLDER = re.compile(r"%\{[^}]*\}|<[^>]*>|trial-\d+")
CLASSES = ("worker 1", "loss", "road", NOTHING)


def a_study() -> StudyPlots:
    """Trials that completed, were pruned, failed, run, and run their first epoch."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    ends = [None, None, None, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL]
    for end in ends:
        trial = study.ask()
        value = trial.suggest_float("lr", 0, 1) + trial.suggest_float("decay", 0, 1)
        trial.report(value, 1)
        study.tell(trial, None if end else value, state=end)
    study.ask().report(0.5, 1)
    study.ask()
    return StudyPlots(plotted_study(study), metric="miou")


def an_evaluation(task: str = "segmentation") -> Evaluation:
    classes = tuple(ClassFigures(name=name, n_true=2, figures={"iou": 0.5}) for name in CLASSES)
    cells = tuple(tuple(int(row == column) for column in range(4)) for row in range(4))
    return Evaluation(trial_uid="u", task=task, classes=classes, confusion=cells, confusion_names=CLASSES)


def a_curve(metric: str = "miou", state: str = "") -> NamedCurve:
    return NamedCurve(name="trial-001", metric=metric, steps=(1, 2), values=(0.1, 0.2), state=state)


def bars(worker: int | None) -> list[WorkerBar]:
    states = ("complete", "pruned", "failed", "stopped", "running")
    return [
        WorkerBar(worker=worker, name=f"trial-{n}", state=state, began_ms=1000 * n, ended_ms=1000 * n + 500)
        for n, state in enumerate(states, start=1)
    ]


def said(figure: go.Figure) -> list[str]:
    """All that a reader can see, and what the pointer shows."""
    axes = (*figure.select_xaxes(), *figure.select_yaxes())
    found = [axis.title.text for axis in axes]
    for trace in figure.data:
        found += [trace.name, trace.hovertemplate, *([] if isinstance(trace.text, str) else trace.text or [])]
        found += [one for side in ("x", "y") for one in (getattr(trace, side, None) or ())]
    texts = {one for one in found if isinstance(one, str)}
    return sorted(PLACEHOLDER.sub("", text) for text in texts)


STUDY = a_study()


@pytest.mark.parametrize(
    "figure",
    [
        STUDY.history(), STUDY.importance(), STUDY.parallel(), STUDY.slices(), STUDY.contour(),
        learning_curves([a_curve(state=state) for state in ("complete", "pruned", "running")], title="t"),
        loss_curves([a_curve("train_loss"), a_curve("val_loss")]),
        worker_timeline(bars(3)), worker_timeline(bars(None)),
    ],
    ids=["history", "importance", "parallel", "slices", "contour", "curves", "losses", "workers", "lanes"],
)  # fmt: skip
def test_figure_has_no_english_word_left(figure: go.Figure) -> None:
    assert [text for text in said(spoken(figure, words_in("tr"))) if ENGLISH.search(text)] == []


def test_how_a_trial_ended_is_told_in_turkish() -> None:
    figure = spoken(STUDY.history(), words_in("tr"))
    told = {trace.name: list(trace.text) for trace in figure.data if trace.text}
    assert re.fullmatch(r"budandı, 1\. epoktan sonra, en iyi [\d.]+", told["budandı"][0])
    assert told["çalışıyor"] == ["çalışıyor, 1. epoktan sonra, en iyi 0.5", "çalışıyor, ilk epok bitmeden"]


def test_lanes_keep_their_order() -> None:
    workers = [WorkerBar(worker=n, name="t", state="complete", began_ms=1, ended_ms=9) for n in (10, 2)]
    figure = spoken(worker_timeline(workers), words_in("tr"))
    assert list(figure.layout.yaxis.categoryarray) == ["işçi 10", "işçi 2"]
    assert list(figure.data[0].y) == ["işçi 10", "işçi 2"]
    assert "durum=tamamlandı" in figure.data[0].hovertemplate


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_classes_and_runs_keep_the_names_that_people_gave_them(task: str) -> None:
    words = words_in("tr")
    runs = {"loss": an_evaluation(task), "best running": an_evaluation(task)}
    for draw in (class_bars, class_radar):
        figure = spoken(draw(runs, "iou"), words)
        assert [trace.name for trace in figure.data] == list(runs)
        assert "koşu=loss<br>değer=%{" in figure.data[0].hovertemplate
    assert list(spoken(class_bars(runs, "iou"), words).data[0].y) == list(CLASSES)
    (cells,) = spoken(confusion_matrix(runs["loss"], normalised=False), words).data
    assert list(cells.x) == list(cells.y) == [*CLASSES[:-1], "(yok)"]
    assert cells.hovertemplate.startswith("gerçek %{y}<br>tahmin %{x}<br>")
    assert not ENGLISH.search(PLACEHOLDER.sub("", cells.hovertemplate))


def test_english_figure_stays_as_it_is() -> None:
    figure = STUDY.history()
    assert spoken(STUDY.history(), words_in("en")) == figure
