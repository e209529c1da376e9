"""What a machine carries: cores, workers, and the GPUs that torch can really use."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sweep.executors.machine import (
    Gpus,
    ask_torch,
    auto_workers,
    cgroup_cores,
    devices_for,
    find_gpus,
    has_gpu_files,
    hides_all,
    n_cores,
)
from sweep.wiring.workers import crowding
from tests.conftest import Cli

Python = Callable[[str], str]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """An interpreter that says what a test wants, and counts how often it was asked."""

    def make(script: str) -> str:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n{script}\n")
        file.chmod(0o755)
        return str(file)

    return make


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """Device files of a machine with one NVIDIA GPU."""
    folder = tmp_path / "dev"
    folder.mkdir()
    for name in ("null", "nvidia0", "nvidiactl"):
        (folder / name).touch()
    return folder


ONE = """echo '{"n_usable": 1, "trouble": ""}'"""
OLD_DRIVER = """echo '{"n_usable": 0, "trouble": "The NVIDIA driver on your system is too old"}'"""


@pytest.mark.parametrize(
    ("names", "there"),
    [
        (["null", "tty"], False),
        (["nvidiactl"], False),
        (["nvidia0"], True),
        (["dxg"], True),
        (["nvhost-gpu"], True),
    ],
)
def test_device_files_say_whether_torch_is_worth_asking(
    names: list[str], there: bool, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert has_gpu_files(tmp_path) is there


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [
        (None, False),
        ("", True),
        (" ", True),
        ("-1", True),
        ("-1,0", True),
        ("0", False),
        ("0,-1", False),
        ("1,0", False),
    ],
)
def test_cuda_visible_devices_that_begins_with_nothing_hides_all(visible: str | None, hidden: bool) -> None:
    assert hides_all(visible) is hidden


def test_gpus_are_those_torch_can_use_asked_once_for_each_choice_of_visible_ones(
    dev: Path, python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fake = python(ONE)
    assert find_gpus(dev=dev, python=fake) == find_gpus(dev=dev, python=fake) == Gpus(n_usable=1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert find_gpus(dev=dev, python=fake) == Gpus(n_usable=1)
    assert (tmp_path / "asked").read_text() == "asked\n" * 2


@pytest.mark.parametrize("visible", ["", "-1"])
def test_hidden_gpus_are_not_there_and_torch_is_not_asked(
    visible: str, dev: Path, python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert find_gpus(dev=dev, python=python(ONE)) == Gpus()
    assert not (tmp_path / "asked").exists()


def test_machine_without_device_files_does_not_wait_for_torch(python: Python, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert find_gpus(dev=tmp_path / "empty", python=python(ONE)) == Gpus()
    assert not (tmp_path / "asked").exists()


def test_driver_that_is_too_old_means_no_gpu_and_says_why(dev: Path, python: Python) -> None:
    assert ask_torch(python(OLD_DRIVER)) == Gpus(trouble="The NVIDIA driver on your system is too old")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo broken >&2; exit 1", "broken"),
        ("exit 3", "exit code 3"),
        ("echo 7; echo no json >&2", "no json"),
    ],
)
def test_torch_that_does_not_answer_means_no_gpu_and_says_what_it_said(
    script: str, said: str, python: Python
) -> None:
    gpus = ask_torch(python(script))
    assert gpus.n_usable == 0
    assert gpus.trouble.endswith(said)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_torch_of_a_machine_without_gpu_says_so_itself() -> None:
    gpus = ask_torch(sys.executable)
    assert gpus.n_usable == 0
    assert "NVIDIA" in gpus.trouble or "CUDA" in gpus.trouble


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_torch_of_a_machine_with_gpus_counts_them() -> None:
    assert ask_torch(sys.executable) == Gpus(n_usable=torch.cuda.device_count())


@pytest.mark.parametrize(
    ("device", "n_usable", "devices"),
    [
        ("auto", 0, ("cpu",)),
        ("auto", 2, ("cuda:0", "cuda:1")),
        ("cuda", 2, ("cuda:0", "cuda:1")),
        ("cuda", 0, ("cuda:0",)),
    ],
)
def test_devices_are_the_usable_gpus_else_the_cpu(
    device: str, n_usable: int, devices: tuple[str, ...]
) -> None:
    assert devices_for(device, find=lambda: Gpus(n_usable=n_usable)) == devices


@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_named_device_is_taken_as_it_is_without_asking(device: str) -> None:
    def find() -> Gpus:
        raise RuntimeError("asked")

    assert devices_for(device, find=find) == (device,)


def test_workers_are_one_a_gpu_or_at_most_one_a_core() -> None:
    assert auto_workers(("cuda:0", "cuda:1")) == 2
    assert 1 <= auto_workers(("cpu",)) <= n_cores()


@pytest.mark.parametrize(
    ("text", "cores"),
    [("max 100000\n", None), ("250000 100000\n", 2), ("50000 100000\n", 1), ("", None), ("1 0", None)],
)
def test_cgroup_quota_is_whole_cores(text: str, cores: int | None, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert cgroup_cores(tmp_path / "cpu.max") == cores
    assert cgroup_cores(tmp_path / "missing") is None


def test_looking_for_devices_imports_no_torch() -> None:
    code = (
        "import sys; from sweep.executors import machine; machine.find_gpus(); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


def test_gpu_that_torch_cannot_use_is_refused_where_it_is_named(cli: Cli) -> None:
    words = ("run", "--task", "segmentation", "--device", "cuda:99", "--dry-run")
    done = cli(*words, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 2
    assert "--device cuda:99: torch can use 0 NVIDIA GPUs" in done.stderr


def test_more_workers_than_the_machine_carries_are_said_and_not_refused() -> None:
    two_gpus = ("cuda:0", "cuda:1")
    assert crowding(2, two_gpus) == ""
    assert "--workers 4: this machine carries 2 (one a GPU)" in crowding(4, two_gpus)
    assert crowding(1, ("cpu",)) == ""
    assert "one a core" in crowding(10_000, ("cpu",))
