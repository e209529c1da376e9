"""What a data set is, as one number: equal content gives an equal digest, wherever the folder lies."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rccar_models.errors import DataError
from rccar_models.samples import SPLITS, DataIndex, Sample


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a frame.

    Args:
        name: within the data set.
        key: of what is not in its own files.
        contents: sha256 of each file, the image's first; empty for a drawn frame.
    """

    name: str
    key: str
    contents: tuple[str, ...]


Fingerprints = Mapping[str, tuple[Fingerprint, ...]]
"""Of all frames, by split."""


def n_threads() -> int:
    """Count the cores this process may use; PIL and hashlib let other threads run while they work.

    Returns:
        At least 1.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def digest_of(index: DataIndex) -> str:
    """Digest a data set: classes, ignore id, splits, names, and the content of every file.

    Args:
        index: the data set.

    Returns:
        sha256, 64 hexadecimal digits.

    Raises:
        DataError: a file cannot be read.
    """
    return combined(index, fingerprints_of(index))


def fingerprints_of(index: DataIndex) -> Fingerprints:
    """Read every file of a data set and hash it.

    Args:
        index: the data set.

    Returns:
        Fingerprints by split, in the order of samples.

    Raises:
        DataError: files cannot be read; all of them are named.
    """
    with ThreadPoolExecutor(n_threads()) as pool:
        outcomes = {split: list(pool.map(_fingerprint, samples)) for split, samples in index.splits.items()}
    faults = [found for found in _flat(outcomes) if isinstance(found, str)]
    if faults:
        raise DataError(index.source, faults)
    return {
        split: tuple(found for found in outcomes[split] if isinstance(found, Fingerprint))
        for split in SPLITS
        if split in outcomes
    }


def combined(index: DataIndex, fingerprints: Fingerprints) -> str:
    """Make the digest of a data set from the fingerprints of its frames.

    Args:
        index: the data set.
        fingerprints: of all its frames.

    Returns:
        sha256, 64 hexadecimal digits.
    """
    frames = {
        split: [(frame.name, frame.key, frame.contents) for frame in found]
        for split, found in fingerprints.items()
    }
    content = json.dumps([index.classes, index.ignore_id, frames], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def leak_warnings(fingerprints: Fingerprints) -> list[str]:
    """Find images that stand in several splits under different names.

    Args:
        fingerprints: of all frames.

    Returns:
        One line, or none.
    """
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, frames in fingerprints.items():
        for frame in frames:
            for content in frame.contents[:1]:
                places[content].append((split, frame.name))
    leaks = [found for found in places.values() if len({split for split, _ in found}) > 1]
    if not leaks:
        return []
    example = " and ".join(f"{name} in {split}" for split, name in leaks[0][:2])
    return [f"{len(leaks)} images stand in several splits, which flatters the metrics, e.g. {example}"]


def _fingerprint(sample: Sample) -> Fingerprint | str:
    """Hash a frame's files; a sentence if that fails."""
    contents: list[str] = []
    for path in sample.files:
        try:
            with path.open("rb") as file:
                contents.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            return f"{sample.name}: {path.name} cannot be read ({error.strerror}); restore or remove it"
    return Fingerprint(sample.name, sample.key, tuple(contents))


def _flat(outcomes: Mapping[str, list[Fingerprint | str]]) -> list[Fingerprint | str]:
    return [found for split in outcomes.values() for found in split]
