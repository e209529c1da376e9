"""A training that was cut and goes on ends as the one that was not, and never fails over what it finds."""

import dataclasses
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from rccar_models import checkpoints, unfinished
from rccar_models.earlier import Earlier
from rccar_models.training import TrainOutcome, TrainRequest, train
from rccar_models.unfinished import Unfinished
from tests.small_demo import OBJECTIVES, a_request, small_cache, trained
from tests.test_checkpoints import Payload

TASKS = ("segmentation", "detection")
AUGMENTED = {"flip": 0.5, "scale": 0.3, "crop": 0.3, "colour": 0.5, "blur": 0.3}
EPOCHS = 3
Epochs = dict[int, Mapping[str, float]]


class Cut(Exception):
    """Ends a training where a process might end."""


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("cache")
    return {task: small_cache(task, root) for task in TASKS}


def request_of(task: str, caches: dict[str, Path], folder: Path, **changes: Any) -> TrainRequest:
    params = {"lr": 1e-2, "batch_size": 4, **AUGMENTED}
    values = {"params": params, "epochs": EPOCHS} | changes
    return a_request(task, caches[task], folder, **values)


def run(request: TrainRequest, *, stop_after: int = EPOCHS) -> tuple[TrainOutcome, Epochs, list[Earlier]]:
    epochs: Epochs = {}
    earlier: list[Earlier] = []

    def on_epoch(epoch: int, metrics: Mapping[str, float]) -> bool:
        epochs[epoch] = dict(metrics)
        return epoch < stop_after

    return train(request, on_epoch, earlier.append), epochs, earlier


def cut_in_report_of(epoch_of_cut: int, request: TrainRequest) -> None:
    def on_epoch(epoch: int, _: Mapping[str, float]) -> bool:
        if epoch == epoch_of_cut:
            raise Cut
        return True

    with pytest.raises(Cut):
        train(request, on_epoch)


def resumed(request: TrainRequest, folder: Path) -> TrainRequest:
    """The same training in another folder, going on from the request's."""
    return dataclasses.replace(
        request, checkpoint=folder / request.checkpoint.name, resume_from=request.checkpoint.parent
    )


def same_checkpoint(one: TrainRequest, two: TrainRequest) -> bool:
    (state, info), (other, other_info) = (checkpoints.load(of.checkpoint) for of in (one, two))
    return info == other_info and all(torch.equal(state[name], other[name]) for name in state)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


