"""One frame for pictures: itself, its truth and a model's answer, each enlarged to a tile."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from rccar_models import overlays
from rccar_models.cache import CachedSplit
from rccar_models.colours import PAPER, Colour, colours_of
from rccar_models.overlays import FONT_PX, INK
from rccar_models.predictor import Boxes, Prediction, Predictor

TILE_WIDTH_PX = 320
MARGIN_PX = 8
MASK_OPACITY = 0.62
MOST_NAMES = 8
"""Of a tile: a detector that has learnt little finds dozens of boxes, whose colours tell enough."""


class Tiles:
    """Draws the frames of a split as one model sees them.

    Args:
        predictor: whose answers are drawn.
        split: with labels.
        width_px: of a tile.
    """

    def __init__(self, predictor: Predictor, split: CachedSplit, *, width_px: int = TILE_WIDTH_PX) -> None:
        self._split = split
        self._classes = predictor.classes
        self._colours = colours_of(predictor.classes, with_grey=split.masks is not None)
        self._nothing = f"nothing above {predictor.card.score_threshold or 0.0:.2f}"
        self._width_px = width_px

    def row(self, index: int, found: Prediction) -> tuple[Image.Image, Image.Image, Image.Image]:
        """Draw a frame.

        Args:
            index: in the split.
            found: the model's answer.

        Returns:
            The frame, its truth and the answer; all of one size.
        """
        frame = np.asarray(self._split.images[index])
        truth = self._drawn(frame, self._truth(index), nothing="no objects")
        return self._enlarged(frame), truth, self._drawn(frame, found, nothing=self._nothing)

    def legend(self, indices: Sequence[int], *, width: int, size_px: int = FONT_PX) -> Image.Image:
        """Say what colours mean.

        Args:
            indices: of the frames that are shown.
            width: in pixels.
            size_px: of its letters.

        Returns:
            The legend, with stripes if one of the frames has pixels that count nowhere.
        """
        entries = list(zip(self._classes, self._colours, strict=True))
        has_ignored = any(self._has_ignored(index) for index in indices)
        striped = "ignored" if has_ignored else ""
        return overlays.legend(entries, width=width, striped=striped, size_px=size_px)

    def _truth(self, index: int) -> Prediction:
        """A frame's labels in the form of a prediction; true boxes have no score to show."""
        if self._split.masks is not None:
            return np.asarray(self._split.masks[index])
        labels = np.asarray(self._split.labels[index], np.int64)
        return Boxes(
            boxes=np.asarray(self._split.boxes[index], np.float32),
            labels=labels,
            scores=np.full(len(labels), np.nan, np.float32),
            names=tuple(self._classes[label] for label in labels),
        )

    def _has_ignored(self, index: int) -> bool:
        masks = self._split.masks
        return masks is not None and bool((np.asarray(masks[index]) >= len(self._classes)).any())

    def _drawn(self, frame: NDArray[np.uint8], found: Prediction, *, nothing: str) -> Image.Image:
        picture = self._enlarged(frame)
        if not isinstance(found, Boxes):
            return overlays.masked(picture, found, self._colours, opacity=MASK_OPACITY)
        if not len(found.labels):
            return _noted(picture, nothing)
        return _boxed(picture, found, self._colours, scale=picture.width / frame.shape[1])

    def _enlarged(self, frame: NDArray[np.uint8]) -> Image.Image:
        picture = Image.fromarray(frame)
        height = round(picture.height * self._width_px / picture.width)
        return picture.resize((self._width_px, height), Image.Resampling.BICUBIC)


def _boxed(picture: Image.Image, found: Boxes, colours: Sequence[Colour], *, scale: float) -> Image.Image:
    """The frame with its boxes; the best comes first: its name gets the best place."""
    scores = ("" if np.isnan(score) else f" {score:.2f}" for score in found.scores)
    texts = [name + score for name, score in zip(found.names, scores, strict=True)]
    return overlays.boxed(
        picture,
        found.boxes * scale,
        [text if place < MOST_NAMES else "" for place, text in enumerate(texts)],
        [colours[label] for label in found.labels],
    )


def _noted(picture: Image.Image, note: str) -> Image.Image:
    """The frame with a note: a tile without a box could also be a fault of the picture."""
    draw, font = ImageDraw.Draw(picture), overlays.font(FONT_PX - 2)
    left, top, right, bottom = draw.textbbox((MARGIN_PX, MARGIN_PX), note, font=font)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=PAPER)
    draw.text((MARGIN_PX, MARGIN_PX), note, fill=INK, font=font)
    return picture
