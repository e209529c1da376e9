"""Speed and memory of `sweep data check`: frames/s, peak memory, and the ratio to bare parallel decoding.

Usage: python benchmarks/data_check.py [--frames 10000] [--size 640x480]

Writes a YOLO set of JPEG frames (half of them from slowly changing drives, so that the search for
near-duplicates has something to do) to a temporary folder, decodes it on all cores with PIL alone, in threads
and in processes, then runs the check. Peak memory is that of a process of its own.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from rccar_models.cache.digest import n_threads
from rccar_models.inspection.checking import check_data


def _write(root: Path, number: int, n_frames: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(number // 10 if number % 20 < 10 else number + n_frames)
    patches = rng.integers(0, 256, (12, 16, 3), np.uint8)
    picture = np.asarray(Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)).copy()
    grain = np.random.default_rng(number).integers(0, 24, picture.shape, np.uint8)
    split = "val" if number % 1000 >= 800 else "train"
    picture = np.roll(np.minimum(picture, 255 - grain) + grain, 8 * (number % 10), axis=1)
    Image.fromarray(picture).save(root / "images" / split / f"{number:06d}.jpg", quality=85)
    (root / "labels" / split / f"{number:06d}.txt").write_text("0 0.5 0.5 0.2 0.2\n1 0.3 0.4 0.1 0.2\n")


def _decode(path: Path) -> None:
    with Image.open(path) as picture:
        picture.convert("RGB")


def _bare(pool: Executor, paths: list[Path]) -> float:
    started = time.perf_counter()
    list(pool.map(_decode, paths, chunksize=16))
    return time.perf_counter() - started


def _check(root: str, bare_s: float) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    checked = check_data(root)
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_frames = sum(checked.counts.values())
    print(f"check: {n_frames / took:.0f} frames/s, {took:.1f} s, {len(checked.findings)} findings")
    print(f"{took / bare_s:.1f} times bare parallel decoding")
    print(f"peak memory: {peak / 1024:.0f} MiB, of which {(peak - before) / 1024:.0f} MiB for the check")


def _set(root: Path, n_frames: int, size: tuple[int, int]) -> list[Path]:
    for kind in ("images", "labels"):
        for split in ("train", "val"):
            (root / kind / split).mkdir(parents=True)
    (root / "classes.txt").write_text("cone\ncar\n")
    with ThreadPoolExecutor(n_threads()) as pool:
        list(pool.map(lambda number: _write(root, number, n_frames, size), range(n_frames)))
    return sorted(root.glob("images/*/*.jpg"))


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--size", default="640x480")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        paths = _set(Path(folder), options.frames, (width, height))
        print(f"{len(paths)} frames of {width}x{height}, {n_threads()} cores")
        bare_s: list[float] = []
        for name, pool in (
            ("threads", ThreadPoolExecutor(n_threads())),
            ("processes", ProcessPoolExecutor(n_threads(), multiprocessing.get_context("spawn"))),
        ):
            with pool:
                took = _bare(pool, paths)
            bare_s.append(took)
            print(f"bare decoding, {name}: {len(paths) / took:.0f} frames/s, {took:.1f} s")
        sys.stdout.flush()
        process = multiprocessing.get_context("spawn").Process(target=_check, args=(folder, min(bare_s)))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
