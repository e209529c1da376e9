"""Values that stand twice, in one pass: files are untrusted, and a comparison of all pairs can take hours."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def first_repeat(values: Iterable[T]) -> T | None:
    """Find a value that stands twice.

    Args:
        values: in order; none of them is None.

    Returns:
        The first that an earlier one equals, None if all differ.
    """
    seen: set[T] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
