"""What each worker did when: a lane a worker, a bar a trial."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from sweep.figures.theme import GREY, STATES, nothing_to_show, short, themed

BELOW_PX = 78
"""Room for two lines of ticks and a legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBar:
    """A trial on a worker.

    Args:
        worker: from 0; None where nobody wrote it down.
        name: of the trial.
        state: complete, pruned, failed, stopped or running.
        began_ms: milliseconds since 1970.
        ended_ms: likewise; of a running trial the present.
    """

    worker: int | None
    name: str
    state: str
    began_ms: int
    ended_ms: int


def worker_timeline(bars: Sequence[WorkerBar]) -> go.Figure:
    """Draw what each worker did.

    Args:
        bars: one a trial. Where nobody wrote down which worker had it, it gets the first lane that was free.

    Returns:
        Lanes with the time in this machine's zone; gaps in a lane are time without a trial.
    """
    timed = [bar for bar in bars if bar.began_ms and bar.ended_ms >= bar.began_ms]
    if not timed:
        return nothing_to_show("Workers: no trial has started yet")
    known = all(bar.worker is not None for bar in timed)
    lanes = [f"worker {bar.worker}" for bar in timed] if known else _free_lanes(timed)
    frame = pd.DataFrame(
        {
            "lane": lanes,
            "trial": [short(bar.name, 30) for bar in timed],
            "state": [bar.state for bar in timed],
            "began": [_moment(bar.began_ms) for bar in timed],
            # An instant would be invisible.
            "ended": [_moment(max(bar.ended_ms, bar.began_ms + 50)) for bar in timed],
            "seconds": [(bar.ended_ms - bar.began_ms) / 1000 for bar in timed],
        }
    )
    order = sorted(set(lanes), key=lambda lane: int(lane.split()[-1]))
    drawn = px.timeline(
        frame,
        x_start="began",
        x_end="ended",
        y="lane",
        color="state",
        hover_name="trial",
        hover_data={"lane": False, "state": True, "seconds": ":.1f", "began": False, "ended": False},
        color_discrete_map={state: STATES.get(state, GREY) for state in set(frame["state"])},
        category_orders={"lane": order, "state": list(STATES)},
    )
    drawn.update_traces(marker_line={"width": 0.5, "color": "white"})
    drawn.update_xaxes(title_text="")
    drawn.update_yaxes(title_text="")
    drawn.update_layout(legend_title_text="")
    busy = f"{_busy(timed, len(order)):.0%} of the time"
    title = f"Workers: {len(timed)} trials on {len(order)}, busy {busy}"
    if not known:
        title += " (which worker had which trial was not written down)"
    themed(drawn, title, height_px=176 + 34 * len(order))
    # Of a figure this low a share of its height is less than what the dates below the axis take.
    return drawn.update_layout(margin_b=BELOW_PX, legend={"yref": "container", "y": 0, "yanchor": "bottom"})


def _free_lanes(bars: Sequence[WorkerBar]) -> list[str]:
    """The first lane that is free when a trial begins."""
    free_from: list[int] = []
    lanes = {}
    for index, bar in sorted(enumerate(bars), key=lambda pair: pair[1].began_ms):
        lane = next((n for n, until in enumerate(free_from) if until <= bar.began_ms), len(free_from))
        free_from[lane : lane + 1] = [bar.ended_ms]
        lanes[index] = f"lane {lane}"
    return [lanes[index] for index in range(len(bars))]


def _busy(bars: Sequence[WorkerBar], n_lanes: int) -> float:
    span = max(bar.ended_ms for bar in bars) - min(bar.began_ms for bar in bars)
    return min(sum(bar.ended_ms - bar.began_ms for bar in bars) / (span * n_lanes), 1.0) if span else 1.0


def _moment(at_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_ms / 1000)
