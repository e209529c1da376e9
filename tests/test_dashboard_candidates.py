"""A candidate on the registry's page: beside the champion by its checkpoint, promoted where it lies."""

import dataclasses
import os
from pathlib import Path

import pytest

from sweep.api.promoting import promote
from sweep.api.silent import Silent
from sweep.api.studies import lies_here, open_study_plots
from sweep.errors import InputError
from sweep.evaluation import FILE, FOLDER, Evaluation
from sweep.logged_run import LoggedRun
from sweep.views.overview import SweepLine, overview
from sweep.views.trials import trial_lines
from tests.conftest import clean_environment, run_here
from tests.dying import home_registry, home_store
from tests.logged import a_run
from tests.registering import a_candidate, promoted

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')

from streamlit.testing.v1 import AppTest

MIOU, DICE = "miou_segmentation", "dice_segmentation"
HOSTILE = "night ![x](http://evil.example/p.png) <b>**x**</b> :red[y] $z$"
SMALL = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "2", "--workers", "1", "--quiet")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two homes with a sweep of one name each, in the MLflow of the first."""
    folder = tmp_path_factory.mktemp("homes")
    uri = f"sqlite:///{folder / 'mine' / 'mlflow.db'}"
    for name, more in (("mine", ()), ("theirs", ("--seed", "7"))):
        words = ("run", *SMALL, "--name", "s1", "--home", str(folder / name), "--tracking-uri", uri, *more)
        told = run_here(*words, folder=folder)
        assert told.returncode == 0, told.stderr
    return folder / "mine", folder / "theirs"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)


def runs_of(home: Path) -> tuple[LoggedRun, ...]:
    from sweep.api.runs import open_runs

    runs = open_runs(home=home)
    runs.refresh()
    return runs.all()


def lines_of(homes: tuple[Path, Path]) -> tuple[SweepLine, SweepLine]:
    """The sweep of the first home, and that of the second."""
    theirs, mine = overview(runs_of(homes[0]))
    return mine, theirs


def the_page(home: Path, monkeypatch: pytest.MonkeyPatch, name: str = "registry") -> AppTest:
    monkeypatch.setenv("SWEEP_HOME", str(home))
    monkeypatch.setenv("SWEEP_TRACKING_URI", "")
    script = f"from sweep.dashboard.showing import draw\ndraw({name!r})"
    return AppTest.from_string(script, default_timeout=60).run()


def test_a_sweep_of_another_home_has_words_and_no_button(
    homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = lines_of(homes)
    page = the_page(homes[0], monkeypatch)
    said = {}
    for line in (mine, theirs):
        page.selectbox(key="candidate-sweep").set_value(line.run_id).run()
        assert not page.exception
        told = " ".join(one.value for one in page.info)
        said[line.run_id] = ("lies in another home" in told, [one.key for one in page.button])
    assert said == {mine.run_id: (False, ["promote-do"]), theirs.run_id: (True, [])}


def test_a_sweep_made_anew_under_the_name_is_not_the_one_that_mlflow_knows(homes: tuple[Path, Path]) -> None:
    mine, theirs = lines_of(homes)
    assert lies_here("s1", uid=mine.uid, home=str(homes[0]))
    assert lies_here("s1", uid="", home=str(homes[0]))
    assert not lies_here("s1", uid=theirs.uid, home=str(homes[0]))
    assert not lies_here("other", uid="", home=str(homes[0]))


def test_promotion_of_another_sweeps_trial_of_that_name_is_refused(homes: tuple[Path, Path]) -> None:
    mine, theirs = (trial_lines(runs_of(homes[0]), line.run_id)[0] for line in lines_of(homes))
    assert mine.name == theirs.name
    words = {"environ": {}, "trial": mine.name, "home": str(homes[0])}
    with pytest.raises(InputError, match="is not the trial that is meant: another sweep has that name"):
        promote("s1", Silent(), trial_uid=theirs.trial_uid, **words)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the trainer stand_in makes no model"):
        promote("s1", Silent(), trial_uid=mine.trial_uid, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize("has_own_run", [True, False])
def test_figures_of_a_sweep_of_another_home_are_not_drawn_from_the_study_of_that_name(
    homes: tuple[Path, Path], has_own_run: bool
) -> None:
    runs = [run for run in runs_of(homes[0]) if has_own_run or run.kind != "sweep"]
    theirs, mine = overview(runs)
    assert bool(mine.uid) == bool(theirs.uid) == has_own_run
    for line, home in ((mine, homes[0]), (theirs, homes[1])):
        words = {"uid": line.uid, "trial_uid": line.trial_uid}
        assert open_study_plots("s1", home=str(home), **words).history().data
        other = str(homes[home == homes[0]])
        with pytest.raises(InputError, match="is of another sweep of that name"):
            open_study_plots("s1", home=other, **words)


def test_the_deed_names_the_trial_that_the_page_shows(homes: tuple[Path, Path]) -> None:
    from sweep.dashboard.deeds import Watcher
    from sweep.dashboard.places import Places
    from sweep.dashboard.screens import candidates

    theirs = trial_lines(runs_of(homes[0]), lines_of(homes)[1].run_id)[0]
    places = Places(home=str(homes[0]), storage=None, tracking_uri=None)
    with pytest.raises(InputError, match="is not the trial that is meant"):
        candidates.promoted(places, "s1", theirs, False, Watcher())


def test_the_page_says_that_the_study_is_another_one(
    homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = lines_of(homes)
    page = the_page(homes[0], monkeypatch, "sweep")
    page.selectbox(key="sweep-choice").set_value(mine.run_id).run()
    assert not page.info
    page.selectbox(key="sweep-choice").set_value(theirs.run_id).run()
    assert "is of another sweep of that name" in page.info[0].value


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A champion of a sweep with a hostile name, and trials whose last epoch is not their best."""
    home = tmp_path_factory.mktemp("judged")
    store = home_store(home)
    candidate = a_candidate(store, home / "packages", "rccar-segmentation", value=0.7)
    store.client.set_tag(candidate.run_id, "sweep.name", HOSTILE)
    package = dataclasses.replace(candidate.package, metrics={MIOU: 0.7, DICE: 0.75})
    promoted(home_registry(home), dataclasses.replace(candidate, package=package))

    own = {"sweep.name": "s2", "sweep.task": "segmentation", "sweep.state": "complete"}
    about = {"task_type": "segmentation", "objective": MIOU, "direction": "maximize", "data": "./track"}
    parent = a_run(store, name="s2", tags=own | {"sweep.kind": "sweep"}, params=about)
    curves = {MIOU: [0.3, 0.8, 0.6], DICE: [0.4, 0.72, 0.9], f"best_{MIOU}": [0.8], "best_epoch": [2]}
    runs = {}
    for name in ("logged", "evaluated"):
        tags = own | {"sweep.kind": "trial", "sweep.trial_uid": name, "mlflow.parentRunId": parent}
        runs[name] = a_run(store, name=name, tags=tags, params={"task_type": "segmentation"}, curves=curves)
    evaluation = Evaluation(trial_uid="evaluated", task="segmentation", scores={MIOU: 0.81, DICE: 0.73})
    file = home / FILE
    file.write_text(evaluation.to_json())
    store.client.log_artifact(runs["evaluated"], str(file), FOLDER)
    return home, runs


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("logged", {"miou": "★ 0.8000", "dice": "0.7200"}),
        ("evaluated", {"miou": "★ 0.8100", "dice": "0.7300"}),
    ],
)
def test_candidate_stands_beside_the_champion_with_the_scores_of_its_checkpoint(
    name: str, scores: dict[str, str], judged: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, runs = judged
    page = the_page(home, monkeypatch)
    sweep = page.selectbox(key="candidate-sweep")
    sweep.set_value(next(line.run_id for line in overview(runs_of(home)) if line.name == "s2")).run()
    page.selectbox(key=f"candidate-trial-{sweep.value}").set_value(runs[name]).run()
    assert not page.exception
    (table,) = (one.value for one in page.dataframe if "candidate" in one.value)
    assert dict(zip(table["metric"], table["candidate"], strict=True)) == scores
    assert dict(zip(table["metric"], table["champion"], strict=True)) == {
        "miou": "0.7000",
        "dice": "★ 0.7500",
    }


def test_cards_show_the_names_of_people_as_text(
    judged: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = the_page(judged[0], monkeypatch)
    (shown,) = (str(card.value) for card in page.metric if "evil" in str(card.value))
    for meant in ("![", "](http", "<b>", "**x", ":red[", " $z"):
        assert meant not in shown
    assert HOSTILE in shown.replace("\\", "")
