import signal
from pathlib import Path

import pytest

from sweep.history import PastTrial
from sweep.orchestrator.board import Board, Running, with_ending
from sweep.orchestrator.endings import Ending, announcement, ending, overdue
from sweep.orchestrator.stopping import StopRequest, listening
from sweep.records import Status
from tests.making import VAL_LOSS, a_plan, a_result, a_spec


def decided(board: Board, elapsed_s: float = 0.0, stop: StopRequest | None = None) -> Ending | None:
    return ending(board, stop=stop or StopRequest(), elapsed_s=elapsed_s)


def board_with(statuses: list[Status], **plan: object) -> Board:
    board = Board(a_plan(**{"n_slots": 50, **plan}), next_slot=len(statuses))
    for slot, status in enumerate(statuses):
        spec = a_spec(slot)
        board.take_in(
            spec, a_result(spec, 0.5 if status is Status.COMPLETE else None, status=status, reason="why")
        )
    return board


def test_sweep_goes_on_while_slots_are_open() -> None:
    assert decided(board_with([Status.COMPLETE])) is None


def test_sweep_ends_when_all_slots_are_closed_but_not_while_one_may_still_crash() -> None:
    board = board_with([Status.COMPLETE] * 3, n_slots=3)
    board.running["u"] = Running(PastTrial(a_spec(9)), 0.0, 0.0)
    assert decided(board) is None
    board.running.clear()
    assert decided(board) == Ending("all 3 trials ended")


def test_sweep_of_one_trial_says_so_when_it_ends() -> None:
    assert decided(board_with([Status.COMPLETE], n_slots=1)) == Ending("the only trial ended")


def test_interrupt_ends_the_sweep_first_of_all() -> None:
    stop = StopRequest()
    stop.is_read = True
    stop.ask(signal.SIGTERM)
    found = decided(board_with([Status.FAILED] * 5), stop=stop)
    assert found == Ending("interrupted by SIGTERM", cancels=True)
    assert stop.exit_code == 143


def test_time_budget_stops_running_trials() -> None:
    assert decided(board_with([], timeout_s=60.0), elapsed_s=59.0) is None
    found = decided(board_with([], timeout_s=60.0), elapsed_s=60.0)
    assert found is not None
    assert found.cancels


@pytest.mark.parametrize(("n_failed", "ends"), [(4, False), (5, True)])
def test_failures_in_a_row_end_the_sweep(n_failed: int, ends: bool) -> None:
    found = decided(board_with([Status.COMPLETE, *[Status.FAILED] * n_failed]))
    assert (found is not None and "in a row failed" in found.why) is ends


def test_a_completed_trial_ends_a_row_of_failures() -> None:
    assert (
        decided(board_with([Status.FAILED] * 4 + [Status.COMPLETE] + [Status.FAILED] * 4, max_failures=5))
        is None
    )


def test_half_of_ten_trials_failed_ends_the_sweep() -> None:
    found = decided(board_with([Status.COMPLETE, Status.FAILED] * 5))
    assert found is not None
    assert "5 of 10" in found.why


@pytest.mark.parametrize(("target", "ends"), [(0.5, True), (0.51, False)])
def test_target_ends_the_sweep_when_reached(target: float, ends: bool) -> None:
    assert (decided(board_with([Status.COMPLETE], target=target)) is not None) is ends


def test_target_of_a_loss_is_reached_from_above() -> None:
    board = board_with([Status.COMPLETE], objective=VAL_LOSS, target=0.6)
    assert decided(board) == Ending("target 0.6 reached", cancels=True)


def test_patience_counts_trials_since_the_best() -> None:
    assert decided(board_with([Status.COMPLETE, Status.PRUNED, Status.COMPLETE], patience=3)) is None
    found = decided(board_with([Status.COMPLETE, Status.PRUNED, Status.COMPLETE, Status.PRUNED], patience=3))
    assert found is not None
    assert not found.cancels


def test_attempts_that_will_be_retried_use_up_no_patience() -> None:
    board = board_with([Status.COMPLETE, Status.PRUNED], patience=2, max_retries=2)
    for attempt in (0, 1):
        spec = a_spec(2, attempt=attempt)
        board.take_in(spec, a_result(spec, None, status=Status.FAILED, retryable=True))
    assert decided(board) is None
    last = a_spec(2, attempt=2)
    board.take_in(last, a_result(last, None, status=Status.FAILED, retryable=True))
    assert decided(board) == Ending("no better trial among the last 2")


