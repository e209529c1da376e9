"""Reads a sweep's runs out of MLflow, and changes nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweep.tracking.paging import every
from sweep.tracking.store import Store, mlflow_errors

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run

RUNS_A_PAGE = 1000
MODELS_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as MLflow has it.

    Args:
        run_id: MLflow's.
        name: run name.
        status: RUNNING, FINISHED, FAILED or KILLED.
        tags: all of them.
        params: all of them.
        metrics: the last value of each.
    """

    run_id: str
    name: str
    status: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]

    @property
    def uid(self) -> str:
        """trial_uid, empty for a sweep's own run."""
        return self.tags.get("sweep.trial_uid", "")


def read_runs(store: Store, name: str, *, kind: str) -> tuple[RunFacts, ...]:
    """Read the runs of a sweep.

    Args:
        store: an open one.
        name: of the sweep.
        kind: "sweep" for its own run, "trial" for those of its trials.

    Returns:
        Them, in the order of their starts.

    Raises:
        UnavailableError: the store cannot be used.
    """
    words = f"tags.`sweep.kind` = '{kind}' and tags.`sweep.name` = '{name}'"
    with mlflow_errors(f"reading the runs of {name}"):
        found: list[Run] = [
            *every(store.client.search_runs, [store.experiment_id], words, max_results=RUNS_A_PAGE)
        ]
    return tuple(
        RunFacts(
            run_id=str(run.info.run_id),
            name=str(run.info.run_name),
            status=str(run.info.status),
            tags=dict(run.data.tags),
            params=dict(run.data.params),
            metrics=dict(run.data.metrics),
        )
        for run in sorted(found, key=lambda run: run.info.start_time)
    )


def steps_of(store: Store, run_id: str, metric: str) -> list[int]:
    """Epochs of a run that have a metric.

    Args:
        store: an open one.
        run_id: MLflow's.
        metric: logged name.

    Returns:
        Steps in the order in which they were logged.

    Raises:
        UnavailableError: the store cannot be used.
    """
    with mlflow_errors(f"reading {metric} of run {run_id}"):
        return [int(point.step) for point in store.client.get_metric_history(run_id, metric)]


def pending_models(store: Store, run_ids: set[str], *, page_size: int = MODELS_A_PAGE) -> list[str]:
    """Logged models whose upload has not ended. Unless somebody has the registry locked, it was cut.

    Args:
        store: an open one.
        run_ids: of the runs they may belong to.
        page_size: models asked for in one call.

    Returns:
        Their ids.

    Raises:
        UnavailableError: the store cannot be used.
    """
    with mlflow_errors("looking for logged models"):
        models: list[LoggedModel] = [
            *every(store.client.search_logged_models, [store.experiment_id], max_results=page_size)
        ]
    return [
        str(model.model_id)
        for model in models
        if str(model.source_run_id) in run_ids and str(model.status).endswith("PENDING")
    ]
