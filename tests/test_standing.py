"""What is open in a sweep that goes on: read off the trials of its earlier processes."""

from pathlib import Path
from typing import Any

import pytest

from sweep.errors import InputError
from sweep.history import PastTrial
from sweep.orchestrator.standing import resumed_board
from sweep.records import Objective, Status, SweepRecord
from sweep.wiring.differences import check_same
from tests.making import MIOU, a_plan, a_result, a_spec

CRASH = {"status": Status.FAILED, "retryable": True, "reason": "worker_killed(-9)"}


def past(slot: int, attempt: int = 0, **result: Any) -> PastTrial:
    spec = a_spec(slot, attempt=attempt, number=slot)
    value = 0.5 if result.get("status", Status.COMPLETE) is Status.COMPLETE else None
    return PastTrial(spec, result=a_result(spec, value, **result))


def test_closed_slots_stay_closed_and_what_was_cut_or_stopped_is_open() -> None:
    board = resumed_board(
        a_plan(n_slots=9),
        [
            past(0),
            past(1, status=Status.PRUNED),
            past(2, status=Status.STOPPED),
            past(3, status=Status.FAILED),
            past(4, **CRASH),
            PastTrial(a_spec(5)),
        ],
    )
    assert [spec.slot for spec in board.retries] == [2, 4, 5]
    assert board.next_slot == 6
    assert {spec.slot for spec, _ in board.closed} == {0, 1, 3}


def test_slot_that_was_cut_too_often_is_given_up_but_stops_do_not_count() -> None:
    cut = [past(0, attempt, **CRASH) for attempt in range(3)]
    assert not resumed_board(a_plan(max_retries=2), cut).retries
    assert len(resumed_board(a_plan(max_retries=3), cut).retries) == 1
    stopped = [past(0, attempt, status=Status.STOPPED) for attempt in range(9)]
    (spec,) = resumed_board(a_plan(max_retries=0), stopped).retries
    assert spec.attempt == 8


def test_failures_of_an_earlier_process_do_not_end_this_one_and_may_be_tried_again() -> None:
    failed = [past(slot, status=Status.FAILED) for slot in range(5)]
    board = resumed_board(a_plan(n_slots=8), failed)
    assert (board.failures_in_row, board.n_failed, len(board.retries)) == (0, 0, 0)
    again = resumed_board(a_plan(n_slots=8), failed, again=(Status.FAILED,))
    assert [spec.slot for spec in again.retries] == [0, 1, 2, 3, 4]


def test_best_so_far_and_patience_go_on_where_they_stood() -> None:
    board = resumed_board(a_plan(), [past(0), past(1, status=Status.PRUNED), past(2, status=Status.PRUNED)])
    assert board.best is not None
    assert (board.best[0].slot, board.since_better) == (0, 2)


def test_end_of_the_coordinator_is_not_the_trials_fault_however_often() -> None:
    cut = [PastTrial(a_spec(0, attempt=attempt, trial_uid=f"u{attempt}")) for attempt in range(5)]
    assert len(resumed_board(a_plan(max_retries=1), cut).retries) == 1


def test_stopped_trials_use_up_no_patience() -> None:
    stopped = [past(slot, status=Status.STOPPED) for slot in range(1, 6)]
    assert resumed_board(a_plan(), [past(0), *stopped]).since_better == 0


def test_sweep_that_had_come_to_its_end_goes_on_past_its_patience_and_its_target() -> None:
    trials = [past(0), past(1, status=Status.PRUNED), past(2, status=Status.PRUNED)]
    plan = a_plan(n_slots=9, patience=2, target=0.4)
    cut = resumed_board(plan, trials)
    assert (cut.since_better, cut.plan.target) == (2, 0.4)
    ended = resumed_board(plan, trials, had_ended=True)
    assert (ended.since_better, ended.plan.target) == (0, None)
    higher = resumed_board(a_plan(n_slots=9, target=0.9), trials, had_ended=True)
    assert higher.plan.target == 0.9


