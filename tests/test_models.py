"""Every model that users can name: shapes, gradients, empty images, export, losses that leave no trace."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from rccar_models.errors import ShapeError
from rccar_models.models import MODELS, BuildRequest
from rccar_models.models.detectors.labels import as_detections, as_targets
from rccar_models.models.detectors.raw import nms_settings, postprocess, raw_head
from rccar_models.models.detectors.validation import validation_loss
from rccar_models.models.networks.batch_norm import frozen, replace_batch_norm
from rccar_models.options import OptionValue, resolve

SEGMENTATION = sorted(name for name, model in MODELS.items() if model.task == "segmentation")
DETECTION = sorted(name for name, model in MODELS.items() if model.task == "detection")
SSD_LIKE = ["small_ssd", "ssdlite320_mobilenet_v3_large"]
SIZE = (160, 120)
BATCH = torch.export.Dim("batch")


def built(
    name: str, *, n_classes: int = 3, size: tuple[int, int] = SIZE, **options: OptionValue
) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS[name]
    resolved = resolve({option.name: option for option in model.options}, options)
    return model.build(BuildRequest(n_classes=n_classes, image_size=size, options=resolved)).network


def pictures(n: int = 2, *, size: tuple[int, int] = SIZE) -> Tensor:
    return torch.rand(n, 3, size[1], size[0], generator=torch.Generator().manual_seed(1))


def one_box_and_none() -> list[dict[str, Tensor]]:
    """Truth of two images: one object of class 2, and no object."""
    boxes = [torch.tensor([[20.0, 30.0, 70.0, 90.0]]), torch.zeros(0, 4)]
    return as_targets(boxes, [torch.tensor([2]), torch.zeros(0, dtype=torch.int64)])


def gradients_are_finite(network: nn.Module) -> bool:
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return bool(gradients) and all(bool(gradient.isfinite().all()) for gradient in gradients)


def test_listing_all_models_imports_no_torch() -> None:
    code = "import sys; from rccar_models.models import MODELS; print(len(MODELS), 'torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [str(len(MODELS)), "False"]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_states_licence_source_and_a_known_task(name: str) -> None:
    model = MODELS[name]
    assert model.name == name
    assert model.licence
    assert model.source
    assert model.task in {"segmentation", "detection"}
    assert all(option.fault_of(option.default) is None for option in model.options)


@pytest.mark.parametrize("name", SEGMENTATION)
@pytest.mark.parametrize("size", [(128, 96), (47, 33), (32, 32)])
def test_every_segmentation_model_answers_logits_in_the_size_of_any_image(
    name: str, size: tuple[int, int]
) -> None:
    network = built(name, n_classes=5).eval()
    with torch.no_grad():
        assert network(pictures(size=size)).shape == (2, 5, size[1], size[0])


@pytest.mark.parametrize("name", SEGMENTATION)
def test_every_segmentation_model_takes_a_training_step_with_a_batch_of_one(name: str) -> None:
    network = built(name).train()
    before = [parameter.detach().clone() for parameter in network.parameters()]
    network(pictures(1, size=(32, 32))).logsumexp(dim=1).sum().backward()
    torch.optim.SGD(network.parameters(), lr=0.1).step()
    assert gradients_are_finite(network)
    pairs = zip(before, network.parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, new in pairs)


@pytest.mark.parametrize("name", SEGMENTATION)
def test_segmentation_model_with_an_image_below_32_pixels_says_so(name: str) -> None:
    with pytest.raises(ShapeError, match="at least 32 pixels"):
        built(name)(pictures(size=(31, 64)))


def test_segmentation_padding_does_not_move_the_picture() -> None:
    # 16 columns more on the right are cut off again: the left part of a wide image answers nearly alike.
    network = built("tiny_unet").eval()
    image = pictures(1, size=(64, 64))
    with torch.no_grad():
        whole, cut = network(image), network(image[..., :56])
    assert cut.shape[-1] == 56
    assert torch.allclose(whole[..., :8], cut[..., :8], atol=0.05)


@pytest.mark.parametrize(("width", "smallest", "largest"), [(4, 20_000, 40_000), (8, 100_000, 120_000)])
def test_tiny_unet_has_the_parameters_it_promises(width: int, smallest: int, largest: int) -> None:
    count = sum(parameter.numel() for parameter in built("tiny_unet", width=width).parameters())
    assert smallest < count < largest


def test_default_models_for_cpus_stay_below_300_thousand_parameters() -> None:
    for name in ("tiny_unet", "small_ssd"):
        assert sum(parameter.numel() for parameter in built(name, n_classes=12).parameters()) < 300_000


@pytest.mark.parametrize("name", SEGMENTATION)
def test_no_model_keeps_the_slow_batch_norm_of_mobilenet(name: str) -> None:
    norms = [module for module in built(name).modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert {norm.momentum for norm in norms} == {0.1}


@pytest.mark.parametrize("name", DETECTION)
def test_every_detector_takes_a_training_step_with_an_image_without_objects(name: str) -> None:
    network = built(name).train()
    losses = network(list(pictures()), one_box_and_none())
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert total.isfinite()
    assert total > 0
    assert gradients_are_finite(network)


@pytest.mark.parametrize("name", SSD_LIKE)
def test_ssd_trains_on_a_batch_of_one_image(name: str) -> None:
    # ssdlite's last map is 1x1, where BatchNorm of torch raises for a single image.
    losses = built(name).train()(list(pictures(1)), one_box_and_none()[:1])
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize("name", DETECTION)
def test_every_detector_answers_foreground_labels_and_boxes_inside_the_image(name: str) -> None:
    network = built(name).eval()
    with torch.no_grad():
        answers = as_detections(network(list(pictures())))
    assert len(answers) == 2
    for answer in answers:
        assert answer["boxes"].shape == (len(answer["scores"]), 4)
        assert answer["labels"].tolist() == [label for label in answer["labels"].tolist() if 0 <= label < 3]
        limit = torch.tensor([160.0, 120.0, 160.0, 120.0])
        assert bool((answer["boxes"] >= 0).all())
        assert bool((answer["boxes"] <= limit + 1e-3).all())


@pytest.mark.parametrize("size", [(160, 120), (96, 128)])
def test_small_ssd_sees_the_frame_in_its_own_size(size: tuple[int, int]) -> None:
    network = built("small_ssd", size=size)
    seen: list[torch.Size] = []
    network.backbone.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].shape))
    network.eval()(list(pictures(size=size)))
    assert seen == [(2, 3, size[1], size[0])]


def test_small_ssd_learns_a_box_and_answers_it_in_pixels_of_the_original_image() -> None:
    # One wide image with one bright object; swapped sides or scaled boxes would put it elsewhere.
    network = built("small_ssd", n_classes=1, size=(128, 64)).train()
    image, box = torch.zeros(1, 3, 64, 128), torch.tensor([[80.0, 20.0, 112.0, 44.0]])
    image[:, :, 20:44, 80:112] = 1
    targets = as_targets([box], [torch.tensor([0])])
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        torch.stack(list(network(list(image), targets).values())).sum().backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        best = as_detections(network(list(image)))[0]
    assert best["labels"][0] == 0
    assert torch.allclose(best["boxes"][0], box[0], atol=4.0)


@pytest.mark.parametrize("name", DETECTION)
def test_validation_loss_leaves_buffers_modes_and_the_random_state_untouched(name: str) -> None:
    network = built(name).train()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    torch.manual_seed(7)
    random_state = torch.get_rng_state()
    first = validation_loss(network, list(pictures()), one_box_and_none(), seed=3)
    assert torch.equal(torch.get_rng_state(), random_state)
    torch.rand(5)
    second = validation_loss(network, list(pictures()), one_box_and_none(), seed=3)
    assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())
    assert modes == [module.training for module in network.modules()]
    assert torch.stack(list(first.values())).sum() > 0
    assert {name: float(loss) for name, loss in first.items()} == {
        name: float(loss) for name, loss in second.items()
    }
    assert all(not loss.requires_grad for loss in first.values())


@pytest.mark.parametrize("name", DETECTION)
def test_validation_loss_has_every_term_that_training_has(name: str) -> None:
    network = built(name)
    trained = network.train()(list(pictures()), one_box_and_none())
    assert set(validation_loss(network, list(pictures()), one_box_and_none(), seed=0)) == set(trained)


@pytest.mark.parametrize("name", SSD_LIKE)
@pytest.mark.parametrize("size", [(160, 120), (200, 90)])
def test_raw_head_and_postprocess_answer_as_the_whole_detector(name: str, size: tuple[int, int]) -> None:
    network = built(name)
    images = pictures(3, size=size)
    # Some steps, so that scores differ and boxes are cut at the edges.
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(3):
        torch.stack(list(network.train()(list(images[:2]), one_box_and_none()).values())).sum().backward()
        optimiser.step()
    raw = raw_head(network)
    with torch.no_grad():
        expected = as_detections(network.eval()(list(images)))
        output = raw(images)
    assert output.shape[::2] == (3, 4 + 4)
    assert torch.allclose(output[..., 4:].sum(dim=-1), torch.ones(1), atol=1e-5)
    for answer, wanted in zip(postprocess(output, nms_settings(network)), expected, strict=True):
        assert len(wanted["boxes"])
        assert torch.equal(answer["labels"], wanted["labels"])
        assert torch.allclose(answer["boxes"], wanted["boxes"], atol=1e-4)
        assert torch.allclose(answer["scores"], wanted["scores"], atol=1e-4)


def test_postprocess_applies_threshold_overlap_and_limits() -> None:
    # Anchors: two overlapping ones of class 0 (IoU 0.8), one apart, one of class 1 on top of the first.
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60], [0, 0, 10, 10]])
    scores = torch.tensor([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0], [0.4, 0.0, 0.6]])
    raw = torch.cat((boxes, scores), dim=1).unsqueeze(0)
    settings = {"score_thresh": 0.2, "nms_thresh": 0.5, "topk_candidates": 10, "detections_per_img": 10}
    answer = postprocess(raw, settings)[0]
    assert answer["scores"].tolist() == pytest.approx([0.9, 0.6, 0.3])
    assert answer["labels"].tolist() == [0, 1, 0]
    assert len(postprocess(raw, settings | {"detections_per_img": 2})[0]["boxes"]) == 2
    assert len(postprocess(raw, settings | {"topk_candidates": 1})[0]["boxes"]) == 2
    assert len(postprocess(raw, settings | {"score_thresh": 0.95})[0]["boxes"]) == 0


def test_raw_head_of_faster_rcnn_is_refused() -> None:
    with pytest.raises(ShapeError, match="FasterRCNN"):
        raw_head(built("fasterrcnn_mobilenet_v3_large_320_fpn"))


EXPORTABLE = [
    pytest.param(name, marks=[] if name in {"tiny_unet", "small_ssd"} else [pytest.mark.slow])
    for name, model in MODELS.items()
    if model.exportable
]


@pytest.mark.parametrize("name", EXPORTABLE)
def test_every_exportable_model_exports_with_a_dynamic_batch(name: str) -> None:
    network = built(name).eval()
    whole = network if MODELS[name].task == "segmentation" else raw_head(network)
    program = torch.export.export(whole, (pictures(2),), dynamic_shapes=({0: BATCH},))
    with torch.no_grad():
        images = pictures(5)
        assert torch.allclose(program.module()(images), whole(images), atol=1e-4)


def test_frozen_batch_norm_stays_and_keeps_the_names_of_the_state_dict() -> None:
    network = built("tiny_unet").train()
    names = list(network.state_dict())
    replace_batch_norm(network, frozen)
    statistics = {key: value.clone() for key, value in network.state_dict().items() if "running" in key}
    network.train()(pictures(2, size=(32, 32))).sum().backward()
    assert list(network.state_dict()) == names
    assert statistics
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in statistics.items())
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(norm.weight.grad is None for norm in norms)
