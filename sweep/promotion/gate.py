"""The gate before Production: rules that a judged candidate must pass, and the words for what came of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from sweep.judgement import Evidence, Judgement
from sweep.redaction import redacted

TOLERANCE = 1e-4
"""How far a loaded model's metrics may lie from the logged ones: rounding, nothing else."""
FEWEST_IMAGES = 2
ROUGH_BELOW = 20
LONGEST_WHY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model in Production may cost at most; None for no limit.

    Args:
        latency_ms: of one frame on a CPU of the machine that judges.
        size_mb: of the package, in megabytes (10**6 bytes).
    """

    latency_ms: float | None = None
    size_mb: float | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the gate decides about.

    Args:
        judgement: of the candidate, from a fresh process.
        logged: metrics of the candidate as they were logged with it.
        digest: of the data set it was judged on.
        champion: version in Production, None if there is none.
        champion_digest: of the data set that one was judged on.
        trouble: why the champion is no rival though it should be: its files are gone, altered, deleted.
        limits: what the candidate may cost at most.
    """

    judgement: Judgement
    logged: Mapping[str, float]
    digest: str = ""
    champion: str | None = None
    champion_digest: str = ""
    trouble: str = ""
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a candidate must be.

    Args:
        name: for tags and tests.
        fault: says what is wrong in one sentence without its full stop, empty if nothing is.
        is_forcible: whether `--force` goes over it. What cannot be loaded never goes into Production.
    """

    name: str
    fault: Callable[[Case], str]
    is_forcible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate says.

    Args:
        rule: that was broken, empty if none was.
        is_forcible: whether `--force` goes over it.
        evidence: numbers and the sentence.
        forced: the same for whoever goes over it.
        notes: what the user should be told besides, loudly.
    """

    rule: str
    is_forcible: bool
    evidence: Evidence
    forced: Evidence
    notes: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether the candidate may go into Production."""
        return not self.rule

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            Whether it passed, the broken rule, the numbers and the sentence.
        """
        evidence = asdict(self.evidence)
        return {"passed": self.has_passed, "rule": self.rule, **evidence, "notes": list(self.notes)}


def decide(case: Case) -> Decision:
    """Let a candidate pass or not.

    Args:
        case: what was found out about it.

    Returns:
        The decision; of several broken rules the first one counts.
    """
    evidence = _evidence(case)
    notes = _notes(case)
    for rule in RULES:
        if fault := rule.fault(case):
            start = "not promoted" if case.champion is None else "champion kept"
            return Decision(
                rule=rule.name,
                is_forcible=rule.is_forcible,
                evidence=replace(evidence, why=_cut(f"{start}: {fault}")),
                forced=replace(evidence, why=_cut(f"against the gate: {fault}")),
                notes=notes,
            )
    passed = replace(evidence, why=_cut(_praise(case)))
    return Decision(rule="", is_forcible=True, evidence=passed, forced=passed, notes=notes)


def _loads(case: Case) -> str:
    reason = case.judgement.reason
    return f"the model cannot be loaded and scored in a fresh process: {reason}" if reason else ""


def _is_finite(case: Case) -> str:
    broken = [name for name, score in case.judgement.scores.items() if not math.isfinite(score)]
    return f"the loaded model's {', '.join(broken)} is not a finite number" if broken else ""


def _reproduces(case: Case) -> str:
    for name, score in case.judgement.scores.items():
        logged = case.logged.get(name)
        if logged is not None and not abs(score - logged) <= TOLERANCE:
            return f"the loaded model's {name} is {score:.6f}, but {logged:.6f} was logged"
    return ""


def _has_truth(case: Case) -> str:
    found = case.judgement
    if found.n_true_classes > (1 if found.task == "segmentation" else 0):
        return ""
    shown = "one class only" if found.n_true_classes else "no labelled pixel"
    if found.task == "detection":
        shown = "no object"
    return f"the validation split shows {shown}, so the score is meaningless; add labelled frames to it"


