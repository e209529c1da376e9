"""The drawn demo: same seed same frame, truth that fits the picture, everything in every split."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from rccar_models.formats import open_data
from rccar_models.formats.demo.drawing import Camera, Canvas, cuboid_corners
from rccar_models.formats.demo.track import CAR, CLASSES, CONE, ROAD, SIZE, TAPE, Drawn, draw_frame
from rccar_models.formats.demo.truth import Painted, boxes_of, mask_of
from rccar_models.samples import DataIndex

TASKS = ("segmentation", "detection")


@pytest.fixture(scope="module")
def frames() -> list[Drawn]:
    return [draw_frame(seed) for seed in range(60)]


@pytest.fixture(scope="module", params=TASKS)
def index(request: pytest.FixtureRequest) -> DataIndex:
    return open_data("demo", request.param)


def test_same_seed_draws_the_same_frame_and_another_seed_another() -> None:
    one, again, other = draw_frame(5), draw_frame(5), draw_frame(6)
    assert np.array_equal(one.image, again.image)
    assert np.array_equal(one.mask, again.mask)
    assert np.array_equal(one.boxes, again.boxes)
    assert not np.array_equal(one.image, other.image)


def test_arrays_have_the_documented_shapes_and_types(frames: list[Drawn]) -> None:
    width, height = SIZE
    for frame in frames:
        assert frame.image.shape == (height, width, 3)
        assert frame.image.dtype == frame.mask.dtype == np.uint8
        assert frame.mask.shape == (height, width)
        assert frame.boxes.shape == (len(frame.labels), 4)
        assert frame.boxes.dtype == np.float32
        assert frame.labels.dtype == np.int64


def test_boxes_lie_in_the_frame_and_none_is_tiny(frames: list[Drawn]) -> None:
    boxes = np.concatenate([frame.boxes for frame in frames])
    assert len(boxes) > 60
    assert boxes.min() >= 0
    assert boxes[:, 2].max() <= SIZE[0]
    assert boxes[:, 3].max() <= SIZE[1]
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 3


def test_objects_of_a_frame_are_its_boxes_for_whoever_converts_or_checks_them() -> None:
    for sample in open_data("demo", "detection").splits["val"][:8]:
        frame = sample.read()
        assert np.array_equal([thing.box for thing in frame.things], frame.boxes)
        assert [thing.class_id for thing in frame.things] == frame.labels.tolist()


def test_every_box_holds_its_class_and_touches_it_on_all_sides(frames: list[Drawn]) -> None:
    for frame in frames:
        for box, label in zip(frame.boxes.astype(int), frame.labels, strict=True):
            x1, y1, x2, y2 = box
            inside = frame.mask[y1:y2, x1:x2] == {0: CONE, 1: CAR}[int(label)]
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_cones_are_orange_where_the_mask_says_so(frames: list[Drawn]) -> None:
    pixels = np.concatenate([frame.image[frame.mask == CONE] for frame in frames]).astype(int)
    others = np.concatenate([frame.image[frame.mask == ROAD] for frame in frames]).astype(int)
    redness = [values[:, 0].mean() - values[:, 2].mean() for values in (pixels, others)]
    assert redness[0] > redness[1] + 60


def test_tape_stands_out_from_the_road(frames: list[Drawn]) -> None:
    contrasts = [
        np.abs(
            frame.image[frame.mask == TAPE].mean(axis=0) - frame.image[frame.mask == ROAD].mean(axis=0)
        ).max()
        for frame in frames
    ]
    assert np.median(contrasts) > 40


def test_light_changes_between_frames(frames: list[Drawn]) -> None:
    brightness = [frame.image.mean() for frame in frames]
    assert np.std(brightness) > 15


def test_demo_has_all_splits_with_its_own_seeds(index: DataIndex) -> None:
    assert list(index.splits) == ["train", "val", "test"]
    keys = [sample.key for samples in index.splits.values() for sample in samples]
    assert len(set(keys)) == len(keys) >= 256
    assert len(index.splits["train"]) > 2 * len(index.splits["val"])


def test_every_class_occurs_in_every_split(index: DataIndex) -> None:
    for samples in index.splits.values():
        read = [sample.read() for sample in samples[:24]]
        if index.task == "segmentation":
            found = np.unique(
                np.concatenate([frame.mask.ravel() for frame in read if frame.mask is not None])
            )
        else:
            found = np.unique(np.concatenate([frame.labels for frame in read]))
        assert len(found) == len(index.classes)


def test_tasks_get_masks_or_boxes_of_the_same_scenes() -> None:
    masked, boxed = (open_data("demo", task).splits["val"][0].read() for task in TASKS)
    assert np.array_equal(masked.image, boxed.image)
    assert masked.mask is not None
    assert len(masked.boxes) == 0
    assert boxed.mask is None
    assert len(boxed.boxes) > 0


def test_classes_are_named_in_order_of_their_ids() -> None:
    assert (
        open_data("demo", "segmentation").classes == CLASSES == ("background", "road", "tape", "cone", "car")
    )
    assert open_data("demo", "detection").classes == ("cone", "car")


def test_masks_stay_what_the_drawing_version_promises() -> None:
    """Raise DRAWING_VERSION with this sum: old caches must not pass for the new drawing."""
    masks = b"".join(draw_frame(seed).mask.tobytes() for seed in range(8))
    assert hashlib.sha256(masks).hexdigest()[:16] == "cf105f6fcc86f786"


CAMERA = Camera(focal_px=100, height_m=0.2, horizon_px=30, centre_px=80, roll=0)


def test_camera_projects_by_the_pinhole_rule() -> None:
    # x = 80 + 100 * 0.5 / 2, y = 30 + 100 * (0.2 - 0.1) / 2
    np.testing.assert_allclose(CAMERA.project([(0.5, 0.1, 2.0)]), [[105, 35]])


def test_floor_at_infinity_is_the_horizon() -> None:
    np.testing.assert_allclose(CAMERA.project([(0, 0, 1e9)]), [[80, 30]], atol=1e-5)


def test_nearer_objects_hide_farther_ones_in_picture_and_labels() -> None:
    canvas = Canvas((160, 120), CAMERA, (0, 0, 0))
    for z, colour, label in ((2.0, (255, 0, 0), 1), (1.0, (0, 255, 0), 2)):
        canvas.polygon([(-0.1, 0, z), (0.1, 0, z), (0.1, 0.2, z), (-0.1, 0.2, z)], colour, label)
    assert canvas.labels.getpixel((80, 35)) == 2
    assert canvas.picture.getpixel((80, 35)) == (0, 255, 0)


def test_tint_changes_the_picture_but_not_the_truth() -> None:
    canvas = Canvas((160, 120), CAMERA, (200, 200, 200))
    canvas.tint([(-1, 0, 0.5), (1, 0, 0.5), (1, 0, 2), (-1, 0, 2)], (0, 0, 0), 128)
    assert canvas.labels.getextrema() == (0, 0)
    assert canvas.picture.getpixel((80, 50)) == (100, 100, 100)


def test_cuboid_has_its_size_and_turns_to_the_right() -> None:
    straight = cuboid_corners(at=(1, 2), heading=0, size=(0.2, 0.4), low=0.0, high=0.3)
    np.testing.assert_allclose(straight.min(axis=0), [0.9, 0, 1.8])
    np.testing.assert_allclose(straight.max(axis=0), [1.1, 0.3, 2.2])
    turned = cuboid_corners(at=(1, 2), heading=np.pi / 2, size=(0.2, 0.4), low=0.0, high=0.3)
    np.testing.assert_allclose(turned[2:4, 0], [1.2, 1.2])  # its front looks to the right


def layered(*rectangles: tuple[int, int, int, int]) -> tuple[Image.Image, list[Painted]]:
    """Cones as rectangles (xyxy) on a canvas of twice 40x30, later ones in front."""
    labels = Image.new("L", (80, 60), 0)
    objects = []
    for number, (x1, y1, x2, y2) in enumerate(rectangles, start=10):
        labels.paste(number, (2 * x1, 2 * y1, 2 * x2, 2 * y2))
        objects.append(Painted(number, CONE, 4 * (x2 - x1) * (y2 - y1)))
    return labels, objects


def test_partly_hidden_object_has_a_box_around_what_is_seen() -> None:
    assert boxes_of(*layered((0, 0, 10, 10), (4, 0, 20, 10)), oversampling=2) == [
        (CONE, (0, 0, 4, 10)),
        (CONE, (4, 0, 20, 10)),
    ]


def test_mostly_or_wholly_hidden_object_has_no_box() -> None:
    for hidden_from in (3, 0):  # of ten columns
        found = boxes_of(*layered((0, 0, 10, 10), (hidden_from, 0, 20, 10)), oversampling=2)
        assert found == [(CONE, (hidden_from, 0, 20, 10))]


def test_object_of_3_pixels_has_a_box_and_one_of_2_has_none() -> None:
    assert boxes_of(*layered((0, 0, 3, 9), (10, 0, 12, 9)), oversampling=2) == [(CONE, (0, 0, 3, 9))]


def test_mask_shows_the_class_of_objects_and_what_lies_around() -> None:
    mask = mask_of(*layered((0, 0, 3, 9), (10, 0, 12, 9)), oversampling=2)
    assert mask.shape == (30, 40)
    assert mask[0, :13].tolist() == [3] * 3 + [0] * 7 + [3] * 2 + [0]
