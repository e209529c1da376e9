"""Takes the pictures of docs/pictures from the real pages of a small demo sweep: `make screenshots`.

Needs Chromium (`apt install chromium`). `HOME_DIR=... make screenshots` takes them of a home that is there.
"""

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, TimeoutError, sync_playwright
from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).with_name("pictures")
NAME = "demo"
SWEEP = ("run", "--task", "segmentation", "--trials", "12", "--epochs", "4", "--name", NAME)
SIZE = {"width": 1280, "height": 860}
COLUMNS = 100
MOST_BYTES = 200_000
SETTLE_MS = 3000
PATIENCE_MS = 120_000
DASHBOARD = ("overview", "sweep", "compare", "pictures", "registry")
"""Pages of our own dashboard, by the end of their address."""


def main() -> None:
    """Run a sweep, open its pages, take their pictures."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        home = Path(os.environ.get("HOME_DIR") or Path(scratch) / "mlruns").resolve()
        if not home.exists():
            _run_and_watch(home, page)
        _take_terminal(page, "terminal", "show", NAME, "--home", str(home))
        page.set_viewport_size(SIZE)
        page.goto((home / "sweeps" / NAME / "report.html").as_uri())
        _save(page, "report")
        with _served(home) as pages:
            for title, address in _addresses(pages):
                page.goto(address)
                _save(page, title)
        browser.close()


def _addresses(pages: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in DASHBOARD:
        yield f"dashboard-{name}", f"{pages['dashboard']}/{name if name != DASHBOARD[0] else ''}"
    yield "optuna-dashboard", f"{pages['optuna']}/dashboard/studies/1"
    asked = f"{pages['mlflow']}/api/2.0/mlflow/experiments/get-by-name?experiment_name=autonomous_vehicle"
    with urllib.request.urlopen(asked) as answer:
        number = json.load(answer)["experiment"]["experiment_id"]
    yield "mlflow", f"{pages['mlflow']}/#/experiments/{number}/runs"


def _run_and_watch(home: Path, page: Page) -> None:
    """Run the sweep; when a third of its trials have ended, take a picture of it from another terminal."""
    sweep = subprocess.Popen(_command(*SWEEP, "--home", str(home)), stdout=subprocess.PIPE, text=True)
    assert sweep.stdout is not None
    for line in sweep.stdout:
        if "[4/" in line:
            _take_terminal(page, "terminal-status", "status", "--home", str(home))
    if sweep.wait():
        raise SystemExit(f"the sweep ended with exit code {sweep.returncode}")


@contextmanager
def _served(home: Path) -> Iterator[dict[str, str]]:
    words = ("ui", "--no-browser", "--json", "--home", str(home))
    process = subprocess.Popen(_command(*words), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(60)


def _take_terminal(page: Page, title: str, *words: str) -> None:
    """Take a picture of what a command shows on a terminal."""
    shown = _on_a_terminal(_command(*words))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ sweep {words[0]} {NAME if NAME in words else ''}\n{shown}"))
    drawn = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="sweep"), flags=re.DOTALL)
    page.set_content(f"<body style='margin:0;width:{SIZE['width']}px'>{drawn}</body>")
    page.locator("svg").first.screenshot(path=_file(title))
    _shrink(_file(title))


def _on_a_terminal(command: list[str]) -> str:
    ours, theirs = pty.openpty()
    environ = os.environ | {"COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color"}
    # The error stream is no terminal, so that no wheel turns in the picture.
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environ)
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _save(page: Page, title: str) -> None:
    with suppress(TimeoutError):  # a page that asks again and again is never idle
        page.wait_for_load_state("networkidle")
    page.locator("h1, h2, h3, h4, [role=tab]").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=_file(title))
    _shrink(_file(title))


def _shrink(file: Path) -> None:
    """Few colours do for a page; fewer still where it is large."""
    picture = Image.open(file).convert("RGB")
    for n_colours in (256, 128, 64, 32):
        picture.quantize(n_colours).save(file, optimize=True)
        if file.stat().st_size < MOST_BYTES:
            return


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sweep.cli.main", *words]


def _file(title: str) -> Path:
    return PICTURES / f"{title}.png"


if __name__ == "__main__":
    main()
