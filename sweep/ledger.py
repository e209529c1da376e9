"""The ledger of a registered model: who was in Production from when to when, and on what evidence.

Entries are numbered from 1, are only ever added, and each says who replaced whom; when a reign ended is
the time of the next entry. Times are UTC, ISO 8601 with seconds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sweep.json_record import Record
from sweep.judgement import Evidence

KEY = "sweep.ledger."


class Deed(StrEnum):
    """How a version came into Production."""

    PROMOTED = "promoted"
    FORCED = "forced"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Record):
    """One change of champions.

    Args:
        number: from 1.
        at: when it was decided.
        version: the new champion.
        deed: how it came there.
        by: user@host.
        replaced: the former champion's version, None if there was none.
        sweep: it comes from.
        trial: its run's name.
        evidence: why; None for a rollback.
    """

    number: int
    at: str
    version: str
    deed: Deed
    by: str = ""
    replaced: str | None = None
    sweep: str = ""
    trial: str = ""
    evidence: Evidence | None = None

    @property
    def key(self) -> str:
        """Name of the tag that holds it."""
        return f"{KEY}{self.number:06d}"


@dataclass(frozen=True, slots=True)
class Reign:
    """A version's time in Production.

    Args:
        entry: with which it began.
        until: when it ended, None while it lasts.
    """

    entry: Entry
    until: str | None


def entries(tags: Mapping[str, str]) -> tuple[Entry, ...]:
    """Read a registered model's ledger.

    Args:
        tags: of the registered model.

    Returns:
        The entries in their order; tags that are none are left out.
    """
    found = (parsed(text) for name, text in tags.items() if name.startswith(KEY))
    return tuple(sorted(filter(None, found), key=lambda entry: entry.number))


def parsed(text: str | None) -> Entry | None:
    """Read one entry.

    Args:
        text: what `to_json` wrote.

    Returns:
        The entry, None if it is none, e.g. because somebody edited it.
    """
    try:
        return Entry.from_json(text or "")
    except (ValueError, TypeError, KeyError, json.JSONDecodeError):
        return None


def reigns(ledger: Sequence[Entry]) -> tuple[Reign, ...]:
    """Say who was in Production from when to when.

    Args:
        ledger: all entries.

    Returns:
        The present champion last.
    """
    ends = [entry.at for entry in ledger[1:]]
    return tuple(map(Reign, ledger, [*ends, None]))  # one end too many where the ledger is empty


def predecessors(ledger: Sequence[Entry], champion: str | None) -> tuple[str, ...]:
    """Find who may come back after the champion.

    A rollback takes back all promotions after the version it puts back, so that a second rollback goes one
    further back.

    Args:
        ledger: all entries.
        champion: who is in Production now, None if nobody is.

    Returns:
        Versions, the last champion first; none twice.
    """
    stack: list[str] = []
    for entry in ledger:
        if not stack and entry.replaced is not None:
            stack.append(entry.replaced)  # promoted before there was a ledger
        if entry.version in stack and entry.deed is Deed.ROLLED_BACK:
            del stack[stack.index(entry.version) :]
        stack = [*(version for version in stack if version != entry.version), entry.version]
    return tuple(version for version in reversed(stack) if version != champion)
