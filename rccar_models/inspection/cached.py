"""A frame cache as a data set, so that what describes data sets describes what is trained on as well."""

from functools import partial
from pathlib import Path

import numpy as np

from rccar_models.cache import CachedSplit, open_split, read_info
from rccar_models.faults import Fault, Rule
from rccar_models.samples import DataIndex, Frame, Sample


def cached_index(folder: Path) -> DataIndex:
    """List what is in a cache.

    Args:
        folder: of the cache.

    Returns:
        A data set of the cached frames, in their size; nothing is decoded.

    Raises:
        DataError: the cache is missing or damaged.
    """
    info = read_info(folder)
    splits = {split: open_split(folder, split) for split in info.counts}
    return DataIndex(
        source=info.source,
        format=info.format,
        task=info.task,
        classes=info.classes,
        ignore_id=info.ignore_id,
        splits={split: _samples(kept) for split, kept in splits.items()},
        warnings=tuple(Fault(Rule.NOTE, line) for line in info.warnings),
    )


def _samples(kept: CachedSplit) -> tuple[Sample, ...]:
    return tuple(Sample(name=name, read=partial(_frame, kept, row)) for row, name in enumerate(kept.names))


def _frame(kept: CachedSplit, row: int) -> Frame:
    image = np.asarray(kept.images[row])
    if kept.masks is not None:
        return Frame(image=image, mask=np.asarray(kept.masks[row]))
    return Frame(image=image, boxes=kept.boxes[row], labels=kept.labels[row])
