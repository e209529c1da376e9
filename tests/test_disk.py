"""The disk below the home: full, read-only, on a network, and private."""

import errno
import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sweep import disk
from sweep.disk import Mount, check_place, full_disk_explained, network_system
from sweep.errors import UnavailableError
from sweep.paths import write_text
from tests.conftest import Cli, run_here, start_sweep

pytestmark = pytest.mark.long

MIB = 2**20


def mounted(folder: Path, options: str) -> bool:
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 48 MiB."""
    if not mounted(tmp_path / "disk", "size=48m"):
        pytest.skip("a small file system can be mounted by root alone")
    yield tmp_path / "disk"
    subprocess.run(["umount", "--lazy", str(tmp_path / "disk")], check=True)


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing can be written, also not by root."""
    folder = tmp_path / "closed"
    if mounted(folder, "size=1m,ro"):
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    elif os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
    else:
        pytest.skip("root without the right to mount writes everywhere")


def test_folder_that_is_closed_is_named_before_anything_starts(closed_folder: Path, cli: Cli) -> None:
    with pytest.raises(UnavailableError, match="closed/runs cannot be written"):
        check_place(closed_folder / "runs")
    done = cli("run", "--task", "segmentation", "--trainer", "stand_in", "--home", str(closed_folder))
    assert done.returncode == 4
    assert f"the home {closed_folder} cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_folder_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="file/home cannot be written"):
        check_place(tmp_path / "file" / "home")


def test_disk_with_too_little_room_is_refused_with_what_is_missing(small_disk: Path, cli: Cli) -> None:
    (small_disk / "filling").write_bytes(bytes(30 * MIB))
    words = ("--trainer", "stand_in", "--home", str(small_disk / "home"))
    done = cli("run", "--task", "segmentation", *words)
    assert done.returncode == 4
    assert "18.0 MiB are free, 32.0 MiB are needed, 14.0 MiB are missing" in done.stderr
    assert not (small_disk / "home").exists()


@pytest.mark.long
def test_disk_that_fills_up_stops_the_sweep_keeps_both_databases_and_resume_ends_it(
    small_disk: Path, tmp_path: Path
) -> None:
    home = small_disk / "home"
    words = ["--task", "segmentation", "--trainer", "stand_in", "--trials", "8", "--epochs", "20"]
    words += ["--name", "full", "--set", "epoch_s=0.05", "--pruner", "none", "--home", str(home)]
    process = start_sweep("run", *words, "--workers", "2", folder=tmp_path)
    assert process.stdout is not None
    ended = sum(1 for line in iter(process.stdout.readline, "") if filled_after(line, small_disk))
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert f"The disk of {home} is full" in stderr
    assert "MiB more, then go on with: sweep resume" in stderr
    assert "Traceback" not in stderr
    assert ended < 8
    (small_disk / "filling").unlink()
    for name in ("optuna.db", "mlflow.db"):
        with closing(sqlite3.connect(home / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    done = run_here("resume", "full", "--home", str(home), "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["complete"] == 8


def filled_after(line: str, small_disk: Path) -> bool:
    """Whether a trial has ended; the first one's end is when the disk fills up."""
    has_ended = "complete after epoch" in line
    if has_ended and not (small_disk / "filling").exists():
        with (small_disk / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
    return has_ended


def test_what_fails_on_a_full_disk_says_how_much_is_missing(tmp_path: Path) -> None:
    full = UnavailableError("the spool cannot be written")
    full.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    said = r"spool cannot .* is full: .* MiB are free; everything so far is kept. Free .* MiB"
    with pytest.raises(UnavailableError, match=said), full_disk_explained(tmp_path, needed_bytes=2**60):
        raise full
    with pytest.raises(UnavailableError, match=r"^another fault$"), full_disk_explained(tmp_path):
        raise UnavailableError("another fault")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/team/runs", "nfs4"), ("/team/fast/runs", ""), ("/home/me", ""), ("/share", "cifs"), ("/teams", "")],
)
def test_network_file_system_is_that_of_the_deepest_mount(folder: str, kind: str) -> None:
    mounts = [Mount("/", "ext4"), Mount("/team", "nfs4"), Mount("/team/fast", "xfs"), Mount("/share", "cifs")]
    assert network_system(Path(folder), mounts) == kind


def test_this_machines_own_disk_is_no_network(tmp_path: Path) -> None:
    assert network_system(tmp_path) in {"", *disk.NETWORK_SYSTEMS}


def test_everything_a_sweep_writes_is_for_its_owner_alone(cli: Cli, tmp_path: Path) -> None:
    words = ("--trainer", "stand_in", "--trials", "2", "--epochs", "1", "--workers", "1")
    before = os.umask(0o022)
    try:
        done = cli("run", "--task", "segmentation", *words)
        mask = os.umask(0o022)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert mask == 0o022  # whoever called us keeps its own
    written = [tmp_path / "mlruns", *(tmp_path / "mlruns").rglob("*")]
    names = {path.name for path in written}
    assert {"optuna.db", "mlflow.db", "spool.jsonl", "config.json", "worker-0.log", "trials.csv"} <= names
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_own_file_is_whole_or_the_former_one(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    write_text(file, "first")
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "second \udcff")
    assert file.read_text() == "first"
    write_text(file, "third")
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    assert file.read_text() == "third"
