"""`sweep data cache`: what lies there, what is in use, what is cleared."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rccar_models.cache import clear, held, prepare, stored_caches
from rccar_models.cache.building import SPARE_BYTES
from rccar_models.formats import open_data
from tests.conftest import Cli, run_here
from tests.data_folders import mask_set


def cached(root: Path, *, size: tuple[int, int] = (8, 6)) -> Path:
    """A cache of three and two frames in the default home of a folder."""
    data = root / "track"
    if not data.exists():
        mask_set(data)
    index = open_data(str(data), "segmentation")
    return prepare(index, image_size=size, cache_root=root / "mlruns" / "cache").folder


def test_caches_are_listed_with_what_is_in_them(tmp_path: Path, cli: Cli) -> None:
    cached(tmp_path)
    cached(tmp_path, size=(16, 12))
    found = json.loads(cli("data", "cache", "--json").stdout)
    assert sorted(entry["image_size"] for entry in found) == [[8, 6], [16, 12]]
    assert {entry["source"] for entry in found} == {str(tmp_path / "track")}
    assert {json.dumps(entry["counts"]) for entry in found} == {'{"train": 3, "val": 2}'}
    assert all(entry["n_bytes"] > 5 * 8 * 6 * 4 for entry in found)
    shown = cli("data", "cache").stdout
    assert "16x12" in shown
    assert max(map(len, shown.splitlines())) <= 80 or str(tmp_path) in shown.replace("\n", "")


def test_clear_removes_caches_and_a_sweep_builds_them_again(tmp_path: Path, cli: Cli) -> None:
    folder = cached(tmp_path)
    assert "freed" in cli("data", "cache", "--clear").stdout
    assert [path for path in folder.parent.iterdir() if path.is_dir()] == []
    assert cached(tmp_path) == folder
    assert folder.is_dir()


def test_clear_of_one_data_set_leaves_the_others(tmp_path: Path, cli: Cli) -> None:
    folder = cached(tmp_path)
    other = mask_set(tmp_path / "other")
    (other / "classes.txt").write_text("a\nb\n")
    index = open_data(str(other), "segmentation")
    kept = prepare(index, image_size=(8, 6), cache_root=folder.parent).folder
    done = cli("data", "cache", "track", "--clear", "--json")
    assert [entry["is_cleared"] for entry in json.loads(done.stdout)] == [True]
    assert not folder.exists()
    assert kept.is_dir()


def test_cache_is_found_under_any_name_of_its_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mask_set(tmp_path / "track")
    index = open_data("track", "segmentation")
    prepare(index, image_size=(8, 6), cache_root=tmp_path / "mlruns" / "cache")
    below = tmp_path / "below"
    below.mkdir()
    home = str(tmp_path / "mlruns")
    for name in (str(tmp_path / "track"), "../track"):
        done = run_here("data", "cache", name, "--home", home, "--json", folder=below)
        assert [entry["place"] for entry in json.loads(done.stdout)] == [str(tmp_path / "track")]


def test_cache_that_a_living_process_holds_is_kept_and_let_go_when_it_dies(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    code = (
        "import sys; from pathlib import Path; from rccar_models.cache import held\n"
        "with held(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        (found,) = stored_caches(folder.parent)
        assert found.in_use
        assert not clear(found)
        holder.kill()
        holder.wait()
    (found,) = stored_caches(folder.parent)
    assert not found.in_use
    assert clear(found)
    assert not folder.exists()


def test_two_sweeps_may_hold_one_cache(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    with held(folder), held(folder):
        assert stored_caches(folder.parent)[0].in_use


def test_what_a_killed_build_left_is_listed_as_damaged_and_cleared(tmp_path: Path, cli: Cli) -> None:
    folder = cached(tmp_path)
    (folder.with_name(".0123456789abcdef.building")).mkdir()
    assert "half built" in cli("data", "cache").stdout
    cli("data", "cache", "--clear")
    assert [path for path in folder.parent.iterdir() if path.is_dir()] == []


def test_home_without_caches_says_so(cli: Cli) -> None:
    done = cli("data", "cache")
    assert done.returncode == 0
    assert "no frame caches" in done.stdout


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="free space is read with statvfs")
def test_frames_that_do_not_fit_on_the_disk_are_refused_before_any_is_decoded(tmp_path: Path) -> None:
    data = mask_set(tmp_path / "track")
    (data / "images" / "train" / "0.png").write_bytes(b"cannot be decoded")
    index = open_data(str(data), "segmentation")
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    side = int(((free - SPARE_BYTES) / 5 / 4) ** 0.5) + 1000
    with pytest.raises(OSError, match=r"the frames take \d+ MiB.*--image-size") as caught:
        prepare(index, image_size=(side, side), cache_root=tmp_path / "cache")
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []
