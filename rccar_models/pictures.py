"""Pictures for people: frames with their truth and a model's predictions, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rccar_models.cache import CachedSplit
from rccar_models.predictor import Boxes, Prediction, Predictor

TILE_WIDTH_PX = 320
MARGIN_PX = 8
HEADER_PX = 30
LEGEND_ROW_PX = 24
FONT_PX = 15
Colour = tuple[int, int, int]
PAPER, INK = (255, 255, 255), (40, 40, 40)
MASK_OPACITY = 0.62

# Okabe and Ito, Color Universal Design (2008): told apart by colour-blind eyes too. Grey leads, since
# class 0 of most masks is the background; more classes go round again, darker.
PALETTE = (
    (110, 110, 110),
    (86, 180, 233),
    (240, 228, 66),
    (230, 159, 0),
    (204, 121, 167),
    (0, 158, 115),
    (213, 94, 0),
    (0, 114, 178),
)


def prediction_sheet(predictor: Predictor, split: CachedSplit, file: Path, n: int = 6) -> None:
    """Draw frames spread over a split: frame, truth, prediction in each row, a legend below.

    Args:
        predictor: what to look at.
        split: with labels.
        file: PNG to write; its folder is made.
        n: rows, at most.
    """
    chosen = _spread(len(split.images), n)
    frames = [np.asarray(split.images[i]) for i in chosen]
    classes = predictor.classes
    colours = colours_of(classes, with_grey=split.masks is not None)
    rows = [
        (
            Image.fromarray(frame),
            _drawn(frame, _truth(split, i, classes), colours),
            _drawn(frame, found, colours),
        )
        for i, frame, found in zip(chosen, frames, predictor.predict(frames), strict=True)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    _sheet(rows, legend=list(zip(classes, colours, strict=True))).save(file)


def colours_of(classes: Sequence[str], *, with_grey: bool) -> list[Colour]:
    """Choose a colour for every class.

    Args:
        classes: class names in id order.
        with_grey: whether class 0 is grey, as befits a mask's background; grey boxes would hardly be seen.

    Returns:
        RGB, 0 to 255, one a class.
    """
    palette = PALETTE if with_grey else PALETTE[1:]
    chosen: list[Colour] = []
    for label in range(len(classes)):
        darker = 0.65 ** (label // len(palette))
        red, green, blue = palette[label % len(palette)]
        chosen.append((int(red * darker), int(green * darker), int(blue * darker)))
    return chosen


def _spread(n_frames: int, n: int) -> list[int]:
    count = min(n, n_frames)
    return [round((i + 0.5) * n_frames / count - 0.5) for i in range(count)]


def _truth(split: CachedSplit, index: int, classes: Sequence[str]) -> Prediction:
    """A frame's labels in the form of a prediction; true boxes have no score to show."""
    if split.masks is not None:
        return np.asarray(split.masks[index])
    labels = np.asarray(split.labels[index], np.int64)
    return Boxes(
        boxes=np.asarray(split.boxes[index], np.float32),
        labels=labels,
        scores=np.full(len(labels), np.nan, np.float32),
        names=tuple(classes[label] for label in labels),
    )


def _drawn(frame: NDArray[np.uint8], found: Prediction, colours: Sequence[Colour]) -> Image.Image:
    return _boxed(frame, found, colours) if isinstance(found, Boxes) else _masked(frame, found, colours)


def _masked(frame: NDArray[np.uint8], mask: NDArray[np.uint8], colours: Sequence[Colour]) -> Image.Image:
    table = np.zeros((256, 3), np.float32)  # ids without a class, such as 255 (ignored), are black
    table[: len(colours)] = colours
    mixed = (1.0 - MASK_OPACITY) * frame.astype(np.float32) + MASK_OPACITY * table[mask]
    return Image.fromarray(mixed.round().astype(np.uint8))


def _boxed(frame: NDArray[np.uint8], found: Boxes, colours: Sequence[Colour]) -> Image.Image:
    picture = _enlarged(Image.fromarray(frame))
    scale = picture.width / frame.shape[1]
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_PX - 3)
    # The best box comes first: drawn last, it lies on top.
    for i in reversed(range(len(found.labels))):
        x0, y0, x1, y1 = (float(v) for v in found.boxes[i] * scale)
        colour = colours[found.labels[i]]
        text = found.names[i] + ("" if np.isnan(found.scores[i]) else f" {found.scores[i]:.2f}")
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=2)
        place = (max(0.0, min(x0, picture.width - font.getlength(text) - 2)), max(0.0, y0 - FONT_PX))
        left, top, right, bottom = draw.textbbox(place, text, font=font)
        draw.rectangle((left - 2, top - 1, right + 2, bottom + 1), fill=colour)
        draw.text(place, text, fill=(0, 0, 0), font=font)
    return picture


def _enlarged(picture: Image.Image) -> Image.Image:
    height = round(picture.height * TILE_WIDTH_PX / picture.width)
    return picture.resize((TILE_WIDTH_PX, height), Image.Resampling.BICUBIC)


def _sheet(rows: Sequence[tuple[Image.Image, ...]], *, legend: Sequence[tuple[str, Colour]]) -> Image.Image:
    tiles = [[_enlarged(tile) for tile in row] for row in rows]
    width, height = TILE_WIDTH_PX + MARGIN_PX, tiles[0][0].height + MARGIN_PX
    below = _legend(legend, width=3 * width - MARGIN_PX)
    sheet = Image.new(
        "RGB", (3 * width + MARGIN_PX, HEADER_PX + len(tiles) * height + below.height + MARGIN_PX), PAPER
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_PX)
    for column, title in enumerate(("frame", "truth", "prediction")):
        draw.text((MARGIN_PX + column * width, MARGIN_PX), title, fill=INK, font=font)
        for row, line in enumerate(tiles):
            sheet.paste(line[column], (MARGIN_PX + column * width, HEADER_PX + row * height))
    sheet.paste(below, (MARGIN_PX, HEADER_PX + len(tiles) * height))
    return sheet


def _legend(entries: Sequence[tuple[str, Colour]], *, width: int) -> Image.Image:
    font = ImageFont.load_default(FONT_PX)
    places: list[tuple[int, int]] = []
    x = y = 0
    for name, _ in entries:
        step = int(font.getlength(name)) + FONT_PX + 24
        if x and x + step > width:
            x, y = 0, y + LEGEND_ROW_PX
        places.append((x, y))
        x += step
    legend = Image.new("RGB", (width, y + LEGEND_ROW_PX), PAPER)
    draw = ImageDraw.Draw(legend)
    for (left, top), (name, colour) in zip(places, entries, strict=True):
        draw.rectangle((left, top + 4, left + FONT_PX, top + 4 + FONT_PX), fill=colour)
        draw.text((left + FONT_PX + 6, top + 2), name, fill=INK, font=font)
    return legend
