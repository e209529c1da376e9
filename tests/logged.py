"""Runs in a real MLflow store, logged as this program and as the teams' earlier tool log them."""

import time
from collections.abc import Mapping, Sequence

from mlflow.entities import Metric, Param

from sweep.tracking.store import Store


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def a_run(
    store: Store,
    *,
    name: str = "",
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    curves: Mapping[str, Sequence[float]] | None = None,
    began_ms: int | None = None,
    status: str = "FINISHED",
    ended_ms: int | None = None,
) -> str:
    """Log a run of another program; `curves` are values by epoch from 1."""
    run = store.client.create_run(
        store.experiment_id, start_time=began_ms or now_ms(), tags=dict(tags or {}), run_name=name or None
    )
    run_id = str(run.info.run_id)
    if params:
        store.client.log_batch(run_id, params=[Param(*pair) for pair in params.items()])
    for metric, values in (curves or {}).items():
        log_curve(store, run_id, metric, values)
    if status != "RUNNING":
        store.client.set_terminated(run_id, status=status, end_time=ended_ms or now_ms())
    return run_id


def log_curve(store: Store, run_id: str, metric: str, values: Sequence[float], *, first: int = 1) -> None:
    points = [Metric(metric, value, now_ms() + step, step) for step, value in enumerate(values, start=first)]
    store.client.log_batch(run_id, metrics=points)
