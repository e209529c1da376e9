"""Links into the dashboard, and what the page of a sweep says at its top."""

from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')

from streamlit.testing.v1 import AppTest

from sweep.api.sweeps import sweep_view
from sweep.dashboard.formats import setting
from tests.conftest import run_here


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps of segmentation and one of detection."""
    folder = tmp_path_factory.mktemp("links")
    for task, name in (("segmentation", "early"), ("segmentation", "seg"), ("detection", "det")):
        words = ("--task", task, "--name", name, "--trainer", "stand_in", "--trials", "3", "--epochs", "2")
        told = run_here("run", *words, "--executor", "inline", "--home", str(folder), folder=folder)
        assert told.returncode == 0, told.stderr
    return folder


def opened(home: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("SWEEP_HOME", str(home))
    page = AppTest.from_string("from sweep.dashboard.showing import draw\ndraw('sweep')", default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def said(page: AppTest) -> str:
    return "\n".join(str(one.value) for kind in (page.caption, page.warning) for one in kind)


@pytest.mark.parametrize("name", ["seg", "det"])
def test_link_to_a_sweep_opens_it_whatever_its_task(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(home, monkeypatch, sweep=name)
    assert not page.exception
    (chosen,) = [box for box in page.selectbox if box.label == "Sweep"]
    assert any(option.startswith(f"{name} ") for option in chosen.options)
    assert not page.warning


def test_link_to_a_sweep_that_is_not_there_says_so_until_one_is_chosen(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(home, monkeypatch, sweep="nope")
    assert "no sweep nope" in page.warning[0].value
    assert "seg is shown" in page.warning[0].value
    (box,) = [box for box in page.selectbox if box.label == "Sweep"]
    page = box.select_index(1).run()
    assert not page.exception
    assert not page.warning
    assert not opened(home, monkeypatch).warning


def test_top_of_the_page_has_the_winners_parameters_and_the_report(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = sweep_view("seg", str(home)).summary.best
    assert best is not None
    assert "report.html" not in said(opened(home, monkeypatch, sweep="seg"))
    (home / "sweeps" / "seg" / "report.html").write_text("<html>")
    told = said(opened(home, monkeypatch, sweep="seg"))
    assert f"model_name = {best[0].model}" in told.replace("\\", "")
    assert f"lr = {setting(str(best[0].params['lr']))}" in told.replace("\\", "")
    assert "seg/report.html" in told.replace("\\", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.00312345678", "0.003123"), ("8", "8"), ("tiny_unet", "tiny_unet"), ("nan", "nan")],
)
def test_settings_are_shown_to_four_digits(value: str, shown: str) -> None:
    assert setting(value) == shown
