"""The pages of `sweep ui` in Chromium, after real sweeps: what people see, and no error in the console."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')
pytest.importorskip("playwright", reason="Playwright drives the browser")

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from sweep.api.registry import model_history
from sweep.api.results import load_sweep
from sweep.api.silent import Silent
from sweep.api.ui import open_pages
from sweep.dashboard.language import words_in
from sweep.dashboard.showing import SCREENS
from tests.conftest import clean_environment, run_here
from tests.data_folders import ON_SMALL_TRACK, small_track

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NOT_OURS = {
    "/ajax-api/2.0/mlflow/users/current": "MLflow asks who is logged in where nobody logs in",
    "ResizeObserver loop": "Chromium's, when MLflow's table is laid out",
}
"""Console errors of MLflow's own pages, with their reasons; none of the dashboard or of optuna-dashboard."""
CLICKS, CLICK_MS = 3, 10_000  # Streamlit loses a click that comes while it connects
MODEL = "rccar-segmentation"
METRIC = "miou_segmentation"
SMALL = (*ON_SMALL_TRACK, "--image-size", "64x48", "--quiet")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps of real training; the second one is not promoted, so it is a candidate."""
    folder = tmp_path_factory.mktemp("browser")
    small_track(folder / "track", n_frames={"train": 32, "val": 12})
    for words in (("--name", "first", "--trials", "3"), ("--name", "second", "--trials", "3", "--seed", "3")):
        promote = () if "first" in words else ("--no-promote",)
        inline = ("--executor", "inline", "--keep", "2")  # torch is here already
        told = run_here("run", *SMALL, *inline, *words, *promote, "--home", str(folder), folder=folder)
        assert told.returncode == 0, told.stderr
    return folder


@pytest.fixture(scope="module")
def addresses(home: Path) -> Iterator[dict[str, str]]:
    with open_pages(Silent(), environ=clean_environment(), home=str(home)) as pages:
        yield {page.key: page.address for page in pages.pages}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not on this machine")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, errors: list[str]) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} {message.location}")

    opened.on("console", hear)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn the page."""
    page.wait_for_selector("h1")
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )


def opened_at(page: Page, address: str, name: str, *, language: str = "en") -> None:
    """Go to a page of the dashboard by its menu, as people do."""
    page.goto(f"{address}/?lang={language}")
    settled(page)
    turned_to(page, name, language=language)


def turned_to(page: Page, name: str, *, language: str = "en") -> None:
    """Click a page's name in the menu of one that is open."""
    words = words_in(language)
    title = words(f"{name}.title")
    link = page.get_by_test_id("stSidebarNav").get_by_text(words(f"{name}.menu"), exact=True)
    for _ in range(CLICKS if page.locator("h1").inner_text() != title else 0):
        link.click()
        with suppress(AssertionError):
            expect(page.locator("h1")).to_have_text(title, timeout=CLICK_MS)
            break
    expect(page.locator("h1")).to_have_text(title)
    settled(page)


def is_fine(page: Page, errors: list[str]) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    assert errors == []


def has_traces(page: Page) -> None:
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.wait_for_selector(
        ".js-plotly-plot :is(.trace, .bars, .hm, .contour, .parcoords, .parcoords-line-layers, path.point)",
        state="attached",
    )


@pytest.mark.parametrize("language", ["en", "tr"])
def test_every_page_opens_by_the_menu(
    language: str, page: Page, addresses: dict[str, str], errors: list[str]
) -> None:
    opened_at(page, addresses["dashboard"], "registry", language=language)
    for name in SCREENS:
        turned_to(page, name, language=language)
        is_fine(page, errors)


def test_pages_stay_within_a_narrow_screen(page: Page, addresses: dict[str, str], errors: list[str]) -> None:
    opened_at(page, addresses["dashboard"], "registry")
    for name in SCREENS:
        page.set_viewport_size({"width": 1280, "height": 900})
        turned_to(page, name)
        page.set_viewport_size({"width": 400, "height": 900})
        settled(page)
        page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 400")
    is_fine(page, errors)


def test_a_click_on_a_sweep_opens_it(page: Page, addresses: dict[str, str], errors: list[str]) -> None:
    opened_at(page, addresses["dashboard"], "overview")
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_contain_text("second")
    table.click(position={"x": 60, "y": 52})  # the first row below the header
    expect(page.locator("h1")).to_have_text("Sweep")
    expect(page.get_by_role("combobox", name="Sweep")).to_have_value(re.compile("^second "))
    is_fine(page, errors)


def test_every_tab_of_a_sweep_draws_something(
    page: Page, addresses: dict[str, str], errors: list[str]
) -> None:
    opened_at(page, addresses["dashboard"], "sweep")
    for tab in (
        "History",
        "Learning curves",
        "Importance",
        "Parallel coordinates",
        "Slice",
        "Contour",
        "Workers",
    ):
        page.get_by_role("tab", name=tab, exact=True).click()
        settled(page)
        has_traces(page)
    is_fine(page, errors)


def test_filters_narrow_the_trial_table(page: Page, addresses: dict[str, str], errors: list[str]) -> None:
    opened_at(page, addresses["dashboard"], "sweep")
    page.get_by_role("tab", name="Trials", exact=True).click()
    expect(page.get_by_text("3 of 3 trials")).to_be_visible()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_role("textbox", name="Words").fill("trial-001")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 trials")).to_be_visible()
    is_fine(page, errors)


