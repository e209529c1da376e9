"""Processes that go a part of the way into Production and die there, by the operating system's hand."""

import multiprocessing
import os
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sweep import promotion
from sweep.judgement import Judgement, JudgeRequest
from sweep.promotion import Candidate, Question, promote_best
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.store import Store, open_store
from tests.making import MIOU, a_spec

DEAD = 9


@cache
def _context() -> ForkServerContext:
    """Children start from a process that has imported MLflow and holds no connection."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow", "sqlalchemy", "tests.dying"])
    return context


def home_store(home: Path) -> Store:
    return open_store(
        f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock"
    )


def home_registry(home: Path) -> ModelRegistry:
    return ModelRegistry(lambda: home_store(home), registry_lock=home / "registry.lock")


def in_child(work: Callable[..., None], *args: Any) -> int:
    """Run in a process of its own.

    Returns:
        Its exit code.
    """
    child = _context().Process(target=work, args=args)
    child.start()
    child.join(120)
    return -1 if child.exitcode is None else child.exitcode


def side_by_side(work: Callable[..., None], calls: list[tuple[Any, ...]]) -> list[int]:
    """Run in as many processes at once, which get a barrier as their first argument."""
    barrier = _context().Barrier(len(calls))
    children = [_context().Process(target=work, args=(barrier, *args)) for args in calls]
    for child in children:
        child.start()
    for child in children:
        child.join(180)
    return [-1 if child.exitcode is None else child.exitcode for child in children]


def walk_and_die(home: Path, candidate: Candidate, first: int, n_steps: int) -> None:
    """Walk some steps, then end as a kill ends: no handler runs, the registry's lock is held."""
    registry = home_registry(home)
    with registry.locked():
        for step in promotion.STEPS[first : first + n_steps]:
            step.run(registry, candidate)
        os._exit(DEAD)


def by_weights(request: JudgeRequest) -> Judgement:
    """Judge packages whose score is written in them: a difference above 0.05 is more than noise."""
    own = _score(request.candidate)
    judgement = {"trial_uid": request.trial_uid, "metric": MIOU.metric, "task": "segmentation"}
    counts = {"n_images": 30, "n_true_classes": 3, "n_predicted_classes": 3}
    if not request.champion:
        return Judgement(**judgement, **counts, value=own, scores={MIOU.metric: own})  # type: ignore[arg-type]
    other = _score(request.champion)
    return Judgement(
        **judgement,  # type: ignore[arg-type]
        **counts,  # type: ignore[arg-type]
        value=own,
        scores={MIOU.metric: own},
        champion_value=other,
        low=own - other - 0.05,
        high=own - other + 0.05,
    )


def _score(folder: str) -> float:
    return float((Path(folder) / "data" / "weights.bin").read_text())


def a_question(candidate: Candidate, **changes: Any) -> Question:
    values: dict[str, Any] = {"spec": candidate.spec or a_spec(3), "by": "me@here", "sweep": "track"}
    return Question(**(values | changes))


def promote_together(barrier: Barrier, home: Path, candidate: Candidate) -> None:
    """Promote; at the first judgement wait until the other process judges, too."""
    met: list[bool] = []

    def judge(request: JudgeRequest) -> Judgement:
        if not met:
            met.append(True)
            barrier.wait(60)
        return by_weights(request)

    promote_best(home_registry(home), candidate, a_question(candidate), judge=judge)
