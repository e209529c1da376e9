"""Writes a mask folder: images/<split>/NAME.jpg, masks/<split>/NAME.png of class ids, classes.txt."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rccar_models.conversion.places import Place
from rccar_models.conversion.target import Labels, Source, Written
from rccar_models.errors import DataError
from rccar_models.samples import IGNORE_ID, Frame


class MaskWriter:
    """Writes masks.

    Args:
        root: folder that is written.
        source: what is read.
    """

    def __init__(self, root: Path, source: Source) -> None:
        self._root = root
        self._source = source

    def write(self, place: Place, frame: Frame) -> Labels:
        """Write the mask of one frame.

        Args:
            place: where.
            frame: read for segmentation.

        Returns:
            The number of classes seen as `n_objects`.
        """
        if frame.mask is None:
            raise DataError(place.stem, ["has no mask; convert with --task segmentation"])
        _save(frame.mask, self._file(place))
        return Labels(n_objects=len(np.unique(frame.mask)))

    def finish(self, written: Sequence[Written]) -> tuple[str, ...]:
        """Write `classes.txt`; leave away a background that neither a file names nor a pixel shows.

        Args:
            written: all frames.

        Returns:
            Class names in order of id.
        """
        names = self._source.names
        if self._source.adds_ground and not any(0 in one.ids for one in written):
            names = names[1:]
            for one in written:
                self._renumber(self._file(one.place))
        lines = [f"{class_id} {name}\n" for class_id, name in enumerate(names)]
        (self._root / "classes.txt").write_text("".join(lines), encoding="utf-8")
        return tuple(names)

    def _file(self, place: Place) -> Path:
        return self._root / f"{place.below('masks')}.png"

    def _renumber(self, path: Path) -> None:
        with Image.open(path) as picture:
            ids = np.asarray(picture)
        _save(np.where(ids == IGNORE_ID, IGNORE_ID, ids - 1).astype(np.uint8), path)


def _save(mask: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
