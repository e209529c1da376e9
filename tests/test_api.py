"""The faces for Python: they find the same home as the command line."""

from pathlib import Path

import pytest

import sweep
from sweep.errors import InputError
from sweep.paths import Home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder, and an environment that says nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("SWEEP_HOME", "SWEEP_TRACKING_URI", "SWEEP_TRIALS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_home_is_the_one_given_else_the_environments_else_mlruns(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Home.at().root == folder / "mlruns"
    monkeypatch.setenv("SWEEP_HOME", "elsewhere")
    assert Home.at().root == folder / "elsewhere"
    assert Home.at("given").root == folder / "given"
    monkeypatch.setenv("SWEEP_HOME", " ")
    assert Home.at().root == folder / "mlruns"


def test_run_sweep_heeds_the_environment_and_a_keyword_beats_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEP_HOME", str(folder / "elsewhere"))
    monkeypatch.setenv("SWEEP_TRIALS", "40")
    flags = {"task": "segmentation", "trainer": "stand_in", "executor": "inline", "epochs": 1}
    report = sweep.run_sweep(**flags, trials=2)
    assert report.home == folder / "elsewhere"
    assert report.summary.counts["complete"] == 2
    assert not (folder / "mlruns").exists()


def test_load_model_looks_in_the_environments_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_HOME", str(folder / "elsewhere"))
    with pytest.raises(InputError, match="elsewhere holds no MLflow database"):
        sweep.load_model("models:/any/Production")
    with pytest.raises(InputError, match="given holds no MLflow database"):
        sweep.load_model("models:/any/Production", home="given")


def test_load_model_asks_the_environments_server_unless_a_home_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEP_TRACKING_URI", str(folder / "a-folder"))
    with pytest.raises(InputError, match="a folder is no store"):
        sweep.load_model("models:/any/Production")
    with pytest.raises(InputError, match="given holds no MLflow database"):
        sweep.load_model("models:/any/Production", home="given")
