"""A worker's trial always ends with a result, whatever happens in it."""

import dataclasses
import math
from pathlib import Path

import pytest

from rccar_models.errors import NonFiniteLossError, OptionError
from sweep.errors import UnavailableError
from sweep.records import Action, EpochReport, Objective, Status, TrialSpec, Verdict
from sweep.workshop import trial_runner
from sweep.workshop.failures import LONGEST_REASON, reason_of


def spec(
    *, epochs: int = 5, metric: str = "miou_segmentation", **params: bool | int | float | str
) -> TrialSpec:
    return TrialSpec(
        trial_uid="uid-7",
        attempt=1,
        slot=7,
        number=9,
        task="segmentation",
        trainer="stand_in",
        model="tiny_unet",
        params=params,
        seed=11,
        until_epoch=epochs,
        objectives=(Objective(metric, metric.startswith("miou")),),
        folder="nowhere",
    )


class Coordinator:
    """Answers with CONTINUE, from an epoch on with another action."""

    def __init__(self, action: Action = Action.CONTINUE, *, from_epoch: int = 1) -> None:
        self.action, self.from_epoch = action, from_epoch
        self.reports: list[EpochReport] = []

    def __call__(self, report: EpochReport) -> Verdict:
        self.reports.append(report)
        action = self.action if report.epoch >= self.from_epoch else Action.CONTINUE
        return Verdict(trial_uid=report.trial_uid, action=action)


def test_trial_that_runs_through_is_complete_with_its_best_epoch() -> None:
    coordinator = Coordinator()
    result = trial_runner.run(spec(), coordinator)
    scores = [report.metrics["miou_segmentation"] for report in coordinator.reports]
    assert result.status is Status.COMPLETE
    assert result.epochs == 5
    assert result.value == max(scores)
    assert result.best_epoch == scores.index(max(scores)) + 1
    assert result.metrics == coordinator.reports[result.best_epoch - 1].metrics
    assert (result.trial_uid, result.attempt, result.reason) == ("uid-7", 1, "")


def test_trial_that_minimises_keeps_the_epoch_of_the_smallest_value() -> None:
    coordinator = Coordinator()
    result = trial_runner.run(spec(metric="val_loss_segmentation"), coordinator)
    assert result.value == min(report.metrics["val_loss_segmentation"] for report in coordinator.reports)


def test_every_report_says_time_memory_and_attempt() -> None:
    coordinator = Coordinator()
    trial_runner.run(spec(), coordinator)
    assert [report.epoch for report in coordinator.reports] == [1, 2, 3, 4, 5]
    walls = [report.wall_s for report in coordinator.reports]
    assert walls == sorted(walls)
    assert walls[0] > 0
    assert all(
        2**20 < report.peak_bytes < 2**40 for report in coordinator.reports
    )  # a Python is 10 MiB or more
    assert {report.attempt for report in coordinator.reports} == {1}


@pytest.mark.parametrize(
    ("action", "status"),
    [(Action.PRUNE, Status.PRUNED), (Action.STOP, Status.STOPPED), (Action.PAUSE, Status.PAUSED)],
)
def test_verdict_ends_the_trial_at_once_with_its_status(action: Action, status: Status) -> None:
    coordinator = Coordinator(action, from_epoch=2)
    result = trial_runner.run(spec(), coordinator)
    assert (result.status, result.epochs, len(coordinator.reports)) == (status, 2, 2)
    assert result.value is not None


@pytest.mark.parametrize(
    ("fault", "start"),
    [("raise", "exception: RuntimeError: "), ("nan", "nan_loss: "), ("oom", "out_of_memory: ")],
)
def test_trial_that_goes_wrong_has_failed_with_a_reason_and_keeps_what_it_reached(
    fault: str, start: str
) -> None:
    result = trial_runner.run(spec(fault=fault, fault_epoch=3), Coordinator())
    assert result.status is Status.FAILED
    assert result.reason.startswith(start)
    assert "epoch 3" in result.reason
    assert (result.epochs, result.best_epoch) == (2, 2)
    assert result.value is not None
    assert math.isfinite(result.value)


def test_trial_of_an_unknown_trainer_has_failed_and_names_the_known_ones() -> None:
    result = trial_runner.run(dataclasses.replace(spec(), trainer="torhc"), Coordinator())
    assert result.status is Status.FAILED
    assert "stand_in, torch" in result.reason


def test_trial_without_its_data_has_failed_and_names_the_folder(tmp_path: Path) -> None:
    torch_spec = dataclasses.replace(
        spec(), trainer="torch", data_ref=str(tmp_path / "no-cache"), folder=str(tmp_path)
    )
    result = trial_runner.run(torch_spec, Coordinator())
    assert result.status is Status.FAILED
    assert "no-cache" in result.reason


def test_error_of_the_coordinator_is_not_taken_for_a_fault_of_the_trial() -> None:
    def unavailable(_: EpochReport) -> Verdict:
        raise UnavailableError("the database is gone")

    with pytest.raises(UnavailableError):
        trial_runner.run(spec(), unavailable)


def test_ctrl_c_is_not_taken_for_a_fault_of_the_trial() -> None:
    def interrupted(_: EpochReport) -> Verdict:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trial_runner.run(spec(), interrupted)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out_of_memory: the process has no memory left"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
            "out_of_memory: CUDA out of memory. Tried",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out_of_memory: DefaultCPUAllocator"),
        (RuntimeError("shapes\n differ"), "exception: RuntimeError: shapes differ"),
        (ValueError("out of memory of better days"), "exception: ValueError: "),
        (
            NonFiniteLossError("train_loss became nan in epoch 4"),
            "nan_loss: train_loss became nan in epoch 4",
        ),
        (OptionError("batch_size: 99"), "exception: OptionError: batch_size: 99"),
    ],
)
def test_reason_names_the_kind_of_failure(error: Exception, reason: str) -> None:
    assert reason_of(error).startswith(reason)


def test_reason_of_torch_running_out_of_gpu_memory_is_out_of_memory() -> None:
    torch = pytest.importorskip("torch")
    assert reason_of(torch.OutOfMemoryError("CUDA out of memory")).startswith("out_of_memory: ")


def test_reason_is_one_line_of_bounded_length() -> None:
    reason = reason_of(ValueError("x\n" * 5000))
    assert "\n" not in reason
    assert len(reason) == LONGEST_REASON


@pytest.mark.parametrize(
    "text",
    ["CUDA error: device-side assert triggered", "CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm"],
)
def test_lost_device_is_named_so_that_its_worker_is_replaced(text: str) -> None:
    assert reason_of(RuntimeError(text)).startswith("device_error: ")
