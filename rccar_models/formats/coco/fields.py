"""Fields of a COCO file's entries, checked: what they hold may be of any kind."""

from collections.abc import Mapping

from rccar_models.errors import LabelError
from rccar_models.formats.json_files import is_unicode

Entry = Mapping[str, object]


def shown(value: object) -> str:
    """Write a value of a file into a message: it may be of any kind and length.

    Args:
        value: as the file has it.

    Returns:
        At most 80 characters.
    """
    try:
        text = repr(value)
    except ValueError:  # a whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:77]}..."


def numbers_of(value: object, what: str) -> tuple[float, ...]:
    """Check a list of numbers.

    Args:
        value: as the file has it.
        what: messages call it.

    Returns:
        The numbers.

    Raises:
        LabelError: it is no list, or holds what is no finite number.
    """
    if not isinstance(value, list):
        raise LabelError(f"{what} is missing or not a list of numbers")
    return tuple(_number(number, what) for number in value)


def _number(value: object, what: str) -> float:
    # Larger ones are beyond the boxes' 32 bits, and whole numbers may be beyond any float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
        said = "a number out of range" if isinstance(value, int) else "not a finite number"
        raise LabelError(f"{what} holds {shown(value)}, {said}; correct or remove the object")
    return float(value)


def whole_of(entry: Entry, key: str) -> int:
    """Read a whole number.

    Args:
        entry: of the file.
        key: of the number.

    Returns:
        The number.

    Raises:
        LabelError: it is missing or of another kind.
    """
    value = entry.get(key)
    if isinstance(value, float) and value.is_integer():  # some tools write every number as a float
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise LabelError(f"{key} is {shown(value)}, not a whole number")
    return value


def key_of(entry: Entry, key: str) -> int | str:
    """Read an id, which some tools write as a text.

    Args:
        entry: of the file.
        key: of the id.

    Returns:
        The id.

    Raises:
        LabelError: it is missing or of another kind.
    """
    value = entry.get(key)
    return value if isinstance(value, str) and value else whole_of(entry, key)


def text_of(entry: Entry, key: str) -> str:
    """Read a text.

    Args:
        entry: of the file.
        key: of the text.

    Returns:
        The text, not empty.

    Raises:
        LabelError: it is missing, of another kind, or cannot be written to a file.
    """
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise LabelError(f"{key} is {shown(value)}, not a text")
    if not is_unicode(value):
        raise LabelError(f"{key} {shown(value)} holds half a character; correct it")
    return value
