"""What the folders of a data set say by their names: images, labels, or one of the splits."""

from collections.abc import Collection, Sequence

from rccar_models.formats.splits import SPELLINGS
from rccar_models.samples import SPLITS

IMAGE_FOLDERS = ("images", "images_all", "image", "imgs", "img", "jpegimages")
"""Folders that say that images lie in them, in lower case."""

LABEL_FOLDERS = (
    "labels",
    "labels_all",
    "masks",
    "masks_all",
    "annotations",
    "annotations_all",
    "segmentationclass",
    "segmentationobject",
)
"""Folders in which no frames lie, in lower case; so do those that end in `_annotations`."""


BESIDE_ENDINGS = ("_Annotations", "_labels", "_masks", "_label", "_mask", "annot")
"""What the folder of the labels of `train/` adds to its name: `train_labels/`, `trainannot/` (CamVid)."""


def labels_of_another(where: str, folders: Collection[str]) -> bool:
    """Tell whether a folder holds the labels of the folder beside it, as `train_labels/` those of `train/`.

    Args:
        where: the folder, below the data set.
        folders: all folders of the data set.

    Returns:
        False if there is no such folder beside it, or beside one of those that it lies in.
    """
    parts = where.split("/")
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        for ending in BESIDE_ENDINGS:
            if path.lower().endswith(ending.lower()) and path[: -len(ending)] in folders:
                return True
    return False


def image_positions(folders: Sequence[str]) -> list[int]:
    """Find the folders that say that images lie in them.

    Args:
        folders: of a path, without the file.

    Returns:
        Their positions in the path.
    """
    return [position for position, folder in enumerate(folders) if folder.lower() in IMAGE_FOLDERS]


def holds_labels(folder: str) -> bool:
    """Tell whether a folder holds labels and no frames.

    Args:
        folder: its name.

    Returns:
        True for the folders of `LABEL_FOLDERS` and `H1_Annotations`.
    """
    return folder.lower() in LABEL_FOLDERS or folder.lower().endswith("_annotations")


def folders_below(folders: Sequence[str], parent: Sequence[str]) -> tuple[str, ...] | None:
    """Find a folder in a path, also as FOLDER_all; upper and lower case are one.

    Args:
        folders: of a path, without the file.
        parent: the folder that is looked for, e.g. ("labels", "detection").

    Returns:
        What follows it in the path; None if the path does not lead through it.
    """
    lower = [folder.lower() for folder in folders]
    wanted = ([*parent], [*parent[:-1], f"{parent[-1]}_all"])
    for start in range(len(folders) - len(parent) + 1):
        if lower[start : start + len(parent)] in wanted:
            return tuple(folders[start + len(parent) :])
    return None


def split_of(folders: Sequence[str]) -> str | None:
    """Read a split from folders.

    Args:
        folders: of a path, without the file.

    Returns:
        The split, None if no folder names one.
    """
    return next((split for part in folders for split in SPLITS if part.lower() in SPELLINGS[split]), None)
