"""First weights: from files that may be foreign, torn or malicious, and from downloads that may fail."""

import os
import pickle
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.segmentation import lraspp_mobilenet_v3_large

from rccar_models.errors import WeightsError
from rccar_models.models import MODELS, BuildRequest, BuiltModel
from rccar_models.models.networks.state_dicts import adopt, read_state_dict
from rccar_models.models.networks.weights import impatient, pretrained
from rccar_models.options import resolve

WITH_PRETRAINED = sorted(set(MODELS) - {"tiny_unet", "small_ssd"})


def build(name: str, weights: str, *, n_classes: int = 3, seed: int = 0) -> BuiltModel:
    torch.manual_seed(seed)
    model = MODELS[name]
    options = resolve({option.name: option for option in model.options}, {})
    return model.build(
        BuildRequest(n_classes=n_classes, image_size=(64, 64), options=options, weights=weights)
    )


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[None]:
    """No cached downloads, and every address is answered by a closed port of this machine."""
    # Not the shared fixture: its changes must be undone before urllib looks at the environment again.
    with pytest.MonkeyPatch.context() as monkeypatch:
        _cut_off(monkeypatch, tmp_path)
        # urllib reads the proxies once for the whole process.
        urllib.request.install_opener(urllib.request.build_opener())
        yield
    urllib.request.install_opener(urllib.request.build_opener())


def _cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, closed)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_weights_none_means_scratch_without_a_note(name: str) -> None:
    built = build(name, "none")
    assert (built.weights, built.note) == ("scratch", "")


@pytest.mark.parametrize("name", ["tiny_unet", "small_ssd"])
def test_weights_default_of_models_without_pretrained_ones_is_no_cause_for_a_warning(name: str) -> None:
    built = build(name, "default")
    assert (built.weights, built.note) == ("scratch", "")


@pytest.mark.parametrize("name", WITH_PRETRAINED)
@pytest.mark.usefixtures("offline")
def test_weights_default_offline_starts_from_scratch_soon_and_says_so(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    built = build(name, "default")
    # Not a measurement: the hub's own client would retry for 23 s.
    assert time.monotonic() - started < 15
    assert built.weights == "scratch"
    assert "could not be downloaded" in built.note
    assert "--weights none" in built.note
    assert "\n" not in built.note
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("offline")
def test_weights_default_found_in_the_librarys_cache_are_used_but_for_the_head(tmp_path: Path) -> None:
    library = lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=21)
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    # The library checks the hash in the file's name, so the real name cannot be used for a made-up file.
    torch.save(library.state_dict(), cache / "made.pth")
    body = lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    network = nn.Sequential()
    network.add_module("body", body)
    built = pretrained(network, "default", name="LIBRARY", download=lambda: torch.load(cache / "made.pth"))
    assert (built.weights, built.note) == ("LIBRARY", "")
    kept, given = body.state_dict(), library.state_dict()
    assert torch.equal(kept["backbone.0.0.weight"], given["backbone.0.0.weight"])
    assert kept["classifier.low_classifier.weight"].shape[0] == 3


def test_download_that_breaks_off_becomes_a_note(tmp_path: Path) -> None:
    torn = tmp_path / "torn.pth"
    torch.save({"weight": torch.zeros(100)}, torn)
    torn.write_bytes(torn.read_bytes()[:200])
    built = pretrained(nn.Linear(2, 2), "default", name="LIBRARY", download=lambda: torch.load(torn))
    assert built.weights == "scratch"
    assert built.note.startswith("pretrained weights LIBRARY could not be downloaded (")


def test_impatient_downloads_get_a_short_timeout_and_keep_stdout_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = socket.getdefaulttimeout()
    with impatient():
        sys.stdout.write("Downloading\n")
        assert socket.getdefaulttimeout() == 5.0
    assert socket.getdefaulttimeout() == before
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Downloading\n")


def test_faster_rcnn_with_weights_freezes_its_batch_norm_and_without_does_not(tmp_path: Path) -> None:
    name = "fasterrcnn_mobilenet_v3_large_320_fpn"
    scratch = build(name, "none").network
    file = tmp_path / "weights.pt"
    torch.save(scratch.state_dict(), file)
    started = build(name, str(file)).network

    def training_norms(network: nn.Module) -> list[bool]:
        network.train()
        return [module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d)]

    assert all(training_norms(scratch))
    assert not any(training_norms(started))
    assert equal(started.state_dict(), scratch.state_dict())


