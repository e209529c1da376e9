"""What light and a cheap camera do to a drawn picture: texture, shadows, colour cast, blur, noise."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]


def photographed(picture: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take a picture of a drawn scene under changing light.

    Args:
        picture: RGB, (width, height) in its `size`.
        rng: all chance comes from here.

    Returns:
        (H, W, 3) uint8.
    """
    if rng.random() < 0.55:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8)))
    if rng.random() < 0.15:
        picture = picture.filter(_motion_blur(rng))
    pixels = np.asarray(picture, np.float32) / 255
    shape = (picture.height, picture.width)
    pixels *= _light(shape, rng)[..., None]
    pixels *= rng.uniform(0.92, 1.08, 3).astype(np.float32) * np.float32(rng.uniform(0.75, 1.2))
    pixels += rng.uniform(0, 0.06)
    np.clip(pixels, 0, 1, out=pixels)
    pixels = np.power(pixels, np.float32(rng.uniform(0.8, 1.2)))
    grain = rng.standard_normal((*shape, 3), np.float32)
    pixels += grain * np.float32(rng.uniform(0.005, 0.025))
    return np.asarray(np.clip(pixels * 255, 0, 255), np.uint8)


def _light(shape: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Brightness of every pixel: soft shadows and glare, floor texture, a darker rim."""
    height, width = shape
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    vignette = 1 - np.float32(rng.uniform(0.05, 0.3)) * (rows**2 + columns**2) / 2
    slope = 1 + np.float32(rng.uniform(-0.2, 0.2)) * columns + np.float32(rng.uniform(-0.15, 0.15)) * rows
    shadows = 1 + np.float32(rng.uniform(0.05, 0.15)) * _cloud(shape, (4, 5), rng)
    texture = 1 + np.float32(rng.uniform(0.01, 0.05)) * _cloud(shape, (height // 3, width // 3), rng)
    return np.asarray(vignette * slope * np.clip(shadows, 0.4, 1.5) * texture, np.float32)


def _cloud(shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Smooth noise with mean 0 and about unit size; `cells` says how many patches it has."""
    coarse = Image.fromarray(rng.standard_normal(cells, np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC), np.float32)


def _motion_blur(rng: np.random.Generator) -> ImageFilter.Kernel:
    """Smear along a row or a diagonal of five pixels, as a turning car does."""
    kernel = np.zeros((5, 5))
    slope = rng.integers(-1, 2)
    for column in range(5):
        kernel[2 + slope * (column - 2), column] = 1
    return ImageFilter.Kernel((5, 5), kernel.ravel().tolist(), scale=5)
