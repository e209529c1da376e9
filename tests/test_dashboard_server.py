"""The dashboard's server answers once the first page would not have to wait, and not much later."""

import threading
from collections.abc import Callable

import pytest

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')

from sweep.dashboard import server


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens, in its order; Streamlit itself is not started."""
    happened: list[str] = []
    monkeypatch.setattr("streamlit.web.cli.main", lambda _words, prog_name: happened.append(prog_name))
    return happened


def _warming(monkeypatch: pytest.MonkeyPatch, warm: Callable[[], None]) -> None:
    monkeypatch.setattr(server, "_warm", warm)


def test_server_answers_after_runs_were_read(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def warm() -> None:
        threading.Event().wait(0.2)
        said.append("read")

    _warming(monkeypatch, warm)
    server.main()
    assert said == ["read", "streamlit"]


def test_slow_mlflow_is_not_waited_for(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(server, "HEAD_START_S", 0.05)
    _warming(monkeypatch, lambda: said.append("read") if is_over.wait(30) else None)
    server.main()
    assert said == ["streamlit"]
    is_over.set()


def test_what_cannot_be_read_is_left_to_the_pages(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def warm() -> None:
        raise OSError("no database")

    _warming(monkeypatch, warm)
    server.main()
    assert said == ["streamlit"]
