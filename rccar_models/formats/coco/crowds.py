"""Which crowds are none: CVAT, like all that writes COCO with Datumaro, marks every brush mask as one.

Source: https://github.com/cvat-ai/datumaro (its COCO exporter sets iscrowd for each run-length code).
"""

from collections.abc import Sequence
from dataclasses import replace

from rccar_models.formats.coco.annotations import Annotation, CocoFile


def told_apart(file: CocoFile) -> CocoFile:
    """Take the crowds of a file for single objects where the file can mean nothing else by them.

    Args:
        file: as it was read.

    Returns:
        The file, changed only if each of its run-length codes is a crowd, and all of these have the
        attributes that Datumaro writes, or the file holds nothing else.
    """
    annotations = [one for picture in file.pictures for one in picture.annotations]
    masks = [one for one in annotations if isinstance(one.region, dict)]
    is_habit = len(masks) == len(annotations) or all(one.has_attributes for one in masks)
    if not masks or not all(one.is_crowd for one in masks) or not is_habit:
        return file
    pictures = tuple(replace(picture, annotations=_single(picture.annotations)) for picture in file.pictures)
    return replace(file, pictures=pictures, n_told_apart=len(masks))


def _single(annotations: Sequence[Annotation]) -> list[Annotation]:
    return [replace(one, is_crowd=one.is_crowd and not isinstance(one.region, dict)) for one in annotations]
