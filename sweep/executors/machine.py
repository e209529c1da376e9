"""What this machine carries: cores, memory, GPUs. Looked up without importing torch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

# A worker with torch, torchvision and a small model on its way: measured 0.5 to 0.9 GiB resident.
WORKER_GIB = 1.0
DEV = Path("/dev")
GPU_FILES = ("nvidia[0-9]*", "dxg", "nvhost-gpu")
ASK_TIMEOUT_S = 120.0  # torch from a cold disk, and a context on each GPU
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def n_cores() -> int:
    """Cores this process may use, heeding CPU affinity and cgroup quotas.

    Returns:
        At least 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(cores, cgroup_cores(CPU_MAX) or cores))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpus:
    """GPUs of this machine.

    Args:
        n_usable: how many torch can use, counted from cuda:0.
        trouble: why it is not all of them, one line; empty if it is, or if there is none.
    """

    n_usable: int = 0
    trouble: str = ""


def find_gpus(*, dev: Path = DEV, python: str = sys.executable) -> Gpus:
    """Find out which GPUs torch can use, heeding CUDA_VISIBLE_DEVICES.

    A device file does not say whether torch is built for CUDA and the driver is new enough for it. A process
    of its own tries, in some seconds, which only a machine with such a file pays, and once.

    Args:
        dev: folder of device files.
        python: the interpreter that has torch.

    Returns:
        What there is.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return _found(python, visible) if has_gpu_files(dev) and not hides_all(visible) else Gpus()


def has_gpu_files(dev: Path) -> bool:
    """Say whether there is anything to ask torch about.

    Args:
        dev: folder of device files.

    Returns:
        Whether it has one of an NVIDIA driver: of a desktop or server, in WSL, or of a Jetson.
    """
    return any(any(dev.glob(pattern)) for pattern in GPU_FILES)


def hides_all(visible: str | None) -> bool:
    """Say whether no GPU may be used.

    Args:
        visible: CUDA_VISIBLE_DEVICES; None where it is not set.

    Returns:
        True if it is empty or begins with -1: CUDA reads the list up to its first wrong entry.
    """
    return visible is not None and visible.split(",")[0].strip() in {"", "-1"}


def ask_torch(python: str) -> Gpus:
    """Ask torch in a process of its own.

    Args:
        python: the interpreter that has it.

    Returns:
        What it answers; no usable GPU if it does not, with what it said last.
    """
    command = [python, "-P", "-m", "sweep.workshop.gpus"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Gpus(trouble=f"torch does not say which it can use: {error}")
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
        return Gpus(n_usable=int(answer["n_usable"]), trouble=str(answer["trouble"]))
    except (ValueError, LookupError, TypeError):
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Gpus(trouble=f"torch does not say which it can use: {said[-1]}")


@cache
def _found(python: str, _visible: str | None) -> Gpus:
    return ask_torch(python)


def auto_workers(devices: tuple[str, ...]) -> int:
    """How many workers this machine carries.

    One thread a worker trains small networks faster than one worker on all cores (measured 348
    against 225 images/s on two cores). A GPU serves one trial at a time.

    Args:
        devices: "cpu", or the GPUs to be used.

    Returns:
        At least 1.
    """
    if devices[0] != "cpu":
        return len(devices)
    by_memory = int(psutil.virtual_memory().available / (WORKER_GIB * 2**30))
    return max(1, min(n_cores(), by_memory))


def devices_for(device: str, *, find: Callable[[], Gpus] = find_gpus) -> tuple[str, ...]:
    """The devices workers take turns on.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".
        find: finds out which GPUs can be used; asked only where it matters.

    Returns:
        ("cpu",) or GPUs by name; ("cuda:0",) for "cuda" without any, which is for others to refuse.
    """
    if device not in {"auto", "cuda"}:
        return (device,)
    n_usable = find().n_usable
    if device == "auto" and not n_usable:
        return ("cpu",)
    return tuple(f"cuda:{index}" for index in range(max(n_usable, 1)))


def cgroup_cores(cpu_max: Path) -> int | None:
    """Cores that a cgroup's quota comes to, as a container gets one.

    Args:
        cpu_max: the file `cpu.max` of cgroup v2, e.g. "150000 100000" microseconds.

    Returns:
        Whole cores, at least 1; None without a quota.
    """
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
        return None if quota == "max" else max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None
