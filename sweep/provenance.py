"""Where a sweep's numbers come from: the code, the packages, the machine."""

import getpass
import os
import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "rccar-sweep",
    "torch",
    "torchvision",
    "segmentation-models-pytorch",
    "numpy",
    "pillow",
    "optuna",
    "mlflow",
)
GIT_TIMEOUT_S = 5
_GITS = ("PATH", "HOME", "XDG_CONFIG_HOME", "GIT_", "LANG", "LC_", "SYSTEMROOT")


def package_versions() -> dict[str, str]:
    """Versions of what decides about a result.

    Returns:
        By distribution name; a package that is not installed is left out.
    """
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def who() -> str:
    """Who runs this program, and where.

    Returns:
        `user@host`.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def git_commit() -> str | None:
    """Commit of the current folder's checkout, with `-dirty` behind it if files were changed.

    Returns:
        None outside a checkout or without git.
    """
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return None
    return f"{commit}-dirty" if _git("status", "--porcelain", "--untracked-files=no") else commit


def _git(*words: str) -> str:
    try:
        done = subprocess.run(
            ["git", *words],
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
            # It may run hooks and helpers of the checkout: no password of the environment is their business.
            env={name: value for name, value in os.environ.items() if name.startswith(_GITS)},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
