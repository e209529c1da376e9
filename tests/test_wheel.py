"""The wheel runs outside the checkout: code, search spaces and workers come from it alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment

pytestmark = pytest.mark.long


def test_wheel_installed_elsewhere_lists_spaces_and_runs_a_sweep(tmp_path: Path) -> None:
    source = tmp_path / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    if not listed[0]:
        pytest.skip("not a git checkout: what belongs to the source is not known")
    for name in listed:
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(source),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=200)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=200)

    environment = clean_environment() | {"PYTHONPATH": str(site), "PATH": os.environ["PATH"]}

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = python(
        "-c", "import sweep, rccar_models, search_spaces; print(sweep.__file__, rccar_models.__file__)"
    )
    assert where.count(str(site)) == 2
    assert "demo_segmentation" in python("-m", "sweep.cli.main", "spaces")
    words = ("run", "--task", "segmentation", "--trainer", "stand_in", "--trials", "2", "--epochs", "2")
    assert "all 2 trials ended" in python("-m", "sweep.cli.main", *words)
