"""Pictures without a label file, and label files without a picture, by name."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from rccar_models.faults import Rule
from rccar_models.formats.companions import NOT_LABELS
from rccar_models.formats.files import PICTURE_SUFFIXES, name_of
from rccar_models.formats.tree import Tree, tree_of
from rccar_models.inspection.findings import Finding
from rccar_models.samples import DataIndex, Sample

_NO_UNREAD = PICTURE_SUFFIXES | {"", ".txt", ".json", ".xml", ".yaml", ".yml", ".csv", ".md", ".bak"}


def unpaired_findings(index: DataIndex) -> list[Finding]:
    """Find what lacks its other half, in formats with a label file for each picture.

    Args:
        index: the data set.

    Returns:
        Findings; none for drawn data and for formats with one file for all labels.
    """
    samples = [sample for kept in index.splits.values() for sample in kept]
    labelled = [sample for sample in samples if len(sample.files) > 1]
    if not labelled:
        return []
    root = Path(index.source).expanduser()
    tree = tree_of(root)
    bare = [
        Finding(
            Rule.IMAGE_WITHOUT_LABEL, False, "no label file, so it counts as empty; label it", sample.name
        )
        for sample in samples
        if len(sample.files) == 1 and not _holds_its_picture(sample)
    ]
    within = {sample.name for sample in samples if _holds_its_picture(sample)}
    unread = _unread(tree)
    orphans = [
        Finding(Rule.LABEL_WITHOUT_IMAGE, False, _mend(name, unread), name)
        for name in _orphans(tree, labelled, root)
        if name not in within
    ]
    return bare + orphans


def _holds_its_picture(sample: Sample) -> bool:
    """Whether the one file of a frame is that of its labels."""
    return len(sample.files) == 1 and sample.files[0].suffix.lower() not in PICTURE_SUFFIXES


def _unread(tree: Tree) -> Mapping[str, str]:
    """Files that may be pictures of a kind that is not read, by stem."""
    paths = ((PurePosixPath(name), name) for name in tree.files)
    return {path.stem: name for path, name in paths if path.suffix.lower() not in _NO_UNREAD}


def _mend(label: str, unread: Mapping[str, str]) -> str:
    found = unread.get(PurePosixPath(label).stem)
    if found is None:
        return "there is no picture of this name; add it or remove this"
    return f"pictures that end in {PurePosixPath(found).suffix} are not read; save {found} as .png or .jpg"


def _orphans(tree: Tree, labelled: list[Sample], root: Path) -> Iterator[str]:
    """Files that lie among label files, look like one, and have no picture of their name anywhere."""
    used = {name_of(sample.files[1], root) for sample in labelled}
    folders = {PurePosixPath(name).parent for name in used}
    suffixes = {PurePosixPath(name).suffix.lower() for name in used}
    among = [name for name in tree.named(*suffixes) if PurePosixPath(name).parent in folders]
    labels = used.union(among)
    images = {name_of(sample.files[0], root) for sample in labelled}
    pictures = {PurePosixPath(name).stem for name in tree.pictures() if name not in labels} | {
        PurePosixPath(name).stem for name in images
    }
    for name in among:
        path = PurePosixPath(name)
        if name not in used and path.name not in NOT_LABELS and path.stem not in pictures:
            yield name
