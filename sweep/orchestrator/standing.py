"""The board of a sweep that is resumed: what an earlier process of it has done, and what is still open."""

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from sweep.history import PastTrial
from sweep.orchestrator.board import Board
from sweep.orchestrator.endings import reached
from sweep.records import Status, SweepPlan, TrialResult, TrialSpec

CLOSED = (Status.COMPLETE, Status.PRUNED, Status.INFEASIBLE)


def resumed_board(
    plan: SweepPlan, past: Iterable[PastTrial], *, again: Collection[Status] = (), had_ended: bool = False
) -> Board:
    """Set up a board from what has been done.

    A slot whose last attempt was stopped is tried again; one whose attempt was cut is, too, unless that
    happened more often than the plan allows. What failed in an earlier process does not count towards
    ending this one: whoever resumes has mended something.

    Args:
        plan: of the sweep; its number of slots may have grown.
        past: all trials in the order of their ends.
        again: further statuses whose slots are tried again, e.g. FAILED.
        had_ended: whether the sweep had come to an end of its own. Whoever goes on with it wants more:
            patience counts anew, and a target that was reached no longer ends it.

    Returns:
        The board; attempts to be repeated are in the order of their slots.
    """
    board = Board(plan)
    last: dict[int, tuple[TrialSpec, TrialResult]] = {}
    for trial in past:
        spec, result = _here(plan, trial)
        board.take_in(spec, result)
        if spec.slot not in last or spec.attempt > last[spec.slot][0].attempt:
            last[spec.slot] = (spec, result)
    board.next_slot = max(last, default=-1) + 1
    board.n_earlier, board.failures_in_row, board.n_failed = len(board.finished), 0, 0
    if had_ended:
        board.since_better = 0
        if plan.target is not None and reached(board, plan.target):
            board.plan = dataclasses.replace(plan, target=None)
    board.retries.clear()
    for slot in sorted(last):
        spec, result = last[slot]
        if slot < plan.n_slots and _is_open(board, spec, result, again=again):
            board.retries.append(spec)
    return board


def _here(plan: SweepPlan, trial: PastTrial) -> tuple[TrialSpec, TrialResult]:
    """A trial with its files where the sweep lies now: its home may have been moved or copied."""
    folder = Path(plan.folder) / trial.spec.run_name
    result = trial.ending
    if result.checkpoint is not None:
        result = dataclasses.replace(result, checkpoint=str(folder / Path(result.checkpoint).name))
    return dataclasses.replace(trial.spec, folder=str(folder), data_ref=plan.data_ref), result


def _is_open(board: Board, spec: TrialSpec, result: TrialResult, *, again: Collection[Status]) -> bool:
    if result.status in CLOSED:
        return False
    if result.status in again:
        board.crashes[spec.slot] = 0
        return True
    if board.is_crash(result):
        return board.crashes[spec.slot] <= board.plan.max_retries
    return result.status is not Status.FAILED
