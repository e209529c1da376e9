"""Whether frames of val come from drives that are in train too, by a look at the frame cache."""

from pathlib import Path

import numpy as np

from rccar_models.cache import open_split, read_info
from rccar_models.inspection.drives import drive_findings
from rccar_models.inspection.frames import SeenFrame, look_of
from sweep.errors import InputError
from sweep.workshop.data.errors import data_errors

MOST_FRAMES = 4000
"""Of train and val together; more take longer than the rest of a report (1.6 ms a frame on one core)."""


def shared_drives(folder: Path, *, digest: str, most_frames: int = MOST_FRAMES) -> str:
    """Compare the frames of val with those of train, as `sweep data check` does, in the cache's size.

    Args:
        folder: of the frame cache.
        digest: of the data that a sweep was trained on.
        most_frames: of train and val together.

    Returns:
        How many frames of val seem to come from drives in train too; empty if none does, or too few to say.

    Raises:
        InputError: the cache is missing or damaged, holds other data, or is too large for a quick look.
        UnavailableError: its files cannot be read.
    """
    with data_errors():
        info = read_info(folder)
        if digest and info.digest != digest:
            raise InputError("the frame cache is of other data")
        splits = {split: open_split(folder, split) for split in ("train", "val") if split in info.counts}
        n_frames = sum(len(kept.names) for kept in splits.values())
        if n_frames > most_frames:
            raise InputError(f"{n_frames:,} frames take too long to compare here")
        seen = [
            SeenFrame(name=name, split=split, findings=(), look=look_of(np.asarray(image)))
            for split, kept in splits.items()
            for name, image in zip(kept.names, kept.images, strict=True)
        ]
    return next((found.text for found in drive_findings(seen) if not found.file), "")
