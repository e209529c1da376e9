"""`sweep ui` as a user meets it: real servers, real signals, real processes that must be gone afterwards."""

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from sweep.api.ui_servers import KEYS, Places, server_of
from sweep.errors import InputError
from sweep.paths import Home
from sweep.serving import free_ports, starting_alone
from tests.conftest import Cli, clean_environment, run_here
from tests.served_pages import NO_BROWSER, addresses, ask, started

SECRET = "hunter2"


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose home has a sweep of three trials."""
    folder = tmp_path_factory.mktemp("looked-at")
    words = ("--task", "segmentation", "--trainer", "stand_in", "--trials", "3", "--workers", "1")
    assert run_here("run", *words, "--name", "seen", "--quiet", folder=folder).returncode == 0
    return folder


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process], within_s: float = 20) -> bool:
    """Whether all of them end in time."""
    return not psutil.wait_procs(processes, timeout=within_s)[1]


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
