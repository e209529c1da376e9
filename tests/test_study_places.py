"""The study of a sweep is found where the sweep put it."""

import json
from pathlib import Path

import pytest

from sweep.api.silent import Silent
from sweep.api.studies import open_study_plots
from sweep.api.ui import open_pages
from sweep.errors import InputError
from tests.conftest import clean_environment, run_here

SMALL = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "2", "--workers", "1", "--quiet")


class Listener(Silent):
    """Remembers notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep of its own storage, named by a relative address, and one in the home's."""
    folder = tmp_path_factory.mktemp("elsewhere")
    words = ("--home", str(folder / "home"))
    for more in (("--name", "own", "--storage", "sqlite:///own.db"), ("--name", "usual")):
        told = run_here("run", *SMALL, *more, *words, folder=folder)
        assert told.returncode == 0, told.stderr
    return folder / "home"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own", "usual"])
@pytest.mark.parametrize("named", [True, False])
def test_study_is_found_by_the_sweeps_own_config_from_any_folder(
    name: str, named: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = f"sqlite:///{home / 'optuna.db'}" if named else None
    assert open_study_plots(name, home=str(home), storage=storage).history().data


@pytest.mark.slow
def test_storage_with_a_password_is_taken_from_whoever_looks_else_asked_for(home: Path) -> None:
    config = home / "sweeps" / "own" / "config.json"
    before = config.read_text()
    config.write_text(json.dumps(json.loads(before) | {"storage": "postgresql+psycopg://me:***@db/sweeps"}))
    try:
        given = f"sqlite:///{home.parent / 'own.db'}"
        assert open_study_plots("own", home=str(home), storage=given).history().data
        with pytest.raises(InputError, match=r"passwords are stored nowhere.*SWEEP_STORAGE="):
            open_study_plots("own", home=str(home))
    finally:
        config.write_text(before)


@pytest.mark.slow
def test_ui_names_the_sweeps_that_optuna_dashboard_does_not_show(home: Path) -> None:
    listener = Listener()
    with open_pages(listener, environ=clean_environment(), only="optuna", home=str(home)):
        pass
    assert len(listener.notices) == 1
    assert "does not show own" in listener.notices[0]
