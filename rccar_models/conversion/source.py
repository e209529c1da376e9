"""Reading a data set to convert or divide it: for which task, and what its classes mean to a writer."""

from dataclasses import replace
from itertools import chain, islice

from rccar_models.conversion.target import Source
from rccar_models.errors import DataError
from rccar_models.faults import Rule
from rccar_models.formats import FORMATS, scan_best, scan_data
from rccar_models.formats.class_names import BACKGROUND_NAMES
from rccar_models.samples import DataIndex

MEND = "a mask needs outlines; convert boxes with --to coco or --to yolo, or outline the objects first"
"""For sets that hold boxes only."""

# So many frames are looked at to tell masks from objects; most sets show it with the first.
_N_LOOKED_AT = 50


def source_of(source: str, *, to: str, task: str | None, format_name: str | None) -> tuple[DataIndex, Source]:
    """Read a data set that is to be converted.

    Args:
        source: "demo", or a folder.
        to: "mask_folder", "coco" or "yolo".
        task: what to read it for, None to choose.
        format_name: None to recognise it.

    Returns:
        The data set, which may be undivided, and what a writer has to know.

    Raises:
        UnknownNameError: no format has this name.
        DataError: it is faulty; all faults are listed.
    """
    if to == "mask_folder":
        if task == "detection":
            raise DataError(
                source, ["a mask folder holds no boxes; leave --task away, or use --to coco or --to yolo"]
            )
        index = _outlined(source, format_name)
        return index, _described(index, is_painted=_is_painted(index))
    index = for_best_task(source, task, format_name)
    if index.task == "segmentation" and not _is_painted(index) and _serves_detection(index):
        # Objects keep the classes of their files, without a background that only masks need.
        index = _as_objects(index)
    return index, _described(index, is_painted=index.task == "segmentation" and _is_painted(index))


def for_best_task(source: str, task: str | None, format_name: str | None) -> DataIndex:
    """Read a data set for a task, or for the one that it serves best.

    Args:
        source: "demo", or a folder.
        task: None for the one with fewer faults, detection if equal.
        format_name: None to recognise it.

    Returns:
        The data set, which may be undivided.

    Raises:
        UnknownNameError: no format has this name.
        DataError: it is faulty; all faults are listed.
    """
    return _without_faults(scan_best(source, task, format_name, must_be_divided=False))


def faultless(source: str, task: str, format_name: str | None) -> DataIndex:
    """Read a data set that may be undivided, but not faulty.

    Args:
        source: "demo", or a folder.
        task: what to read it for.
        format_name: None to recognise it.

    Returns:
        The data set.

    Raises:
        UnknownNameError: no format has this name.
        DataError: it is faulty; all faults are listed.
    """
    return _without_faults(scan_data(source, task, format_name, must_be_divided=False))


def _without_faults(index: DataIndex) -> DataIndex:
    empty = () if any(index.splits.values()) else ("it holds no frame",)
    if index.faults or empty:
        raise DataError(index.source, [*index.faults, *empty])
    return index


def _as_objects(index: DataIndex) -> DataIndex:
    """The same set with its objects; that none of them counts as a box is no fault of what is converted."""
    boxed = scan_data(index.source, "detection", index.format, must_be_divided=False)
    faults = tuple(fault for fault in boxed.faults if fault.rule is not Rule.NO_OBJECTS)
    return _without_faults(replace(boxed, faults=faults))


def _outlined(source: str, format_name: str | None) -> DataIndex:
    try:
        return faultless(source, "segmentation", format_name)
    except DataError as error:
        if any(fault.rule is Rule.NO_OBJECTS for fault in error.faults):
            raise DataError(source, [*error.faults, MEND]) from error
        raise


def _serves_detection(index: DataIndex) -> bool:
    return "detection" in FORMATS[index.format].tasks


def _is_painted(index: DataIndex) -> bool:
    """Whether labels are masks: a frame with objects, or with something in its mask, tells."""
    for sample in islice(chain.from_iterable(index.splits.values()), _N_LOOKED_AT):
        try:
            frame = sample.read()
        except DataError:
            continue  # is named later, with all others
        if frame.things:
            return False
        if frame.mask is not None and frame.mask.any():
            return True
    return not _serves_detection(index)


def _described(index: DataIndex, *, is_painted: bool) -> Source:
    is_ground = index.task == "segmentation" and index.classes[0].lower() in BACKGROUND_NAMES
    is_named = is_ground and (is_painted or _names_ground(index))
    return Source(
        names=index.classes,
        is_painted=is_painted,
        has_ground=is_named,
        adds_ground=is_ground and not is_named,
    )


def _names_ground(index: DataIndex) -> bool:
    """Whether the files name a background, or only reading for masks added one."""
    if not _serves_detection(index):
        return True
    names = scan_data(index.source, "detection", index.format).classes
    return any(name.lower() in BACKGROUND_NAMES for name in names)
