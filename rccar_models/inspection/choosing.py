"""Which frames show a data set best: spread over it, and each class among them if it can be."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from rccar_models.cache.digest import n_threads
from rccar_models.faults import Fault
from rccar_models.inspection.facts import FrameFacts, Progress, frame_facts
from rccar_models.samples import DataIndex, Sample

MOST_READ = 1000
"""Frames read in search of rare classes: some seconds, also in a set of a million frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenFrames:
    """Frames to show.

    Args:
        frames: split and sample of each, in the order of the data set.
        missing: classes that none of the frames read holds.
        faults: why frames could not be read.
        n_read: frames that were looked at.
    """

    frames: tuple[tuple[str, Sample], ...]
    missing: tuple[str, ...]
    faults: tuple[Fault, ...]
    n_read: int


def choose_frames(
    index: DataIndex,
    *,
    splits: Sequence[str],
    n: int,
    seed: int,
    most_read: int = MOST_READ,
    progress: Progress | None = None,
) -> ChosenFrames:
    """Choose frames to show.

    Args:
        index: the data set, faulty or not.
        splits: those to choose from.
        n: how many, at most.
        seed: of what is left to chance: where the spread begins, and in which order rare classes are sought.
        most_read: frames to look at in search of rare classes.
        progress: told (done, at most) frames read.

    Returns:
        The frames; first as many as it takes for all classes, then others spread over the set.
    """
    samples = [(split, sample) for split in splits for sample in index.splits[split]]
    order = _order(len(samples), n, seed)[:most_read]
    seen: dict[int, FrameFacts] = {}
    with ThreadPoolExecutor(n_threads()) as pool:
        for some in _chunks(order, first=n, further=8 * n_threads()):
            read = pool.map(partial(frame_facts, index), [samples[place][1] for place in some])
            seen.update(zip(some, read, strict=True))
            if progress is not None:
                progress(len(seen), len(order))
            readable = {place: _classes_in(facts) for place, facts in seen.items() if facts.is_readable}
            if len(readable) >= n and len(set().union(*readable.values())) == len(index.classes):
                break
    held = set().union(*readable.values()) if seen else set()
    chosen = _covering(readable, n) if seen else []
    return ChosenFrames(
        frames=tuple(samples[place] for place in sorted(chosen)),
        missing=tuple(name for class_id, name in enumerate(index.classes) if class_id not in held),
        faults=tuple(fault for facts in seen.values() for fault in facts.faults),
        n_read=len(seen),
    )


def _order(n_frames: int, n: int, seed: int) -> list[int]:
    """First places at equal distances, then all others in any order."""
    rng = np.random.default_rng(seed)
    count = min(n, n_frames)
    spread = [int((i + rng.random()) * n_frames / count) for i in range(count)]
    rest: list[int] = rng.permutation(np.setdiff1d(np.arange(n_frames), spread)).tolist()
    return spread + rest


def _chunks(order: Sequence[int], *, first: int, further: int) -> Iterator[Sequence[int]]:
    if order:
        yield order[:first]
    for start in range(first, len(order), further):
        yield order[start : start + further]


def _classes_in(facts: FrameFacts) -> frozenset[int]:
    return frozenset(np.flatnonzero(facts.amounts).tolist())


def _covering(readable: dict[int, frozenset[int]], n: int) -> list[int]:
    """Take the frame with the most new classes again and again, the earlier one of equals; then fill up."""
    chosen: list[int] = []
    covered: set[int] = set()
    while len(chosen) < n:
        best = max(readable, key=lambda place: len(readable[place] - covered), default=None)
        if best is None or not readable[best] - covered:
            break
        chosen.append(best)
        covered |= readable[best]
    others = [place for place in readable if place not in chosen]
    return chosen + others[: n - len(chosen)]