def _is_alive(case: Case) -> str:
    found = case.judgement
    if found.task == "segmentation" and found.n_predicted_classes <= 1:
        return f"the model answers every pixel with one class, where the truth has {found.n_true_classes}"
    if found.task == "detection" and not found.n_predicted_classes:
        return f"the model finds no box in {found.n_images} validation images"
    return ""


def _is_quick(case: Case) -> str:
    found, most = case.judgement.latency_ms, case.limits.latency_ms
    if most is None or (found is not None and found <= most):
        return ""
    taken = "an unknown time" if found is None else f"{found:.1f} ms"
    return f"the model takes {taken} for a frame on this machine's CPU; --max-latency-ms allows {most:g}"


def _is_small(case: Case) -> str:
    found, most = case.judgement.size_mb, case.limits.size_mb
    if most is None or found <= most:
        return ""
    return f"the model's package has {found:.2f} MB; --max-size-mb allows {most:g}"


def _is_better(case: Case) -> str:
    found = case.judgement
    if found.champion_value is None or found.low is None:
        return ""
    if found.n_images < FEWEST_IMAGES:
        return f"{_numbers(case)}; noise cannot be told from {found.n_images} validation image"
    if found.low == 0 == found.high:
        return f"{_numbers(case)}: the two do the same on every image that was drawn"
    return "" if found.low > 0 else f"{_numbers(case)}; its lower end must be above 0"


RULES = (
    Rule("loads", _loads, is_forcible=False),
    Rule("finite", _is_finite, is_forcible=False),
    Rule("reproduces", _reproduces, is_forcible=False),
    Rule("truth", _has_truth),
    Rule("alive", _is_alive),
    Rule("latency", _is_quick),
    Rule("size", _is_small),
    Rule("better", _is_better),
)


def _evidence(case: Case) -> Evidence:
    found = case.judgement
    return Evidence(
        metric=found.metric,
        maximise=found.maximise,
        value=found.value,
        champion=case.champion,
        champion_value=found.champion_value,
        low=found.low,
        high=found.high,
        n_images=found.n_images,
        digest=case.digest,
        ground=_ground(case),
    )


def _ground(case: Case) -> str:
    if case.trouble or case.judgement.no_rival:
        return "no rival"
    if case.champion is None:
        return "first champion"
    return "same data" if case.digest and case.digest == case.champion_digest else "re-evaluated"


def _notes(case: Case) -> tuple[str, ...]:
    found = case.judgement
    loud = [redacted(case.trouble)] if case.trouble else []
    if found.no_rival:
        loud.append(f"version {case.champion} in Production is no rival: {found.no_rival}")
    if found.low is not None and FEWEST_IMAGES <= found.n_images < ROUGH_BELOW:
        loud.append(f"{found.n_images} validation images are few: the interval is rough")
    return (*loud, *found.notes)


def _praise(case: Case) -> str:
    found = case.judgement
    metric, value = _short(found), "" if found.value is None else f" {found.value:.4f}"
    if case.trouble:
        return f"promoted with {metric}{value} without a rival: {case.trouble}"
    if found.no_rival:
        return (
            f"promoted with {metric}{value}: version {case.champion} in Production is no rival, "
            f"{found.no_rival}"
        )
    if case.champion is None:
        return f"promoted with {metric}{value} as the first champion"
    return f"promoted: {_numbers(case)}"


def _numbers(case: Case) -> str:
    """Both scores, the interval, and on what they were taken."""
    found = case.judgement
    if found.value is None or found.champion_value is None or found.low is None or found.high is None:
        return ""
    gain = (found.value - found.champion_value) * (1 if found.maximise else -1)
    new = "" if _ground(case) == "same data" else f" that are new to version {case.champion}"
    return (
        f"{_short(found)} {found.value:.4f} against {found.champion_value:.4f} of version {case.champion} "
        f"over {found.n_images} validation images{new}, improvement {gain:+.4f}, "
        f"95 % interval {found.low:+.4f} to {found.high:+.4f}"
    )


def _short(found: Judgement) -> str:
    return found.metric.removesuffix(f"_{found.task}")


def _cut(text: str) -> str:
    text = redacted(" ".join(text.split()))
    return text if len(text) <= LONGEST_WHY else f"{text[: LONGEST_WHY - 3]}..."
