"""What this machine carries: cores, memory, GPUs. Looked up without importing torch."""

import os
from pathlib import Path

import psutil

# A worker with torch, torchvision and a small model on its way: measured 0.5 to 0.9 GiB resident.
WORKER_GIB = 1.0


def n_cores() -> int:
    """Cores this process may use, heeding CPU affinity and cgroup quotas.

    Returns:
        At least 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(cores, _cgroup_cores() or cores))


def n_gpus() -> int:
    """NVIDIA GPUs this process may use.

    Returns:
        Count of device files, or of CUDA_VISIBLE_DEVICES where that is set.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    present = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if visible is None:
        return present
    return min(present, len([item for item in visible.split(",") if item.strip() not in {"", "-1"}]))


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


def devices_for(device: str) -> tuple[str, ...]:
    """The devices workers take turns on.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".

    Returns:
        ("cpu",) or GPUs by name.
    """
    gpus = n_gpus()
    if device == "auto":
        device = "cuda" if gpus else "cpu"
    if device == "cuda":
        return tuple(f"cuda:{index}" for index in range(max(gpus, 1)))
    return (device,)


def _cgroup_cores() -> int | None:
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
