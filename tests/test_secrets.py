"""One secret in every address that a sweep is given, looked for in all that it writes, says and starts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment
from tests.mlflow_server import MlflowServer
from tests.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.long

CANARY = PASSWORD


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[MlflowServer]:
    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def children(pid: int) -> dict[int, str]:
    """Command line and environment of every process that a process started, by process id."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            try:
                told = [Path(f"/proc/{child}/{name}").read_bytes() for name in ("cmdline", "environ")]
            except OSError:
                continue  # it has ended
            if b"sweep.cli.main" in told[0]:
                continue  # between fork and exec it is still the coordinator, to which the secret was given
            found[child] = b"".join(told).decode(errors="replace")
            found |= children(child)
    return found


def files_with_the_secret(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts and CANARY.encode() in path.read_bytes()
    ]


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
def test_secret_of_every_address_occurs_nowhere(
    postgres: PostgresServer, mlflow: MlflowServer, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for words in (["init", "-q"], ["remote", "add", "origin", f"https://me:{CANARY}@host/repo.git"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    words = ["run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "2", "--trials", "4"]
    words += ["--epochs", "3", "--name", "canary", "--set", "epoch_s=0.2", "--set", "fault=raise"]
    words += ["--set", "fault_share=0.3", "--tracking-uri", mlflow.url.replace("//", f"//me:{CANARY}@")]
    secrets = {"SWEEP_STORAGE": postgres.url, "PGPASSWORD": CANARY, "MLFLOW_TRACKING_PASSWORD": CANARY}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "sweep.cli.main", *words],
        cwd=work,
        env=clean_environment() | secrets,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said, started = [], dict[int, str]()
    for line in process.stdout:
        said.append(line)
        started |= children(process.pid)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "***" in "".join(said)  # the addresses are told, without their secret
    assert CANARY not in "".join(said) + stderr
    assert any("worker_main" in one for one in started.values())
    assert [one for one in started.values() if CANARY in one] == []
    assert files_with_the_secret(tmp_path) == []
    dump = postgres.dump("sweeps")
    assert "canary" in dump
    assert CANARY not in dump


def test_looking_for_the_secret_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "tag.json").write_text(f'{{"source": "https://me:{CANARY}@host"}}')
    assert files_with_the_secret(tmp_path) == ["tag.json"]
    code = "import time; print('runs', flush=True); time.sleep(30)"
    words = [sys.executable, "-c", code, CANARY]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "runs\n"  # before, it still has the words of this process
        shown = children(os.getpid())
        child.kill()
    assert CANARY in shown[child.pid]
