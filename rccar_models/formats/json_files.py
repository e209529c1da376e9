"""JSON files of annotations, read strictly: what is not plain JSON is a fault with its place."""

import json
import re
from pathlib import Path

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import name_of, read_text
from rccar_models.formats.repeats import first_repeat

MAX_MIB = 512
"""Larger files are refused: annotations of 100,000 frames fit, and the text has to fit into memory."""


def read_json(path: Path, *, root: Path, max_mib: float = MAX_MIB) -> object:
    """Read a JSON file.

    Args:
        path: UTF-8, with or without a byte order mark.
        root: folder of the data set, for messages.
        max_mib: largest size that is read.

    Returns:
        Its content. NaN, infinite numbers and keys that stand twice in an object are refused.

    Raises:
        DataError: it cannot be read, is too large, is no strict JSON, or is nested too deeply.
    """
    where = name_of(path, root)
    text = read_text(path, root=root, max_mib=max_mib)
    line = column = None
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        fault = f"not valid JSON: {error.msg}"
        line, column = error.lineno, error.colno
    except RecursionError:
        fault = "nested too deeply for an annotation file"
    except _NotANumberError as error:
        line, column = _place_of_constant(text)
        fault = f"{error} is not a number in JSON; correct or remove the entry"
    except MemoryError:
        fault = "is larger than this machine's memory can hold; divide the file"
    except _RepeatedKeyError as error:
        fault = f"{error}; correct the file"
    except ValueError:  # Python reads whole numbers of up to 4,300 digits
        fault = "holds a whole number of thousands of digits; correct or remove it"
    raise DataError(str(root), [Fault(Rule.ANNOTATION, fault, file=where, line=line, column=column)])


def is_unicode(text: str) -> bool:
    """Tell whether a text can be written to a file: JSON can escape half a character, a surrogate.

    Args:
        text: of a JSON file.

    Returns:
        False if it holds such a half.
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)


class _NotANumberError(ValueError):
    pass


class _RepeatedKeyError(ValueError):
    pass


def _refused(constant: str) -> object:
    raise _NotANumberError(constant)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = first_repeat(key for key, _ in pairs) or ""
        raise _RepeatedKeyError(f"the key {twice[:80]!r} stands twice in one object")
    return content


def _place_of_constant(text: str) -> tuple[int, int]:
    """Line and column of the first NaN or Infinity outside quotes."""
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|(-?Infinity|NaN)', text):
        if match[1]:
            before = text[: match.start()]
            return before.count("\n") + 1, match.start() - before.rfind("\n")
    return 1, 1
