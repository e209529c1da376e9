"""Numbers of a data set by split and class: frames, objects or pixels, sizes in the source and in training.

Small, medium and large as COCO counts them: areas below 32², below 96² and above, in square pixels.
Source: T.-Y. Lin et al., Microsoft COCO, ECCV 2014, and its evaluation page. Everything here goes into JSON.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import Boxes, as_boxes, scaled
from rccar_models.cache import fitted_size
from rccar_models.errors import DataError
from rccar_models.inspection.facts import FrameFacts, Progress, counted_warnings, facts_of
from rccar_models.samples import DataIndex

FORMAT_NUMBER = 1
"""Of the JSON form."""

TINY_PX = 4.0
"""An object whose shorter side is less in training has hardly a pixel on the feature maps of a detector."""

GONE_PX = 1.0
"""Boxes with a shorter side than this are left out of the cache."""

LONG_SIDE_PX = 160
"""Longer side of frames in training, unless one is given."""

N_BINS = 16
"""Of the histogram of brightness, each 16 grey values wide."""

_AREAS = {"small": 32.0**2, "medium": 96.0**2, "large": np.inf}
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStatistics:
    """One class.

    Args:
        name: of the class.
        n_frames: frames it is in, by split.
        amount: its pixels (segmentation) or objects (detection), by split.
        share: of all labelled pixels or objects of the split, 0 to 1; 0 in a split without any.
        n_objects: of it, over all splits; 0 where labels are masks.
        n_tiny: objects whose shorter side is under `TINY_PX` in training.
        sides_px: shorter side of its objects in training, pixels: the 10th, 25th, 50th, 75th and 90th
            percentile; empty without objects.
    """

    name: str
    n_frames: dict[str, int]
    amount: dict[str, int]
    share: dict[str, float]
    n_objects: int
    n_tiny: int
    sides_px: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStatistics:
    """One split.

    Args:
        name: "train", "val", "test", or "all" where nothing divides the frames.
        n_frames: listed.
        n_unreadable: of them; they count nowhere else.
        n_empty: frames without an object, or without a labelled pixel where labels are masks.
        per_frame: how many frames hold 0, 1, 2, ... objects, or classes where labels are masks.
        ignored: share of pixels that count nowhere, 0 to 1.
        brightness: 5th, 50th and 95th percentile of the frames' mean grey values, 0 to 255; empty without
            frames.
        brightness_counts: frames in each of `N_BINS` equal steps of brightness.
    """

    name: str
    n_frames: int
    n_unreadable: int
    n_empty: int
    per_frame: dict[int, int]
    ignored: float
    brightness: tuple[float, ...]
    brightness_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStatistics:
    """Sizes of all objects.

    Args:
        total: how many.
        in_source: small, medium, large in pixels of the source.
        in_training: the same in pixels of training.
        n_tiny: shorter side under `TINY_PX` in training.
        n_gone: shorter side under `GONE_PX` in training.
    """

    total: int
    in_source: dict[str, int]
    in_training: dict[str, int]
    n_tiny: int
    n_gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStatistics:
    """What is in a data set.

    Args:
        source: as the user named it.
        format: the format's name.
        task: what it was read for.
        unit: what `amount` of a class counts: "pixels" or "objects".
        per_frame_unit: what `per_frame` of a split counts: "objects" or "classes".
        image_sizes: (width, height) in pixels and how many frames have it, the most frequent first.
        training_size: (width, height) that sizes in training refer to.
        splits: each split.
        classes: each class, in id order.
        objects: their sizes; None where labels are masks.
        warnings: what the user should know.
        faults: of the data set and its frames, a line each.
    """

    source: str
    format: str
    task: str
    unit: str
    per_frame_unit: str
    image_sizes: tuple[tuple[tuple[int, int], int], ...]
    training_size: tuple[int, int]
    splits: tuple[SplitStatistics, ...]
    classes: tuple[ClassStatistics, ...]
    objects: ObjectStatistics | None
    warnings: tuple[str, ...]
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON-able form.

        Returns:
            All numbers, with a format number.
        """
        return {"format_number": FORMAT_NUMBER} | asdict(self)


