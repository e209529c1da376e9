"""Damages small data sets of every format and reads them: `python -m tests.fuzz --seconds 600 --seed 7`.

Every case must end in a data set whose frames keep their promises, or in a DataError that can be shown. A
case is named by seed, set and number, and can be repeated alone: `--seed 7 --only yolo/1234`.
"""

import argparse
import faulthandler
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np

from rccar_models.errors import DataError
from rccar_models.formats import FORMATS, scan_data
from rccar_models.samples import DataIndex, Frame
from tests.data_folders import as_lines
from tests.hostile_sets import SETS
from tests.mutations import damaged

MEMORY_GIB = 4
"""Of addresses: the interpreter with numpy and its threads takes one of them."""

SECONDS_A_CASE = 10


class TooSlowError(BaseException):
    """A case that takes longer than any small set may."""


class BrokenPromiseError(Exception):
    """A data set that was read, but is not what `samples` says of it."""


def read_all(root: Path, task: str, format_name: str | None) -> bool:
    """Read a set that may be damaged.

    Args:
        root: its folder.
        task: "segmentation" or "detection".
        format_name: None to have it recognised.

    Returns:
        Whether anything could be read.

    Raises:
        BrokenPromiseError: what was read or said is not fit for use.
    """
    try:
        index = scan_data(str(root), task, format_name)
    except DataError as error:
        _check_messages(as_lines(error.faults))
        return False
    _check_messages((*as_lines(index.faults), *as_lines(index.warnings)))
    _check("".join(index.classes).encode() or not index.classes, "class names")
    for sample in (sample for kept in index.splits.values() for sample in kept):
        _check(all(path.resolve().is_relative_to(root.resolve()) for path in sample.files), "a file outside")
        try:
            _check_frame(sample.read(), index)
        except DataError as error:
            _check_messages(as_lines(error.faults))
    return True


def _check_messages(lines: tuple[str, ...]) -> None:
    for line in lines:
        line.encode()
        _check(len(line) < 3000, f"a message of {len(line)} characters: {line[:200]}")


def _check_frame(frame: Frame, index: DataIndex) -> None:
    height, width = frame.image.shape[:2]
    if frame.mask is not None:
        _check(frame.mask.shape == (height, width) and frame.mask.dtype == np.uint8, "a mask's shape")
        known = (frame.mask < len(index.classes)) | (frame.mask == 255)
        _check(bool(known.all()), "a mask's class ids")
    _check(len(frame.boxes) == len(frame.labels), "labels of boxes")
    if len(frame.boxes):
        _check(bool(np.isfinite(frame.boxes).all() and (frame.boxes >= 0).all()), "boxes")
        _check(bool((frame.boxes <= [width, height, width, height]).all()), "boxes outside")
        _check(frame.labels.min() >= 0 and frame.labels.max() < len(index.classes), "labels")


def _check(holds: object, what: str) -> None:
    if not holds:
        raise BrokenPromiseError(what)


class Case:
    """One damaged set.

    Args:
        seed: of the run.
        variant: name of the set.
        number: of the case.
    """

    def __init__(self, seed: int, variant: str, number: int) -> None:
        self.name = f"{variant}/{number}"
        self._chance = random.Random(f"{seed}/{self.name}")
        self._format = next(name for name, variants in SETS.items() if variant in variants)

    def run(self, root: Path) -> bool:
        """Damage files of a set, read it, and mend it again.

        Args:
            root: of the valid set.

        Returns:
            Whether anything could be read.
        """
        files = sorted(path for path in root.rglob("*") if path.is_file())
        labels = [path for path in files if path.suffix != ".png" or "mask" in self.name] or files
        chosen = self._chance.sample(labels, k=min(len(labels), self._chance.choice((1, 1, 1, 2))))
        before = {path: path.read_bytes() for path in chosen}
        task = self._chance.choice(FORMATS[self._format].tasks)
        format_name = self._format if self._chance.random() < 0.7 else None
        for path, content in before.items():
            path.write_bytes(damaged(content, suffix=path.suffix, chance=self._chance))
        try:
            signal.alarm(SECONDS_A_CASE)
            return read_all(root, task, format_name)
        finally:
            signal.alarm(0)
            for path, content in before.items():
                path.write_bytes(content)


def _cases(seed: int, seconds: float, only: str | None) -> Iterator[Case]:
    if only:
        variant, _, number = only.partition("/")
        yield Case(seed, variant, int(number))
        return
    names = [variant for variants in SETS.values() for variant in variants]
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield Case(seed, names[number % len(names)], number)
        number += 1


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def main() -> int:
    """Run as many cases as the time allows, at most `MEMORY_GIB` of memory.

    Returns:
        1 if a case failed; all that failed are on the error stream.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one case, e.g. yolo/1234")
    wanted = parser.parse_args()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GIB * 2**30,) * 2)
    signal.signal(signal.SIGALRM, _too_slow)
    home = Path(tempfile.mkdtemp(prefix="fuzz-"))
    roots = {name: home / name for variants in SETS.values() for name in variants}
    for name, write in ((name, write) for variants in SETS.values() for name, write in variants.items()):
        write(roots[name])
    n_cases = n_read = n_failed = 0
    current = home / "current-case"
    for case in _cases(wanted.seed, wanted.seconds, wanted.only):
        # If the process dies, this says of what.
        current.write_text(f"--seed {wanted.seed} --only {case.name}")
        n_cases += 1
        try:
            n_read += case.run(roots[case.name.partition("/")[0]])
        except (Exception, TooSlowError):  # noqa: BLE001
            n_failed += 1
            sys.stderr.write(f"--seed {wanted.seed} --only {case.name}\n{traceback.format_exc()[-3000:]}\n")
            if n_failed == 10:
                break
    shutil.rmtree(home)
    n_refused = n_cases - n_read - n_failed
    sys.stdout.write(f"{n_cases} cases, {n_read} read, {n_refused} refused, {n_failed} failed\n")
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
