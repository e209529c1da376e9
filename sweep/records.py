"""What travels between the parts of the house: frozen, and JSON there and back with a format number.

Times are seconds, epochs count from 1, metric names are the logged ones (`miou_segmentation`).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.json_record import Record

ParamValue = bool | int | float | str


class Action(StrEnum):
    """What a worker does after an epoch."""

    CONTINUE = "continue"
    PRUNE = "prune"
    STOP = "stop"
    PAUSE = "pause"


class Status(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True)
class Objective:
    """What is optimised.

    Args:
        metric: logged name.
        maximise: whether larger is better.
    """

    metric: str
    maximise: bool

    def better(self, value: float, other: float | None) -> bool:
        """Say whether a value is strictly better than another.

        Args:
            value: a finite number.
            other: what stood before, None if nothing.
        """
        if other is None:
            return True
        return value > other if self.maximise else value < other


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpec(Record):
    """One attempt at a slot: everything a worker needs, and nothing that is secret.

    Args:
        trial_uid: unique over all sweeps.
        slot: 0..N-1, what `--trials N` counts.
        number: Optuna's trial number.
        attempt: 0 for the first, 1 and up for retries of a crashed one.
        retry_of: trial_uid of the crashed attempt.
        continues: trial_uid of the paused trial it goes on from.
        task: "segmentation" or "detection".
        trainer: "torch" or "stand_in".
        model: model name.
        params: every sampled and fixed parameter of the search space but the model's name.
        seed: of all chance in training.
        n_threads, device: CPU threads the worker may use; "cpu", "cuda" or "cuda:0".
        start_epoch: epochs already done.
        until_epoch: the last epoch to run.
        objectives: what is optimised, the first one prunes.
        data_ref: folder of the frame cache; empty for the stand-in.
        digest: of images, labels and split.
        weights: "default", "none" or a file.
        plugins: (path, sha256) of plug-in files.
        folder: where this trial's files go.
        resume_from: folder of an attempt at the slot that was cut, to go on after its last epoch; or "".
        worker: number of the worker that has it, from 0; None in files of earlier versions.
    """

    trial_uid: str
    slot: int
    number: int
    task: str
    trainer: str
    model: str
    params: dict[str, ParamValue]
    seed: int
    until_epoch: int
    objectives: tuple[Objective, ...]
    folder: str
    attempt: int = 0
    retry_of: str | None = None
    continues: str | None = None
    n_threads: int = 1
    device: str = "cpu"
    start_epoch: int = 0
    data_ref: str = ""
    digest: str = ""
    weights: str = "none"
    plugins: tuple[tuple[str, ...], ...] = ()
    resume_from: str = ""
    worker: int | None = None

    @property
    def run_name(self) -> str:
        """Name of its MLflow run: `trial-007`, a retry `trial-007-r1`."""
        return f"trial-{self.slot:03d}" + (f"-r{self.attempt}" if self.attempt else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochReport(Record):
    """What a worker says after an epoch."""

    trial_uid: str
    epoch: int
    metrics: dict[str, float]
    attempt: int = 0
    wall_s: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """What the coordinator answers; the worker runs on to `run_until_epoch` unasked."""

    trial_uid: str
    action: Action
    attempt: int = 0
    run_until_epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult(Record):
    """How a trial ended.

    Args:
        trial_uid: whose.
        status: how.
        attempt: which attempt.
        value: the objective at its best epoch, None if no epoch ended.
        metrics: all metrics at the best epoch, by logged name.
        best_epoch: from 1; 0 if no epoch ended.
        epochs: epochs done.
        checkpoint: file of the best state_dict, None if none was kept.
        reason: why it did not complete, `word: detail`; empty for a complete trial.
        notes: warnings for the user.
        weights: what the network started from: "scratch", the weights' name, or a file.
        train_time_s: wall time in the worker.
        n_parameters: of the network.
        retryable: whether the same parameters may succeed in a new process.
    """

    trial_uid: str
    status: Status
    attempt: int = 0
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    best_epoch: int = 0
    epochs: int = 0
    checkpoint: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    weights: str = ""
    train_time_s: float = 0.0
    n_parameters: int = 0
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRequest(Record):
    """Ask a worker to turn a checkpoint into a model folder that MLflow can log.

    Args:
        trial_uid: whose checkpoint.
        spec: the trial.
        checkpoint: its best checkpoint.
        folder: where the model folder, the re-evaluation and the picture go.
    """

    trial_uid: str
    spec: TrialSpec
    checkpoint: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageResult(Record):
    """A packaged model.

    Args:
        trial_uid: whose.
        model_folder: an MLflow model folder (MLmodel and its files).
        model_sha256: over all files of the folder.
        metrics: of the checkpoint, re-evaluated in fp32 on the validation split, by logged name.
        picture: PNG of predictions beside the truth.
        reason: why it failed; empty if it did not.
    """

    trial_uid: str
    model_folder: str = ""
    model_sha256: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    picture: str = ""
    reason: str = ""


Errand = PackageRequest | EvaluateRequest
Job = TrialSpec | Errand
Event = EpochReport | TrialResult | PackageResult | Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord(Record):
    """What the tracker writes on the parent run when a sweep starts.

    Args:
        name: of the sweep, the Optuna study and the parent run.
        task: "segmentation" or "detection".
        objective: what is optimised.
        config: the resolved config as one JSON text (secrets redacted).
        params: flat facts for the parent's params (data digest, seed, sampler, ...).
        tags: further tags (git commit, package versions).
        data_source: as the user named it.
        data_format: the format's name.
        data_digest: of images, labels and split.
        classes: class names in id order.
        total_slots: what `--trials` counts.
    """

    name: str
    task: str
    objective: Objective
    config: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    data_source: str = ""
    data_format: str = ""
    data_digest: str = ""
    classes: tuple[str, ...] = ()
    total_slots: int = 0

    @property
    def n_slots(self) -> int:
        """As a plan calls it."""
        return self.total_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan(Record):
    """What all trials of a sweep have in common.

    Args:
        name: of the sweep and its study.
        task: "segmentation" or "detection".
        trainer: "torch" or "stand_in".
        epochs: a trial's full length.
        objective: what is optimised and prunes.
        seed: of the sweep; every other seed is derived from it.
        n_slots: what `--trials` counts.
        data_ref: folder of the frame cache; empty for the stand-in.
        digest: of images, labels and split.
        weights: "default", "none" or a file.
        folder: where trials keep their files.
        keep: how many checkpoints stay on disk.
        max_failures: failures in a row that end the sweep.
        max_retries: attempts after the first for a trial whose worker was killed.
        timeout_s: time budget of the whole sweep.
        trial_timeout_s: time budget of one trial.
        stall_timeout_s: silence of a trial after which it has failed.
        target: objective value that ends the sweep.
        patience: finished trials without a better one that end the sweep.
    """

    name: str
    task: str
    trainer: str
    epochs: int
    objective: Objective
    seed: int
    n_slots: int
    folder: str
    data_ref: str = ""
    digest: str = ""
    weights: str = "none"
    keep: int = 3
    max_failures: int = 5
    max_retries: int = 2
    timeout_s: float | None = None
    trial_timeout_s: float | None = None
    stall_timeout_s: float = 1800.0
    target: float | None = None
    patience: int | None = None
