"""What a sweep says where it ended too early: trials that were ahead, and failures that all of them share."""

import dataclasses
from pathlib import Path

import pytest

from sweep.api.report import RunReport
from sweep.cli.shown import show_report
from sweep.records import Objective, Status, TrialResult, TrialSpec
from sweep.remedies import next_step
from sweep.summary import summarise
from tests.making import a_plan, a_result, a_spec

Pair = tuple[TrialSpec, TrialResult]


def a_pair(slot: int, value: float | None, status: Status = Status.COMPLETE, **changes: object) -> Pair:
    spec = a_spec(slot, until_epoch=12)
    return spec, dataclasses.replace(a_result(spec, value, status=status), **changes)  # type: ignore[arg-type]


def a_failure(slot: int, reason: str, **changes: object) -> Pair:
    return a_pair(slot, None, Status.FAILED, reason=reason, **({"epochs": 0} | changes))


def a_report(trials: list[Pair]) -> RunReport:
    return RunReport(
        summary=summarise(a_plan(), trials, "stopped by `sweep stop`"),
        home=Path("/home/me/mlruns"),
        tracking_uri="sqlite:////home/me/mlruns/mlflow.db",
        storage="sqlite:////home/me/mlruns/optuna.db",
        champion=None,
        kept="",
        elapsed_s=61.0,
    )


COMPLETE, AHEAD = a_pair(1, 0.6472), a_pair(2, 0.6972, Status.STOPPED)


def test_trial_that_was_ahead_when_it_was_stopped_is_told_with_its_epoch() -> None:
    told = summarise(a_plan(), [COMPLETE, a_pair(3, 0.65, Status.STOPPED), AHEAD], "").ahead_told
    assert told == "trial-002 was ahead (0.6972 at epoch 4 of 12) when it was stopped"
    assert summarise(a_plan(), [AHEAD], "").ahead_told == (
        "trial-002 had 0.6972 at epoch 4 of 12 when it was stopped"
    )
    assert "when it was cut" in summarise(a_plan(), [COMPLETE], "", unended=[a_failure_ahead()]).ahead_told


def a_failure_ahead() -> Pair:
    return a_pair(4, 0.9, Status.FAILED)


@pytest.mark.parametrize(
    "other",
    [
        a_pair(2, 0.6, Status.STOPPED),
        a_pair(2, 0.6972, Status.PRUNED),
        a_pair(2, None, Status.STOPPED, best_epoch=0),
        (a_spec(2, digest="of other data"), AHEAD[1]),
    ],
)
def test_trial_that_was_behind_pruned_or_on_other_data_is_not_said_to_be_ahead(other: Pair) -> None:
    assert summarise(a_plan(), [COMPLETE, other], "").ahead is None


def test_trial_that_was_stopped_and_came_to_its_end_later_is_not_said_to_be_ahead() -> None:
    again = a_spec(2, attempt=1, until_epoch=12)
    assert summarise(a_plan(), [COMPLETE, AHEAD, (again, a_result(again, 0.5))], "").ahead is None
    running = (again, a_result(again, 0.1, status=Status.FAILED))
    assert summarise(a_plan(), [COMPLETE, AHEAD], "", unended=[running]).ahead is None


def test_smaller_is_ahead_where_a_loss_is_optimised() -> None:
    plan = a_plan(objective=Objective("val_loss_segmentation", maximise=False))
    assert summarise(plan, [COMPLETE, AHEAD], "").ahead is None
    assert summarise(plan, [COMPLETE, a_pair(3, 0.1, Status.STOPPED)], "").ahead is not None


def test_summary_names_the_trial_that_was_ahead_and_the_command_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = a_report([COMPLETE, AHEAD])
    show_report(report)
    line = "trial-002 was ahead (0.6972 at epoch 4 of 12) when it was stopped"
    command = "go on with it: sweep resume a-sweep --home /home/me/mlruns"
    assert f"{line}; {command}\n" in capsys.readouterr().out
    show_report(dataclasses.replace(report, signal_exit=130))
    shown = capsys.readouterr().out
    assert f"{line}\n" in shown
    assert shown.count(command) == 1


def test_sweep_in_which_all_ran_out_of_time_says_how_much_they_need(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reason = "trial_timeout: not done after 1 s"
    # Seven seconds for one epoch of twelve: 84 s for all of them, twice that with slack.
    slow = a_failure(1, reason, epochs=1, train_time_s=7.0)
    show_report(a_report([a_failure(0, reason, epochs=1, train_time_s=5.0), slow]))
    assert (
        "next: give a trial more time in a new sweep, about --trial-timeout 168s "
        "(sweep retry a-sweep --home /home/me/mlruns has the old limit)\n" in capsys.readouterr().out
    )
    assert "--trial-timeout 10s" in next_step([a_failure(0, reason)], retry="sweep retry a")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("nan_loss: epoch 1", "--set lr=0.001"),
        ("out_of_memory: cuda", "sweep retry a --workers 1"),
        ("exception: KeyError: 'x'", "mend what they say, then sweep retry a"),
    ],
)
def test_next_step_is_that_of_the_reason_all_share(reason: str, told: str) -> None:
    assert told in next_step([a_failure(0, reason), a_failure(1, reason)], retry="sweep retry a")


def test_without_a_shared_reason_there_is_no_next_step() -> None:
    mixed = [a_failure(0, "nan_loss: epoch 1"), a_failure(1, "disk_full: no room")]
    assert next_step(mixed, retry="sweep retry a") == ""
    assert next_step([], retry="sweep retry a") == ""
    assert summarise(a_plan(), [COMPLETE, mixed[0]], "").all_failed == ()
