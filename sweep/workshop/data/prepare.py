"""Data for a sweep: recognised, checked, digested and decoded once into the cache all trials share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rccar_models.cache import prepare, suggested_size
from rccar_models.formats import open_data
from sweep.workshop.data.errors import data_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedData:
    """A frame cache and what is known of the data in it.

    Args:
        folder: of the cache.
        source: as the user named it.
        format: the format's name.
        digest: sha256 of images, labels and split.
        classes: class names in id order.
        image_size: (width, height) of the cached frames in pixels.
        counts: frames by split.
        warnings: what the user should know.
    """

    folder: Path
    source: str
    format: str
    digest: str
    classes: tuple[str, ...]
    image_size: tuple[int, int]
    counts: dict[str, int]
    warnings: tuple[str, ...]


def prepare_data(
    source: str,
    *,
    task: str,
    format_name: str | None,
    image_size: tuple[int, int] | None,
    long_side_px: int,
    cache_root: Path,
    progress: Callable[[int, int], None],
) -> PreparedData:
    """Check a data set and build its cache, or find it built.

    Args:
        source: "demo" or a folder.
        task: what it is to serve.
        format_name: overrides recognition.
        image_size: (width, height) of cached frames, None to keep the data's aspect ratio.
        long_side_px: longer side where `image_size` is None.
        cache_root: where caches lie.
        progress: told (done, total) frames.

    Returns:
        The cache.

    Raises:
        InputError: the data cannot be used; the message lists every fault.
        UnavailableError: the disk is full or read-only.
    """
    with data_errors(f"the frame cache {cache_root}"):
        index = open_data(source, task, format_name)
        size = image_size or suggested_size(index, long_side_px)
        info = prepare(index, image_size=size, cache_root=cache_root, progress=progress)
    return PreparedData(
        folder=info.folder,
        source=source,
        format=info.format,
        digest=info.digest,
        classes=info.classes,
        image_size=info.image_size,
        counts=dict(info.counts),
        warnings=info.warnings,
    )
