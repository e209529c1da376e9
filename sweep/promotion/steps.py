"""The way of a model into Production: named steps, each of which can be repeated.

Whoever is stopped between any two of them starts again from the first: what is done is found and kept, so
that at the end there is one version of the model and one champion. The alias moves after the upload was
verified and the gate has let the model pass, so until then the former champion stays what it was; the
ledger's entry is written down before the alias moves, so it is never lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sweep.errors import PromotionError
from sweep.ledger import Deed, Entry
from sweep.ports import Champion
from sweep.records import PackageResult, TrialSpec
from sweep.tracking.registry import ModelRegistry


class ChampionChangedError(PromotionError):
    """Somebody else promoted a model after this candidate was judged."""


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A model on its way.

    Args:
        model: name of the registered model, e.g. `rccar-segmentation`.
        package: the packaged model, None for a version that is registered already.
        spec: its trial, likewise.
        run_id: the trial's run in MLflow.
        model_id: of the logged model, once it is logged.
        champion: the registered version, once it is registered.
        draft: what its promotion adds to the ledger, but for number and time.
        entry: the same, once it is written down.
        rival: (version,) that it was judged against, (None,) if nobody was in Production; empty if it was not
            judged.
    """

    model: str
    package: PackageResult | None = None
    spec: TrialSpec | None = None
    run_id: str = ""
    model_id: str | None = None
    champion: Champion | None = None
    draft: Entry = field(default_factory=lambda: Entry(number=0, at="", version="", deed=Deed.PROMOTED))
    entry: Entry | None = None
    rival: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        name: for messages and tests.
        run: does it.
    """

    name: str
    run: Callable[[ModelRegistry, Candidate], None]


def walk(registry: ModelRegistry, candidate: Candidate, *, steps: Sequence[Step]) -> Champion:
    """Take a candidate through steps while nobody else changes the registry.

    Args:
        registry: of models.
        candidate: takes up what the steps find out.
        steps: in order.

    Returns:
        The registered version.

    Raises:
        PromotionError: a step was refused, or the steps end before the model is registered.
        UnavailableError: the store cannot be used right now; run it again.
    """
    with registry.locked():
        for step in steps:
            step.run(registry, candidate)
    return _registered(candidate)


def _log_model(registry: ModelRegistry, candidate: Candidate) -> None:
    if candidate.package is None or candidate.spec is None:
        raise PromotionError("the step log_model needs a packaged model and its trial")
    candidate.model_id = registry.log_model(candidate.package, spec=candidate.spec, run_id=candidate.run_id)


def _register(registry: ModelRegistry, candidate: Candidate) -> None:
    if candidate.model_id is None:
        raise PromotionError("the step register needs the step log_model before it")
    candidate.champion = registry.register_version(candidate.model_id, model=candidate.model)


def _verify(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.verify(_registered(candidate))


def _settle(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.settle(candidate.model)


def _intend(registry: ModelRegistry, candidate: Candidate) -> None:
    own, now = _registered(candidate), registry.standing(candidate.model).champion
    if candidate.rival and now not in {*candidate.rival, own.version}:
        raise ChampionChangedError(
            f"{candidate.model}: version {now} came into Production after version {own.version} was judged; "
            "nothing was changed. Promote it again"
        )
    candidate.entry = registry.intend(own, candidate.draft)


def _alias(registry: ModelRegistry, candidate: Candidate) -> None:
    candidate.champion = registry.set_alias(_registered(candidate), _intended(candidate))


def _stage(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.set_stage(_registered(candidate))


def _ledger(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.record(candidate.model, _intended(candidate))


def _tag(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.mark(_registered(candidate))


def _registered(candidate: Candidate) -> Champion:
    if candidate.champion is None:
        raise PromotionError("the model was not registered: the step register comes first")
    return candidate.champion


def _intended(candidate: Candidate) -> Entry:
    if candidate.entry is None:
        raise PromotionError("the promotion was not written down: the step intend comes first")
    return candidate.entry


REGISTRATION = (Step("log_model", _log_model), Step("register", _register), Step("verify", _verify))
PROMOTION = (
    Step("settle", _settle),
    Step("intend", _intend),
    Step("alias", _alias),
    Step("stage", _stage),
    Step("tag", _tag),
    Step("ledger", _ledger),  # last: with the entry in the ledger all is done
)
STEPS = (*REGISTRATION, *PROMOTION)
"""All of them; the gate stands between verify and settle."""