def test_runs_are_compared_with_losses_metrics_and_classes(
    page: Page, addresses: dict[str, str], errors: list[str]
) -> None:
    opened_at(page, addresses["dashboard"], "compare")
    has_traces(page)
    for heading in ("Losses", "Metrics", "Parameters", "Classes"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stDataFrame]')].some(e => e.textContent.includes('★'))"
    )
    page.get_by_role("radio", name="radar").or_(page.get_by_text("radar", exact=True)).first.click()
    page.wait_for_selector(".js-plotly-plot .polar")
    is_fine(page, errors)


def test_pictures_confusion_and_classes_of_an_evaluated_trial(
    page: Page, addresses: dict[str, str], errors: list[str]
) -> None:
    opened_at(page, addresses["dashboard"], "pictures")
    expect(page.get_by_role("heading", name="Worst")).to_be_visible()
    page.wait_for_function("document.querySelector('[data-testid=stImage] img')?.naturalWidth > 50")
    page.get_by_role("tab", name="Confusion matrix").click()
    page.wait_for_selector(".js-plotly-plot .heatmaplayer", state="attached")
    page.get_by_role("tab", name="Classes").click()
    has_traces(page)
    is_fine(page, errors)


def test_promoted_over_the_gate_and_rolled_back(
    page: Page, addresses: dict[str, str], errors: list[str], home: Path
) -> None:
    assert model_history(MODEL, home=str(home)).champion == "1"
    opened_at(page, addresses["dashboard"], "registry")
    page.get_by_text("Promote trial-", exact=False).click()
    promote = page.get_by_role("button", name="Promote", exact=True)
    expect(promote).to_be_disabled()
    page.get_by_text("Go over the gate").click()
    field = page.get_by_label("to confirm").last
    name = page.get_by_text("Promote trial-", exact=False).inner_text().split()[-1]
    field.fill(name)
    field.press("Enter")
    expect(promote).to_be_enabled()
    promote.click()
    expect(page.get_by_text("version 2 is in Production now", exact=False)).to_be_visible(timeout=60_000)
    assert model_history(MODEL, home=str(home)).champion == "2"
    page.get_by_text("Roll back", exact=True).first.click()
    field = page.get_by_label(f"Type {MODEL} to confirm")
    field.fill(MODEL)
    field.press("Enter")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("version 1 is back in Production", exact=False)).to_be_visible(timeout=60_000)
    found = model_history(MODEL, home=str(home))
    assert found.champion == "1"
    assert [reign.entry.deed.value for reign in found.reigns][1:] != []
    is_fine(page, errors)


def test_the_language_is_switched_at_the_side(
    page: Page, addresses: dict[str, str], errors: list[str]
) -> None:
    opened_at(page, addresses["dashboard"], "overview")
    page.get_by_text("Türkçe", exact=True).click()
    expect(page.locator("h1")).to_have_text("Genel bakış")
    page.get_by_test_id("stSidebarNav").get_by_text("Karşılaştırma", exact=True).click()
    expect(page.locator("h1")).to_have_text("Karşılaştırma")
    is_fine(page, errors)


def test_optuna_dashboard_shows_plots_notes_and_pictures(
    page: Page, addresses: dict[str, str], errors: list[str], home: Path
) -> None:
    page.goto(addresses["optuna"])
    page.get_by_text("first").first.click()
    expect(page).to_have_title("Optuna Dashboard")
    has_traces(page)
    best = load_sweep("first", home=home).best
    assert best is not None
    page.goto(f"{page.url.rstrip('/')}/trials?numbers={best.number}")
    noted = page.get_by_role("listitem").filter(has_text=f"{METRIC}: {best.value:.6g} after epoch")
    expect(noted.first).to_be_visible()
    expect(page.get_by_role("link", name="its run in MLflow").first).to_be_visible()
    page.wait_for_function(
        "[...document.images].filter(e => e.src.includes('/artifacts/') && e.naturalWidth > 50).length === 2"
    )
    assert errors == []


def test_the_mlflow_ui_shows_runs_metrics_and_artifacts(
    page: Page, addresses: dict[str, str], errors: list[str], home: Path
) -> None:
    best = load_sweep("first", home=home).best
    assert best is not None
    page.goto(addresses["mlflow"])
    expect(page).to_have_title("Home - MLflow")
    page.get_by_text("autonomous_vehicle").first.click()
    page.wait_for_url(re.compile(r"/experiments/\d+"))
    (number,) = re.findall(r"/experiments/(\d+)", page.url)
    # Its own guidance lies over the menu.
    page.goto(f"{addresses['mlflow']}/#/experiments/{number}/runs")
    for name in ("first", "second"):
        expect(page.get_by_role("row").filter(has_text=name).first).to_be_visible()
    run = f"{addresses['mlflow']}/#/experiments/{number}/runs/{best.run_id}"
    page.goto(run)
    expect(page.get_by_role("row").filter(has_text=METRIC).first).to_contain_text(str(best.value)[:8])
    page.goto(f"{run}/artifacts")
    expect(page.get_by_text("evaluation", exact=True).first).to_be_visible()
    assert [one for one in errors if not any(known in one for known in NOT_OURS)] == []
