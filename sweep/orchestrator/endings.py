"""Why a sweep ends: rules over the board, asked once a turn, the most urgent first."""

from dataclasses import dataclass

from sweep.orchestrator.board import Board, Running
from sweep.orchestrator.stopping import StopRequest
from sweep.records import Status

STALLED_EPOCHS = 10  # longest epochs of the sweep without a word; a first epoch may load and compile
FAILING_AFTER = 10  # with ten trials ended, half of them failed is no accident


@dataclass(frozen=True, slots=True)
class Ending:
    """Why no further trial is started.

    Args:
        why: for people, one line.
        cancels: whether running trials are stopped rather than waited for.
    """

    why: str
    cancels: bool = False


def ending(board: Board, *, stop: StopRequest, elapsed_s: float) -> Ending | None:
    """Say whether the sweep should end, and why.

    Args:
        board: the state of the sweep.
        stop: whether somebody asked.
        elapsed_s: since the first trial was asked for.

    Returns:
        The reason, None to go on.
    """
    plan = board.plan
    if stop.signal_number is not None:
        return Ending(stop.why, cancels=True)
    if plan.timeout_s is not None and elapsed_s >= plan.timeout_s:
        return Ending(f"time budget of {plan.timeout_s:g} s used up", cancels=True)
    if (failing := _failing(board)) is not None:
        return failing
    if plan.target is not None and reached(board, plan.target):
        return Ending(f"target {plan.target:g} reached", cancels=True)
    if plan.patience is not None and board.best is not None and board.since_better >= plan.patience:
        return Ending(f"no better trial among the last {board.since_better}")
    # A running trial may still crash and want its slot again.
    if not board.has_open_slots and not board.running:
        return Ending(_all_done(board))
    return None


def overdue(board: Board, running: Running, now: float) -> str | None:
    """Say whether a trial takes too long or has fallen silent.

    Args:
        board: the state of the sweep.
        running: the trial.
        now: seconds of the orchestrator's clock.

    Returns:
        The reason it fails for, None if all is well.
    """
    plan = board.plan
    if plan.trial_timeout_s is not None and now - running.since > plan.trial_timeout_s:
        return f"trial_timeout: not done after {plan.trial_timeout_s:g} s"
    silence_s = now - running.heard
    if silence_s > max(plan.stall_timeout_s, STALLED_EPOCHS * board.slowest_epoch_s):
        return f"stalled: nothing heard of it for {silence_s:.0f} s"
    return None


def announcement(decided: Ending, stop: StopRequest) -> str:
    """Say what happens to running trials now that no further one is started.

    Args:
        decided: why.
        stop: whether somebody asked, and how urgently.

    Returns:
        One line.
    """
    if stop.is_left_file:
        return "stopping after the running epochs, as `sweep stop` asked"
    if stop.signal_number is not None:
        again = "press Ctrl-C again" if stop.is_from_keyboard else "send it again"
        return f"stopping after the running epochs; {again} to end now"
    if decided.cancels:
        return f"{decided.why}: stopping after the running epochs"
    return f"{decided.why}: waiting for the running trials"


def reached(board: Board, target: float) -> bool:
    """Say whether a sweep has what it is to reach.

    Args:
        board: the state of the sweep.
        target: value of the objective.

    Returns:
        Whether the best trial is at least as good.
    """
    if board.best is None or board.best[1].value is None:
        return False
    value = board.best[1].value
    return value >= target if board.plan.objective.maximise else value <= target


def _failing(board: Board) -> Ending | None:
    if not board.n_failed:
        return None
    last = next(result.reason for _, result in reversed(board.finished) if result.status is Status.FAILED)
    if board.failures_in_row >= board.plan.max_failures:
        return Ending(f"{board.failures_in_row} trials in a row failed; the last: {last}", cancels=True)
    n_ended = len(board.finished) - board.n_earlier
    if n_ended >= FAILING_AFTER and board.n_failed >= max(board.plan.max_failures, n_ended / 2):
        return Ending(f"{board.n_failed} of {n_ended} trials failed; the last: {last}", cancels=True)
    return None


def _all_done(board: Board) -> str:
    if board.exhausted and board.next_slot < board.plan.n_slots:
        return f"the grid has {board.next_slot} points and all were tried"
    return "the only trial ended" if board.plan.n_slots == 1 else f"all {board.plan.n_slots} trials ended"
