"""Registered models, their versions, and who was in Production. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweep.ledger import Reign, reigns
from sweep.tracking.model_notes import DIGEST, METRIC, are_comparable, scores_of, value_of
from sweep.views.naming import is_maximised

if TYPE_CHECKING:
    from sweep.tracking.registered import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version of a registered model.

    Args:
        version: its number.
        run_id: of the trial it came from.
        is_champion: whether it is in Production.
        stage: of the registry.
        metric: logged name of what it was chosen by.
        value: of it.
        scores: all by logged name.
        gain: over the champion, positive is better; None where the two cannot be compared.
        digest: of the data.
        data: where they came from.
        sweep: it comes from.
        trial: its run's name.
        model: model name.
        image_size: of the network's input, e.g. `128x96`.
    """

    version: str
    run_id: str
    is_champion: bool
    stage: str
    metric: str
    value: float | None
    scores: dict[str, float]
    gain: float | None
    digest: str
    data: str
    sweep: str
    trial: str
    model: str
    image_size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """A registered model.

    Args:
        name: its name.
        task: of the champion, else of the latest version.
        champion: in Production, None if nobody is.
        versions: the latest first.
        history: who was in Production, the present one first.
    """

    name: str
    task: str
    champion: VersionLine | None
    versions: tuple[VersionLine, ...]
    history: tuple[Reign, ...]


def registry_lines(standings: "Iterable[Standing]") -> tuple[ModelLine, ...]:
    """Sum up the registered models.

    Args:
        standings: as `ModelRegistry.all()` gives them.

    Returns:
        In the same order.
    """
    return tuple(_line(standing) for standing in standings)


def champions(lines: Iterable[ModelLine]) -> frozenset[str]:
    """Name who is in Production, as `overview` takes it.

    Args:
        lines: of the registered models.

    Returns:
        `NAME/VERSION` of each.
    """
    return frozenset(f"{line.name}/{line.champion.version}" for line in lines if line.champion)


def _line(standing: "Standing") -> ModelLine:
    numbers = sorted(standing.versions, key=int, reverse=True)
    versions = tuple(_version(standing, version) for version in numbers)
    about = standing.tags or (standing.versions[numbers[0]] if numbers else {})
    return ModelLine(
        name=standing.model,
        task=about.get("sweep.task", ""),
        champion=next((version for version in versions if version.is_champion), None),
        versions=versions,
        history=tuple(reversed(reigns(standing.entries))),
    )


def _version(standing: "Standing", version: str) -> VersionLine:
    tags = standing.versions[version]
    metric, value, of_champion = tags.get(METRIC, ""), value_of(tags), value_of(standing.tags)
    gain = None
    if value is not None and of_champion is not None and are_comparable(tags, standing.tags):
        gain = of_champion - value if is_maximised(metric) is False else value - of_champion
    return VersionLine(
        version=version,
        run_id=standing.run_ids.get(version, ""),
        is_champion=version == standing.champion,
        stage=standing.stages.get(version, ""),
        metric=metric,
        value=value,
        scores=scores_of(tags),
        gain=gain,
        digest=tags.get(DIGEST, ""),
        data=tags.get("sweep.data", ""),
        sweep=tags.get("sweep.name", ""),
        trial=tags.get("sweep.run_name", ""),
        model=tags.get("sweep.model", ""),
        image_size=tags.get("sweep.image_size", ""),
    )
