"""How fast the frame cache is, as ratios to the least that the same work can cost.

Run: python benchmarks/cache_throughput.py [FOLDER --task detection|segmentation] [--image-size 160x128]

- build / bare: `prepare` against decoding and resizing the same frames in a bare thread pool. What is
  above 1 is hashing, masks, labels, checks and the disk.
- reuse: `prepare` when the cache is there already: hashing alone.
- read: frames a second out of the memory map, in random batches of 8 as training takes them.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from rccar_models.cache import CacheInfo, open_split, prepare, resized_image
from rccar_models.cache.digest import n_threads
from rccar_models.formats import open_data

BATCH = 8


def timed(work: Callable[[], object]) -> float:
    """Measure one run of something.

    Args:
        work: what to run.

    Returns:
        Seconds.
    """
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", nargs="?", default="demo")
    parser.add_argument("--task", default="segmentation")
    parser.add_argument("--image-size", default="160x128")
    arguments = parser.parse_args()
    width, height = map(int, arguments.image_size.split("x"))
    index = open_data(arguments.source, arguments.task)
    samples = [sample for kept in index.splits.values() for sample in kept]

    def bare() -> None:
        with ThreadPoolExecutor(n_threads()) as pool:
            for _ in pool.map(lambda sample: resized_image(sample.read().image, (width, height)), samples):
                pass

    bare()  # files into the system's memory, so that neither side pays for the disk
    with tempfile.TemporaryDirectory() as folder:

        def build(number: int) -> CacheInfo:
            return prepare(index, image_size=(width, height), cache_root=Path(folder, str(number)))

        bare_s = min(timed(bare) for _ in range(3))
        build_s = min(timed(partial(build, number)) for number in range(3))
        reuse_s = min(timed(partial(build, number)) for number in range(3))
        images = open_split(build(0).folder, "train").images
        order = np.random.default_rng(0).integers(0, len(images), (4000, BATCH))
        read_s = timed(lambda: [images[batch] for batch in order])

    print(f"{arguments.source}, {arguments.task}: {len(samples)} frames, {width}x{height}")
    print(f"bare decode and resize  {bare_s:8.2f} s")
    print(f"build                   {build_s:8.2f} s   build / bare {build_s / bare_s:.2f}")
    print(f"reuse                   {reuse_s:8.3f} s   reuse / build {reuse_s / build_s:.3f}")
    print(f"read                    {order.size / read_s:8.0f} frames/s in batches of {BATCH}")


if __name__ == "__main__":
    main()
