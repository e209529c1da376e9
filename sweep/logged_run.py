"""A run as MLflow has it, whoever logged it; and a metric of it, epoch by epoch."""

from dataclasses import dataclass, field

from sweep.json_record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun(Record):
    """A run of the experiment `autonomous_vehicle`, of this program or of another.

    Args:
        run_id: MLflow's.
        experiment_id: MLflow's.
        name: run name.
        status: RUNNING, FINISHED, FAILED or KILLED.
        began_ms: milliseconds since 1970.
        ended_ms: likewise, 0 while it runs.
        artifact_uri: where its artifacts lie.
        tags: all of them.
        params: all of them.
        metrics: the last value of each.
    """

    run_id: str
    experiment_id: str = ""
    name: str = ""
    status: str = ""
    began_ms: int = 0
    ended_ms: int = 0
    artifact_uri: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`sweep` for a sweep's own run, `trial` for a trial's, empty for one of another program."""
        return self.tags.get("sweep.kind", "")

    @property
    def sweep(self) -> str:
        """Name of the sweep it belongs to, empty if to none."""
        return self.tags.get("sweep.name", "")

    @property
    def task(self) -> str:
        """`segmentation` or `detection`, empty if it does not say."""
        return self.params.get("task_type", "") or self.tags.get("sweep.task", "")

    @property
    def state(self) -> str:
        """`sweep.state` where it has one, else its status in small letters."""
        return self.tags.get("sweep.state", "") or self.status.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Record):
    """A metric of a run by epoch.

    Args:
        run_id: MLflow's.
        metric: logged name.
        steps: epochs, ascending, each once.
        values: at each of them; NaN where it was logged so.
    """

    run_id: str
    metric: str
    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
