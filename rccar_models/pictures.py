"""Pictures for people: frames with their truth and a model's predictions, side by side."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from rccar_models import overlays
from rccar_models.cache import CachedSplit
from rccar_models.colours import PAPER
from rccar_models.overlays import FAINT, FONT_PX, INK
from rccar_models.predictor import Predictor
from rccar_models.tiles import MARGIN_PX, TILE_WIDTH_PX, Tiles

TITLE_PX = 30
HEADER_PX = 24
NAME_PX = 16
SMALL_FONT_PX = 12
SHEET_WIDTH_PX = 3 * TILE_WIDTH_PX + 2 * MARGIN_PX
CANDIDATES = 12
"""Frames of a stretch that are looked at to choose one: enough to differ, few enough for any split."""
THUMB_PX = 16


def prediction_sheet(
    predictor: Predictor, split: CachedSplit, file: Path, n: int = 6, note: str = ""
) -> None:
    """Draw frames spread over a split: frame, truth, prediction in each row, a legend below.

    Args:
        predictor: what to look at.
        split: with labels.
        file: PNG to write; its folder is made.
        n: rows, at most.
        note: for the title, behind the model's name, e.g. the trial and its score.
    """
    chosen = _spread(split, n)
    tiles = Tiles(predictor, split)
    found = predictor.predict([np.asarray(split.images[index]) for index in chosen])
    drawn = sheet(
        [tiles.row(index, one) for index, one in zip(chosen, found, strict=True)],
        title=f"{described(predictor)}; {note}" if note else described(predictor),
        names=[split.names[index] for index in chosen],
        legend=tiles.legend(chosen, width=SHEET_WIDTH_PX),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    drawn.save(file)


def described(predictor: Predictor) -> str:
    """Name a model in a title.

    Args:
        predictor: the model.

    Returns:
        E.g. `tiny_unet, 128x96`.
    """
    return f"{predictor.card.model}, {'x'.join(map(str, predictor.card.image_size))}"


def sheet(
    rows: Sequence[tuple[Image.Image, ...]], *, title: str, names: Sequence[str], legend: Image.Image
) -> Image.Image:
    """Lay out frames, one a row.

    Args:
        rows: of `Tiles.row`.
        title: above all.
        names: of the frames, one a row.
        legend: below all.

    Returns:
        The sheet.
    """
    width, height = TILE_WIDTH_PX + MARGIN_PX, NAME_PX + rows[0][0].height + MARGIN_PX
    above = TITLE_PX + HEADER_PX
    size = (3 * width + MARGIN_PX, above + len(rows) * height + legend.height + MARGIN_PX)
    whole = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(whole)
    font, small = overlays.font(FONT_PX), overlays.font(SMALL_FONT_PX)
    title = overlays.fitting(title, 3 * TILE_WIDTH_PX)
    draw.text((MARGIN_PX, MARGIN_PX), title, fill=INK, font=font)
    for column, head in enumerate(("frame", "truth", "prediction")):
        left = MARGIN_PX + column * width
        draw.text((left, TITLE_PX), head, fill=FAINT, font=font)
        for row, line in enumerate(rows):
            whole.paste(line[column], (left, above + row * height + NAME_PX))
    for row, name in enumerate(names):
        shown = overlays.fitting(name, 3 * TILE_WIDTH_PX, size_px=SMALL_FONT_PX, keep_end=True)
        draw.text((MARGIN_PX, above + row * height + 1), shown, fill=FAINT, font=small)
    whole.paste(legend, (MARGIN_PX, above + len(rows) * height))
    return whole


def _spread(split: CachedSplit, n: int) -> list[int]:
    """One frame of each of n equal stretches: the one that looks least like those chosen before.

    Frames of a drive resemble their neighbours, and a split may hold several drives.
    """
    n_frames = len(split.images)
    ends = np.linspace(0, n_frames, min(n, n_frames) + 1).round().astype(int)
    chosen: list[int] = []
    seen: list[NDArray[np.float32]] = []
    for start, end in pairwise(ends):
        places = np.unique(np.linspace(start, end - 1, CANDIDATES).round().astype(int))
        thumbs = [_thumbnail(split.images[i]) for i in places]
        newness = [min((float(np.abs(one - other).mean()) for other in seen), default=0.0) for one in thumbs]
        best = int(np.argmax(newness)) if seen else len(places) // 2
        chosen.append(int(places[best]))
        seen.append(thumbs[best])
    return chosen


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = Image.fromarray(np.asarray(image)).resize((THUMB_PX, THUMB_PX), Image.Resampling.BOX)
    return np.asarray(small, np.float32)
