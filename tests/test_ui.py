"""`sweep ui` as a user meets it: real servers, real signals, real processes that must be gone afterwards."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from sweep.api.ui_servers import KEYS, Places, server_of
from sweep.errors import InputError
from sweep.paths import Home
from sweep.serving import free_ports, starting_alone
from tests.conftest import Cli, clean_environment, run_here

SECRET = "hunter2"
NO_BROWSER = ("ui", "--no-browser", "--json")


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose home has a sweep of three trials."""
    folder = tmp_path_factory.mktemp("looked-at")
    words = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "3", "--workers", "1")
    assert run_here("run", *words, "--name", "seen", "--quiet", folder=folder).returncode == 0
    return folder


@contextmanager
def started(*words: str, folder: Path, **env: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of `sweep`; whatever is left of it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "sweep.cli.main", *words],
        cwd=folder,
        env=clean_environment() | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def addresses(process: "subprocess.Popen[str]") -> dict[str, str]:
    """What a started `sweep ui --json` says when all its pages answer."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=60)[1]
    found: dict[str, str] = json.loads(line)
    return found


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process], within_s: float = 20) -> bool:
    """Whether all of them end in time."""
    return not psutil.wait_procs(processes, timeout=within_s)[1]


def ask(address: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(
        address, method=method, data=body, headers={"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.long
def test_ui_starts_three_pages_on_loopback_and_a_killed_one_ends_all_with_exit_4(looked_at: Path) -> None:
    with started(*NO_BROWSER, folder=looked_at) as process:
        found = addresses(process)
        assert list(found) == ["dashboard", "optuna", "mlflow"]
        assert all(address.startswith("http://127.0.0.1:") for address in found.values())
        for key, address in found.items():
            assert ask(address)[0] == 200, key
        children = family(process)
        dashboard = next(
            one
            for one in children
            if "minder" not in " ".join(one.cmdline()) and "sweep.dashboard.server" in one.cmdline()
        )
        told = dashboard.environ()
        assert told["SWEEP_UI_OPTUNA"] == found["optuna"]
        assert told["SWEEP_UI_MLFLOW"] == found["mlflow"]
        assert told["SWEEP_HOME"] == str(looked_at / "mlruns")
        listening = {
            one.laddr.ip for child in children for one in child.net_connections() if one.status == "LISTEN"
        }
        assert listening == {"127.0.0.1"}
        server = next(one for one in children if "uvicorn" in one.cmdline())
        server.kill()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 4
        assert "the MLflow UI has ended" in errors
        assert gone(children)
    assert sorted(path.name for path in looked_at.iterdir()) == ["mlruns"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_ui_that_is_signalled_leaves_no_process(looked_at: Path, number: int, code: int) -> None:
    with started(*NO_BROWSER, "--only", "optuna", folder=looked_at) as process:
        addresses(process)
        children = family(process)
        assert len(children) == 2  # a minder and its server
        process.send_signal(number)
        assert process.wait(60) == code
        assert gone(children)


@pytest.mark.slow
def test_minder_that_is_killed_takes_its_server_along(looked_at: Path) -> None:
    with started(*NO_BROWSER, "--only", "optuna", folder=looked_at) as process:
        addresses(process)
        children = family(process)
        next(one for one in children if "sweep.serving.minder" in one.cmdline()).kill()
        assert process.wait(60) == 4
        assert gone(children)


@pytest.mark.slow
def test_optuna_page_shows_studies_takes_notes_and_deletes_nothing(looked_at: Path) -> None:
    with started(*NO_BROWSER, "--only", "optuna", folder=looked_at) as process:
        base = addresses(process)["optuna"]
        (study,) = json.loads(ask(f"{base}/api/studies")[1])["study_summaries"]
        assert study["study_name"] == "seen"
        one = f"{base}/api/studies/{study['study_id']}"
        written = json.loads(ask(f"{one}?after=0")[1])["note"]["version"]  # by the sweep
        note = json.dumps({"body": "the camera was tilted", "version": written + 1}).encode()
        assert ask(f"{one}/note", "PUT", note)[0] == 204
        assert ask(one, "DELETE")[0] == 403
        assert ask(f"{one}/rename", "POST", b'{"study_name": "mine"}')[0] == 403
        assert (
            ask(f"{base}/api/studies", "POST", b'{"study_name": "new", "directions": ["minimize"]}')[0] == 403
        )
        assert ask(f"{base}/api/studies", Host="evil.example:8080")[0] == 403
        detail: dict[str, Any] = json.loads(ask(f"{one}?after=0")[1])
        assert detail["note"]["body"] == "the camera was tilted"
        assert len(detail["trials"]) == 3


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
    looked_at: Path, tmp_path: Path
) -> None:
    for folder in (tmp_path / "here", tmp_path / "user"):
        (folder / ".streamlit").mkdir(parents=True)
        (folder / ".streamlit" / "config.toml").write_text(HOSTILE_CONFIG)
    words = (*NO_BROWSER, "--only", "dashboard", "--home", str(looked_at / "mlruns"))
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


def test_ui_with_a_port_that_is_taken_says_so(cli: Cli, looked_at: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = cli("ui", "--only", "optuna", "--port", str(port), "--home", str(looked_at / "mlruns"))
    assert done.returncode == 2
    assert f"--port {port}: another program listens there" in done.stderr


def test_usual_ports_are_taken_where_free_and_others_found_where_not() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        first, second = free_ports([busy, busy])
        assert len({busy, first, second}) == 3
        from_wanted = free_ports([1, 2, 3], first)
    assert from_wanted[0] == first
    assert from_wanted == sorted(set(from_wanted))
    with pytest.raises(InputError, match="a port is a number"):
        free_ports([8501], 70_000)


def test_two_that_start_at_once_choose_their_ports_one_after_the_other() -> None:
    order: list[str] = []

    def second() -> None:
        with starting_alone():
            order.append("second")

    with starting_alone():
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_ui_without_a_home_says_so_and_makes_nothing(cli: Cli, tmp_path: Path) -> None:
    for words in ((), ("--only", "optuna"), ("--only", "mlflow"), ("--only", "dashboard")):
        done = cli("ui", "--no-browser", *words)
        assert done.returncode == 2
        assert "nothing was run in" in done.stderr
        assert "sweep run" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ui_with_a_misspelt_page_names_those_there_are(cli: Cli) -> None:
    done = cli("ui", "--only", "tensorboard")
    assert done.returncode == 2
    assert "dashboard, optuna, mlflow" in done.stderr


def test_ui_without_streamlit_answers_with_the_command_that_installs_it(looked_at: Path) -> None:
    hidden = (
        "import sys; sys.modules['streamlit'] = None; sys.argv = ['sweep', 'ui', '--no-browser'];"
        "from sweep.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=looked_at,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert 'pip install "rccar-sweep[ui]"' in done.stderr


def test_an_mlflow_server_elsewhere_is_linked_and_not_started(cli: Cli, looked_at: Path) -> None:
    uri = f"https://me:{SECRET}@mlflow.example"
    done = cli(
        "ui", "--only", "mlflow", "--no-browser", "--tracking-uri", uri, "--home", str(looked_at / "mlruns")
    )
    assert done.returncode == 0
    assert "https://me:***@mlflow.example (not started here)" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_no_server_is_started_with_a_password_or_telemetry(tmp_path: Path) -> None:
    places = Places(
        home=Home(tmp_path),
        storage=f"postgresql+psycopg://me:{SECRET}@db/optuna",
        tracking_uri=f"postgresql+psycopg://me:{SECRET}@db/mlflow",
    )
    ports = {key: 9000 + number for number, key in enumerate(KEYS)}
    shell = {
        "MLFLOW_REGISTRY_STORE_URI": "sqlite:///other.db",
        "MLFLOW_RUN_ID": "1",
        "MLFLOW_HOST": "0.0.0.0",
    }
    for key in KEYS:
        server = server_of(key, places, ports, shell)
        assert SECRET not in " ".join(server.command) + repr(server)
        assert server.environ["DO_NOT_TRACK"] == "true"
        assert "MLFLOW_RUN_ID" not in server.environ
        assert "0.0.0.0" not in " ".join(server.command)
    mlflow = server_of("mlflow", places, ports, shell).environ
    assert mlflow["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert mlflow["MLFLOW_BACKEND_STORE_URI"] == places.tracking_uri
    assert not {"MLFLOW_REGISTRY_STORE_URI", "MLFLOW_HOST"} & set(mlflow)
    assert "--browser.gatherUsageStats=false" in server_of("dashboard", places, ports, shell).command


@pytest.mark.slow
def test_password_of_a_storage_is_in_no_argument_list_and_no_output(tmp_path: Path) -> None:
    storage = f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/optuna"
    with started(*NO_BROWSER, "--only", "optuna", folder=tmp_path, SWEEP_STORAGE=storage) as process:
        seen = set()
        while process.poll() is None:
            for child in family(process):
                with suppress(psutil.NoSuchProcess):
                    seen.add(" ".join(child.cmdline()))
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 4
    assert any("sweep.searching.pages" in line for line in seen)
    assert SECRET not in "".join([*seen, output, errors])
    assert "optuna-dashboard ended while it started" in errors
    assert "me:***@127.0.0.1" in errors
    assert list(tmp_path.iterdir()) == []