@pytest.mark.parametrize("name", ["tiny_unet", "small_ssd", "ssdlite320_mobilenet_v3_large"])
@pytest.mark.parametrize("nested", [False, True])
def test_weights_file_of_the_same_model_is_taken_whole(name: str, nested: bool, tmp_path: Path) -> None:
    saved = build(name, "none").network.state_dict()
    file = tmp_path / "best.pt"
    torch.save({"state_dict": saved, "epoch": 3} if nested else saved, file)
    built = build(name, str(file), seed=1)
    assert equal(built.network.state_dict(), saved)
    assert (built.weights, built.note) == (str(file), "")


def test_weights_file_for_other_classes_keeps_a_fresh_head_and_counts_what_was_used(tmp_path: Path) -> None:
    file = tmp_path / "five_classes.pt"
    torch.save(build("tiny_unet", "none", n_classes=5).network.state_dict(), file)
    fresh = build("tiny_unet", "none", seed=1).network.state_dict()
    built = build("tiny_unet", str(file), seed=1)
    state = built.network.state_dict()
    used = f"{len(state) - 2} of {len(state)} tensors used"
    assert built.note == f"{file}: {used}; from scratch: body.head.weight, body.head.bias"
    assert torch.equal(state["body.head.weight"], fresh["body.head.weight"])
    assert not torch.equal(state["body.stem.0.weight"], fresh["body.stem.0.weight"])


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_weights_file_with_a_wrappers_prefix_is_understood(prefix: str, tmp_path: Path) -> None:
    saved = build("tiny_unet", "none").network.state_dict()
    file = tmp_path / "wrapped.pt"
    torch.save({prefix + name: value for name, value in saved.items()}, file)
    assert equal(build("tiny_unet", str(file), seed=1).network.state_dict(), saved)


def test_weights_file_of_the_librarys_bare_network_is_understood(tmp_path: Path) -> None:
    library = lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    file = tmp_path / "torchvision.pth"
    torch.save(library.state_dict(), file)
    built = build("lraspp_mobilenet_v3_large", str(file), seed=1)
    assert built.note == ""
    bare = {f"body.{name}": value for name, value in library.state_dict().items()}
    assert equal(built.network.state_dict(), bare)


def test_weights_file_of_another_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.pt"
    torch.save(build("small_ssd", "none").network.state_dict(), file)
    with pytest.raises(WeightsError, match="is it a file of another model"):
        build("tiny_unet", str(file))


def test_nothing_but_counters_in_common_is_not_a_fit() -> None:
    network = nn.BatchNorm2d(4)
    with pytest.raises(WeightsError, match="none of its 1 tensors fits"):
        adopt(network, {"num_batches_tracked": torch.tensor(3)}, source="file")


class Payload:
    """Runs a command when unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_malicious_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    trace, file = tmp_path / "trace", tmp_path / "evil.pt"
    torch.save({"weight": torch.zeros(2, 2), "extra": Payload(f"touch {trace}")}, file)
    with pytest.raises(WeightsError, match=r"evil\.pt"):
        read_state_dict(file)
    file.write_bytes(pickle.dumps(Payload(f"touch {trace}")))
    with pytest.raises(WeightsError, match=r"evil\.pt"):
        build("tiny_unet", str(file))
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"not weights", b"PK\x03\x04broken", pickle.dumps([1, 2]), bytes(range(256)) * 9],
)
def test_foreign_files_are_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "foreign.pt"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"foreign\.pt"):
        read_state_dict(file)


def test_weights_files_cut_short_anywhere_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "torn.pt"
    torch.save({"weight": torch.arange(50.0)}, file)
    whole = file.read_bytes()
    for size in range(0, len(whole) - 1, 97):
        file.write_bytes(whole[:size])
        with pytest.raises(WeightsError):
            read_state_dict(file)


def test_missing_weights_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pt", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read as weights"):
            build("tiny_unet", str(path))


def test_file_that_holds_a_bare_tensor_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tensor.pt"
    torch.save(torch.zeros(3), file)
    with pytest.raises(WeightsError, match="holds a Tensor, not a state_dict"):
        read_state_dict(file)
