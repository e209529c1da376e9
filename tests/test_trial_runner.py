"""A worker's trial always ends with a result, whatever happens in it."""

import dataclasses
import errno
import math
import os
from pathlib import Path

import pytest

from rccar_models.errors import NonFiniteLossError, OptionError
from sweep.errors import UnavailableError
from sweep.records import Action, EpochReport, Objective, Status, TrialSpec, Verdict
from sweep.workshop import trial_runner
from sweep.workshop.failures import LONGEST_REASON, reason_of
from tests.small_demo import small_cache


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


EPOCH_S = 0.01


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


def in_folder(folder: Path, **params: bool | int | float | str) -> TrialSpec:
    """A trial whose epochs take time, so that it keeps what it would go on from."""
    return dataclasses.replace(spec(epoch_s=EPOCH_S, **params), folder=str(folder))


@pytest.mark.parametrize(
    ("action", "params", "left"),
    [
        (Action.CONTINUE, {}, []),
        (Action.PRUNE, {}, []),
        (Action.STOP, {}, ["last.json"]),
        (Action.PAUSE, {}, ["last.json"]),
        (Action.CONTINUE, {"fault": "raise", "fault_epoch": 4}, ["last.json"]),
    ],
    ids=["complete", "pruned", "stopped", "paused", "failed"],
)
def test_only_a_trial_that_may_go_on_keeps_what_it_would_go_on_from(
    action: Action, params: dict[str, str | int], left: list[str], tmp_path: Path
) -> None:
    trial_runner.run(in_folder(tmp_path, **params), Coordinator(action, from_epoch=2))
    assert [file.name for file in tmp_path.iterdir()] == left


def test_trial_that_goes_on_has_the_result_of_the_whole_and_reports_the_rest(tmp_path: Path) -> None:
    first, second = in_folder(tmp_path / "1"), in_folder(tmp_path / "2")
    whole = trial_runner.run(in_folder(tmp_path / "whole"), Coordinator())
    trial_runner.run(first, Coordinator(Action.STOP, from_epoch=3))
    coordinator = Coordinator()
    result = trial_runner.run(dataclasses.replace(second, resume_from=first.folder), coordinator)
    assert [report.epoch for report in coordinator.reports] == [4, 5]
    assert dataclasses.replace(result, train_time_s=whole.train_time_s) == whole
    assert coordinator.reports[0].wall_s >= 4 * EPOCH_S
    assert result.train_time_s >= 5 * EPOCH_S


def test_trial_that_goes_on_and_fails_still_says_what_the_earlier_attempt_reached(tmp_path: Path) -> None:
    first = in_folder(tmp_path / "1", fault="raise", fault_epoch=4)
    cut = trial_runner.run(first, Coordinator(Action.STOP, from_epoch=3))
    again = dataclasses.replace(first, folder=str(tmp_path / "2"), resume_from=first.folder)
    result = trial_runner.run(again, Coordinator())
    assert (result.status, result.epochs) == (Status.FAILED, 3)
    assert (result.value, result.best_epoch, result.metrics) == (cut.value, cut.best_epoch, cut.metrics)


def torch_spec(folder: Path) -> TrialSpec:
    return dataclasses.replace(
        spec(epochs=3, lr=1e-2, batch_size=4),
        trainer="torch",
        data_ref=str(small_cache("segmentation", folder.parent)),
        folder=str(folder),
    )


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_torch_trial_that_goes_on_has_the_result_of_the_whole(tmp_path: Path) -> None:
    whole = trial_runner.run(torch_spec(tmp_path / "whole"), Coordinator())
    first, second = torch_spec(tmp_path / "1"), torch_spec(tmp_path / "2")
    trial_runner.run(first, Coordinator(Action.STOP, from_epoch=2))
    assert names_in(tmp_path / "1") == ["best.json", "best.pt", "last.pt"]
    coordinator = Coordinator()
    result = trial_runner.run(dataclasses.replace(second, resume_from=first.folder), coordinator)
    assert [report.epoch for report in coordinator.reports] == [3]
    mine = {"checkpoint": result.checkpoint, "train_time_s": result.train_time_s}
    assert result == dataclasses.replace(whole, **mine)
    assert names_in(tmp_path / "2") == ["best.json", "best.pt"]


def test_trial_whose_best_checkpoint_finds_the_disk_full_has_failed_for_that_and_is_not_retried(
    tmp_path: Path,
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / f".best.pt.{os.getpid()}.tmp").symlink_to("/dev/full")
    result = trial_runner.run(torch_spec(tmp_path / "1"), Coordinator())
    assert (result.status, result.retryable) == (Status.FAILED, False)
    assert result.reason.startswith("disk_full: ")
    assert "best.pt" in result.reason


def test_trial_of_an_unknown_trainer_has_failed_and_names_the_known_ones() -> None:
    result = trial_runner.run(dataclasses.replace(spec(), trainer="torhc"), Coordinator())
    assert result.status is Status.FAILED
    assert "stand_in, torch" in result.reason


def test_trial_without_its_data_has_failed_and_names_the_folder(tmp_path: Path) -> None:
    without_data = dataclasses.replace(
        spec(), trainer="torch", data_ref=str(tmp_path / "no-cache"), folder=str(tmp_path)
    )
    result = trial_runner.run(without_data, Coordinator())
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
        (OSError(errno.ENOSPC, "No space left on device", "best.pt"), "disk_full: [Errno 28] No space left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full: "),
        (OSError(errno.EACCES, "Permission denied", "best.pt"), "exception: PermissionError: "),
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
