"""Every page of the dashboard, drawn by Streamlit without a browser."""

import os
from pathlib import Path

import pytest

from sweep.dashboard.showing import SCREENS
from sweep.paths import Home
from sweep.tracking.store import open_store
from tests.conftest import clean_environment, run_here
from tests.logged import a_run, log_curve

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')

from streamlit.testing.v1 import AppTest

LANGUAGES = ("en", "tr")
HOSTILE = (
    "**x** <script>alert(1)</script> :red[hot] $x^2$ [a](javascript:b) :smile: ![i](http://127.0.0.1:9/p)"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in sweep with prunes and failures, and runs of another program, one with a hostile name."""
    folder = tmp_path_factory.mktemp("dashboard")
    told = run_here(
        *("run", "--task", "segmentation", "--trainer", "stand_in", "--trials", "14", "--epochs", "4"),
        *(
            "--set",
            "fault=raise",
            "--set",
            "fault_share=0.2",
            "--name",
            "first",
            "--quiet",
            "--home",
            str(folder),
        ),
        folder=folder,
    )
    assert told.returncode == 0, told.stderr
    place = Home(folder)
    store = open_store(place.mlflow_url, artifacts=place.artifacts, init_lock=place.mlflow_lock)
    for name in ("elle egitim", HOSTILE):
        a_run(
            store,
            name=name,
            params={"task_type": "segmentation", "segmentation_model_name": "unet", "common_lr": "0.001"},
            curves={
                "train_loss_segmentation": [1.0, 0.5],
                "val_loss_segmentation": [1.1, 0.7],
                "miou_segmentation": [0.4, 0.6],
            }
            | ({} if name == HOSTILE else {"iou_road_segmentation": [0.7, 0.8]}),
        )
    peaked = {"miou_segmentation": [0.9, 0.2], "dice_segmentation": [0.5, 0.9]}
    run_id = a_run(store, name="peaked", params={"task_type": "segmentation"}, curves=peaked)
    for metric in ("pixel_acc_segmentation", "iou_road_segmentation"):
        log_curve(store, run_id, metric, [0.6, 0.7], first=2)
    return folder


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)


def drawn(name: str, home: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("SWEEP_HOME", str(home))
    page = AppTest.from_string(
        f"from sweep.dashboard.showing import draw\ndraw({name!r})", default_timeout=60
    )
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def everything(page: AppTest) -> str:
    kinds = (
        page.title,
        page.caption,
        page.markdown,
        page.info,
        page.warning,
        page.error,
        page.success,
        page.subheader,
    )
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_every_page_is_drawn_without_an_error(
    name: str, language: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn(name, home, monkeypatch, lang=language)
    assert not page.exception
    assert [one.value for one in page.error] == []
    assert len(page.title) == 1


@pytest.mark.parametrize("name", SCREENS)
def test_a_page_of_the_task_without_sweeps_says_so(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn(name, home, monkeypatch, task="detection")
    assert not page.exception
    assert not page.error
    assert len(page.info) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_home_where_nothing_was_run_is_not_made_and_says_what_to_do(
    name: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn(name, tmp_path / "none", monkeypatch, lang=language)
    assert not page.exception
    assert len(page.info) == 1
    assert "sweep run" in page.code[0].value
    assert not (tmp_path / "none").exists()


def test_the_address_chooses_the_language(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn("overview", home, monkeypatch, lang="tr").title[0].value == "Genel bakış"
    assert drawn("overview", home, monkeypatch, lang="xx").title[0].value == "Overview"


def test_the_overview_lists_the_sweep_and_the_other_programs_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps, others = (table.value for table in drawn("overview", home, monkeypatch).dataframe)
    assert list(sweeps["name"]) == ["first"]
    assert sweeps["trials"][0] == "14/14"
    assert sorted(others["name"]) == sorted([HOSTILE, "elle egitim", "peaked"])
    assert sorted(others["value"]) == [0.2, 0.6, 0.6]


def test_the_trial_table_keeps_what_its_filters_let_through(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn("sweep", home, monkeypatch)
    page.session_state["sweep-tabs-en"] = "Trials"
    page.run()
    assert len(page.dataframe[0].value) == 14
    page.multiselect(key="filter-states").set_value(["failed"]).run()
    failed = page.dataframe[0].value
    assert 0 < len(failed) < 14
    assert set(failed["state"]) == {"failed"}
    page.text_input(key="filter-text").set_value("no such word").run()
    assert not page.dataframe
    assert not page.exception


def test_failures_are_listed_with_their_reasons(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = drawn("sweep", home, monkeypatch)
    page.session_state["sweep-tabs-en"] = "Failures"
    page.run()
    assert all(page.dataframe[0].value["reason"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tab_of_a_sweep_is_drawn(language: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sweep.dashboard.language import words_in
    from sweep.dashboard.screens.sweep import TABS

    page = drawn("sweep", home, monkeypatch, lang=language)
    for name in TABS:
        page.session_state[f"sweep-tabs-{language}"] = words_in(language)(f"sweep.tab.{name}")
        page.run()
        assert not page.exception, name
        assert not page.error, name


def test_runs_of_other_programs_are_compared_with_trials(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = drawn("compare", home, monkeypatch)
    choice = page.multiselect(key="compare-runs-segmentation")
    other = [option for option in choice.options if "first" not in option]
    page.session_state["compare-runs-segmentation"] = [
        *page.session_state["compare-runs-segmentation"],
        *_ids(home, {"elle egitim", HOSTILE}),
    ]
    page.run()
    assert len(other) == 3
    assert not page.exception
    metrics = page.dataframe[0].value
    assert any("★" in str(cell) for cell in metrics.iloc[1])
    assert {HOSTILE, "elle egitim"} <= set(metrics.columns)


def test_comparison_shows_the_best_epoch_of_what_has_no_loss_and_stars_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn("compare", home, monkeypatch)
    page.session_state["compare-runs-segmentation"] = _ids(home, {"elle egitim", HOSTILE, "peaked"})
    page.run()
    metrics = page.dataframe[0].value.set_index("")
    # "peaked" is best in epoch 1 of 2: its dice is 0.5 then, and 0.9 later.
    assert (metrics.loc["dice", "peaked"], metrics.loc["miou", "peaked"]) == ("0.5000", "★ 0.9000")
    assert metrics.loc["pixel_acc", "peaked"] == "0.7000 (last)"  # of the first epoch there is none
    said = everything(page).replace("\\", "")
    assert "Of the last epoch, since the best one is not known: peaked" in said
    assert not page.exception


def test_text_of_people_is_never_read_as_markdown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = drawn("compare", home, monkeypatch)
    page.session_state["compare-runs-segmentation"] = _ids(home, {HOSTILE, "elle egitim"})
    page.run()
    said = everything(page)
    assert "alert" in said
    for meant in ("<script>", ":red[hot]", "**x**", "](javascript", ":smile:", "!["):
        assert meant not in said


def test_a_server_that_is_down_leaves_what_was_read_with_a_warning(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEP_TRACKING_URI", "http://127.0.0.1:9")
    page = drawn("overview", tmp_path, monkeypatch)
    assert not page.exception
    assert len(page.error) == 1
    assert "127.0.0.1:9" in page.error[0].value.replace("\\", "")


def _ids(home: Path, names: set[str]) -> list[str]:
    from sweep.api.runs import open_runs

    runs = open_runs(home=home)
    runs.refresh()
    return [run.run_id for run in runs.all() if run.name in names]
