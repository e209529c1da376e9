"""One drawn frame of a taped track: what stands where, and how it is painted.

The lane is an arc on the floor. Places on it are (s, offset): metres along the arc from the camera and
metres to the right of its middle. Drawn at twice the final size, then reduced.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rccar_models.boxes import Boxes, as_boxes
from rccar_models.formats.demo.drawing import Camera, Canvas, Colour, Points, chosen, shaded
from rccar_models.formats.demo.lighting import photographed
from rccar_models.formats.demo.props import FURNITURE, paint_car, paint_cone, paint_furniture
from rccar_models.formats.demo.truth import Painted, boxes_of, mask_of

SIZE = (160, 120)
"""(width, height) of a frame in pixels."""

CLASSES = ("background", "road", "tape", "cone", "car")
ROAD, TAPE, CONE, CAR = range(1, 5)
OBJECT_CLASSES = ("cone", "car")

DRAWING_VERSION = 2
"""Goes into every frame's key: to be raised whenever frames look different for the same seed."""

_OVERSAMPLING = 2
_FIRST_OBJECT = 10  # labels from here on are single objects, below are classes

_FLOORS: tuple[Colour, ...] = (
    (150, 148, 142),
    (176, 150, 116),
    (112, 116, 122),
    (196, 188, 172),
    (84, 88, 96),
    (130, 104, 82),
)
_TAPES: tuple[Colour, ...] = ((236, 236, 228), (232, 200, 60), (40, 84, 180))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A frame with the truth about it.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, ids of `CLASSES`.
        boxes: (N, 4) float32 xyxy of what is visible of each cone and car, pixels.
        labels: (N,) int64, ids of `OBJECT_CLASSES`.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    boxes: Boxes
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """An arc on the floor.

    Args:
        heading: radians to the right of straight ahead where the camera stands.
        curvature: radians per metre, positive to the right.
        shift: metres from the camera to the lane's middle.
        half_width: from the middle to the middle of the outer tape.
    """

    heading: float
    curvature: float
    shift: float
    half_width: float

    def heading_at(self, s: float) -> float:
        return self.heading + self.curvature * s

    def places(self, s: NDArray[np.float64], offset: float) -> Points:
        """Turn lane coordinates into (N, 3) floor points."""
        angle = self.heading + self.curvature * s
        bend = self.curvature if abs(self.curvature) > 1e-4 else 1e-4
        x = self.shift + (np.cos(self.heading) - np.cos(self.heading + bend * s)) / bend
        z = (np.sin(self.heading + bend * s) - np.sin(self.heading)) / bend
        return np.stack([x + offset * np.cos(angle), np.zeros_like(s), z - offset * np.sin(angle)], axis=1)

    def strip(self, s: NDArray[np.float64], low: float, high: float) -> Points:
        """Outline of what lies between two offsets."""
        return np.concatenate([self.places(s, low), self.places(s, high)[::-1]])


def draw_frame(seed: int) -> Drawn:
    """Draw a frame.

    Args:
        seed: the same seed gives the same frame.

    Returns:
        The frame with its mask and boxes.
    """
    rng = np.random.default_rng(seed)
    floor = shaded(chosen(_FLOORS, rng), rng.uniform(0.8, 1.15))
    canvas = Canvas((SIZE[0] * _OVERSAMPLING, SIZE[1] * _OVERSAMPLING), _random_camera(rng), floor)
    lane = _random_lane(rng)
    _paint_floor(canvas, floor, rng)
    _paint_wall(canvas, rng)
    _paint_lane(canvas, lane, floor, rng)
    objects = _paint_objects(canvas, lane, rng)
    image = photographed(canvas.picture.reduce(_OVERSAMPLING), rng)
    mask = mask_of(canvas.labels, objects, oversampling=_OVERSAMPLING)
    boxes = boxes_of(canvas.labels, objects, oversampling=_OVERSAMPLING)
    labels = [OBJECT_CLASSES.index(CLASSES[kind]) for kind, _ in boxes]
    return Drawn(image, mask, as_boxes([box for _, box in boxes]), np.asarray(labels, np.int64))


def _random_camera(rng: np.random.Generator) -> Camera:
    width, height = (side * _OVERSAMPLING for side in SIZE)
    return Camera(
        focal_px=width * rng.uniform(0.72, 0.9),
        height_m=rng.uniform(0.19, 0.27),
        horizon_px=height * rng.uniform(0.22, 0.34),
        centre_px=width * rng.uniform(0.47, 0.53),
        roll=rng.uniform(-0.03, 0.03),
    )


def _random_lane(rng: np.random.Generator) -> _Lane:
    half_width = rng.uniform(0.3, 0.45)
    return _Lane(
        heading=rng.uniform(-0.22, 0.22),
        curvature=rng.uniform(-0.35, 0.35),
        shift=rng.uniform(-0.5, 0.5) * half_width,
        half_width=half_width,
    )


def _paint_floor(canvas: Canvas, floor: Colour, rng: np.random.Generator) -> None:
    """Joints of tiles or boards: thin lines that are not tape."""
    if rng.random() < 0.4:
        return
    spacing = rng.uniform(0.3, 0.7)
    joint, alpha = shaded(floor, rng.choice([0.6, 1.3])), int(rng.integers(60, 150))
    phase = rng.uniform(0, spacing)
    for x in np.arange(-4, 4, spacing) + phase:
        canvas.tint([(x, 0, 0.15), (x + 0.012, 0, 0.15), (x + 0.012, 0, 9), (x, 0, 9)], joint, alpha)
    if rng.random() < 0.5:
        for z in np.arange(0.2, 4, spacing) + phase:
            canvas.tint([(-6, 0, z), (6, 0, z), (6, 0, z + 0.02), (-6, 0, z + 0.02)], joint, alpha)


