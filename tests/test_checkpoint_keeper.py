from pathlib import Path

import pytest

from sweep.orchestrator.checkpoints import CheckpointKeeper, progress_of
from sweep.records import Objective, Status, TrialSpec
from tests.making import MIOU, VAL_LOSS, a_result, a_spec


def with_checkpoint(root: Path, slot: int) -> Path:
    folder = root / str(slot)
    folder.mkdir()
    (folder / "best.pt").write_bytes(b"weights")
    return folder


@pytest.mark.parametrize(("objective", "left"), [(MIOU, {"1", "3"}), (VAL_LOSS, {"0", "2"})])
def test_only_the_best_checkpoints_stay_on_disk(tmp_path: Path, objective: Objective, left: set[str]) -> None:
    keeper = CheckpointKeeper(objective=objective, keep=2, root=tmp_path)
    for slot, value in enumerate([0.1, 0.9, 0.2, 0.8]):
        spec = a_spec(slot, folder=str(with_checkpoint(tmp_path, slot)), objectives=(objective,))
        keeper.take_in(spec, a_result(spec, value))
    assert {folder.name for folder in tmp_path.iterdir()} == left
    assert {spec.folder for spec, _ in keeper.kept} == {str(tmp_path / name) for name in left}


@pytest.mark.parametrize("status", [Status.PRUNED, Status.FAILED])
def test_checkpoint_of_a_trial_that_did_not_complete_goes(tmp_path: Path, status: Status) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=2, root=tmp_path)
    spec = a_spec(0, folder=str(with_checkpoint(tmp_path, 0)))
    keeper.take_in(spec, a_result(spec, 0.9, status=status))
    assert not list(tmp_path.iterdir())


def cut(keeper: CheckpointKeeper, root: Path, attempt: int, *, progress: bool) -> TrialSpec:
    folder = root / f"attempt-{attempt}"
    folder.mkdir()
    if progress:
        (folder / "last.pt").write_bytes(b"progress")
    spec = a_spec(
        0, attempt=attempt, folder=str(folder), resume_from=str(root / "attempt-0") if attempt else ""
    )
    keeper.take_in(spec, a_result(spec, None, status=Status.STOPPED))
    return spec


def test_progress_of_a_cut_trial_stays_until_a_later_attempt_has_its_own_or_the_slot_is_closed(
    tmp_path: Path,
) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=2, root=tmp_path)
    assert progress_of(cut(keeper, tmp_path, 0, progress=True)) == str(tmp_path / "attempt-0")
    # Ended before it had taken over what the first one had reached.
    assert progress_of(cut(keeper, tmp_path, 1, progress=False)) == str(tmp_path / "attempt-0")
    assert progress_of(cut(keeper, tmp_path, 2, progress=True)) == str(tmp_path / "attempt-2")
    assert {path.name for path in tmp_path.iterdir()} == {"attempt-2"}
    last = a_spec(0, attempt=3, folder=str(with_checkpoint(tmp_path, 3)))
    keeper.take_in(last, a_result(last, 0.9))
    assert {path.name for path in tmp_path.iterdir()} == {"3"}


def test_nothing_outside_the_sweeps_own_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    theirs = with_checkpoint(tmp_path / "other", 0)
    keeper = CheckpointKeeper(objective=MIOU, keep=1, root=tmp_path / "own")
    spec = a_spec(0, folder=str(theirs))
    keeper.take_in(spec, a_result(spec, None, status=Status.FAILED))
    assert theirs.is_dir()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_equal_values_the_smaller_number_is_the_best(tmp_path: Path, order: tuple[int, int]) -> None:
    keeper = CheckpointKeeper(objective=MIOU, keep=1, root=tmp_path)
    for slot in order:
        spec = a_spec(slot, folder=str(with_checkpoint(tmp_path, slot)))
        keeper.take_in(spec, a_result(spec, 0.5))
    assert [spec.slot for spec, _ in keeper.kept] == [0]
