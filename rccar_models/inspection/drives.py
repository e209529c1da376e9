"""The same drive in train and val: frames that a model has all but seen flatter its scores.

Two signs, each counted by frame of val (or test). By look: some frame of train looks the same. By place:
a frame stands, in file order, between two frames of train that both look more like it than nine in ten of
train do. Shapes: N frames of val, M of train.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.faults import Rule
from rccar_models.inspection.alike import levels_apart
from rccar_models.inspection.findings import Finding
from rccar_models.inspection.frames import SeenFrame
from rccar_models.inspection.hashing import Hashes, bits_apart
from rccar_models.inspection.order import drives_of

# By look. Measured, frames of val with such a frame in train: trashcar-yolo 7 of 28, otonom-track-coco 39 of
# 184, camvid-small (train has a frame a second) 0 of 101, the drawn demo 0 of 112: its nearest frames are 12
# bits and 20 levels apart.
LIKE_BITS = 10
LIKE_LEVELS = 12.0

# By place. Measured (share of val): camvid-small 100 %, otonom-track-coco 27 %, trashcar-yolo 4 %, demo 0 %.
# Two frames of train drawn by chance are both among the nearest tenth in 1 % of cases. Of 1,600 random
# divisions of 10 to 30 unlike scenes, ten frames each and numbered through, 1 % reached a quarter of val.
NEAREST_SHARE = 0.10
_LEAST_SHARE = 0.25
_LEAST_FRAMES = 5
# Among fewer frames of train a tenth means nothing.
_LEAST_TRAIN = 20

# So many frames of train, evenly chosen, stand for all of them in the question of what is near.
_N_JUDGES = 1000

# So many nearest by hash are compared by thumbnail: memory and time stay bounded where all frames look alike.
_N_NEAREST = 16
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Stack:
    """Readable frames of a split with their looks side by side."""

    frames: Sequence[SeenFrame]
    hashes: Hashes
    thumbnails: NDArray[np.uint8]


def drive_findings(frames: Sequence[SeenFrame]) -> Iterator[Finding]:
    """Find frames of val and test whose drive is in train.

    Args:
        frames: of all splits.

    Yields:
        For each split a finding with the figures, then one for each frame.
    """
    train = _stacked(frames, "train")
    for split in ("val", "test"):
        judged = _stacked(frames, split)
        if train and judged:
            yield from _split_findings(judged, train, split)


def _stacked(frames: Sequence[SeenFrame], split: str) -> _Stack | None:
    found = [(frame, frame.look) for frame in frames if frame.split == split and frame.look is not None]
    if not found:
        return None
    return _Stack(
        [frame for frame, _ in found],
        np.asarray([look.hash for _, look in found], np.uint64),
        np.stack([look.thumbnail for _, look in found]),
    )


def _split_findings(judged: _Stack, train: _Stack, split: str) -> Iterator[Finding]:
    by_look = _alike(judged, train)
    by_place = _between(judged, train)
    places = {position: text for position, text in by_place.items() if position not in by_look}
    if len(by_place) < max(_LEAST_FRAMES, _LEAST_SHARE * len(judged.frames)):
        places = {}
    said = {**by_look, **places}
    if not said:
        return
    n_frames = len(judged.frames)
    looks = f"{len(by_look)} look like a frame of train" if by_look else ""
    between = f"{len(places)} lie between two frames of train that are near to them" if places else ""
    text = (
        f"{len(said)} of {n_frames} {split} frames ({len(said) / n_frames:.0%}) seem to come from drives "
        f"in train too ({', '.join(filter(None, (looks, between)))}): "
        "scores flatter: divide by drive, e.g. with `sweep data split --force`"
    )
    yield Finding(Rule.SAME_DRIVE, False, text)
    for position in sorted(said):
        yield Finding(Rule.SAME_DRIVE, False, said[position], judged.frames[position].name)


def _alike(judged: _Stack, train: _Stack) -> Mapping[int, str]:
    """Frames with a look-alike in train, and what to say of each."""
    found: dict[int, str] = {}
    for position in range(len(judged.frames)):
        bits = np.bitwise_count(judged.hashes[position] ^ train.hashes)
        nearest = np.argsort(bits, kind="stable")[:_N_NEAREST]
        nearest = nearest[bits[nearest] <= LIKE_BITS]
        levels = levels_apart(train.thumbnails[nearest], judged.thumbnails[position][None])
        if len(levels) and levels.min() <= LIKE_LEVELS:
            twin = int(nearest[levels.argmin()])
            off = int(bits_apart(judged.hashes[[position]], train.hashes[[twin]])[0])
            found[position] = f"looks like {train.frames[twin].name} in train ({off} of 64 bits differ)"
    return found


def _between(judged: _Stack, train: _Stack) -> Mapping[int, str]:
    """Frames between two of train that look like them, and what to say of each."""
    found: dict[int, str] = {}
    n_judged = len(judged.frames)
    if len(train.frames) < _LEAST_TRAIN:
        return found
    judges = train.thumbnails[:: -(-len(train.frames) // _N_JUDGES)]
    for frames in drives_of([frame.name for frame in (*judged.frames, *train.frames)]).values():
        places = [place for place, frame in enumerate(frames) if frame >= n_judged]
        for place, position in enumerate(frames):
            after = bisect(places, place)
            if position < n_judged and 0 < after < len(places):
                around = [frames[places[side]] - n_judged for side in (after - 1, after)]
                if _are_nearest(judged.thumbnails[position], train.thumbnails[around], judges):
                    one, other = (train.frames[side].name for side in around)
                    found[position] = f"lies between {one} and {other} in train, both near to it"
    return found


def _are_nearest(thumbnail: NDArray[np.uint8], around: NDArray[np.uint8], judges: NDArray[np.uint8]) -> bool:
    """Whether two frames look more like a third than nine of ten others do."""
    apart = levels_apart(judges, thumbnail[None])
    return all(
        float((apart < near).mean()) <= NEAREST_SHARE for near in levels_apart(around, thumbnail[None])
    )
