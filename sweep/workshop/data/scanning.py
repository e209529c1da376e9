"""A data set as it is, faulty or not, read for the task that was asked for or for the one it serves best."""

from rccar_models.errors import DataError
from rccar_models.formats import scan_data
from rccar_models.samples import DataIndex

_TASKS = ("detection", "segmentation")
"""In the order in which they are tried: labelled objects tell more than the masks made from them."""


def scanned(source: str, *, task: str | None, format_name: str | None) -> DataIndex:
    """List what is in a data set.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for the one with fewer faults.
        format_name: overrides recognition.

    Returns:
        The data set, with its faults.

    Raises:
        UnknownNameError: no format has this name.
        DataError: nothing in it can be listed.
    """
    if task is not None:
        return scan_data(source, task, format_name)
    found: list[DataIndex] = []
    refusals: list[DataError] = []
    for tried in _TASKS:
        try:
            found.append(scan_data(source, tried, format_name))
        except DataError as error:
            refusals.append(error)
        if found and not found[-1].faults:
            break
    if not found:
        raise refusals[0]
    return min(found, key=lambda index: len(index.faults))
