"""How long the dashboard's pages take in Chromium: 2,000 runs, 20,000 metric rows, one sweep of 300 trials.

    python benchmarks/dashboard_browser.py [home]     a home of an earlier call is used again

Opens each page twice: by its address, and by a click in the menu or on a tab of the running page. From there
until it is drawn (its title, a table, plot or picture, nothing turning) is timed, the median of `ROUNDS`.
The ratio is to an empty page of Streamlit, opened by its address in the same run. Aim: 2 s each.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from sweep.dashboard.language import words_in
from sweep.dashboard.screens.sweep import TABS
from sweep.dashboard.showing import SCREENS
from sweep.paths import Home
from sweep.serving import free_ports

ROUNDS = 3
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = {"width": 1280, "height": 1000}
NAME, TRIALS, EPOCHS = "sweep-0", 300, 5
EMPTY = "import streamlit as st\nst.title('empty')\nst.dataframe({'a': [1]})\n"
DRAWN = """title => {
    const app = document.querySelector('[data-testid=stApp]');
    const head = document.querySelector('h1');
    const main = document.querySelector('[data-testid=stMain]');
    if (!app || !head || !main || head.textContent.trim() !== title) return false;
    if (app.dataset.testScriptState !== 'notRunning') return false;
    if (main.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton]')) return false;
    const content = '[data-testid=stDataFrame] canvas, .js-plotly-plot .main-svg, [data-testid=stImage] img, '
        + '[data-testid=stAlert]';
    return [...main.querySelectorAll(content)].some(one => one.getBoundingClientRect().height > 0);
}"""
"""Whether a page of this title is drawn."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        home = Path(sys.argv[1] if len(sys.argv) > 1 else folder).resolve()
        _fill(home)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        with _empty(Path(folder)) as address:
            first = _opened(page, address, "empty")
            floor = statistics.median(_opened(page, address, "empty") for _ in range(ROUNDS))
        print(f"an empty page of Streamlit: {floor:.2f} s; where the browser has no file of it {first:.2f} s")
        with _dashboard(home) as address:
            _measure(page, address, floor)
        browser.close()


def _measure(page: Page, address: str, floor: float) -> None:
    words = words_in("en")

    def said(what: str, timed: Callable[[], float], *, rounds: int = ROUNDS) -> None:
        found = statistics.median(timed() for _ in range(rounds))
        print(f"{what}: {found:.2f} s, {found / floor:.1f} of the empty page", flush=True)

    said("the first page of a new server", lambda: _opened(page, address, words("overview.title")), rounds=1)
    for name in SCREENS:
        by_address = partial(
            _opened,
            page,
            f"{address}/{'' if name == 'overview' else name}?sweep={NAME}",
            words(f"{name}.title"),
        )
        said(f"{name}, the first time", by_address, rounds=1)
        said(f"{name}, by its address", by_address)
    for name in SCREENS:
        said(f"{name}, by the menu", partial(_by_menu, page, name))
    _opened(page, f"{address}/sweep?sweep={NAME}", words("sweep.title"))
    for name in TABS:
        said(f"tab {name}, the first time", partial(_by_tab, page, name), rounds=1)
        said(f"tab {name}", partial(_by_tab, page, name))


def _opened(page: Page, address: str, title: str) -> float:
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(DRAWN, arg=title, polling=20)
    return time.perf_counter() - began


def _by_menu(page: Page, name: str) -> float:
    words = words_in("en")
    menu = page.get_by_test_id("stSidebarNav")
    other = "registry" if name == "overview" else "overview"
    menu.get_by_text(words(f"{other}.menu"), exact=True).click()
    page.wait_for_function(DRAWN, arg=words(f"{other}.title"))
    entry = menu.get_by_text(words(f"{name}.menu"), exact=True)
    began = time.perf_counter()
    entry.click()
    page.wait_for_function(DRAWN, arg=words(f"{name}.title"), polling=20)
    return time.perf_counter() - began


def _by_tab(page: Page, name: str) -> float:
    words = words_in("en")
    other = "history" if name == "failures" else "failures"
    page.get_by_role("tab", name=words(f"sweep.tab.{other}"), exact=True).click()
    _until_tab(page)
    tab = page.get_by_role("tab", name=words(f"sweep.tab.{name}"), exact=True)
    began = time.perf_counter()
    tab.click()
    _until_tab(page)
    return time.perf_counter() - began


def _until_tab(page: Page) -> None:
    """Wait for the open tab alone: what another one drew does not count."""
    page.wait_for_timeout(50)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'", polling=20
    )
    content = ":is([data-testid=stDataFrame] canvas, .js-plotly-plot .main-svg, [data-testid=stAlert])"
    page.locator(f"[role=tabpanel] {content} >> visible=true").first.wait_for()


def _fill(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "mlflow.db").exists():
        script = Path(__file__).with_name("dashboard_pages.py")
        subprocess.run([sys.executable, str(script), str(home)], check=True, stdout=subprocess.DEVNULL)
    if not (home / "optuna.db").exists():
        _fill_study(home)


def _fill_study(home: Path) -> None:
    """A study of the large sweep: 8 parameters, 4 in 5 trials complete, the others pruned."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kept = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(TRIALS):
        trial = kept.ask()
        trial.set_user_attr("trial_uid", f"{NAME}-{number}")  # tells the study from another of that name
        value = sum((trial.suggest_float(f"x{axis}", 0, 1) - 0.1 * axis) ** 2 for axis in range(6))
        value += trial.suggest_int("batch_size", 2, 32) / 100
        value += 0.1 * ("unet", "tiny_unet", "lraspp").index(
            trial.suggest_categorical("model_name", ["unet", "tiny_unet", "lraspp"])
        )
        for epoch in range(1, EPOCHS + 1):
            trial.report(value + 1 / epoch, epoch)
        if number % 5 == 4:
            kept.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            kept.tell(trial, value)
    optuna.create_study(storage=Home(home).optuna_url, study_name=NAME).add_trials(kept.trials)


@contextmanager
def _dashboard(home: Path) -> Iterator[str]:
    words = ("ui", "--only", "dashboard", "--no-browser", "--json", "--home", str(home))
    command = [sys.executable, "-m", "sweep.cli.main", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["dashboard"]
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _empty(folder: Path) -> Iterator[str]:
    app = folder / "empty.py"
    app.write_text(EMPTY)
    port = free_ports([8601], None)[0]
    flags = (f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true")
    command = [sys.executable, "-m", "streamlit", "run", str(app), *flags, "--browser.gatherUsageStats=false"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
