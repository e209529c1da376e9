from pathlib import Path

import pytest

from sweep.orchestrator.checkpoints import CheckpointKeeper
from sweep.records import Objective, Status
from tests.making import MIOU, VAL_LOSS, a_result, a_spec


def with_checkpoint(root: Path, slot: int) -> Path:
    folder = root / str(slot)
    folder.mkdir()
    (folder / "best.pt").write_bytes(b"weights")
    return folder


@pytest.mark.parametrize(("objective", "left"), [(MIOU, {"1", "3"}), (VAL_LOSS, {"0", "2"})])
def test_only_the_best_checkpoints_stay_on_disk(tmp_path: Path, objective: Objective, left: set[str]) -> None:
    keeper = CheckpointKeeper(objective=objective, keep=2)
    for slot, value in enumerate([0.1, 0.9, 0.2, 0.8]):
        spec = a_spec(slot, folder=str(with_checkpoint(tmp_path, slot)), objectives=(objective,))
        keeper.take_in(spec, a_result(spec, value))
    assert {folder.name for folder in tmp_path.iterdir()} == left
    assert {spec.folder for spec, _ in keeper.kept} == {str(tmp_path / name) for name in left}


@pytest.mark.parametrize("status", [Status.PRUNED, Status.FAILED])
def test_checkpoint_of_a_trial_that_did_not_complete_goes(tmp_path: Path, status: Status) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=2)
    spec = a_spec(0, folder=str(with_checkpoint(tmp_path, 0)))
    keeper.take_in(spec, a_result(spec, 0.9, status=status))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("status", "retryable"), [(Status.FAILED, True), (Status.STOPPED, False)])
def test_files_of_a_cut_trial_stay_until_a_later_attempt_has_ended(
    tmp_path: Path, status: Status, retryable: bool
) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=2)
    spec = a_spec(0, folder=str(with_checkpoint(tmp_path, 0)))
    keeper.take_in(spec, a_result(spec, 0.9, status=status, retryable=retryable))
    assert [folder.name for folder in tmp_path.iterdir()] == ["0"]
    again = a_spec(0, trial_uid="again", folder=str(with_checkpoint(tmp_path, 1)), retry_of=spec.trial_uid)
    keeper.take_in(again, a_result(again, 0.9))
    assert [folder.name for folder in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_equal_values_the_smaller_number_is_the_best(tmp_path: Path, order: tuple[int, int]) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=1)
    for slot in order:
        spec = a_spec(slot, folder=str(with_checkpoint(tmp_path, slot)))
        keeper.take_in(spec, a_result(spec, 0.5))
    assert [spec.slot for spec, _ in keeper.kept] == [0]
