"""A small painter of 3-D scenes: a pinhole camera above a floor, and a canvas that also paints labels.

World: metres, x to the right, y up from the floor, z ahead of the camera. Canvas: pixels, origin top
left. Every shape is painted twice, in colour and as a label, so picture and truth cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

Points = NDArray[np.float64]
Colour = tuple[int, int, int]

NEAR_M = 0.12
"""Nothing nearer than this is projected: it would flip behind the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A pinhole camera that looks along the floor.

    Args:
        focal_px: focal length.
        height_m: above the floor.
        horizon_px: row of the horizon in the middle of the picture.
        centre_px: column of the optical axis.
        roll: slope of the horizon, pixels down for each pixel to the right.
    """

    focal_px: float
    height_m: float
    horizon_px: float
    centre_px: float
    roll: float

    def project(self, points: ArrayLike) -> Points:
        """Find where points of the world appear.

        Args:
            points: (N, 3) x, y, z in metres.

        Returns:
            (N, 2) column and row in pixels.
        """
        x, y, z = np.asarray(points, np.float64).reshape(-1, 3).T
        scale = self.focal_px / np.maximum(z, NEAR_M)
        right = x * scale
        seen = np.empty((len(x), 2))
        seen[:, 0] = self.centre_px + right
        seen[:, 1] = self.horizon_px + (self.height_m - y) * scale + self.roll * right
        return seen


class Canvas:
    """A picture and its labels, painted together.

    Args:
        size: (width, height) in pixels.
        camera: through which the scene is seen.
        colour: of the empty picture; its label is 0.
    """

    def __init__(self, size: tuple[int, int], camera: Camera, colour: Colour) -> None:
        self.camera = camera
        self.picture = Image.new("RGB", size, colour)
        self.labels = Image.new("L", size, 0)
        # Mode RGBA blends a colour that carries an alpha; opaque colours go on as they are.
        self._paint = ImageDraw.Draw(self.picture, "RGBA")
        self._mark = ImageDraw.Draw(self.labels)

    def polygon(self, points: ArrayLike, colour: Colour, label: int) -> None:
        """Paint a polygon of the world.

        Args:
            points: (N, 3) corners in metres, N at least 3.
            colour: RGB.
            label: what it is, 0..255.
        """
        self._fill(self.camera.project(points), colour, label)

    def tint(self, points: ArrayLike, colour: Colour, alpha: int) -> None:
        """Blend a colour over a polygon of the world without changing what it is (shadows, lines).

        Args:
            points: (N, 3) corners in metres, N at least 3.
            colour: RGB.
            alpha: 0 invisible .. 255 opaque.
        """
        corners = self.camera.project(points).ravel().tolist()
        self._paint.polygon(corners, fill=(*colour, alpha))

    def cuboid(self, corners: Points, colour: Colour, label: int) -> None:
        """Paint a box, top lit and sides shaded.

        Args:
            corners: (8, 3) as `cuboid_corners` makes them.
            colour: RGB of its rear side.
            label: what it is.
        """
        seen = self.camera.project(corners)
        distances = np.hypot(corners[:, 0], corners[:, 2])[_FACE_CORNERS].sum(axis=1)
        for face in np.argsort(-distances):
            self._fill(seen[_FACE_CORNERS[face]], shaded(colour, _FACE_LIGHTS[face]), label)

    def count(self, label: int) -> int:
        """Count what can be seen of a label so far.

        Args:
            label: as it was painted.

        Returns:
            Canvas pixels.
        """
        return self.labels.histogram()[label]

    def _fill(self, corners_px: Points, colour: Colour, label: int) -> None:
        outline = corners_px.ravel().tolist()
        self._paint.polygon(outline, fill=colour)
        self._mark.polygon(outline, fill=label)


# Corners 0..3 go round the floor (rear left, rear right, front right, front left), 4..7 above them.
_FACE_CORNERS = np.array([(0, 1, 5, 4), (2, 3, 7, 6), (3, 0, 4, 7), (1, 2, 6, 5), (4, 5, 6, 7)])
_FACE_LIGHTS = (1.0, 0.9, 0.8, 0.62, 1.25)  # rear, front, left, right, top


def cuboid_corners(
    *, at: tuple[float, float], heading: float, size: tuple[float, float], low: float, high: float
) -> Points:
    """Place a box on the floor or above it.

    Args:
        at: x and z of its middle, metres.
        heading: radians to the right of straight ahead.
        size: width and length, metres.
        low: height of its underside, metres.
        high: height of its top, metres.

    Returns:
        (8, 3) corners.
    """
    width, length = size
    ahead = np.array([np.sin(heading), np.cos(heading)])
    right = np.array([np.cos(heading), -np.sin(heading)])
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ring = np.array([(side * width / 2) * right + (front * length / 2) * ahead for side, front in signs])
    ring += np.asarray(at)
    corners = np.empty((8, 3))
    corners[:, [0, 2]] = np.concatenate([ring, ring])
    corners[:4, 1], corners[4:, 1] = low, high
    return corners


def shaded(colour: Colour, light: float) -> Colour:
    """Make a colour lighter or darker.

    Args:
        colour: RGB.
        light: factor.

    Returns:
        RGB in 0..255.
    """
    red, green, blue = (min(255, max(0, round(channel * light))) for channel in colour)
    return red, green, blue


def chosen(colours: Sequence[Colour], rng: np.random.Generator) -> Colour:
    """Choose a colour by chance.

    Args:
        colours: at least one.
        rng: where chance comes from.

    Returns:
        One of them.
    """
    return colours[int(rng.integers(len(colours)))]
