"""What must be true of registered models: one champion or none, and it is whole. Pure."""

from collections.abc import Callable, Iterator, Sequence

from sweep.doctor.finding import Finding
from sweep.tracking.registered import Standing

PRODUCTION = "Production"


def check_models(standings: Sequence[Standing], *, trouble_of: Callable[[str, str], str]) -> list[Finding]:
    """Check every registered model that this program made.

    Args:
        standings: of the models.
        trouble_of: downloads a version of a model and verifies it; why it cannot be used, or nothing.

    Returns:
        Everything that should be otherwise.
    """
    return [
        Finding(rule="model", where=standing.model, text=text, is_fixable=fixable)
        for standing in standings
        for text, fixable in _found(standing, trouble_of)
    ]


def staged(standing: Standing) -> list[str]:
    """Versions of a model that have the stage Production.

    Args:
        standing: of the model.

    Returns:
        Their numbers.
    """
    return [version for version, stage in standing.stages.items() if stage == PRODUCTION]


def _found(standing: Standing, trouble_of: Callable[[str, str], str]) -> Iterator[tuple[str, bool]]:
    champion = standing.champion
    for version, tags in standing.versions.items():
        if not tags.get("sweep.trial_uid"):
            yield f"version {version} does not say which trial it came from", False
    if standing.lost:
        yield (
            f"its champion, version {standing.lost}, was deleted; `sweep rollback` puts another one back",
            False,
        )
    if champion is None:
        if staged(standing):
            yield f"versions {staged(standing)} have the stage {PRODUCTION}, but none is the champion", False
        return
    if champion not in standing.versions:
        yield f"its champion, version {champion}, does not exist; promote another one", False
        return
    stages = set(standing.stages.values()) - {"None", ""}
    if stages and staged(standing) != [champion]:
        yield (
            f"version {champion} is the champion, the stage {PRODUCTION} has {staged(standing) or 'none'}",
            True,
        )
    if standing.pending is not None:
        yield f"the ledger lacks the promotion of version {champion}", True
    if trouble := trouble_of(standing.model, champion):
        yield f"its champion, version {champion}, cannot be used: {trouble}", False
