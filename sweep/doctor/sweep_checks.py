"""What must be true of one sweep: its study, its runs and its files say the same. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sweep.doctor.finding import Finding
from sweep.history import SweepHistory
from sweep.searching.study_reader import StudyFacts, TrialFacts
from sweep.tracking.run_reader import RunFacts

TOLERANCE = 1e-9
CRASHED = "worker_killed"
STATES = {"COMPLETE": ("FINISHED", "complete"), "PRUNED": ("KILLED", "pruned")}
FAILED = {("FAILED", "failed"), ("KILLED", "stopped"), ("FAILED", "infeasible")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A process of a sweep.

    Args:
        max_retries: attempts after the first, as that process was told.
        uids: of the trials that it started.
    """

    max_retries: int
    uids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFacts:
    """What the databases and files say of a sweep.

    Args:
        name: of the sweep.
        uid: of the sweep, as its own config says; empty for one of an earlier version.
        study: in Optuna, None if it is gone.
        parents: the sweep's own runs in MLflow.
        runs: its trials' runs.
        history: what its spool says.
        metric: logged name of the objective.
        n_slots: trials asked for.
        is_running: whether a process held its lock before or after the rest was read.
        n_undelivered: bytes of the spool that MLflow has not taken.
        steps: epochs of a run in MLflow that have the objective.
        starts: reads the sweep's processes, in their order.
        pending: ids of logged models whose upload was cut.
    """

    name: str
    uid: str
    study: StudyFacts | None
    parents: tuple[RunFacts, ...]
    runs: tuple[RunFacts, ...]
    history: SweepHistory
    metric: str
    n_slots: int
    is_running: bool
    n_undelivered: int
    steps: Callable[[str], list[int]]
    starts: Callable[[], Sequence[Start]]
    pending: tuple[str, ...] = ()


def check_sweep(facts: SweepFacts) -> list[Finding]:
    """Check a sweep. While it runs only what holds at every moment is checked.

    Args:
        facts: of the sweep.

    Returns:
        Everything that should be otherwise.
    """
    if facts.study is None:
        return [Finding(rule="study", where=facts.name, text="its study is not in Optuna's storage")]
    checks = [_identity, _numbers, _slots] if facts.is_running else list(CHECKS)
    return [
        Finding(rule=check.__name__.strip("_"), where=facts.name, text=text, is_fixable=fixable)
        for check in checks
        for text, fixable in check(facts, facts.study)
    ]


Found = Iterator[tuple[str, bool]]


def _identity(facts: SweepFacts, study: StudyFacts) -> Found:
    if facts.uid and study.uid and facts.uid != study.uid:
        yield "the study of its name belongs to another sweep", False


def _numbers(_: SweepFacts, study: StudyFacts) -> Found:
    numbers = [trial.number for trial in study.trials]
    if numbers != list(range(len(numbers))):
        yield f"trial numbers have gaps: {numbers}", False
    uids = Counter(trial.uid for trial in study.trials)
    for uid, n in uids.items():
        if n > 1 or not uid:
            yield f"{n} trials have the trial_uid {uid!r}", False


def _slots(facts: SweepFacts, study: StudyFacts) -> Found:
    closed = Counter(trial.slot for trial in study.trials if trial.state in STATES)
    for slot, n in closed.items():
        if n > 1:
            yield f"slot {slot} was closed by {n} trials", False
    if len(closed) > facts.n_slots:
        yield f"{len(closed)} slots are closed, {facts.n_slots} were asked for", False


def _rest(_: SweepFacts, study: StudyFacts) -> Found:
    for trial in study.trials:
        if trial.state in {"RUNNING", "WAITING"}:
            yield f"trial {trial.number} in Optuna is {trial.state}, but no process runs the sweep", True


def _parents(facts: SweepFacts, _: StudyFacts) -> Found:
    if facts.n_undelivered:
        return
    if len(facts.parents) != 1:
        yield f"{len(facts.parents)} runs in MLflow are the sweep's own", False
    for parent in facts.parents:
        if parent.status == "RUNNING":
            yield f"run {parent.name} is RUNNING, but no process runs the sweep", True
    ids = {parent.run_id for parent in facts.parents}
    for run in facts.runs:
        if run.tags.get("mlflow.parentRunId") not in ids:
            yield f"run {run.name} has another parent", False


def _delivery(facts: SweepFacts, _: StudyFacts) -> Found:
    if facts.n_undelivered:
        yield f"{facts.n_undelivered} bytes of its events (spool.jsonl) have not arrived in MLflow", True


