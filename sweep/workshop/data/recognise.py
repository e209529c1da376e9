"""A look at data before a sweep: recognised and counted; of its frames only the first one is read."""

from dataclasses import dataclass

from rccar_models.cache import suggested_size
from rccar_models.formats import open_data
from sweep.workshop.data.errors import data_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedData:
    """What can be said of a data set without decoding it.

    Args:
        format: the format's name.
        classes: class names in id order.
        counts: frames by split.
        image_size: (width, height) in pixels that a sweep would bring the frames to.
        warnings: what the user should know.
    """

    format: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    image_size: tuple[int, int]
    warnings: tuple[str, ...]


def recognise_data(
    source: str,
    *,
    task: str,
    format_name: str | None,
    image_size: tuple[int, int] | None,
    long_side_px: int,
) -> RecognisedData:
    """Recognise a data set and check what shows without decoding it.

    Args:
        source: "demo" or a folder.
        task: what it is to serve.
        format_name: overrides recognition.
        image_size: (width, height) of the frames, None to keep the data's aspect ratio.
        long_side_px: longer side where `image_size` is None.

    Returns:
        What is in it.

    Raises:
        InputError: the data cannot be used; the message lists every fault.
        UnavailableError: the folder cannot be read.
    """
    with data_errors(source):
        index = open_data(source, task, format_name)
        return RecognisedData(
            format=index.format,
            classes=index.classes,
            counts={split: len(samples) for split, samples in index.splits.items()},
            image_size=image_size or suggested_size(index, long_side_px),
            warnings=tuple(map(str, index.warnings)),
        )
