"""A sweep's spool read back: what is kept of half a million epochs, and what is read again when asked for."""

import tracemalloc
from pathlib import Path

import pytest

from sweep.history import PastTrial
from sweep.records import EpochReport, Status, SweepRecord, TrialResult
from sweep.tracking.events import Event, SweepEnd, SweepNotes, SweepProgress, kind_of
from sweep.tracking.history import read_history, read_reports
from tests.making import MIOU, VAL_LOSS, a_result, a_spec

FURTHER = {f"iou_class_{number}_segmentation": 0.1 * number for number in range(9)}


def an_epoch(uid: str, number: int, value: float, *, metric: str = "miou_segmentation") -> EpochReport:
    return EpochReport(trial_uid=uid, epoch=number, metrics={metric: value, **FURTHER}, wall_s=2.0 * number)


def a_spool(folder: Path, *, n_trials: int, n_epochs: int) -> Path:
    lines = []
    for slot in range(n_trials):
        spec = a_spec(slot)
        epochs = [an_epoch(spec.trial_uid, number, number / 100) for number in range(1, n_epochs + 1)]
        told = [spec, *epochs, a_result(spec), SweepProgress(metrics={"best": 1.0}, step=slot + 1)]
        lines += [Event(1000 + slot, one).to_line() for one in told]
    file = folder / "spool.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_history_keeps_the_best_and_the_last_epoch_and_of_the_others_the_objective() -> None:
    past = PastTrial(a_spec(0))
    for number, value in enumerate([0.2, 0.6, 0.4], start=1):
        past.take(an_epoch("uid-0-0", number, value))
    assert past.values == {1: 0.2, 2: 0.6, 3: 0.4}
    assert (past.best, past.last) == (an_epoch("uid-0-0", 2, 0.6), an_epoch("uid-0-0", 3, 0.4))


def test_trial_without_a_word_of_its_end_gets_its_best_epoch_whichever_way_is_better() -> None:
    past = PastTrial(a_spec(0, objectives=(VAL_LOSS,)))
    for number, value in enumerate([0.9, 0.3, 0.3, 0.5], start=1):
        past.take(an_epoch("uid-0-0", number, value, metric=VAL_LOSS.metric))
    found = past.with_progress(TrialResult(trial_uid="uid-0-0", status=Status.FAILED, epochs=1))
    assert (found.value, found.best_epoch, found.epochs, found.train_time_s) == (0.3, 2, 4, 8.0)
    assert found.metrics == {VAL_LOSS.metric: 0.3, **FURTHER}


def test_memory_of_a_history_does_not_grow_by_whole_epochs(tmp_path: Path) -> None:
    """An epoch as it is told takes 2 KB; the objective by epoch takes 100 bytes."""
    file = a_spool(tmp_path, n_trials=20, n_epochs=50)
    tracemalloc.start()
    history = read_history(file)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [len(trial.values) for trial in history.trials.values()] == [50] * 20
    assert held / (20 * 50) < 400


def test_epochs_of_one_trial_can_be_read_whole_again(tmp_path: Path) -> None:
    file = a_spool(tmp_path, n_trials=3, n_epochs=4)
    with file.open("a") as torn:
        torn.write('{"at_ms": 1, "event": {"record": "EpochReport", "trial_uid": "uid-1-0"')
    reports = read_reports(file, "uid-1-0")
    assert reports == [an_epoch("uid-1-0", number, number / 100) for number in range(1, 5)]
    assert read_reports(file, "nobody") == []


@pytest.mark.parametrize("told", [a_spec(0), a_result(a_spec(0)), an_epoch("u", 1, 0.5)])
def test_kind_of_a_line_is_known_without_reading_it(told: EpochReport) -> None:
    assert kind_of(Event(1, told).to_line().encode()) == type(told).__name__.encode()
    assert kind_of(b'{"at_ms": 1, "ev') == b""


def test_notes_after_the_end_replace_what_the_end_said_until_the_sweep_goes_on(tmp_path: Path) -> None:
    record = SweepRecord(name="a-sweep", task="segmentation", objective=MIOU, config="{}")
    end = SweepEnd(status="KILLED", why="", tags={"sweep.best_trial": "0", "sweep.not_promoted": "stopped"})
    notes = SweepNotes(tags={"sweep.model": "a-model/1", "sweep.not_promoted": ""})
    file = tmp_path / "spool.jsonl"
    file.write_text("".join(Event(1, told).to_line() + "\n" for told in (record, end, notes)))
    found = read_history(file)
    assert (found.is_open, found.status) == (False, "KILLED")
    assert found.notes == {"sweep.best_trial": "0", "sweep.not_promoted": "", "sweep.model": "a-model/1"}
    with file.open("a") as again:
        again.write(Event(2, record).to_line() + "\n")
    assert read_history(file).notes == {}