def measure(
    index: DataIndex,
    *,
    training_size: tuple[int, int] | None = None,
    long_side_px: int = LONG_SIDE_PX,
    progress: Progress | None = None,
) -> DataStatistics:
    """Count what is in a data set; every frame is decoded once.

    Args:
        index: the data set, faulty or not.
        training_size: (width, height) of frames in training; None keeps the shape of most frames.
        long_side_px: longer side where `training_size` is None.
        progress: told (done, total) frames.

    Returns:
        Its statistics; frames that cannot be read are faults.

    Raises:
        DataError: no frame can be read.
    """
    facts = facts_of(index, progress)
    frames = [frame for kept in facts.values() for frame in kept]
    readable = {split: [frame for frame in kept if frame.is_readable] for split, kept in facts.items()}
    sizes = Counter(frame.size for kept in readable.values() for frame in kept).most_common()
    faults = (*index.faults, *(fault for frame in frames for fault in frame.faults))
    if not sizes:
        raise DataError(index.source, faults or ["no frame is in it"])
    size = training_size or fitted_size(sizes[0][0], long_side_px)
    has_objects = index.task == "detection" or any(len(frame.boxes) for frame in frames)
    amounts = {split: _amounts(kept, len(index.classes)) for split, kept in readable.items()}
    objects = _Objects.of([frame for kept in readable.values() for frame in kept], size)
    return DataStatistics(
        source=index.source,
        format=index.format,
        task=index.task,
        unit="objects" if index.task == "detection" else "pixels",
        per_frame_unit="objects" if has_objects else "classes",
        image_sizes=tuple(sizes),
        training_size=size,
        splits=tuple(
            _split(name, kept, readable[name], has_objects=has_objects) for name, kept in facts.items()
        ),
        classes=tuple(
            _class(class_id, name, amounts, objects) for class_id, name in enumerate(index.classes)
        ),
        objects=objects.sizes() if has_objects else None,
        warnings=(*map(str, index.warnings), *counted_warnings(frames)),
        faults=tuple(map(str, faults)),
    )


@dataclass(frozen=True, slots=True)
class _Objects:
    """All objects: labels (M,), areas in the source (M,), boxes (M, 4) in pixels of training."""

    labels: NDArray[np.int64]
    source_areas: NDArray[np.float32]
    boxes: Boxes

    @classmethod
    def of(cls, frames: Sequence[FrameFacts], size: tuple[int, int]) -> "_Objects":
        shrunk = [
            scaled(frame.boxes, by=(size[0] / frame.size[0], size[1] / frame.size[1])) for frame in frames
        ]
        source = np.concatenate([as_boxes([]), *(frame.boxes for frame in frames)])
        labels = np.concatenate([np.zeros(0, np.int64), *(frame.labels for frame in frames)])
        return cls(labels, _sides(source).prod(axis=1), np.concatenate([as_boxes([]), *shrunk]))

    @property
    def sides_px(self) -> NDArray[np.float32]:
        shorter: NDArray[np.float32] = _sides(self.boxes).min(axis=1)
        return shorter

    def sizes(self) -> ObjectStatistics:
        sides = self.sides_px
        return ObjectStatistics(
            total=len(self.labels),
            in_source=_by_area(self.source_areas),
            in_training=_by_area(_sides(self.boxes).prod(axis=1)),
            n_tiny=int(np.count_nonzero(sides < TINY_PX)),
            n_gone=int(np.count_nonzero(sides < GONE_PX)),
        )


def _sides(boxes: Boxes) -> NDArray[np.float32]:
    sides: NDArray[np.float32] = boxes[:, 2:] - boxes[:, :2]
    return sides


def _by_area(areas: NDArray[np.float32]) -> dict[str, int]:
    places = np.digitize(areas, list(_AREAS.values()))
    return {name: int(np.count_nonzero(places == i)) for i, name in enumerate(_AREAS)}


def _split(
    name: str, listed: Sequence[FrameFacts], readable: Sequence[FrameFacts], *, has_objects: bool
) -> SplitStatistics:
    per_frame = [
        len(frame.boxes) if has_objects else int(np.count_nonzero(frame.amounts)) for frame in readable
    ]
    brightness = np.asarray([frame.brightness for frame in readable])
    n_ignored = sum(frame.n_ignored for frame in readable)
    n_pixels = sum(frame.size[0] * frame.size[1] for frame in readable)
    return SplitStatistics(
        name=name,
        n_frames=len(listed),
        n_unreadable=len(listed) - len(readable),
        n_empty=per_frame.count(0),
        per_frame=dict(sorted(Counter(per_frame).items())),
        ignored=n_ignored / n_pixels if n_pixels else 0.0,
        brightness=_rounded(np.quantile(brightness, (0.05, 0.5, 0.95))) if readable else (),
        brightness_counts=tuple(np.histogram(brightness, N_BINS, range=(0, 256))[0].tolist()),
    )


def _amounts(frames: Sequence[FrameFacts], n_classes: int) -> NDArray[np.int64]:
    """(N, K), also for no frames."""
    return np.asarray([frame.amounts for frame in frames], np.int64).reshape(-1, n_classes)


def _class(
    class_id: int, name: str, amounts: Mapping[str, NDArray[np.int64]], objects: _Objects
) -> ClassStatistics:
    sides = objects.sides_px[objects.labels == class_id]
    totals = {split: int(found[:, class_id].sum()) for split, found in amounts.items()}
    return ClassStatistics(
        name=name,
        n_frames={split: int(np.count_nonzero(found[:, class_id])) for split, found in amounts.items()},
        amount=totals,
        share={split: totals[split] / max(1, int(found.sum())) for split, found in amounts.items()},
        n_objects=len(sides),
        n_tiny=int(np.count_nonzero(sides < TINY_PX)),
        sides_px=_rounded(np.quantile(sides, _SHARES)) if len(sides) else (),
    )


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 2) for value in values)
