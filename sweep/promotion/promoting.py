"""Takes a candidate through registration, the gate and the steps into Production."""

import datetime
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import PromotionError
from sweep.judgement import Judgement, JudgeRequest
from sweep.ledger import Deed, Entry
from sweep.ports import Champion
from sweep.promotion.gate import NO_LIMITS, Case, Decision, Limits, decide
from sweep.promotion.steps import PROMOTION, REGISTRATION, Candidate, ChampionChangedError, walk
from sweep.records import TrialSpec
from sweep.tracking.model_notes import DIGEST, scores_of
from sweep.tracking.registered import Standing
from sweep.tracking.registry import ModelRegistry

Judge = Callable[[JudgeRequest], Judgement]
"""Judges in a fresh process, so that what is loaded there is what users will load."""

MOST_ATTEMPTS = 3
"""How often a candidate is judged anew because another one came into Production meanwhile."""
GATE, WHY, EVIDENCE = "sweep.gate", "sweep.gate_why", "sweep.evidence"
VAL_LOSS = "val_loss_detection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What came of a candidate.

    Args:
        champion: the registered version, promoted or not.
        decision: of the gate; None if it was not asked: no promotion was wanted, or the version was in
            Production already.
        is_forced: whether it was promoted against the gate.
    """

    champion: Champion
    decision: Decision | None = None
    is_forced: bool = False

    @property
    def why(self) -> str:
        """The gate's sentence."""
        if self.decision is None:
            return ""
        return (self.decision.forced if self.is_forced else self.decision.evidence).why


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """On what a registered version is judged.

    Args:
        spec: its trial: metric, direction, digest and frame cache.
        by: user@host, for the ledger.
        sweep: it comes from.
        checkpoint: its `best.pt`, for a detector's validation loss.
        force: whether to go over the gate where that can be done.
        limits: what the candidate may cost at most.
    """

    spec: TrialSpec
    by: str = ""
    sweep: str = ""
    checkpoint: str = ""
    force: bool = False
    limits: Limits = NO_LIMITS


def promote_best(
    registry: ModelRegistry,
    candidate: Candidate,
    question: Question,
    *,
    judge: Judge,
    promote: bool = True,
) -> Promotion:
    """Register a packaged model and, if wanted and if the gate lets it, put it into Production.

    Args:
        registry: of models.
        candidate: with its package, trial and run, or with its registered version.
        question: on what it is judged.
        judge: judges it in a fresh process.
        promote: whether it is to become the champion.

    Returns:
        The registered version, and what the gate said.

    Raises:
        PromotionError: a step was refused; until the alias has moved the former champion is untouched.
        UnavailableError: the store cannot be used right now; run it again.
    """
    if candidate.champion is None:
        walk(registry, candidate, steps=REGISTRATION)
    if not promote:
        return Promotion(champion=_version(candidate))
    return promote_version(registry, candidate, question, judge=judge)


def promote_version(
    registry: ModelRegistry, candidate: Candidate, question: Question, *, judge: Judge
) -> Promotion:
    """Put a registered version into Production if the gate lets it.

    It is judged while others may use the registry; before the alias moves it is looked whether the champion
    is still the one it was judged against.

    Args:
        registry: of models.
        candidate: with its registered version.
        question: on what it is judged.
        judge: judges it in a fresh process.

    Returns:
        The version, and what the gate said.

    Raises:
        PromotionError: a step was refused; until the alias has moved the former champion is untouched.
        UnavailableError: the store cannot be used right now; run it again.
    """
    for _ in range(MOST_ATTEMPTS):
        standing, own = registry.standing(candidate.model), _version(candidate)
        if standing.champion == own.version:  # perhaps promoted by somebody who was killed before the end
            return Promotion(champion=walk(registry, candidate, steps=PROMOTION))
        decision = decide(_case(registry, standing, own, question, judge=judge))
        is_forced = question.force and decision.is_forcible and not decision.has_passed
        may_pass = decision.has_passed or is_forced
        registry.annotate(own, _tags(decision, may_pass=may_pass, is_forced=is_forced))
        if not may_pass:
            return Promotion(champion=own, decision=decision)
        candidate.draft = _draft(decision, question, is_forced=is_forced)
        candidate.rival = (standing.champion,)
        try:
            champion = walk(registry, candidate, steps=PROMOTION)
        except ChampionChangedError:
            continue
        return Promotion(champion=champion, decision=decision, is_forced=is_forced)
    raise PromotionError(
        f"{candidate.model}: other models came into Production {MOST_ATTEMPTS} times while this one was "
        "judged; it stays registered. Promote it again"
    )