def _paint_wall(canvas: Canvas, rng: np.random.Generator) -> None:
    """The far side of the room with what hangs and stands there."""
    z, slope = rng.uniform(3.5, 8), rng.uniform(-0.15, 0.15)
    colour: Colour = shaded((200, 198, 190), rng.uniform(0.45, 1.15))

    def panel(x: tuple[float, float], y: tuple[float, float], colour: Colour) -> None:
        left, right = (x[0], z + slope * x[0]), (x[1], z + slope * x[1])
        corners = [(left[0], y[0], left[1]), (right[0], y[0], right[1])]
        canvas.polygon([*corners, (right[0], y[1], right[1]), (left[0], y[1], left[1])], colour, 0)

    panel((-14, 14), (0, 12), colour)
    panel((-14, 14), (0, rng.uniform(0.06, 0.15)), shaded(colour, rng.uniform(0.4, 0.8)))
    for _ in range(rng.integers(2, 7)):
        x, y = rng.uniform(-5, 5), rng.uniform(0, 1.2)
        size = rng.uniform(0.3, 1.4, 2)
        paint = chosen(FURNITURE, rng)
        panel((x, x + size[0]), (y, y + size[1]), shaded(paint, rng.uniform(0.5, 1.1)))


def _paint_lane(canvas: Canvas, lane: _Lane, floor: Colour, rng: np.random.Generator) -> None:
    """The lane, its outer tapes, and perhaps a dashed or a second line in the middle."""
    s = np.geomspace(0.16, rng.uniform(3.5, 5), 40)
    light = rng.choice([rng.uniform(0.5, 0.8), rng.uniform(0.85, 0.97), rng.uniform(1.1, 1.35)])
    road = shaded(floor, light)
    half, tape = lane.half_width, rng.uniform(0.06, 0.09)
    colour = _visible_tape(road, rng)
    canvas.polygon(lane.strip(s, -half, half), road, ROAD)
    for edge in (-half, half):
        canvas.polygon(lane.strip(s, edge - tape / 2, edge + tape / 2), colour, TAPE)
    middle = rng.random()
    if middle < 0.55:
        period, start = rng.uniform(0.25, 0.4), rng.uniform(0, 0.3)
        for begin in np.arange(0.16 + start, s[-1], period):
            dash = np.linspace(begin, begin + period * 0.5, 4)
            canvas.polygon(lane.strip(dash, -tape / 2, tape / 2), colour, TAPE)
    elif middle < 0.7:
        canvas.polygon(lane.strip(s, -tape / 2, tape / 2), colour, TAPE)


def _visible_tape(road: Colour, rng: np.random.Generator) -> Colour:
    """Choose a tape that a team would choose: one that stands out from the floor."""
    contrasts = [abs(sum(tape) - sum(road)) for tape in _TAPES]
    enough = min(210, max(contrasts))
    return chosen([tape for tape, contrast in zip(_TAPES, contrasts, strict=True) if contrast >= enough], rng)


def _paint_objects(canvas: Canvas, lane: _Lane, rng: np.random.Generator) -> list[Painted]:
    """Paint furniture, cones and cars, far ones first."""
    painters: list[tuple[float, int, Callable[[int], None]]] = []
    taken: list[tuple[float, float]] = []

    def place(label: int, s: float, offset: float, paint: Callable[..., None]) -> None:
        x, _, z = lane.places(np.array([s]), offset)[0]
        heading = lane.heading_at(s)
        apart = all(np.hypot(x - other_x, z - other_z) > 0.35 for other_x, other_z in taken)
        if z > 0.3 and apart:
            taken.append((x, z))
            painters.append((z, label, lambda mark: paint(canvas, (x, z), heading, rng, mark)))

    for _ in range(rng.integers(0, 4)):
        side = rng.choice([-1, 1])
        place(0, rng.uniform(0.8, 4), side * (lane.half_width + rng.uniform(0.3, 1.5)), paint_furniture)
    for _ in range(rng.integers(2, 6)):
        place(CONE, rng.uniform(0.5, 1.7), _cone_offset(lane, rng), paint_cone)
    for _ in range(rng.integers(1, 4)):
        place(CAR, rng.uniform(0.6, 1.8), rng.uniform(-0.7, 0.7) * lane.half_width, paint_car)

    objects: list[Painted] = []
    for _, kind, paint in sorted(painters, key=lambda entry: -entry[0]):
        label = _FIRST_OBJECT + len(objects) if kind else 0
        paint(label)
        if kind:
            objects.append(Painted(label, kind, canvas.count(label)))
    return objects


def _cone_offset(lane: _Lane, rng: np.random.Generator) -> float:
    """Cones stand along the tapes, sometimes in the way."""
    if rng.random() < 0.3:
        return float(rng.uniform(-0.8, 0.8) * lane.half_width)
    return float(rng.choice([-1, 1]) * (lane.half_width + rng.uniform(-0.02, 0.25)))