# Maximising the loss makes the first epoch the best: then the earlier attempt's checkpoint is the final one.
@pytest.mark.parametrize("metric", [*OBJECTIVES.values(), "val_loss_segmentation"])
def test_training_cut_twice_ends_bit_by_bit_as_one_that_was_not(
    metric: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    task = metric.rsplit("_", 1)[-1]
    whole = request_of(task, caches, tmp_path / "whole", objective_metric=metric)
    outcome, epochs, _ = run(whole)
    first = dataclasses.replace(whole, checkpoint=tmp_path / "1" / "best.pt")
    second, third = resumed(first, tmp_path / "2"), resumed(resumed(first, tmp_path / "2"), tmp_path / "3")
    run(first, stop_after=1)
    _, seen, (earlier,) = run(second, stop_after=2)
    assert seen == {2: epochs[2]}
    assert (earlier.epochs, earlier.best_epoch, earlier.metrics) == (1, 1, epochs[1])
    last_outcome, last, _ = run(third)
    assert last == {3: epochs[3]}
    assert last_outcome == outcome
    assert same_checkpoint(whole, third)


def test_training_goes_on_with_the_draws_of_torch_that_dropout_would_have_seen(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    def draws_of(request: TrainRequest, *, stop_after: int) -> list[float]:
        draws: list[float] = []
        train(request, lambda epoch, _: draws.append(float(torch.rand(()))) or epoch < stop_after)
        return draws

    request = request_of("segmentation", caches, tmp_path / "1")
    whole = draws_of(dataclasses.replace(request, checkpoint=tmp_path / "whole" / "best.pt"), stop_after=3)
    draws_of(request, stop_after=1)
    assert draws_of(resumed(request, tmp_path / "2"), stop_after=3) == whole[1:]


@pytest.mark.parametrize("maximise", [True, False])
def test_epoch_cut_before_its_report_was_answered_is_run_and_reported_again(
    maximise: bool, caches: dict[str, Path], tmp_path: Path
) -> None:
    changes = {"objective_metric": "val_loss_segmentation", "maximise": maximise}
    whole = request_of("segmentation", caches, tmp_path / "whole", **changes)
    outcome, epochs, _ = run(whole)
    first = dataclasses.replace(whole, checkpoint=tmp_path / "1" / "best.pt")
    cut_in_report_of(2, first)
    again = resumed(first, tmp_path / "2")
    last_outcome, seen, _ = run(again)
    assert seen == {epoch: epochs[epoch] for epoch in (2, 3)}
    assert last_outcome == outcome
    assert same_checkpoint(whole, again)


def test_training_whose_epochs_were_all_done_has_its_outcome_at_once(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    outcome, _, _ = run(request)
    again = resumed(request, tmp_path / "2")
    found, seen, (earlier,) = run(again)
    assert (found.epochs, found.best_epoch, found.metrics) == (EPOCHS, outcome.best_epoch, outcome.metrics)
    assert seen == {}
    assert earlier.epochs == EPOCHS
    assert same_checkpoint(request, again)


def test_folder_of_a_training_that_goes_on_holds_what_the_next_attempt_needs_from_its_start(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    run(request, stop_after=1)
    again = resumed(request, tmp_path / "2")
    cut_in_report_of(2, again)
    assert names_in(tmp_path / "1") == names_in(tmp_path / "2") == ["best.json", "best.pt", "last.pt"]
    _, seen, _ = run(resumed(again, tmp_path / "3"))
    assert list(seen) == [2, 3]


def test_time_of_earlier_attempts_counts(caches: dict[str, Path], tmp_path: Path) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    run(request, stop_after=1)
    spent_s = torch.load(tmp_path / "1" / "last.pt", weights_only=True)["train_time_s"]
    _, _, (earlier,) = run(resumed(request, tmp_path / "2"), stop_after=2)
    assert 0 < spent_s < earlier.train_time_s
    assert torch.load(tmp_path / "2" / "last.pt", weights_only=True)["train_time_s"] > earlier.train_time_s


def cut_to(share: float) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def flip_a_byte(at: int) -> Callable[[Path], object]:
    def flip(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[at] ^= 1
        file.write_bytes(content)

    return flip


def reformat(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'{"format": 1', b'{"format": 9'))


@pytest.mark.parametrize(
    ("name", "harm", "words"),
    [
        ("last.pt", Path.unlink, "last.pt: cannot be read"),
        ("last.pt", cut_to(0.0), "last.pt: torn"),
        ("last.pt", cut_to(0.5), "last.pt: torn"),
        ("last.pt", cut_to(0.999), "last.pt: torn"),
        ("last.pt", flip_a_byte(30_000), "last.pt: torn or altered"),
        ("last.pt", flip_a_byte(-3), "last.pt: torn or altered"),
        ("last.pt", reformat, "last.pt: of format 9, this program writes 1"),
        ("best.pt", Path.unlink, "best.pt"),
        ("best.pt", cut_to(0.5), "best.pt: torn"),
        ("best.json", Path.unlink, "best.json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_were_harmed_make_it_begin_anew_with_a_note(
    name: str, harm: Callable[[Path], object], words: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1", epochs=2)
    outcome, epochs, _ = run(request)
    harm(tmp_path / "1" / name)
    found, seen, earlier = run(resumed(request, tmp_path / "2"))
    (note,) = found.notes
    assert note.startswith("begun anew from epoch 1: ")
    assert words in note
    assert (seen, earlier) == (epochs, [])
    assert found.best_epoch == outcome.best_epoch


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 6}, "seed: 5 there, 6 here"),
        ({"epochs": 3}, "epochs: 2 there, 3 here"),
        ({"params": {"lr": 1e-2, "batch_size": 5, **AUGMENTED}}, "batch_size: 4 there, 5 here"),
        ({"params": {"lr": 1e-2, "batch_size": 4, "width": 6, **AUGMENTED}}, "width: "),
        ({"maximise": False}, "maximise: True there, False here"),
        ({"data": "other"}, "data: "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_another_training_left_is_refused_and_the_difference_named(
    changes: dict[str, Any], words: str, caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1", epochs=2)
    run(request, stop_after=1)
    if "data" in changes:
        changes = {"data": small_cache("segmentation", tmp_path, n_train=9)}
    again = dataclasses.replace(resumed(request, tmp_path / "2"), **changes)
    found, seen, _ = run(again)
    assert "of another training" in found.notes[0]
    assert words in found.notes[0]
    assert list(seen) == list(range(1, again.epochs + 1))


def test_checkpoint_of_another_attempt_beside_it_is_refused(caches: dict[str, Path], tmp_path: Path) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    run(request, stop_after=2)
    state, info = checkpoints.load(request.checkpoint)
    checkpoints.save(request.checkpoint, state=state, info=dataclasses.replace(info, metrics={}))
    found, _, _ = run(resumed(request, tmp_path / "2"))
    assert "does not go with last.pt" in found.notes[0]


def test_last_pt_that_is_code_is_refused_and_not_run(caches: dict[str, Path], tmp_path: Path) -> None:
    request = request_of("segmentation", caches, tmp_path / "1", epochs=2)
    run(request, stop_after=1)
    archive = pickle.dumps({"epoch": Payload(tmp_path / "owned")}, protocol=2)
    seal = json.dumps({"format": 1, "sha256": hashlib.sha256(archive).hexdigest()})
    (tmp_path / "1" / "last.pt").write_bytes(archive + b"\n" + seal.encode())
    found, _, _ = run(resumed(request, tmp_path / "2"))
    assert "not an unfinished training" in found.notes[0]
    assert not (tmp_path / "owned").exists()


def test_state_that_fits_in_part_leaves_no_trace_in_the_training_that_begins_anew(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1", epochs=2)
    _, epochs, _ = run(request)
    last = tmp_path / "1" / "last.pt"
    body = torch.load(last, weights_only=True)
    del body["optimisation"]["schedule"]
    unfinished.save(last, Unfinished(**body))
    found, seen, _ = run(resumed(request, tmp_path / "2"))
    assert "does not fit tiny_unet" in found.notes[0]
    assert seen == epochs


def fill_the_disk_for(name: str, folder: Path) -> None:
    """Make the next writing of a file find no space: its content goes to a device that is full."""
    folder.mkdir(exist_ok=True)
    (folder / f".{name}.{os.getpid()}.tmp").symlink_to("/dev/full")


def test_full_disk_costs_the_way_back_but_not_the_training_and_is_noted_once(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    whole, _ = trained(dataclasses.replace(request, checkpoint=tmp_path / "whole" / "best.pt"))

    def on_epoch(epoch: int, _: Mapping[str, float]) -> bool:
        if epoch > 1:
            fill_the_disk_for("last.pt", tmp_path / "1")
        return True

    outcome = train(request, on_epoch)
    (note,) = outcome.notes
    assert "No space left" in note
    assert "last.pt" in note
    assert dataclasses.replace(outcome, notes=()) == whole
    assert names_in(tmp_path / "1") == ["best.json", "best.pt", "last.pt"]
    _, seen, _ = run(resumed(request, tmp_path / "2"))
    assert list(seen) == [2, 3]


def test_full_disk_under_the_best_checkpoint_ends_the_training_and_names_the_file(
    caches: dict[str, Path], tmp_path: Path
) -> None:
    request = request_of("segmentation", caches, tmp_path / "1")
    fill_the_disk_for("best.pt", tmp_path / "1")
    with pytest.raises(OSError, match=r"No space left.*best\.pt"):
        trained(request)
    assert names_in(tmp_path / "1") == []


@pytest.mark.parametrize(
    ("mib", "writing_s", "period_s"),
    [(1.3, 0.03, 0.0), (32, 9.0, 0.0), (164, 0.5, 10.0)],  # 0.5 s are 5 % of 10 s
)
def test_large_files_take_a_twentieth_of_the_time_and_small_ones_are_written_after_every_epoch(
    mib: float, writing_s: float, period_s: float
) -> None:
    assert unfinished.period_s(int(mib * 2**20), writing_s=writing_s) == pytest.approx(period_s)


def test_large_file_is_not_written_again_just_now_but_where_training_ends(tmp_path: Path) -> None:
    standing = Unfinished(
        made_for={},
        epoch=1,
        best_epoch=1,
        best_metrics={},
        train_time_s=1.0,
        network={"weight": torch.zeros(unfinished.SMALL_BYTES // 4 + 1)},
        optimisation={},
        chance={},
    )
    file = unfinished.ProgressFile(tmp_path / "last.pt")
    kept: list[int] = []
    for epoch, at_once in ((1, False), (2, False), (3, True)):
        file.write(dataclasses.replace(standing, epoch=epoch), at_once=at_once)
        kept.append(unfinished.load(tmp_path / "last.pt", made_for={}).epoch)
    assert kept == [1, 1, 3]
