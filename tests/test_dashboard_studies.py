"""When the dashboard reads a study again, and when it does with what it read."""

import dataclasses

import pytest

pytest.importorskip("streamlit", reason='the dashboard needs the extra "ui"')

from sweep.dashboard.studies import LIVE_S, SETTLED_S, state_of
from sweep.views.overview import SweepLine

NOW_S = 1_000_000.0
ENDED = SweepLine(
    run_id="p",
    name="s1",
    state="complete",
    counts={"complete": 5, "pruned": 1},
    n_closed=6,
    ended_ms=int(1000 * (NOW_S - 2 * SETTLED_S)),
)
RUNNING = dataclasses.replace(ENDED, state="running", counts={"complete": 5, "running": 1}, ended_ms=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": {"complete": 4, "pruned": 2}},
        {"counts": {"complete": 5, "stopped": 1}},
        {"state": "stopped"},
        {"ended_ms": ENDED.ended_ms + 1},
        {"n_closed": 5},
        {"run_id": "q"},
    ],
)
def test_study_is_read_again_in_another_state_though_as_many_trials_are_counted(
    changes: dict[str, object],
) -> None:
    changed = dataclasses.replace(ENDED, **changes)  # type: ignore[arg-type]
    assert state_of(changed, now_s=NOW_S) != state_of(ENDED, now_s=NOW_S)


def test_study_that_has_settled_is_read_once_whatever_the_order_of_its_counts() -> None:
    turned = dataclasses.replace(ENDED, counts={"pruned": 1, "complete": 5})
    assert state_of(turned, now_s=NOW_S + 86_400) == state_of(ENDED, now_s=NOW_S)


@pytest.mark.parametrize("line", [RUNNING, dataclasses.replace(ENDED, ended_ms=int(1000 * NOW_S) - 1)])
def test_study_is_read_again_every_few_seconds_while_it_runs_and_shortly_behind_its_end(
    line: SweepLine,
) -> None:
    assert state_of(line, now_s=NOW_S + LIVE_S) != state_of(line, now_s=NOW_S)


def test_last_look_at_a_study_that_has_ended_is_behind_the_minute_in_which_it_settles() -> None:
    ended = dataclasses.replace(ENDED, ended_ms=int(1000 * NOW_S))
    within, behind = (state_of(ended, now_s=NOW_S + after) for after in (SETTLED_S - 1, SETTLED_S + 1))
    assert within != behind
