"""Which worker trained what from when to when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from sweep.logged_run import LoggedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBar:
    """A trial on a worker's lane.

    Args:
        worker: the lane's name.
        run_id: MLflow's.
        name: run name.
        state: of the trial.
        began_ms: milliseconds since 1970.
        ended_ms: likewise; now while it runs.
    """

    worker: str
    run_id: str
    name: str
    state: str
    began_ms: int
    ended_ms: int


def lanes(runs: Iterable[LoggedRun], *, now_ms: int) -> tuple[LaneBar, ...]:
    """Lay trials out on the lanes of their workers.

    Args:
        runs: of trials.
        now_ms: where trials that run end for now, milliseconds since 1970.

    Returns:
        By lane and start. Trials that do not name their worker (`sweep.worker`) are packed onto as few
        lanes as hold them without an overlap.
    """
    bars, free_at_ms = [], list[int]()
    for run in sorted(runs, key=lambda run: (run.began_ms, run.run_id)):
        is_running = run.status == "RUNNING" or run.ended_ms == 0
        ended_ms = max(run.began_ms, now_ms if is_running else run.ended_ms)
        worker = run.tags.get("sweep.worker", "")
        if not worker:
            lane = next((at for at, free in enumerate(free_at_ms) if free <= run.began_ms), len(free_at_ms))
            free_at_ms[lane : lane + 1] = [ended_ms]
            worker = f"lane {lane + 1}"
        bars.append(
            LaneBar(
                worker=worker,
                run_id=run.run_id,
                name=run.name,
                state=run.state,
                began_ms=run.began_ms,
                ended_ms=ended_ms,
            )
        )
    return tuple(sorted(bars, key=lambda bar: (_natural(bar.worker), bar.began_ms)))


def _natural(name: str) -> tuple[str, int, str]:
    """So that worker 10 comes behind worker 9."""
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or 0), name
