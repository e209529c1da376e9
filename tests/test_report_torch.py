"""Reports of real training, in a real browser, and the narrowed spaces that sweeps go on with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweep.api.reporting import write_report
from sweep.search_space import builtin_names, load_space
from tests.conftest import run_here
from tests.data_folders import ON_SMALL_TRACK, small_track
from tests.report_page import SECTIONS, ReportPage


@pytest.mark.long
@pytest.mark.parametrize("name", builtin_names())
def test_narrowed_space_of_every_builtin_space_runs(name: str, tmp_path: Path) -> None:
    space = load_space(name)
    words = ("--trainer", "stand_in", "--task", space.task, "--workers", "1", "--epochs", "2", "--json")
    first = run_here(
        "run", *words, "--space", name, "--trials", "10", "--name", "a", "--report", folder=tmp_path
    )
    assert first.returncode == 0, first.stderr
    file = tmp_path / "mlruns/sweeps/a/next_space.yaml"
    assert run_here("spaces", str(file), folder=tmp_path).returncode == 0
    yaml.safe_load(file.read_text())
    again = run_here("run", *words, "--space", str(file), "--trials", "4", "--name", "b", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    best, start = json.loads(first.stdout)["best"], json.loads(again.stdout)["default"]
    assert start["params"] == best["params"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    small_track(folder / "track")
    words = (*ON_SMALL_TRACK, "--trials", "3", "--image-size", "64x48")
    words += ("--name", "real", "--executor", "inline", "--report", "--json")
    done = run_here("run", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.long
def test_report_of_real_training_shows_interval_classes_pictures_and_the_model(
    trained: Path,
) -> None:
    page = ReportPage((trained / "mlruns/sweeps/real/report.html").read_text())
    assert page.ids >= SECTIONS
    assert {"plot-history", "plot-curves", "plot-confusion", "plot-classes"} <= page.ids
    assert re.search(r"95% interval 0\.\d{4} to 0\.\d{4}, \d+ validation images", page.text)
    assert re.search(r"\d+\.\d ms", page.text)
    assert "registered as rccar-segmentation version 1, in Production" in page.text
    assert 'sweep.load_model("models:/rccar-segmentation/1"' in page.text
    assert "The gate before Production said: promoted" in page.text
    assert re.search(r"\d+ train, \d+ val", page.text)
    assert sum(link.startswith("data:image/png") for link in page.links) >= 2


@pytest.mark.long
def test_report_written_later_finds_in_mlflow_what_the_first_one_found(trained: Path) -> None:
    first = ReportPage((trained / "mlruns/sweeps/real/report.html").read_text())
    later = ReportPage(
        write_report("real", home=str(trained / "mlruns"), out=trained / "later.html").read_text()
    )
    assert later.ids == first.ids
    assert [link for link in later.links if link.startswith("data:")] == [
        link for link in first.links if link.startswith("data:")
    ]


@pytest.mark.long
@pytest.mark.parametrize("width_px", [1280, 400])
def test_page_draws_its_plots_without_network_and_fits_its_window(
    browser: Any, trained: Path, width_px: int
) -> None:
    context = browser.new_context(viewport={"width": width_px, "height": 900}, offline=True)
    page, errors, requests = context.new_page(), [], []
    page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda asked: requests.append(asked.url))
    file = trained / "mlruns/sweeps/real/report.html"
    page.goto(file.as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((one) => one.querySelector('.main-svg'))"
    )
    assert errors == []
    assert [one for one in requests if not one.startswith(("data:", "blob:"))] == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    assert page.evaluate(
        "[...document.images].every((one) => one.complete && one.naturalWidth > 0 && one.alt)"
    )
    page.get_by_role("button", name="miou").click()
    column = page.locator("#trials tbody tr td:nth-child(3)").all_inner_texts()
    assert column == sorted(column)
    context.close()