def test_files_of_a_home_that_was_moved_are_looked_for_where_it_is_now(tmp_path: Path) -> None:
    spec = a_spec(0, folder="/former/home/trials/trial-000", data_ref="/former/home/cache/x")
    result = a_result(spec, checkpoint="/former/home/trials/trial-000/best.pt")
    board = resumed_board(a_plan(folder=str(tmp_path), data_ref="/now"), [PastTrial(spec, result=result)])
    ((moved, at),) = board.finished
    assert moved.folder == str(tmp_path / "trial-000")
    assert at.checkpoint == str(tmp_path / "trial-000" / "best.pt")
    assert moved.data_ref == "/now"


def a_record(**changes: Any) -> SweepRecord:
    values: dict[str, Any] = {
        "name": "s",
        "task": "segmentation",
        "objective": Objective(MIOU.metric, maximise=True),
        "config": "{}",
        "classes": ("floor", "cone"),
        "data_digest": "a" * 64,
        "tags": {"version.rccar-sweep": "1.2.0", "version.torch": "2.15.0", "version.metrics": "1"},
    }
    return SweepRecord(**(values | changes))


def space(**lr: Any) -> dict[str, Any]:
    return {"epochs": 3, "parameters": {"lr": {"type": "float", "low": 0.1, "high": 1.0, "log": True} | lr}}


def versions(**changes: str) -> dict[str, str]:
    return dict(a_record().tags) | {f"version.{name.replace('_', '-')}": to for name, to in changes.items()}


@pytest.mark.parametrize(
    ("now", "said", "allowance"),
    [
        ({"data_digest": "b" * 64}, "data:  has changed, its digest was aaaa", "data"),
        ({"tags": versions(rccar_sweep="1.3.0")}, "code: rccar-sweep 1.2.0 -> 1.3.0", "code"),
        ({"tags": versions(metrics="2")}, "code: metrics 1 -> 2", "code"),
        ({"tags": versions(torch="3.0.0")}, "code: torch 2.15.0 -> 3.0.0", "code"),
        ({"classes": ("floor", "car")}, "classes: floor, cone -> floor, car", ""),
    ],
)
def test_what_makes_results_incomparable_is_refused_unless_it_is_allowed_by_name(
    now: dict[str, Any], said: str, allowance: str
) -> None:
    spaces = (space(), space())
    with pytest.raises(InputError, match=said[:30]) as refusal:
        check_same(a_record(), a_record(**now), spaces=spaces, allow=())
    assert said in str(refusal.value)
    others = {"space", "data", "code"} - {allowance}
    with pytest.raises(InputError):
        check_same(a_record(), a_record(**now), spaces=spaces, allow=others)
    if allowance:
        assert check_same(a_record(), a_record(**now), spaces=spaces, allow=(allowance,))


def test_small_versions_and_commits_are_told_and_never_refused() -> None:
    now = a_record(tags=versions(torch="2.16.1") | {"mlflow.source.git.commit": "f00"})
    said = check_same(a_record(), now, spaces=(space(), space()), allow=())
    assert said == ["code: mlflow.source.git.commit absent -> f00", "code: torch 2.15.0 -> 2.16.1"]
    assert check_same(a_record(), a_record(), spaces=(space(), space()), allow=()) == []


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({"high": 2.0}, True),
        ({"low": 0.2, "high": 2.0}, True),
        ({"log": False}, False),
        ({"type": "int"}, False),
    ],
)
def test_of_a_space_only_numeric_ranges_may_change(changes: dict[str, Any], may: bool) -> None:
    spaces = (space(), space(**changes))
    with pytest.raises(InputError, match=r"parameters\.lr"):
        check_same(a_record(), a_record(), spaces=spaces, allow=())
    if may:
        assert check_same(a_record(), a_record(), spaces=spaces, allow=("space",))
    else:
        with pytest.raises(InputError, match="only numeric ranges"):
            check_same(a_record(), a_record(), spaces=spaces, allow=("space",))
