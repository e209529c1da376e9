"""Pictures for people: frames with their truth and a model's predictions, side by side."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from rccar_models import overlays
from rccar_models.cache import CachedSplit
from rccar_models.colours import PAPER, Colour, colours_of
from rccar_models.overlays import FAINT, FONT_PX, INK
from rccar_models.predictor import Boxes, Prediction, Predictor

TILE_WIDTH_PX = 320
MARGIN_PX = 8
TITLE_PX = 30
HEADER_PX = 24
NAME_PX = 16
SMALL_FONT_PX = 12
MASK_OPACITY = 0.62
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
    frames = [np.asarray(split.images[i]) for i in chosen]
    classes = predictor.classes
    colours = colours_of(classes, with_grey=split.masks is not None)
    truths = [_truth(split, i, classes) for i in chosen]
    nothing = f"nothing above {predictor.card.score_threshold or 0.0:.2f}"
    rows = [
        (
            _enlarged(Image.fromarray(frame)),
            _drawn(frame, truth, colours, nothing="no objects"),
            _drawn(frame, found, colours, nothing=nothing),
        )
        for frame, truth, found in zip(frames, truths, predictor.predict(frames), strict=True)
    ]
    title = f"{predictor.card.model}, {'x'.join(map(str, predictor.card.image_size))}"
    sheet = _sheet(
        rows,
        title=f"{title}; {note}" if note else title,
        names=[split.names[i] for i in chosen],
        legend=overlays.legend(
            list(zip(classes, colours, strict=True)),
            width=3 * TILE_WIDTH_PX + 2 * MARGIN_PX,
            striped="ignored" if any(_has_ignored(one, classes) for one in truths) else "",
        ),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file)


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


def _has_ignored(truth: Prediction, classes: Sequence[str]) -> bool:
    return not isinstance(truth, Boxes) and bool((truth >= len(classes)).any())


def _drawn(
    frame: NDArray[np.uint8], found: Prediction, colours: Sequence[Colour], *, nothing: str
) -> Image.Image:
    if not isinstance(found, Boxes):
        return _masked(frame, found, colours)
    return _boxed(frame, found, colours) if len(found.labels) else _noted(frame, nothing)


def _masked(frame: NDArray[np.uint8], mask: NDArray[np.uint8], colours: Sequence[Colour]) -> Image.Image:
    return overlays.masked(_enlarged(Image.fromarray(frame)), mask, colours, opacity=MASK_OPACITY)


def _boxed(frame: NDArray[np.uint8], found: Boxes, colours: Sequence[Colour]) -> Image.Image:
    """The frame with its boxes; the best comes first: its name gets the best place."""
    picture = _enlarged(Image.fromarray(frame))
    scores = ("" if np.isnan(score) else f" {score:.2f}" for score in found.scores)
    return overlays.boxed(
        picture,
        found.boxes * (picture.width / frame.shape[1]),
        [name + score for name, score in zip(found.names, scores, strict=True)],
        [colours[label] for label in found.labels],
    )


def _noted(frame: NDArray[np.uint8], note: str) -> Image.Image:
    """The frame with a note: a tile without a box could also be a fault of the picture."""
    picture = _enlarged(Image.fromarray(frame))
    draw, font = ImageDraw.Draw(picture), overlays.font(FONT_PX - 2)
    left, top, right, bottom = draw.textbbox((MARGIN_PX, MARGIN_PX), note, font=font)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=PAPER)
    draw.text((MARGIN_PX, MARGIN_PX), note, fill=INK, font=font)
    return picture


def _enlarged(picture: Image.Image) -> Image.Image:
    height = round(picture.height * TILE_WIDTH_PX / picture.width)
    return picture.resize((TILE_WIDTH_PX, height), Image.Resampling.BICUBIC)


def _sheet(
    rows: Sequence[tuple[Image.Image, ...]], *, title: str, names: Sequence[str], legend: Image.Image
) -> Image.Image:
    width, height = TILE_WIDTH_PX + MARGIN_PX, NAME_PX + rows[0][0].height + MARGIN_PX
    above = TITLE_PX + HEADER_PX
    size = (3 * width + MARGIN_PX, above + len(rows) * height + legend.height + MARGIN_PX)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    font, small = overlays.font(FONT_PX), overlays.font(SMALL_FONT_PX)
    title = overlays.fitting(title, 3 * TILE_WIDTH_PX)
    draw.text((MARGIN_PX, MARGIN_PX), title, fill=INK, font=font)
    for column, head in enumerate(("frame", "truth", "prediction")):
        left = MARGIN_PX + column * width
        draw.text((left, TITLE_PX), head, fill=FAINT, font=font)
        for row, line in enumerate(rows):
            sheet.paste(line[column], (left, above + row * height + NAME_PX))
    for row, name in enumerate(names):
        shown = overlays.fitting(name, 3 * TILE_WIDTH_PX, size_px=SMALL_FONT_PX, keep_end=True)
        draw.text((MARGIN_PX, above + row * height + 1), shown, fill=FAINT, font=small)
    sheet.paste(legend, (MARGIN_PX, above + len(rows) * height))
    return sheet