def test_crashed_trial_is_retried_until_its_attempts_are_used_up() -> None:
    board = Board(a_plan(max_retries=1), next_slot=5)
    first = a_spec(2)
    board.take_in(first, a_result(first, None, status=Status.FAILED, retryable=True))
    assert list(board.retries) == [first]
    board.retries.clear()
    second = a_spec(2, attempt=1)
    board.take_in(second, a_result(second, None, status=Status.FAILED, retryable=True))
    assert not board.retries


def test_cancelled_trial_gets_the_reason_of_its_cancellation_unless_it_completed_before() -> None:
    stopped = a_result(a_spec(), None, status=Status.STOPPED)
    assert with_ending(stopped, (Status.FAILED, "trial_timeout")).reason == "trial_timeout"
    complete = a_result(a_spec())
    assert with_ending(complete, (Status.STOPPED, "interrupted")) == complete


def test_second_signal_is_urgent_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    stop = StopRequest()
    stop.is_read = True
    with listening(stop):
        signal.raise_signal(signal.SIGINT)
        assert (stop.signal_number, stop.urgent) == (signal.SIGINT, False)
        signal.raise_signal(signal.SIGINT)
        assert stop.urgent
    assert signal.getsignal(signal.SIGINT) is before
    assert stop.exit_code == 130


def test_second_signal_interrupts_a_process_that_trains_itself() -> None:
    stop = StopRequest()
    stop.is_read = True
    stop.let_interrupt(True)
    stop.ask(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        stop.ask(signal.SIGINT)
    stop.let_interrupt(False)
    stop.ask(signal.SIGINT)


def test_first_signal_is_heard_at_once_by_a_process_that_trains_itself() -> None:
    stop, heard = StopRequest(), []
    stop.is_read, stop.on_heard = True, lambda: heard.append(stop.why)
    stop.let_interrupt(True)
    stop.ask(signal.SIGINT)
    assert heard == ["interrupted by SIGINT"]


@pytest.mark.parametrize(
    ("signal_number", "found", "text"),
    [
        (signal.SIGINT, Ending("x"), "stopping after the running epochs; press Ctrl-C again to end now"),
        (signal.SIGTERM, Ending("x"), "stopping after the running epochs; send it again to end now"),
        (
            None,
            Ending("target 1 reached", cancels=True),
            "target 1 reached: stopping after the running epochs",
        ),
        (None, Ending("no better trial"), "no better trial: waiting for the running trials"),
    ],
)
def test_announcement_says_what_happens_to_running_trials(
    signal_number: int | None, found: Ending, text: str
) -> None:
    stop = StopRequest()
    stop.signal_number = signal_number
    assert announcement(found, stop) == text


def test_signal_while_no_trial_runs_interrupts_at_once_with_its_number() -> None:
    with listening(StopRequest()), pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.args == (signal.SIGTERM,)


def test_many_failures_are_borne_by_who_allows_them() -> None:
    assert decided(board_with([Status.COMPLETE, Status.FAILED] * 10, max_failures=1000)) is None


def test_attempts_that_will_be_retried_count_as_no_failed_slot() -> None:
    board = Board(a_plan(n_slots=50, max_failures=2, max_retries=3), next_slot=1)
    for attempt in range(3):
        spec = a_spec(0, attempt=attempt)
        board.take_in(spec, a_result(spec, None, status=Status.FAILED, retryable=True))
    assert board.failures_in_row == 0
    assert decided(board) is None


def test_trial_is_overdue_after_its_budget_or_a_silence_of_ten_slow_epochs() -> None:
    board = Board(a_plan(trial_timeout_s=100.0, stall_timeout_s=30.0))
    running = Running(PastTrial(a_spec(0)), since=0.0, heard=60.0)
    assert overdue(board, running, 90.0) is None
    assert overdue(board, running, 91.0) == "stalled: nothing heard of it for 31 s"
    board.slowest_epoch_s = 3.5
    assert overdue(board, running, 94.9) is None
    assert overdue(board, running, 100.1) == "trial_timeout: not done after 100 s"


@pytest.mark.parametrize(("text", "urgent"), [("\n", False), ("now\n", True)])
def test_file_that_somebody_left_is_a_wish_to_end(tmp_path: Path, text: str, urgent: bool) -> None:
    stop = StopRequest(tmp_path / "stop")
    stop.look()
    assert stop.signal_number is None
    (tmp_path / "stop").write_text(text)
    stop.look()
    assert (stop.exit_code, stop.urgent, stop.why) == (143, urgent, "stopped by `sweep stop`")
