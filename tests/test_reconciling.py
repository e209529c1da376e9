"""A sweep brought to rest: what Optuna's storage and the spool lack of each other, and who is believed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from sweep.errors import UnavailableError
from sweep.history import CUT
from sweep.records import EpochReport, Status, TrialResult, TrialSpec
from sweep.search_space import load_space
from sweep.searching.mirror import StorageMirror
from sweep.searching.searcher import StudySearcher, open_study
from sweep.searching.storage import open_storage
from sweep.tracking import Scribe
from sweep.tracking.events import TrialMetrics
from sweep.tracking.history import read_history
from sweep.tracking.spool import events_of
from sweep.tracking.store import Store
from sweep.wiring.reconciling import Rested, at_rest
from tests.making import MIOU, a_plan, a_result

SPACE = load_space("stand_in_segmentation", task="segmentation", trainer="stand_in")
CURVE = [0.2, 0.6, 0.5, 0.55]
STOPPED = {"status": Status.STOPPED, "reason": "sweep_closed"}


class Sweep:
    """A sweep without processes: its study, and its spool, of which MLflow takes nothing."""

    def __init__(self, folder: Path, *, sampler: str = "random", trainer: str = "stand_in") -> None:
        self.folder, self.sampler = folder, sampler
        self.plan = a_plan(folder=str(folder / "trials"), trainer=trainer)
        self.storage = open_storage(f"sqlite:///{folder / 'optuna.db'}", init_lock=folder / "lock")
        self.study_id = open_study(self.storage, plan=self.plan, attributes={})
        self.scribe = self.a_scribe()
        self.searcher = self.a_searcher()

    def a_scribe(self) -> Scribe:
        def unreachable() -> Store:
            raise UnavailableError("there is no server")

        return Scribe(self.folder / "spool.jsonl", unreachable, param_name=lambda _, name: name)

    def a_searcher(self, rested: Rested | None = None) -> StudySearcher:
        return StudySearcher(
            space=SPACE,
            plan=self.plan,
            sampler=self.sampler,
            pruner="asha",
            mirror=StorageMirror(self.storage, self.study_id, run_id_of=lambda uid: f"run-{uid}"),
            earlier=rested.trials if rested else (),
            attributes=rested.attributes if rested else {},
        )

    def begin(self, slot: int, curve: list[float] = CURVE) -> TrialSpec:
        spec = self.searcher.ask(slot)
        assert spec is not None
        self.scribe.started(spec)
        for epoch, value in enumerate(curve, start=1):
            metrics = {MIOU.metric: value, "miou_other": value / 2}
            report = EpochReport(trial_uid=spec.trial_uid, epoch=epoch, metrics=metrics, wall_s=1.5 * epoch)
            self.searcher.report(report)
            self.scribe.progress(report)
        return spec

    def end(self, spec: TrialSpec, **result: Any) -> TrialResult:
        found = a_result(spec, 0.6, best_epoch=2, **result)
        self.scribe.finished(found)
        self.searcher.tell(found)
        return found

    def rest(self, *, was_killed: bool = False) -> Rested:
        """As the next process of the sweep does it first; one that was killed has closed nothing."""
        if not was_killed:
            self.scribe.close(0.0)
        self.scribe = self.a_scribe()
        return at_rest(
            self.storage,
            self.study_id,
            history=read_history(self.folder / "spool.jsonl"),
            space=SPACE,
            plan=self.plan,
            scribe=self.scribe,
        )

    def said(self) -> list[Any]:
        return [event.told for event in events_of(self.folder / "spool.jsonl")]

    def trials(self) -> list[FrozenTrial]:
        return self.storage.get_all_trials(self.study_id)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sweep]:
    return lambda **rows: Sweep(tmp_path, **rows)


Make = Callable[..., Sweep]


def test_complete_trial_that_the_spool_calls_stopped_is_complete_and_nothing_is_run_again(make: Make) -> None:
    sweep = make()
    spec = sweep.begin(0)
    sweep.searcher.tell(a_result(spec, 0.6))
    sweep.searcher.close()
    sweep.scribe.finished(a_result(spec, None, **STOPPED))
    (past,) = sweep.rest().past
    assert past.result == TrialResult(
        trial_uid=spec.trial_uid,
        status=Status.COMPLETE,
        value=0.6,
        metrics={MIOU.metric: 0.6, "miou_other": 0.3},
        best_epoch=2,
        epochs=4,
        train_time_s=6.0,
    )
    assert sweep.said()[-2:] == [
        TrialMetrics(trial_uid=spec.trial_uid, metrics={f"best_{MIOU.metric}": 0.6}),
        past.result,
    ]
    before = sweep.said()
    assert sweep.rest().past[0].result == past.result
    assert sweep.said() == before


def test_complete_trial_in_the_spool_that_optuna_calls_cut_is_tried_again(make: Make) -> None:
    sweep = make()
    spec = sweep.begin(0)
    sweep.searcher.tell(a_result(spec, None, status=Status.FAILED, reason=f"{CUT}: by another machine"))
    sweep.searcher.close()
    sweep.scribe.finished(a_result(spec, 0.6))
    (past,) = sweep.rest().past
    assert past.result is not None
    assert (past.result.status, past.result.retryable, past.result.epochs) == (Status.FAILED, True, 4)
    assert sweep.said()[-1] == past.result


@pytest.mark.parametrize("has_file", [True, False])
def test_complete_trial_without_a_word_in_the_spool_names_its_checkpoint(make: Make, has_file: bool) -> None:
    sweep = make(trainer="torch")
    spec = sweep.begin(0)
    sweep.searcher.tell(a_result(spec, 0.6))
    sweep.searcher.close()
    checkpoint = Path(spec.folder) / "best.pt"
    if has_file:
        checkpoint.parent.mkdir(parents=True)
        checkpoint.touch()
    (past,) = read_history(sweep.folder / "spool.jsonl").trials.values()
    assert past.result is None
    (past,) = sweep.rest(was_killed=True).past
    assert past.ending.checkpoint == str(checkpoint), "a trainer that makes one has brought it into the run"


def test_stand_in_names_no_checkpoint(make: Make) -> None:
    sweep = make()
    spec = sweep.begin(0)
    sweep.searcher.tell(a_result(spec, 0.6))
    sweep.searcher.close()
    sweep.scribe.finished(a_result(spec, None, **STOPPED))
    assert sweep.rest().past[0].ending.checkpoint is None


def test_trial_that_never_reached_the_spool_is_cut_in_both(make: Make) -> None:
    sweep = make()
    spec = sweep.searcher.ask(0)
    assert spec is not None
    (past,) = sweep.rest().past
    assert (past.spec.trial_uid, past.ending.retryable) == (spec.trial_uid, True)
    assert sweep.said() == [past.spec, past.result]
    assert [trial.state for trial in sweep.trials()] == [TrialState.FAIL]


def with_lost_trials(sweep: Sweep) -> tuple[list[FrozenTrial], TrialSpec]:
    """Four trials, of which a backup of the study has two; what they were before, and the next one."""
    sweep.end(sweep.begin(0))
    sweep.end(sweep.begin(1))
    sweep.searcher.close()
    backup = sweep.folder / "backup.db"
    sweep.storage.engine.dispose()
    shutil.copy(sweep.folder / "optuna.db", backup)
    sweep.end(sweep.begin(2, [0.1, 0.1]), status=Status.PRUNED, epochs=2)
    sweep.begin(3, [0.3, 0.4])
    sweep.searcher.close()
    before = sweep.trials()
    following = sweep.searcher.ask(4)
    assert following is not None
    sweep.storage.remove_session()
    sweep.storage.engine.dispose()
    for file in sweep.folder.glob("optuna.db*"):
        file.unlink()
    shutil.copy(backup, sweep.folder / "optuna.db")
    sweep.storage = open_storage(f"sqlite:///{sweep.folder / 'optuna.db'}", init_lock=sweep.folder / "lock")
    assert len(sweep.trials()) == 2
    return before, following


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_trials_that_optuna_has_lost_are_made_again_as_they_were(make: Make, sampler: str) -> None:
    sweep = make(sampler=sampler)
    before, following = with_lost_trials(sweep)
    rested = sweep.rest(was_killed=True)
    after = sweep.trials()
    assert [trial.state.name for trial in after] == ["COMPLETE", "COMPLETE", "PRUNED", "FAIL"]
    for old, new in zip(before, after, strict=True):
        assert (new.number, new.params, new.distributions) == (old.number, old.params, old.distributions)
        assert new.intermediate_values == old.intermediate_values
        assert new.value == old.value
        uid = old.user_attrs["trial_uid"]
        assert (new.user_attrs["trial_uid"], new.user_attrs["slot"]) == (uid, old.user_attrs["slot"])
    assert [past.ending.status for past in rested.past] == [
        Status.COMPLETE,
        Status.COMPLETE,
        Status.PRUNED,
        Status.FAILED,
    ]
    assert rested.past[3].ending.retryable
    said = sweep.said()
    again = sweep.rest()
    assert (sweep.said(), [trial.number for trial in again.trials]) == (said, [0, 1, 2, 3])
    drawn = sweep.a_searcher(again).ask(4)
    assert drawn is not None
    assert (drawn.model, drawn.params) == (following.model, following.params)


def test_lost_trial_whose_number_was_taken_since_gets_the_next_one(make: Make) -> None:
    sweep = make()
    with_lost_trials(sweep)
    sweep.searcher = sweep.a_searcher(Rested(trials=sweep.trials(), past=[], attributes={}))
    taken = sweep.begin(4)
    sweep.end(taken)
    sweep.searcher.close()
    rested = sweep.rest()
    assert taken.number == 2
    assert [trial.user_attrs["slot"] for trial in sweep.trials()] == [0, 1, 4, 2, 3]
    assert {past.spec.slot: past.spec.number for past in rested.past} == {0: 0, 1: 1, 4: 2, 2: 3, 3: 4}
