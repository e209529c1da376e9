"""The registered models, for people: which there are, who was in Production, and the way back."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sweep.errors import InputError
from sweep.ledger import Reign, reigns
from sweep.paths import Home
from sweep.ports import Champion
from sweep.provenance import who
from sweep.tracking import ModelRegistry, open_registry
from sweep.tracking.model_notes import METRIC, value_of
from sweep.tracking.registered import Standing
from sweep.wiring.addresses import address_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A registered model, as people look at it.

    Args:
        name: of the registered model.
        version: in Production, None if there is none.
        metric: logged name of what it was chosen by.
        value: of it.
        since: when it came into Production, UTC; empty if the ledger does not say.
        sweep: it comes from.
        trial: its run's name.
        n_versions: registered in all.
        trouble: what is wrong with it, empty if nothing is.
    """

    name: str
    version: str | None
    metric: str
    value: float | None
    since: str
    sweep: str
    trial: str
    n_versions: int
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Who was in Production.

    Args:
        name: of the registered model.
        champion: version in Production now, None if there is none.
        reigns: the present champion last.
        trouble: what is wrong with the present one, empty if nothing is.
    """

    name: str
    champion: str | None
    reigns: tuple[Reign, ...]
    trouble: str

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            An object an entry, with the evidence.
        """
        entries = [asdict(reign.entry) | {"until": reign.until} for reign in self.reigns]
        return {"name": self.name, "champion": self.champion, "trouble": self.trouble, "entries": entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackReport:
    """A champion that was put back.

    Args:
        champion: it.
        skipped: later champions that could not be put back, and why.
    """

    champion: Champion
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            Name and version now, and the version that was replaced.
        """
        return {
            "name": self.champion.name,
            "version": self.champion.version,
            "replaced": self.champion.replaced,
            "skipped": list(self.skipped),
        }


def list_models(*, home: str | None = None, tracking_uri: str | None = None) -> tuple[ModelEntry, ...]:
    """List the registered models with their champions.

    Args:
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store; None for the home's, or SWEEP_TRACKING_URI.

    Returns:
        By name.

    Raises:
        InputError: there is no store.
        UnavailableError: it cannot be used.
    """
    return tuple(map(_entry, open_models(home=home, tracking_uri=tracking_uri).all()))


def model_history(model: str, *, home: str | None = None, tracking_uri: str | None = None) -> History:
    """Read the ledger of a registered model.

    Args:
        model: its name.
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store; None for the home's, or SWEEP_TRACKING_URI.

    Returns:
        Who was in Production from when to when, on what evidence.

    Raises:
        InputError: there is no such model; the message has the near one.
        UnavailableError: the store cannot be used.
    """
    standing = open_models(home=home, tracking_uri=tracking_uri).known(model)
    return History(
        name=model, champion=standing.champion, reigns=reigns(standing.entries), trouble=_trouble(standing)
    )


def roll_back(model: str, *, home: str | None = None, tracking_uri: str | None = None) -> RollbackReport:
    """Put the former champion back into Production.

    Args:
        model: name of the registered model.
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store; None for the home's, or SWEEP_TRACKING_URI.

    Returns:
        The champion now.

    Raises:
        InputError: there is no such model, or no former champion whose files are whole.
        PromotionError: MLflow refuses it.
        UnavailableError: the store cannot be used.
    """
    from sweep.promotion import roll_back as rolled_back

    restored = rolled_back(open_models(home=home, tracking_uri=tracking_uri), model, by=who())
    return RollbackReport(champion=restored.champion, skipped=restored.skipped)


def open_models(
    *, home: str | Path | None, tracking_uri: str | None, mend: str = "name it with --home or --tracking-uri"
) -> ModelRegistry:
    """Open the registry of a home; no home or database is made for a look.

    Args:
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store. None for the home's; if no home is given either, for
            SWEEP_TRACKING_URI, as in a sweep.
        mend: how to name another place.

    Returns:
        The registry.

    Raises:
        InputError: there is no database.
    """
    root = Home.at(home)
    if home is None:
        tracking_uri = tracking_uri or address_in(os.environ, "tracking_uri")
    if tracking_uri is None and not root.mlflow_file.is_file():
        raise InputError(f"{root.root} holds no MLflow database, so there is no model in it; {mend}")
    return open_registry(
        tracking_uri or root.mlflow_url,
        artifacts=root.artifacts,
        init_lock=root.mlflow_lock,
        registry_lock=root.registry_lock,
    )


def _entry(standing: Standing) -> ModelEntry:
    own = [entry for entry in standing.entries if entry.version == standing.champion]
    tags = standing.tags
    return ModelEntry(
        name=standing.model,
        version=standing.champion,
        metric=tags.get(METRIC, ""),
        value=value_of(tags),
        since=own[-1].at if own else "",
        sweep=tags.get("sweep.name", ""),
        trial=tags.get("sweep.run_name", ""),
        n_versions=len(standing.versions),
        trouble=_trouble(standing),
    )


def _trouble(standing: Standing) -> str:
    last = standing.entries[-1].version if standing.entries else None
    if standing.lost:
        return (
            f"version {standing.lost}, the champion, was deleted and nobody is in Production; "
            f"put another one back with: sweep rollback {standing.model}"
        )
    if last is not None and standing.champion is None:
        return (
            f"version {last}, the champion, lost its alias and nobody is in Production; "
            f"put it back with: sweep rollback {standing.model}"
        )
    if last != standing.champion and last is not None:
        return f"version {standing.champion} was put into Production by other means than this program"
    return ""
