"""The cache on disk: one folder of plain .npy files, memory-mapped by whoever reads.

- `meta.json`: what is in it, with a format number and the size of every file; written last
- `train_images.npy`: (N, H, W, 3) uint8 RGB; and so on for val and test
- `train_masks.npy` (segmentation): (N, H, W) uint8
- `train_boxes.npz` (detection): boxes (M, 4) float32 xyxy in pixels of the cache, labels (M,) int64,
  offsets (N + 1,); frame i owns rows offsets[i] to offsets[i + 1]
- `train_names.json`: N names
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import Boxes, as_boxes
from rccar_models.errors import DataError

FORMAT_NUMBER = 2
"""Of the files; also raised when frames are read or resized in another way, so that no old cache is used."""

_META = "meta.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """What a cache holds.

    Args:
        folder: of the cache.
        digest: of the data set, 64 hexadecimal digits.
        source: as the user named it.
        format: the format's name.
        task: what it was read for.
        classes: class names in id order.
        ignore_id: mask value that counts nowhere, or None.
        image_size: (width, height) of the frames in pixels.
        counts: frames by split.
        class_counts: pixels (segmentation) or objects (detection) of each class by split, in the cache.
        warnings: what the user should know, one line each.
        place: absolute path of the data set when the cache was built; empty for drawn data.
    """

    folder: Path
    digest: str
    source: str
    format: str
    task: str
    classes: tuple[str, ...]
    ignore_id: int | None
    image_size: tuple[int, int]
    counts: Mapping[str, int]
    class_counts: Mapping[str, tuple[int, ...]]
    warnings: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSplit:
    """The frames of a split; arrays are memory-mapped and read-only.

    Args:
        images: (N, H, W, 3) uint8 RGB.
        masks: (N, H, W) uint8, None for detection.
        boxes: N arrays (M, 4) float32 xyxy in pixels of the cache.
        labels: N arrays (M,) int64, class ids.
        names: N names of samples.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    masks: NDArray[np.uint8] | None = None
    boxes: tuple[Boxes, ...] = ()
    labels: tuple[NDArray[np.int64], ...] = ()


def images_file(folder: Path, split: str) -> Path:
    """Name the file of a split's images.

    Args:
        folder: of the cache.
        split: "train", "val" or "test".

    Returns:
        The file.
    """
    return folder / f"{split}_images.npy"


def masks_file(folder: Path, split: str) -> Path:
    """Name the file of a split's masks.

    Args:
        folder: of the cache.
        split: "train", "val" or "test".

    Returns:
        The file.
    """
    return folder / f"{split}_masks.npy"


def _boxes_file(folder: Path, split: str) -> Path:
    return folder / f"{split}_boxes.npz"


def _names_file(folder: Path, split: str) -> Path:
    return folder / f"{split}_names.json"


def write_names(folder: Path, split: str, names: Sequence[str]) -> None:
    """Store the names of a split's frames.

    Args:
        folder: of the cache.
        split: "train", "val" or "test".
        names: N names.
    """
    _names_file(folder, split).write_text(json.dumps(list(names)), encoding="utf-8")


def write_boxes(
    folder: Path, split: str, boxes: Sequence[Boxes], labels: Sequence[NDArray[np.int64]]
) -> None:
    """Store the boxes of a split.

    Args:
        folder: of the cache.
        split: "train", "val" or "test".
        boxes: N arrays (M, 4).
        labels: N arrays (M,).
    """
    np.savez(
        _boxes_file(folder, split),
        boxes=np.concatenate([as_boxes([]), *boxes]),
        labels=np.concatenate([np.zeros(0, np.int64), *labels]),
        offsets=np.cumsum([0, *map(len, boxes)]),
    )


def write_info(folder: Path, info: CacheInfo) -> None:
    """Store what a cache holds; makes it complete.

    Args:
        folder: where all other files of the cache lie.
        info: its description; `folder` is not stored, so that a cache may be moved.
    """
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    content = {"format_number": FORMAT_NUMBER, "files": files, "info": asdict(info) | {"folder": ""}}
    (folder / _META).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_info(folder: Path) -> CacheInfo:
    """Read what a cache holds.

    Args:
        folder: of the cache.

    Returns:
        Its description.

    Raises:
        DataError: the cache is missing, damaged or of another version.
    """
    try:
        content = json.loads((folder / _META).read_text(encoding="utf-8"))
        if content["format_number"] != FORMAT_NUMBER:
            raise ValueError(f"its format is {content['format_number']}, not {FORMAT_NUMBER}")
        for name, n_bytes in content["files"].items():
            if (folder / name).stat().st_size != n_bytes:
                raise ValueError(f"{name} is cut off")
        return _info(folder, content["info"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, error) from error


def open_split(folder: Path, split: str) -> CachedSplit:
    """Map the frames of a split into memory.

    Args:
        folder: of the cache.
        split: "train", "val" or "test".

    Returns:
        Its frames.

    Raises:
        DataError: the cache lacks this split, or is damaged.
    """
    info = read_info(folder)
    if split not in info.counts:
        raise DataError(info.source, [f"there is no {split} split; there are {', '.join(info.counts)}"])
    try:
        images = np.load(images_file(folder, split), mmap_mode="r")
        names = tuple(json.loads(_names_file(folder, split).read_text(encoding="utf-8")))
        if info.task == "segmentation":
            masks = np.load(masks_file(folder, split), mmap_mode="r")
            return CachedSplit(images=images, names=names, masks=masks)
        with np.load(_boxes_file(folder, split)) as stored:
            cuts = stored["offsets"][1:-1]
            boxes, labels = np.split(stored["boxes"], cuts), np.split(stored["labels"], cuts)
        return CachedSplit(images=images, names=names, boxes=tuple(boxes), labels=tuple(labels))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(folder, error) from error


def _info(folder: Path, stored: Mapping[str, Any]) -> CacheInfo:
    width, height = stored["image_size"]
    return CacheInfo(
        folder=folder,
        digest=stored["digest"],
        source=stored["source"],
        format=stored["format"],
        task=stored["task"],
        classes=tuple(stored["classes"]),
        ignore_id=stored["ignore_id"],
        image_size=(width, height),
        counts=stored["counts"],
        class_counts={split: tuple(counts) for split, counts in stored["class_counts"].items()},
        warnings=tuple(stored["warnings"]),
        place=stored.get("place", ""),  # caches of before lack it
    )


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(str(folder), [f"no usable frame cache ({error}); delete the folder and start again"])
