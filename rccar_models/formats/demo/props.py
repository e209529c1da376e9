"""What stands on and beside the drawn track: cones, small cars, furniture. Lengths in metres."""

import numpy as np

from rccar_models.formats.demo.drawing import Canvas, Colour, Points, chosen, cuboid_corners, shaded

PAINTS: tuple[Colour, ...] = (
    (196, 30, 36),
    (30, 74, 200),
    (36, 146, 66),
    (226, 190, 36),
    (226, 226, 226),
)
"""Of cars."""

FURNITURE: tuple[Colour, ...] = ((126, 88, 56), (90, 96, 104), (168, 138, 96), (190, 92, 60), (60, 70, 92))


def paint_furniture(
    canvas: Canvas, at: tuple[float, float], heading: float, rng: np.random.Generator, label: int
) -> None:
    """Paint a box, as of cardboard or a cupboard.

    Args:
        canvas: where to.
        at: x and z of its middle.
        heading: of the lane there, radians to the right of straight ahead.
        rng: its size and colour come from here.
        label: of its pixels.
    """
    width, length, height = rng.uniform(0.08, 0.5, 3)
    corners = cuboid_corners(at=at, heading=heading, size=(width, length), low=0, high=height * 1.5)
    canvas.cuboid(corners, shaded(chosen(FURNITURE, rng), rng.uniform(0.6, 1.1)), label)


def paint_cone(
    canvas: Canvas, at: tuple[float, float], heading: float, rng: np.random.Generator, label: int
) -> None:
    """Paint an orange cone on its base plate, most with a white band.

    Args:
        canvas: where to.
        at: x and z of its middle.
        heading: of the lane there, radians to the right of straight ahead.
        rng: its size and colour come from here.
        label: of its pixels.
    """
    height = rng.uniform(0.15, 0.24)
    orange = shaded((238, 104, 34), rng.uniform(0.8, 1.08))
    _paint_shadow(canvas, at, height * 0.5)

    def slab(low: tuple[float, float], high: tuple[float, float], colour: Colour, side: float = -1.0) -> None:
        """Paint a trapezoid (half width, height), shares of the cone's height; `side` cuts off its left."""
        (w0, y0), (w1, y1) = low, high
        outline = [(side * w0, y0), (w0, y0), (w1, y1), (side * w1, y1)]
        points = [(at[0] + x * height, y * height, at[1]) for x, y in outline]
        canvas.polygon(points, colour, label)

    side = height * 0.78
    plate = cuboid_corners(at=at, heading=heading, size=(side, side), low=0, high=height * 0.07)
    canvas.cuboid(plate, shaded(orange, 0.75), label)
    slab((0.3, 0.08), (0.05, 1.0), orange)
    if rng.random() < 0.7:
        slab((0.215, 0.4), (0.155, 0.62), (232, 232, 226))
    slab((0.3, 0.08), (0.05, 1.0), shaded(orange, 0.72), side=0.45)


def paint_car(
    canvas: Canvas, at: tuple[float, float], heading: float, rng: np.random.Generator, label: int
) -> None:
    """Paint a small car, most seen from behind.

    Args:
        canvas: where to.
        at: x and z of its middle.
        heading: of the lane there, radians to the right of straight ahead.
        rng: its size and colour come from here.
        label: of its pixels.
    """
    heading += rng.uniform(-0.35, 0.35) + (np.pi if rng.random() < 0.2 else 0.0)
    width, length = rng.uniform(0.2, 0.26), rng.uniform(0.36, 0.46)
    paint, black = shaded(chosen(PAINTS, rng), rng.uniform(0.85, 1.1)), (26, 26, 28)
    _paint_shadow(canvas, at, width * 0.75)

    def block(
        size: tuple[float, float], low: float, high: float, colour: Colour, ahead: float = 0.0
    ) -> Points:
        middle = (at[0] + ahead * np.sin(heading), at[1] + ahead * np.cos(heading))
        corners = cuboid_corners(at=middle, heading=heading, size=size, low=low, high=high)
        canvas.cuboid(corners, colour, label)
        return corners

    for axle in (length * 0.32, -length * 0.32):
        block((width * 1.04, 0.09), 0.0, 0.085, black, ahead=axle)
    body = block((width * 0.94, length), 0.04, 0.12, paint)
    block((width * 0.78, length * 0.5), 0.12, 0.18, shaded(paint, 0.45), ahead=-0.02)
    block((width * 0.74, length * 0.44), 0.18, 0.19, paint, ahead=-0.02)
    if abs(heading) < np.pi / 2:
        _paint_tail_lights(canvas, body[[0, 1, 5, 4]], label)


def _paint_tail_lights(canvas: Canvas, rear: Points, label: int) -> None:
    """Two red lamps on the rear side, given as its corners: low left, low right, high right, high left."""
    low_left, low_right, _, high_left = rear
    across, up = low_right - low_left, high_left - low_left
    for begin in (0.06, 0.72):
        lamp = [(begin, 0.5), (begin + 0.22, 0.5), (begin + 0.22, 0.85), (begin, 0.85)]
        canvas.polygon([low_left + u * across + v * up for u, v in lamp], (220, 40, 44), label)


def _paint_shadow(canvas: Canvas, at: tuple[float, float], radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.stack([at[0] + radius * np.cos(angles), 0 * angles, at[1] + radius * np.sin(angles)], axis=1)
    canvas.tint(ring, (0, 0, 0), 90)
