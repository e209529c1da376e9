"""Classes that know left from right beside a space that mirrors frames: said before a trial does it."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from sweep.api.run import load_config
from sweep.api.silent import Silent
from sweep.paths import Home
from sweep.wiring import parts
from tests.conftest import Cli
from tests.data_folders import mask_set

NOTICE = "mirrors frames (flip up to 0.5), which swaps left and right in lane_left; add --set flip=0"


class Listener(Silent):
    """Keeps what the user would read."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def notice(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def sided(tmp_path: Path) -> Path:
    mask_set(tmp_path / "sided", n_frames={"train": 8, "val": 2})
    (tmp_path / "sided" / "classes.txt").write_text("0 floor\n1 lane_left\n")
    return tmp_path / "sided"


def notices(data: Path, home: Path, **flags: object) -> list[str]:
    values = {"task": "segmentation", "data": str(data), "home": str(home), "set": {"batch_size": 4}}
    config = load_config(values | flags, environ={}).config
    listener = Listener()
    with ExitStack() as stack:
        space = parts.make_space(config)
        parts.make_data(stack, config, space, home=Home.at(home), observer=listener)
    return [text for text in listener.said if "flip" in text]


def test_sweep_that_mirrors_classes_with_a_side_says_how_to_stop_it(sided: Path, tmp_path: Path) -> None:
    (said,) = notices(sided, tmp_path / "home")
    assert said.endswith(NOTICE)
    assert notices(sided, tmp_path / "home", set={"batch_size": 4, "flip": 0.3}) != []


def test_sweep_that_mirrors_nothing_says_nothing(sided: Path, tmp_path: Path) -> None:
    assert notices(sided, tmp_path / "home", set={"batch_size": 4, "flip": 0}) == []
    assert notices(mask_set(tmp_path / "plain", n_frames={"train": 8, "val": 2}), tmp_path / "home") == []


def test_dry_run_and_check_give_the_same_flag(cli: Cli, sided: Path) -> None:
    words = ["--task", "segmentation", "--data", str(sided), "--set", "batch_size=4"]
    assert NOTICE in cli("run", *words, "--dry-run").stdout
    assert "run sweeps with --set flip=0" in cli("data", "check", str(sided)).stdout
