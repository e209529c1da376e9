"""What was found out about the best trials reaches MLflow once, also where a process died in between."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sweep.api.evaluating import evaluate_best, folder_of
from sweep.api.silent import Silent
from sweep.evaluation import FILE, MONTAGE, Evaluation
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import SweepPaths
from sweep.records import TrialResult, TrialSpec
from sweep.tracking.memory_tracker import MemoryTracker
from sweep.wiring import Desk
from tests.making import a_result, a_spec


class Killed(BaseException):
    """The process is gone."""


class DyingTracker(MemoryTracker):
    """A tracker whose process is killed when it is told of the n-th file."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def artifact(self, trial_uid: str | None, file: Path, folder: str) -> None:
        if len(self.files) + 1 == self.at:
            raise Killed
        super().artifact(trial_uid, file, folder)


def a_desk(root: Path, scribe: MemoryTracker) -> Desk:
    """A desk whose evaluations are those that a killed process has left."""
    plan = SimpleNamespace(digest="d" * 64)
    return cast("Desk", SimpleNamespace(paths=SweepPaths(root), plan=plan, scribe=scribe))


def left_behind(desk: Desk, spec: TrialSpec) -> None:
    """Write what a process has that was killed before it handed anything over."""
    folder = folder_of(desk, spec)
    folder.mkdir(parents=True)
    (folder / MONTAGE).write_bytes(b"picture")
    (folder / FILE).write_text(Evaluation(trial_uid=spec.trial_uid, task="segmentation").to_json())


@pytest.fixture
def trial() -> tuple[TrialSpec, TrialResult]:
    spec = a_spec(1)
    return spec, dataclasses.replace(a_result(spec, 0.5), checkpoint="best.pt")


def told(scribe: MemoryTracker) -> list[tuple[str | None, str]]:
    return [(uid, file.name) for uid, file, _ in scribe.files]


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_evaluation_of_a_killed_process_is_handed_over_whole_and_once(
    tmp_path: Path, trial: tuple[TrialSpec, TrialResult], at: int
) -> None:
    first = a_desk(tmp_path, DyingTracker(at))
    left_behind(first, trial[0])
    with pytest.raises(Killed):
        evaluate_best(first, [trial], observer=Silent(), stop=StopRequest())
    uid = trial[0].trial_uid
    for n_times in (1, 0):
        scribe = MemoryTracker()
        evaluate_best(a_desk(tmp_path, scribe), [trial], observer=Silent(), stop=StopRequest())
        assert told(scribe) == [(uid, MONTAGE), (uid, FILE), (None, MONTAGE), (None, FILE)] * n_times
