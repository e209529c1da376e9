"""Warns of spaces that mirror frames of classes which know left from right."""

from collections.abc import Iterator, Sequence

from sweep.search_space import SearchSpace
from sweep.workshop.data import directed_classes

FLIP = "flip"
_MOST_NAMED = 6


def mirroring_notices(space: SearchSpace, classes: Sequence[str]) -> Iterator[str]:
    """Say that mirrored frames would teach the wrong side.

    Args:
        space: what is searched, with what `--set` fixes.
        classes: of the data.

    Yields:
        One notice where some trial may mirror and some class has a side, else none.
    """
    parameter = space.parameter(FLIP)
    if parameter is None:
        return
    points = [point for _, domain in parameter.domains() for point in domain.points()]
    highest = max((float(point) for point in points if isinstance(point, int | float)), default=0.0)
    directed = directed_classes(classes) if highest > 0 else ()
    if not directed:
        return
    named = ", ".join(directed[:_MOST_NAMED])
    more = f" and {len(directed) - _MOST_NAMED} more" if len(directed) > _MOST_NAMED else ""
    yield (
        f"the space {space.name} mirrors frames (flip up to {highest:g}), which swaps left and right in "
        f"{named}{more}; add --set {FLIP}=0"
    )
