"""Label files that no image's place leads to: they may name their picture, hold it, or have none."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rccar_models.errors import DataError
from rccar_models.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a label file says of its picture.

    Args:
        picture: path of the picture below the data set, or its bare name; only ever looked up among the
            images of the data set. Empty if the file does not say.
        is_inside: whether the file holds the picture itself.
    """

    picture: str = ""
    is_inside: bool = False


Claims = Callable[[str], Claim | None]
"""Asked of a file by its name; None if it is no label file at all. Raises DataError if it is unreadable."""


@dataclass(kw_only=True)
class Orphans:
    """What became of them.

    Args:
        companions: of images that a label file names, and of label files that hold their picture.
        pictures: label files that hold their picture.
        n_lost: label files without any picture.
        faults: of files that cannot be read.
    """

    companions: dict[str, str] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    n_lost: int = 0
    faults: list[Fault] = field(default_factory=list)


def placed_orphans(names: Iterable[str], images: Iterable[str], claims: Claims | None) -> Orphans:
    """Find the pictures of label files.

    Args:
        names: of label files that belong to no image by their place.
        images: those without labels.
        claims: reads a label file; None if the format's files do not name their picture.

    Returns:
        Which have one, and how many have none.
    """
    free = _by_name(images)
    orphans = Orphans()
    for name in names:
        try:
            claim = claims(name) if claims else Claim()
        except DataError as error:
            orphans.faults += error.faults
            continue
        if claim is None:
            continue
        image = free.get(claim.picture) or free.get(claim.picture.rpartition("/")[2])
        if image and image not in orphans.companions:
            orphans.companions[image] = name
        elif claim.is_inside:
            orphans.companions[name] = name
            orphans.pictures.append(name)
        else:
            orphans.n_lost += 1
    return orphans


def _by_name(images: Iterable[str]) -> Mapping[str, str | None]:
    """Images by whole name and by the name of the file; None where two are called alike."""
    whole = {image: image for image in images}
    files: dict[str, str | None] = {}
    for image in whole:
        file = image.rpartition("/")[2]
        files[file] = None if file in files else image
    return files | whole
