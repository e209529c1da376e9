"""`sweep compare`: two sweeps side by side, and no verdict where scores say nothing about each other."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import run_here


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep, its double, and one that looks the same but ran on other data."""
    folder = tmp_path_factory.mktemp("compare")
    words = ("run", "--task", "segmentation", "--trainer", "stand_in", "--trials", "3", "--workers", "1")
    assert run_here(*words, "--name", "first", "--json", folder=folder).returncode == 0
    sweeps = folder / "mlruns" / "sweeps"
    for name, old, new in (
        ("second", "", ""),
        ("elsewhere", '"data_digest": ""', f'"data_digest": "{"d" * 64}"'),
        ("others", '"classes": []', '"classes": ["cone"]'),
        ("losing", '"metric": "miou_segmentation"', '"metric": "dice_segmentation"'),
    ):
        shutil.copytree(sweeps / "first", sweeps / name)
        spool = sweeps / name / "spool.jsonl"
        text = spool.read_text().replace('"name": "first"', f'"name": "{name}"')
        assert old in text
        spool.write_text(text.replace(old, new) if old else text)
    return folder


def test_table_fits_80_columns_and_says_how_much_better_the_second_is(root: Path) -> None:
    done = run_here("compare", "first", "second", folder=root)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "second's best miou_segmentation is equal to first's" in done.stdout
    assert "the two best have the same model_name" in done.stdout
    assert "the scores can be compared: same task" in done.stdout


@pytest.mark.parametrize(
    ("other", "obstacle"),
    [
        ("elsewhere", "other data: digests"),
        ("others", "other classes"),
        ("losing", "other metrics: miou_segmentation and dice_segmentation"),
    ],
)
def test_scores_of_other_data_classes_or_metrics_are_not_compared(
    root: Path, other: str, obstacle: str
) -> None:
    found = json.loads(run_here("compare", "first", other, "--json", folder=root).stdout)
    assert (found["comparable"], found["difference"]) == (False, None)
    assert obstacle in found["obstacles"][0]
    shown = run_here("compare", "first", other, folder=root).stdout
    assert "the scores cannot be compared" in shown
    assert "better" not in shown


def test_unknown_sweep_is_answered_with_the_near_one(root: Path) -> None:
    done = run_here("compare", "first", "secnd", folder=root)
    assert (done.returncode, "did you mean second?" in done.stderr) == (2, True)


def test_sweep_beside_itself_is_refused(root: Path) -> None:
    done = run_here("compare", "first", "first", folder=root)
    assert (done.returncode, "compared with itself" in done.stderr) == (2, True)
