"""The config of a sweep: the flags of `sweep run`, with underscores, and what they may be."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sweep import catalog
from sweep.config import kinds
from sweep.paths import DEFAULT_HOME
from sweep.records import ParamValue
from sweep.redaction import redacted

T = TypeVar("T")


def _or_none(read: Callable[[object], T]) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else read(value))


_Text = Annotated[str, BeforeValidator(kinds.text)]
_OptionalText = Annotated[str | None, _or_none(kinds.text)]
_Seconds = Annotated[float | None, _or_none(kinds.duration_s)]


class SweepConfig(BaseModel):
    """What a sweep is to do.

    Attributes:
        task: "segmentation" or "detection".
        trials: slots of the sweep.
        data: "demo" or a folder.
        format: name of the data's format, None to recognise it.
        space: name or file of the search space, None for the one that suits data and device.
        name: of the sweep, None for task and time.
        metric: what is optimised, as users write it; None for the task's default.
        epochs: of a full trial, None for the space's.
        image_size: (width, height) in pixels, None for the space's longer side in the data's aspect ratio.
        workers: "auto" or how many processes.
        executor: where trials run.
        device: "auto", "cpu", "cuda" or "cuda:N".
        sampler: what is tried next.
        pruner: what is cut short.
        seed: of all chance.
        timeout: time budget of the sweep in seconds.
        trial_timeout: time budget of a trial in seconds.
        stall_timeout: silence of a trial in seconds after which it has failed.
        target: value of the metric that ends the sweep.
        patience: trials without a better one that end the sweep.
        max_failures: failures in a row that end the sweep.
        max_retries: further attempts for a trial whose worker was killed.
        keep: checkpoints that stay on disk.
        max_latency_ms: of a frame on this machine's CPU, above which no model goes to Production.
        max_size_mb: of a package, likewise.
        weights: "default" (pretrained), "none" or a file.
        trainer: what runs a trial.
        promote: whether the best model goes to Production.
        report: whether a report is written at the end.
        set: fixed parameters of the search space.
        home: folder of databases and artifacts.
        storage: Optuna's storage, None for the one in the home.
        tracking_uri: MLflow's store, None for the one in the home.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    task: Annotated[str, BeforeValidator(kinds.word("task", catalog.TASKS.names))]
    trials: Annotated[int, BeforeValidator(kinds.whole(1))] = 50
    data: _Text = "demo"
    format: Annotated[str | None, _or_none(kinds.word("data format", catalog.FORMATS.names))] = None
    space: _OptionalText = None
    name: _OptionalText = None
    metric: _OptionalText = None
    epochs: Annotated[int | None, _or_none(kinds.whole(1))] = None
    image_size: Annotated[tuple[int, int] | None, _or_none(kinds.image_size)] = None
    workers: Annotated[str | int, BeforeValidator(kinds.workers)] = "auto"
    executor: Annotated[str, BeforeValidator(kinds.word("executor", lambda: catalog.EXECUTORS))] = "local"
    device: Annotated[str, BeforeValidator(kinds.device)] = "auto"
    sampler: Annotated[str, BeforeValidator(kinds.word("sampler", lambda: catalog.SAMPLERS))] = "tpe"
    pruner: Annotated[str, BeforeValidator(kinds.word("pruner", lambda: catalog.PRUNERS))] = "median"
    seed: Annotated[int, BeforeValidator(kinds.whole(0, 2**31 - 1))] = 0
    timeout: _Seconds = None
    trial_timeout: _Seconds = None
    stall_timeout: Annotated[float, BeforeValidator(kinds.duration_s)] = 1800.0
    target: Annotated[float | None, _or_none(kinds.real)] = None
    patience: Annotated[int | None, _or_none(kinds.whole(1))] = None
    max_failures: Annotated[int, BeforeValidator(kinds.whole(1))] = 5
    max_retries: Annotated[int, BeforeValidator(kinds.whole(0))] = 2
    keep: Annotated[int, BeforeValidator(kinds.whole(1))] = 3
    max_latency_ms: Annotated[float | None, _or_none(kinds.positive)] = None
    max_size_mb: Annotated[float | None, _or_none(kinds.positive)] = None
    weights: Annotated[str, BeforeValidator(kinds.weights)] = "default"
    trainer: Annotated[str, BeforeValidator(kinds.word("trainer", catalog.TRAINERS.names))] = "torch"
    promote: Annotated[bool, BeforeValidator(kinds.truth)] = True
    report: Annotated[bool, BeforeValidator(kinds.truth)] = True
    set: dict[str, ParamValue] = Field(default_factory=dict)
    home: _Text = DEFAULT_HOME
    storage: _OptionalText = None
    tracking_uri: _OptionalText = None

    def to_dict(self) -> dict[str, Any]:
        """Write for JSON, in the form a config file has.

        Returns:
            Every key; addresses without their passwords.
        """
        body = self.model_dump(mode="json")
        if self.image_size is not None:
            body["image_size"] = "x".join(map(str, self.image_size))
        return {key: redacted(value) if isinstance(value, str) else value for key, value in body.items()}


KEYS = tuple(SweepConfig.model_fields)
