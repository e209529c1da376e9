"""The pages of docs/: they build strictly, say what the program says, and their console blocks run."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_here

DOCS = ROOT / "docs"
PAGES = [DOCS / "index.md", DOCS / "tr.md", *sorted((DOCS / "guides").glob("*.md"))]
STAND_IN = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "2", "--workers", "1", "--quiet")


def commands(page: Path) -> list[str]:
    """What the console blocks of a page run, also of blocks in lists."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = (line.strip() for block in blocks for line in block.splitlines())
    return [line[2:] for line in lines if line.startswith("$ ")]


def run_all(page: Path, folder: Path) -> None:
    for command in commands(page):
        program, *words = command.split()
        assert program == "sweep"
        done = run_here(*words, folder=folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the quick start was followed."""
    folder = tmp_path_factory.mktemp("begun")
    run_all(DOCS / "index.md", folder)
    return folder


@pytest.fixture(scope="module")
def two_sweeps(begun: Path) -> Path:
    """The folder with the sweeps that the guides tell of, too; nobody asks them for a model."""
    for name, seed in (("monday", "0"), ("tuesday", "1")):
        done = run_here("run", *STAND_IN, "--name", name, "--seed", seed, folder=begun)
        assert done.returncode == 0, done.stderr
    return begun


@pytest.mark.long
@pytest.mark.timeout(900)
def test_quick_start_runs_from_its_first_command_to_its_last(begun: Path) -> None:
    assert "rccar-demo-segmentation" in run_here("models", folder=begun).stdout


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != DOCS], ids=lambda page: page.stem)
def test_commands_of_a_guide_run(page: Path, two_sweeps: Path) -> None:
    assert commands(page), "no command of this page is run"
    run_all(page, two_sweeps)


def test_turkish_quick_start_has_the_commands_and_the_code_of_the_english_one() -> None:
    english, turkish = (DOCS / name for name in ("index.md", "tr.md"))
    assert commands(turkish) == commands(english)
    codes = [
        re.findall(r"```\w*\n(.*?)```", one.read_text(encoding="utf-8"), re.DOTALL)
        for one in (english, turkish)
    ]
    bare = [[re.sub(r"\s+#(?! frame).*", "", block) for block in code] for code in codes]
    assert bare[0] == bare[1]


def test_reference_of_the_commands_says_what_the_program_says() -> None:
    made = runpy.run_path(str(DOCS / "commands.py"))["reference"]()
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == made, "run `make docs`"


@pytest.mark.slow
def test_site_builds_strictly_and_asks_nobody_else_for_anything(tmp_path: Path) -> None:
    words = ("build", "--strict", "-f", str(DOCS / "site" / "mkdocs.yml"), "-d", str(tmp_path / "site"))
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        asked = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', text)
        assert asked == [], page.name


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    navigation = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert [page for page in pages if page not in navigation] == []
