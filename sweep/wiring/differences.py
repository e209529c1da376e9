"""What has changed since a sweep was started, and whether it may go on all the same.

Results of one sweep are compared with each other, so they must come from the same data, space and code.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from sweep.errors import InputError
from sweep.records import SweepRecord

ALLOWANCES = ("space", "data", "code")
"""What `--allow` can name."""

_RANGE_KEYS = ("low", "high", "step")
_OWN = "version.rccar-sweep"


def check_same(
    before: SweepRecord,
    now: SweepRecord,
    *,
    spaces: tuple[Mapping[str, Any], Mapping[str, Any]],
    allow: Collection[str],
) -> list[str]:
    """Compare a sweep with what it was when it was last started.

    Args:
        before: its record then.
        now: its record now.
        spaces: the search space's definition then and now.
        allow: of `ALLOWANCES`.

    Returns:
        What has changed and may have, one line each.

    Raises:
        InputError: something has changed that nobody allowed, or that makes it another sweep.
    """
    refused: list[str] = []
    notices: list[str] = []
    if before.classes != now.classes:
        refused.append(f"classes: {_names(before)} -> {_names(now)}; another sweep is needed")
    for name, lines, never in (
        ("data", _data(before, now), False),
        ("space", *_space(*spaces)),
        ("code", _versions(before, now, own=True), False),
    ):
        if never:
            refused += [f"{line}; only numeric ranges may change: it is a new sweep" for line in lines]
        elif name in allow:
            notices += lines
        else:
            refused += [f"{line}; --allow {name} goes on all the same" for line in lines]
    if refused:
        what = "\n".join(f"  {line}" for line in refused)
        raise InputError(f"{now.name} is not what it was; nothing was started:\n{what}")
    return notices + _versions(before, now, own=False)


def _names(record: SweepRecord) -> str:
    return ", ".join(record.classes) or "none"


def _data(before: SweepRecord, now: SweepRecord) -> list[str]:
    if before.data_digest == now.data_digest:
        return []
    return [
        f"data: {now.data_source} has changed, its digest was {before.data_digest[:12]} and is "
        f"{now.data_digest[:12]}"
    ]


def _space(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Every change of the space, and whether one of them is more than a numeric range."""
    changes = list(_changes(_without_text(before), _without_text(now), ()))
    never = any(not _is_range(path, old, new) for path, old, new in changes)
    return [f"space: {'.'.join(path)}: {old} -> {new}" for path, old, new in changes], never


def _without_text(space: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in space.items() if key != "description"}


def _is_range(path: tuple[str, ...], old: Any, new: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    return numbers and path[0] == "parameters" and path[-1] in _RANGE_KEYS


def _changes(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from _changes(old.get(key), new.get(key), (*path, str(key)))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for index, (one, other) in enumerate(zip_longest(old, new)):
            yield from _changes(one, other, (*path, str(index)))
    elif old != new:
        yield path, old, new


def _versions(before: SweepRecord, now: SweepRecord, *, own: bool) -> list[str]:
    """Versions that differ: those that may judge otherwise (this program's, major ones), or the others."""
    names = sorted({*before.tags, *now.tags})
    changed = [(name, before.tags.get(name), now.tags.get(name)) for name in names if _is_version(name)]
    return [
        f"code: {name.removeprefix('version.')} {old or 'absent'} -> {new or 'absent'}"
        for name, old, new in changed
        if old != new and _is_weighty(name, old, new) == own
    ]


def _is_version(name: str) -> bool:
    return name.startswith("version.") or name == "mlflow.source.git.commit"


def _is_weighty(name: str, old: str | None, new: str | None) -> bool:
    if name in {_OWN, "version.metrics"}:
        return True
    if name == "mlflow.source.git.commit":
        return False
    return (old or "").split(".")[0] != (new or "").split(".")[0]
