"""Nobody else gets in: into the dashboard, or in the way of the locks that `sweep ui` takes."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sweep.api.ui_servers import Places, server_of
from sweep.errors import UnavailableError
from sweep.paths import Home
from sweep.serving import own_folder, starting_alone
from tests.conftest import run_here
from tests.served_pages import NO_BROWSER, addresses, ask, started

HOSTILE_CONFIG = """
[global]
developmentMode = true
[server]
baseUrlPath = "team"
enableCORS = false
enableXsrfProtection = false
corsAllowedOrigins = ["http://evil.example"]
allowedHosts = ["*"]
address = "0.0.0.0"
sslCertFile = "/none/cert.pem"
trustedUserHeaders = {X-User = "email"}
"""


def shake_hands(address: str, *, host: str | None = None, origin: str | None = None) -> int:
    """The status that a browser is answered which asks for the dashboard's WebSocket."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    headers = {"Host": host or where.netloc, "Upgrade": "websocket", "Connection": "Upgrade"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
    for name, value in (headers | ({"Origin": origin} if origin else {})).items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
def test_dashboard_is_open_to_its_own_page_alone_whatever_streamlit_was_told_elsewhere(
    tmp_path: Path,
) -> None:
    home = str(tmp_path / "mlruns")
    sweep = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "1", "--executor", "inline")
    assert run_here("run", *sweep, "--home", home, "--quiet", folder=tmp_path).returncode == 0
    for folder in (tmp_path / "here", tmp_path / "user"):
        (folder / ".streamlit").mkdir(parents=True)
        (folder / ".streamlit" / "config.toml").write_text(HOSTILE_CONFIG)
    words = (*NO_BROWSER, "--only", "dashboard", "--home", home)
    user = str(tmp_path / "user")
    with started(*words, folder=tmp_path / "here", HOME=user) as process:
        address = addresses(process)["dashboard"]
        port = urlsplit(address).port
        assert ask(address)[0] == 200
        assert ask(f"http://localhost:{port}", Origin=f"http://localhost:{port}")[0] == 200
        assert ask(address, Host=f"evil.example:{port}")[0] == 403
        assert ask(address, Origin="http://evil.example")[0] == 403
        assert shake_hands(address, origin=address) == 101
        assert shake_hands(address, host=f"localhost:{port}", origin=f"http://localhost:{port}") == 101
        for origin in ("http://evil.example", "https://127.0.0.1.evil.example", "http://127.0.0.1:1", "null"):
            assert shake_hands(address, origin=origin) == 403, origin
        evil = f"evil.example:{port}"
        assert shake_hands(address, host=evil, origin=f"http://{evil}") == 403


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home, without a folder for what lives as long as a login."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for key in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(key, raising=False)
    return tmp_path


def test_locks_lie_where_nobody_else_can_make_them(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = user / ".cache" / "rccar-sweep"
    assert own_folder() == cache
    assert cache.stat().st_mode & 0o777 == 0o700
    cache.chmod(0o777)
    assert own_folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(user / "run"))
    assert own_folder() == cache  # it is not there
    (user / "run").mkdir(mode=0o700)
    assert own_folder() == user / "run" / "rccar-sweep"
    (user / "run").chmod(0o777)
    assert own_folder() == cache
    places = Places(home=Home(user / "none"), storage="postgresql://db/a", tracking_uri="http://b")
    assert str(cache / "optuna.lock") in server_of("optuna", places, {"optuna": 1}, {}).command


def test_lock_that_cannot_be_taken_is_told_in_words(user: Path) -> None:
    (own_folder() / "ui.lock").mkdir()
    with pytest.raises(UnavailableError, match=r"ui\.lock cannot be taken"), starting_alone():
        pass
    (user / "file").write_text("")
    with pytest.raises(UnavailableError, match="where locks lie, cannot be used"):
        own_folder({"XDG_CACHE_HOME": str(user / "file")})
