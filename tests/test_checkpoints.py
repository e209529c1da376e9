"""Checkpoints: what comes back is what was written, or an error that names the file."""

import dataclasses
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from rccar_models import checkpoints
from rccar_models.checkpoints import CheckpointInfo
from rccar_models.errors import WeightsError
from rccar_models.models import MODELS, BuildRequest

INFO = CheckpointInfo(
    task="segmentation",
    model="tiny_unet",
    options={"width": 5},
    classes=("floor", "tape", "cone"),
    ignore_id=255,
    image_size=(64, 48),
    epoch=4,
    metrics={"miou_segmentation": 0.5, "val_loss_segmentation": 0.25},
)


def a_network() -> nn.Module:
    request = BuildRequest(n_classes=3, image_size=(64, 48), options={"width": 5})
    return MODELS["tiny_unet"].build(request).network.eval()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "trial" / "best.pt"
    checkpoints.save(file, state=a_network().state_dict(), info=INFO)
    return file


def test_checkpoint_comes_back_as_it_was_written(tmp_path: Path) -> None:
    network, info = a_network(), dataclasses.replace(INFO, score_threshold=0.3)
    checkpoints.save(tmp_path / "best.pt", state=network.state_dict(), info=info)
    state, found = checkpoints.load(tmp_path / "best.pt")
    assert found == info
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())


def test_restored_network_answers_as_the_one_that_was_saved(tmp_path: Path) -> None:
    network = a_network()
    checkpoints.save(tmp_path / "best.pt", state=network.state_dict(), info=INFO)
    restored, _ = checkpoints.restore(tmp_path / "best.pt")
    frames = torch.rand(2, 3, 48, 64)
    assert not restored.training
    assert torch.equal(restored(frames), network.to(memory_format=torch.channels_last)(frames))


def test_best_pt_alone_is_a_state_dict_that_loads_with_weights_only(file: Path) -> None:
    state = torch.load(file, weights_only=True)
    a_network().load_state_dict(state)


def test_saving_again_replaces_and_leaves_nothing_else(file: Path) -> None:
    checkpoints.save(file, state=a_network().state_dict(), info=dataclasses.replace(INFO, epoch=9))
    assert checkpoints.load(file)[1].epoch == 9
    assert sorted(path.name for path in file.parent.iterdir()) == ["best.json", "best.pt"]


@pytest.mark.parametrize("name", ["best.pt", "best.json"])
def test_missing_file_is_named(name: str, file: Path) -> None:
    file.with_name(name).unlink()
    with pytest.raises(WeightsError, match=name):
        checkpoints.load(file)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_torn_checkpoint_is_refused(share: float, file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightsError, match=r"best\.pt: torn"):
        checkpoints.load(file)


def test_checkpoint_swapped_for_another_is_refused(file: Path) -> None:
    torch.save(a_network().state_dict(), file)
    with pytest.raises(WeightsError, match=r"not the file that best\.json describes"):
        checkpoints.load(file)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"format": 2}', '{"epoch": 1}'])
def test_description_of_another_kind_is_refused(text: str, file: Path) -> None:
    checkpoints.info_file(file).write_text(text)
    with pytest.raises(WeightsError, match=r"best\.json"):
        checkpoints.load(file)


def test_description_with_a_missing_field_is_refused(file: Path) -> None:
    body = json.loads(checkpoints.info_file(file).read_text())
    del body["classes"]
    checkpoints.info_file(file).write_text(json.dumps(body))
    with pytest.raises(WeightsError, match="classes"):
        checkpoints.load(file)


class Payload:
    """Would make a folder if it were unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_pickled_code_in_a_checkpoint_is_refused_and_not_run(file: Path, tmp_path: Path) -> None:
    content = pickle.dumps({"weight": Payload(tmp_path / "owned")}, protocol=2)
    file.write_bytes(content)
    body = json.loads(checkpoints.info_file(file).read_text())
    body["sha256"] = checkpoints.sha256_of(content)
    checkpoints.info_file(file).write_text(json.dumps(body))
    with pytest.raises(WeightsError, match="not a checkpoint"):
        checkpoints.load(file)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "tiny_unit"}, "'tiny_unit' is unknown"),
        ({"options": {"width": 6}}, "does not fit tiny_unet"),
        ({"classes": ("floor", "tape")}, "does not fit tiny_unet"),
    ],
)
def test_state_that_does_not_fit_its_description_is_refused(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    info = dataclasses.replace(INFO, **change)
    checkpoints.save(tmp_path / "best.pt", state=a_network().state_dict(), info=info)
    with pytest.raises(WeightsError, match=message):
        checkpoints.restore(tmp_path / "best.pt")
