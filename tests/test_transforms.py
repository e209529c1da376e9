"""Augmentation: frames, masks and boxes stay together, everything comes from the generator."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as reference

from rccar_models.errors import OptionError
from rccar_models.options import resolve
from rccar_models.transforms.augmentation import Augmentation
from rccar_models.transforms.geometry import Geometry, move_boxes
from rccar_models.transforms.options import OPTIONS
from rccar_models.transforms.pixels import blur_some, jitter_colour

NOTHING: dict[str, float] = {"flip": 0.0, "scale": 0.0, "crop": 0.0, "colour": 0.0, "blur": 0.0}
HEIGHT, WIDTH = 48, 64


def frames(n: int = 4, *, seed: int = 0) -> Tensor:
    return torch.rand(n, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


def masks(n: int = 4) -> Tensor:
    return torch.randint(0, 5, (n, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(9))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def painted(boxes: Tensor) -> Tensor:
    """(1, H, W) mask in which every box is filled with 1."""
    mask = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.int64)
    for x1, y1, x2, y2 in boxes.int().tolist():
        mask[:, y1:y2, x1:x2] = 1
    return mask


def bounds(mask: Tensor) -> Tensor:
    """(4,) xyxy of everything that is 1 in an (H, W) mask."""
    rows, columns = torch.nonzero(mask == 1, as_tuple=True)
    return torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()


def test_options_and_their_package_import_no_torch() -> None:
    code = "import sys; import rccar_models.transforms.options; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_defaults_are_inside_their_ranges_and_a_value_outside_is_refused() -> None:
    options = {option.name: option for option in OPTIONS}
    assert set(resolve(options, {})) == set(NOTHING)
    with pytest.raises(OptionError, match=r"flip: .* above"):
        resolve(options, {"flip": 1.5})


def test_nothing_switched_on_changes_nothing_at_all() -> None:
    images, truth = frames(), masks()
    boxes, labels = [torch.tensor([[1.0, 2.0, 30.0, 40.0]])] * 4, [torch.tensor([1])] * 4
    off = Augmentation(NOTHING)
    assert all(map(torch.equal, off.apply_segmentation(images, truth, chance()), (images, truth)))
    new_images, new_boxes, new_labels = off.apply_detection(images, boxes, labels, chance())
    assert torch.equal(new_images, images)
    assert all(map(torch.equal, new_boxes, boxes))
    assert all(map(torch.equal, new_labels, labels))


def test_certain_flip_mirrors_frames_masks_and_boxes() -> None:
    images, truth = frames(), masks()
    flip = Augmentation(NOTHING | {"flip": 1.0})
    new_images, new_masks = flip.apply_segmentation(images, truth, chance())
    assert torch.allclose(new_images, images.flip(-1), atol=1e-5)
    assert torch.equal(new_masks, truth.flip(-1))
    boxes = [torch.tensor([[4.0, 10.0, 20.0, 30.0]])] * 4
    _, new_boxes, _ = flip.apply_detection(images, boxes, [torch.tensor([0])] * 4, chance())
    assert torch.allclose(new_boxes[0], torch.tensor([[44.0, 10.0, 60.0, 30.0]]), atol=1e-4)


def test_flip_zero_never_mirrors_whatever_else_is_on() -> None:
    # A gradient that grows to the right must still grow to the right in every frame.
    n = 2000
    images, truth = torch.linspace(0, 1, 16).expand(n, 3, 8, 16).contiguous(), torch.zeros(n, 8, 16).long()
    options = NOTHING | {"flip": 0.0, "scale": 0.5, "crop": 0.5}
    changed, _ = Augmentation(options).apply_segmentation(images, truth, chance())
    assert bool((changed[:, 0, :, -1] > changed[:, 0, :, 0]).all())
    options["flip"] = 0.25
    changed, _ = Augmentation(options).apply_segmentation(images, truth, chance())
    mirrored = int((changed[:, 0, 0, -1] < changed[:, 0, 0, 0]).sum())
    assert abs(mirrored - 500) < 120  # six standard deviations are 116


@pytest.mark.parametrize("options", [{"scale": 0.5}, {"crop": 0.5}, {"flip": 0.5, "scale": 0.3, "crop": 0.3}])
def test_boxes_follow_what_is_painted_in_the_mask(options: dict[str, float]) -> None:
    box = torch.tensor([[20.0, 12.0, 44.0, 36.0]])
    augmentation = Augmentation(NOTHING | options)
    for seed in range(30):
        _, mask = augmentation.apply_segmentation(frames(1), painted(box), chance(seed))
        _, moved, labels = augmentation.apply_detection(frames(1), [box], [torch.tensor([3])], chance(seed))
        assert labels[0].tolist() == [3]
        assert torch.allclose(moved[0][0], bounds(mask[0]), atol=1.01)


def test_masks_follow_what_is_painted_in_the_frame() -> None:
    mask = painted(torch.tensor([[10.0, 10.0, 50.0, 40.0]]))
    images = mask.unsqueeze(1).expand(1, 3, HEIGHT, WIDTH).float()
    augmentation = Augmentation(NOTHING | {"flip": 0.5, "scale": 0.4, "crop": 0.2})
    for seed in range(20):
        new_images, new_mask = augmentation.apply_segmentation(images, mask, chance(seed))
        agreeing = (new_images[:, 0] > 0.5) == (new_mask == 1)
        assert float(agreeing.float().mean()) > 0.98


def test_zoom_reaches_both_ways_and_no_further_than_asked() -> None:
    box = torch.tensor([[28.0, 20.0, 36.0, 28.0]])
    augmentation = Augmentation(NOTHING | {"scale": 0.25})
    boxes, labels = [box] * 200, [torch.tensor([0])] * 200
    _, moved, _ = augmentation.apply_detection(frames(1).expand(200, -1, -1, -1), boxes, labels, chance())
    zooms = (torch.cat(moved)[:, 2] - torch.cat(moved)[:, 0]) / 8
    assert 0.8 - 1e-4 <= float(zooms.min()) < 0.82
    assert 1.23 < float(zooms.max()) <= 1.25 + 1e-4


def test_zoomed_out_frame_is_ignored_outside_or_repeats_its_edge() -> None:
    truth = torch.full((1, HEIGHT, WIDTH), 2)
    geometry = Geometry(torch.full((1, 2), 2.0), torch.zeros(1, 2))  # the frame fills the middle half
    ignored = geometry.picked(truth, outside=255)
    assert ignored[0, HEIGHT // 2, WIDTH // 2] == 2
    assert ignored[0, 0, 0] == 255
    assert int((ignored == 2).sum()) == HEIGHT * WIDTH // 4
    assert torch.equal(geometry.picked(truth, outside=None), truth)
    augmentation = Augmentation(NOTHING | {"scale": 0.5}, ignore_id=255)
    outputs = [augmentation.apply_segmentation(frames(1), truth, chance(seed))[1] for seed in range(8)]
    assert {255} < set(torch.stack(outputs).flatten().tolist()) == {2, 255}


def test_crop_alone_stays_inside_the_frame() -> None:
    augmentation = Augmentation(NOTHING | {"crop": 0.5}, ignore_id=255)
    for seed in range(20):
        _, mask = augmentation.apply_segmentation(
            frames(1), torch.ones(1, HEIGHT, WIDTH).long(), chance(seed)
        )
        assert not bool((mask == 255).any())


def test_boxes_are_clipped_and_dropped_when_too_little_is_left() -> None:
    # The frame moves left by half its width (32 px).
    geometry = Geometry(torch.ones(1, 2), torch.tensor([[1.0, 0.0]]))
    boxes = torch.tensor(
        [
            [40.0, 10.0, 60.0, 20.0],  # whole
            [26.0, 10.0, 36.0, 20.0],  # 4 of 10 columns left: kept, cut
            [22.0, 10.0, 34.0, 20.0],  # 2 of 12 left: less than a quarter
            [0.0, 10.0, 20.0, 20.0],  # gone
            [50.0, 10.0, 50.6, 20.0],  # thinner than a pixel
        ]
    )
    moved, labels = move_boxes(geometry, [boxes], [torch.arange(5)], shape=torch.Size((1, 3, HEIGHT, WIDTH)))
    assert labels[0].tolist() == [0, 1]
    assert torch.allclose(moved[0], torch.tensor([[8.0, 10, 28, 20], [0, 10, 4, 20]]), atol=1e-4)


def test_frames_without_boxes_keep_their_place_in_the_batch() -> None:
    none, one = torch.zeros(0, 4), torch.tensor([[20.0, 12.0, 44.0, 36.0]])
    no_label, label = torch.zeros(0, dtype=torch.int64), torch.tensor([7])
    augmentation = Augmentation({})
    for boxes, labels in (([none, one, none], [no_label, label, no_label]), ([none] * 3, [no_label] * 3)):
        _, moved, new_labels = augmentation.apply_detection(frames(3), boxes, labels, chance())
        assert [tuple(frame.shape) for frame in moved] == [tuple(frame.shape) for frame in boxes]
        assert [frame.tolist() for frame in new_labels] == [frame.tolist() for frame in labels]


def test_same_generator_state_gives_the_same_batch_and_another_a_different_one() -> None:
    augmentation, images, truth = Augmentation({}), frames(), masks()
    torch.manual_seed(1)
    first = augmentation.apply_segmentation(images, truth, chance(5))
    torch.manual_seed(2)
    second = augmentation.apply_segmentation(images, truth, chance(5))
    assert all(map(torch.equal, first, second))
    assert not torch.equal(first[0], augmentation.apply_segmentation(images, truth, chance(6))[0])
    assert not torch.equal(first[0][0], first[0][1])


def test_given_tensors_stay_as_they_are_and_frames_stay_in_range() -> None:
    images, truth = frames(8), masks(8)
    kept = images.clone(), truth.clone()
    strong = {"colour": 1.0, "blur": 1.0, "flip": 0.5, "scale": 0.5, "crop": 0.5}
    changed, _ = Augmentation(strong).apply_segmentation(images, truth, chance())
    assert all(map(torch.equal, (images, truth), kept))
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert changed.dtype == torch.float32


def test_colour_change_is_that_of_torchvision() -> None:
    images, generator = 0.2 + 0.4 * frames(3), chance(4)
    factors = 1 + 0.3 * (2 * torch.rand(3, 3, generator=chance(4)) - 1)
    changed = jitter_colour(images, strength=0.3, generator=generator)
    for image, result, (brightness, contrast, saturation) in zip(images, changed, factors, strict=True):
        expected = reference.adjust_saturation(image, float(saturation))
        expected = reference.adjust_contrast(expected, float(contrast))
        expected = reference.adjust_brightness(expected, float(brightness))
        # torchvision rounds the grey weights to four digits (0.2989, 0.587, 0.114).
        assert torch.allclose(result, expected, atol=2e-3)


def test_blur_is_a_convolution_with_a_small_binomial_and_spares_the_others() -> None:
    images = torch.zeros(200, 3, 9, 9)
    images[:, :, 4, 4] = 1
    blurred = blur_some(images, probability=0.25, generator=chance())
    is_blurred = (blurred != images).flatten(1).any(dim=1)
    assert 20 < int(is_blurred.sum()) < 80
    taps = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    expected = torch.zeros(9, 9)
    expected[2:7, 2:7] = taps[:, None] * taps[None, :]
    assert torch.allclose(blurred[is_blurred], expected.expand(int(is_blurred.sum()), 3, 9, 9), atol=1e-6)