def registered_candidate(registry: ModelRegistry, model: str, trial_uid: str) -> Candidate | None:
    """Find the version that a trial became earlier, so that it is not packaged and registered twice.

    Args:
        registry: of models.
        model: name of the registered model.
        trial_uid: of the trial.

    Returns:
        It, as a candidate; None if there is none, or its files are missing or altered.

    Raises:
        UnavailableError: the store cannot be used right now.
    """
    version = registry.version_of(model, trial_uid)
    if version is None:
        return None
    champion = registry.standing(model).as_champion(version)
    try:
        registry.verify(champion)
    except PromotionError:
        return None
    return Candidate(model=model, run_id=champion.run_id, champion=champion)


def now() -> str:
    """The time, as the ledger has it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _version(candidate: Candidate) -> Champion:
    if candidate.champion is None:
        raise PromotionError("the model was not registered")
    return candidate.champion


def _case(
    registry: ModelRegistry, standing: Standing, own: Champion, question: Question, *, judge: Judge
) -> Case:
    """Fetch both models, verified, and have them judged."""
    spec, tags = question.spec, standing.versions.get(own.version, {})
    with tempfile.TemporaryDirectory(prefix="sweep-gate-") as scratch:
        folder = Path(scratch)
        candidate = registry.fetch(own.name, own.version, into=folder / "candidate")
        rival, trouble = _rival(registry, standing, into=folder / "champion")
        checkpoints: tuple[str, ...] = ()
        if spec.objectives[0].metric == VAL_LOSS and Path(question.checkpoint).is_file():
            checkpoints = (question.checkpoint, *_rivals_checkpoint(registry, standing, folder / "weights"))
        judgement = judge(
            JudgeRequest(
                trial_uid=spec.trial_uid,
                candidate=str(candidate),
                data_ref=spec.data_ref,
                metric=spec.objectives[0].metric,
                maximise=spec.objectives[0].maximise,
                champion=rival,
                checkpoints=checkpoints,
                n_threads=spec.n_threads,
                is_timed=question.limits.latency_ms is not None,
            )
        )
    return Case(
        judgement=judgement,
        logged=scores_of(tags),
        digest=spec.digest,
        champion=standing.champion,
        champion_digest=standing.tags.get(DIGEST, ""),
        trouble=trouble,
        limits=question.limits,
    )


def _rival(registry: ModelRegistry, standing: Standing, *, into: Path) -> tuple[str, str]:
    """The champion's verified files, or why it is no rival though it should be."""
    if standing.champion is None:
        if not standing.lost:
            return "", ""
        return "", f"version {standing.lost}, which the ledger has in Production, was deleted"
    if not standing.tags.get("model_sha256"):
        return "", f"version {standing.champion} in Production was not registered by this program"
    try:
        return str(registry.fetch(standing.model, standing.champion, into=into)), ""
    except PromotionError as error:
        return "", f"version {standing.champion} in Production cannot be used: {error}"


def _rivals_checkpoint(registry: ModelRegistry, standing: Standing, into: Path) -> tuple[str, ...]:
    if standing.champion is None:
        return ()
    found = registry.checkpoints.download(standing.run_ids[standing.champion], into=into)
    return () if found is None else (str(found),)


def _tags(decision: Decision, *, may_pass: bool, is_forced: bool) -> Mapping[str, str]:
    state = "forced" if is_forced else "passed" if may_pass else f"kept: {decision.rule}"
    return {GATE: state, WHY: decision.evidence.why, EVIDENCE: decision.evidence.to_json()}


def _draft(decision: Decision, question: Question, *, is_forced: bool) -> Entry:
    return Entry(
        number=0,
        at=now(),
        version="",
        deed=Deed.FORCED if is_forced else Deed.PROMOTED,
        by=question.by,
        sweep=question.sweep,
        trial=question.spec.run_name,
        evidence=decision.forced if is_forced else decision.evidence,
    )
