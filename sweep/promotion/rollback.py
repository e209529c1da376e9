"""Puts the champion before the present one back into Production."""

from dataclasses import dataclass

from sweep.errors import InputError, PromotionError
from sweep.ledger import Deed, Entry, predecessors
from sweep.ports import Champion
from sweep.promotion.promoting import now
from sweep.promotion.steps import PROMOTION, Candidate, walk
from sweep.tracking.registered import Standing
from sweep.tracking.registry import ModelRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A champion that was put back.

    Args:
        champion: it.
        skipped: later champions that could not be put back, and why, one line each.
    """

    champion: Champion
    skipped: tuple[str, ...] = ()


def roll_back(registry: ModelRegistry, model: str, *, by: str) -> Restored:
    """Put the former champion back, if its files are still what was registered.

    A rollback that was cut before its end is finished; nothing is rolled back twice.

    Args:
        registry: of models.
        model: name of the registered model.
        by: user@host, for the ledger.

    Returns:
        The champion now.

    Raises:
        InputError: there is no such model, or no former champion that could be put back.
        PromotionError: a step was refused.
        UnavailableError: the store cannot be used right now; run it again.
    """
    registry.known(model)
    with registry.locked():
        standing = registry.standing(model)
        if standing.pending is not None and standing.pending.deed is Deed.ROLLED_BACK:
            return Restored(champion=_moved(registry, standing.as_champion(standing.pending.version), by=by))
        registry.settle(model)
        skipped: list[str] = []
        for version in predecessors(standing.entries, standing.champion):
            if version not in standing.versions:
                skipped.append(f"version {version} was deleted")
                continue
            former = standing.as_champion(version)
            try:
                registry.verify(former)
            except PromotionError as error:
                skipped.append(f"version {version} cannot be used: {error}")
                continue
            return Restored(champion=_moved(registry, former, by=by), skipped=tuple(skipped))
    if skipped:
        raise InputError(
            f"{model}: no former champion can be put back; nothing was changed: {'; '.join(skipped)}"
        )
    raise InputError(_why_none(model, standing))


def _why_none(model: str, standing: Standing) -> str:
    """A rollback takes back what came later, so the first champion has nobody before it."""
    ever = dict.fromkeys(entry.version for entry in standing.entries)
    later = [version for version in ever if version != standing.champion and version in standing.versions]
    if standing.champion is None or not later:
        return f"{model}: its ledger names no former champion, so there is none to go back to"
    tags = standing.versions[later[-1]]
    sweep, trial = tags.get("sweep.name", "SWEEP"), tags.get("sweep.run_name", "TRIAL")
    return (
        f"{model}: version {standing.champion} was the first champion, so there is none to go back to. To "
        f"put version {later[-1]} into Production again: sweep promote {sweep} --trial {trial} --force"
    )


def _moved(registry: ModelRegistry, former: Champion, *, by: str) -> Champion:
    tags = registry.standing(former.name).versions[former.version]
    draft = Entry(
        number=0,
        at=now(),
        version=former.version,
        deed=Deed.ROLLED_BACK,
        by=by,
        sweep=tags.get("sweep.name", ""),
        trial=tags.get("sweep.run_name", ""),
    )
    return walk(registry, Candidate(model=former.name, champion=former, draft=draft), steps=PROMOTION)