def _bijection(facts: SweepFacts, study: StudyFacts) -> Found:
    if facts.n_undelivered:
        return
    runs = Counter(run.uid for run in facts.runs)
    for uid, n in runs.items():
        if n > 1:
            yield f"{n} runs in MLflow are of trial_uid {uid}", True
    trials = {trial.uid: trial for trial in study.trials}
    for uid in trials.keys() - runs.keys():
        yield f"trial {trials[uid].number} has no run in MLflow", False
    by_uid = {run.uid: run for run in facts.runs}
    for uid in runs.keys() - trials.keys():
        yield f"run {by_uid[uid].name} has no trial in Optuna", False
    for uid in runs.keys() & trials.keys():
        if trials[uid].run_id not in {"", *(run.run_id for run in facts.runs if run.uid == uid)}:
            yield f"trial {trials[uid].number} names another run than {by_uid[uid].name}", False


def _states(facts: SweepFacts, study: StudyFacts) -> Found:
    if facts.n_undelivered:
        return
    runs = {run.uid: run for run in facts.runs}
    for trial in study.trials:
        run = runs.get(trial.uid)
        if run is None or trial.state in {"RUNNING", "WAITING"}:
            continue
        found = (run.status, run.tags.get("sweep.state", ""))
        fits = found in FAILED if trial.state == "FAIL" else found == STATES[trial.state]
        if not fits:
            yield f"trial {trial.number} is {trial.state}, run {run.name} {found[0]} ({found[1]})", True
        elif found[1] == "failed" and not run.tags.get("sweep.reason"):
            yield f"run {run.name} failed without a reason", False


def _retries(facts: SweepFacts, study: StudyFacts) -> Found:
    chains: dict[int, list[TrialFacts]] = {}
    for trial in study.trials:
        chains.setdefault(trial.slot, []).append(trial)
    for slot, attempts in chains.items():
        if any(trial.state in STATES for trial in attempts[:-1]):
            yield f"slot {slot} was tried again after it was closed", False
        crashes = {trial.uid for trial in attempts if trial.reason.startswith(CRASHED)}
        # Whoever resumes may allow fewer retries, and `sweep retry` counts anew: each process by itself.
        for start in facts.starts() if len(crashes) > 1 else ():
            if (n := len(crashes & start.uids)) > start.max_retries + 1:
                yield f"slot {slot} crashed {n} times, {start.max_retries} retries were allowed", False
    successors = Counter(past.spec.retry_of for past in facts.history.trials.values() if past.spec.retry_of)
    for uid, n in successors.items():
        if n > 1:
            yield f"{n} trials retry {uid}", False


def _values(facts: SweepFacts, study: StudyFacts) -> Found:
    runs = {run.uid: run for run in facts.runs} if not facts.n_undelivered else {}
    for trial in study.trials:
        if trial.state != "COMPLETE":
            continue
        if trial.value is None or not math.isfinite(trial.value):
            yield f"trial {trial.number} is COMPLETE with the value {trial.value}", False
            continue
        run = runs.get(trial.uid)
        logged = run.metrics.get(f"best_{facts.metric}") if run else trial.value
        if logged is None or abs(logged - trial.value) > TOLERANCE:
            yield f"trial {trial.number} has the value {trial.value}, MLflow has {logged}", False


def _epochs(facts: SweepFacts, study: StudyFacts) -> Found:
    runs = {run.uid: run for run in facts.runs} if not facts.n_undelivered else {}
    for trial in study.trials:
        if trial.uid in runs and trial.steps:
            missing = set(trial.steps) - set(facts.steps(runs[trial.uid].run_id))
            if missing:
                yield f"epochs {sorted(missing)} of trial {trial.number} are not in MLflow", False


def _best(facts: SweepFacts, study: StudyFacts) -> Found:
    if facts.n_undelivered or study.best is None:
        return
    sign = -1.0 if study.maximise else 1.0
    name = f"best_{facts.metric}"
    complete = [
        run for run in facts.runs if run.tags.get("sweep.state") == "complete" and name in run.metrics
    ]
    best = min(
        complete,
        key=lambda run: (sign * run.metrics[name], int(run.tags.get("sweep.trial", "0"))),
        default=None,
    )
    if best is None or best.uid != study.best.uid:
        found = best.name if best else "none"
        yield f"the best trial is {study.best.number} in Optuna, {found} in MLflow", False


def _models(facts: SweepFacts, _: StudyFacts) -> Found:
    for model_id in facts.pending:
        yield f"the upload of the logged model {model_id} was cut", True


CHECKS = (
    _identity,
    _numbers,
    _slots,
    _rest,
    _delivery,
    _parents,
    _bijection,
    _states,
    _retries,
    _values,
    _epochs,
    _best,
    _models,
)
"""In the order in which they are shown."""
