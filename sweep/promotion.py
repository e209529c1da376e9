"""How the best model gets into Production: named steps, each of which can be repeated.

Whoever is stopped between any two of them starts again from the first: what is done is found and kept, so
that at the end there is one version of the model and one champion. The alias moves after the upload was
verified, so until then the former champion stays what it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sweep.errors import PromotionError
from sweep.ports import Champion
from sweep.records import PackageResult, TrialSpec
from sweep.tracking.registry import ModelRegistry


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A packaged model on its way.

    Args:
        package: the packaged model.
        spec: its trial.
        run_id: the trial's run in MLflow.
        model: name of the registered model, e.g. `rccar-segmentation`.
        model_id: of the logged model, once it is logged.
        champion: the registered version, once it is registered.
    """

    package: PackageResult
    spec: TrialSpec
    run_id: str
    model: str
    model_id: str | None = None
    champion: Champion | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        name: for messages and tests.
        run: does it.
    """

    name: str
    run: Callable[[ModelRegistry, Candidate], None]


def promote_best(
    registry: ModelRegistry,
    *,
    package: PackageResult,
    spec: TrialSpec,
    run_id: str,
    model: str,
    promote: bool = True,
) -> Champion:
    """Register a packaged model and, if wanted, put it into Production.

    Args:
        registry: of models.
        package: the packaged model.
        spec: its trial.
        run_id: the trial's run in MLflow.
        model: name of the registered model, e.g. `rccar-segmentation`.
        promote: whether it becomes the champion.

    Returns:
        The registered version.

    Raises:
        PromotionError: a step was refused; until the alias has moved the former champion is untouched.
        UnavailableError: the store cannot be used right now; run it again.
    """
    candidate = Candidate(package=package, spec=spec, run_id=run_id, model=model)
    return walk(registry, candidate, steps=STEPS if promote else REGISTRATION)


def walk(registry: ModelRegistry, candidate: Candidate, *, steps: Sequence[Step]) -> Champion:
    """Take a candidate through steps while nobody else changes the registry.

    Args:
        registry: of models.
        candidate: the packaged model; takes up what the steps find out.
        steps: in order, beginning with the first of `STEPS`.

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
    candidate.model_id = registry.log_model(candidate.package, spec=candidate.spec, run_id=candidate.run_id)


def _register(registry: ModelRegistry, candidate: Candidate) -> None:
    if candidate.model_id is None:
        raise PromotionError("the step register needs the step log_model before it")
    candidate.champion = registry.register_version(candidate.model_id, model=candidate.model)


def _verify(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.verify(_registered(candidate))


def _alias(registry: ModelRegistry, candidate: Candidate) -> None:
    candidate.champion = registry.set_alias(_registered(candidate))


def _stage(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.set_stage(_registered(candidate))


def _tag(registry: ModelRegistry, candidate: Candidate) -> None:
    registry.mark(_registered(candidate))


def _registered(candidate: Candidate) -> Champion:
    if candidate.champion is None:
        raise PromotionError("the model was not registered: the step register comes first")
    return candidate.champion


REGISTRATION = (Step("log_model", _log_model), Step("register", _register), Step("verify", _verify))
STEPS = (*REGISTRATION, Step("alias", _alias), Step("stage", _stage), Step("tag", _tag))
