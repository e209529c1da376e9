"""The best and the worst frames of a model: one picture of all, and one of each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from rccar_models import overlays
from rccar_models.cache import CachedSplit
from rccar_models.colours import PAPER
from rccar_models.metrics.frame_scores import BEST, WORST, Chosen
from rccar_models.overlays import FAINT, INK
from rccar_models.pictures import SHEET_WIDTH_PX, described
from rccar_models.predictor import Prediction, Predictor
from rccar_models.tiles import MARGIN_PX as TILES_APART_PX
from rccar_models.tiles import TILE_WIDTH_PX, Tiles

TILE_PX = 232
GAP_PX = 4
MARGIN_PX = 12
COLUMNS = 2
TITLE_PX, HEAD_PX, NAME_PX = 18, 16, 13
LARGE_PX = 26
"""Letters of a frame by itself: pages show it at half its width."""
HEADS = ("frame", "truth", "prediction")
PNG_LEVEL = 3
"""Measured: a third of the time of the default for an eighth more bytes."""
SCORES = {"segmentation": "mean IoU", "detection": "F1 at IoU 0.5"}
"""What a frame's score is, by task."""


class Gallery:
    """Draws chosen frames.

    Args:
        predictor: whose answers are drawn.
        split: with labels.
        chosen: the best, then the worst; at least one.
        note: for titles, e.g. the trial and its score.
    """

    def __init__(
        self, predictor: Predictor, split: CachedSplit, chosen: Sequence[Chosen], *, note: str
    ) -> None:
        self._predictor = predictor
        self._split = split
        self._chosen = chosen
        self._title = f"{described(predictor)}; {note}" if note else described(predictor)
        self._score = SCORES[predictor.card.task]
        frames = [np.asarray(split.images[one.index]) for one in chosen]
        self._found: list[Prediction] = predictor.predict(frames)

    def frames(self, folder: Path) -> list[Path]:
        """Draw each frame with its truth and the answer.

        Args:
            folder: of the PNGs; is made.

        Returns:
            A file for each chosen frame, in their order: `best-1.png`, `worst-8.png`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        tiles = Tiles(self._predictor, self._split)
        return [
            self._one(tiles, one, found, folder) for one, found in zip(self._chosen, self._found, strict=True)
        ]

    def save(self, file: Path) -> None:
        """Draw all of them in two columns, the best above the worst.

        Args:
            file: PNG to write; its folder is made.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        self._montage().save(file, compress_level=PNG_LEVEL)

    def _montage(self) -> Image.Image:
        tiles = Tiles(self._predictor, self._split, width_px=TILE_PX)
        cells = [self._cell(tiles, one, found) for one, found in zip(self._chosen, self._found, strict=True)]
        groups = [
            (group, [cell for cell, one in zip(cells, self._chosen, strict=True) if one.group == group])
            for group in (BEST, WORST)
        ]
        width = (
            min(COLUMNS, max(len(members) for _, members in groups)) * (cells[0].width + MARGIN_PX)
            + MARGIN_PX
        )
        title = _line(self._title, width=width - 2 * MARGIN_PX, size_px=TITLE_PX)
        legend = tiles.legend([one.index for one in self._chosen], width=width - 2 * MARGIN_PX)
        blocks = [
            _block(self._head(group, len(members)), members, width=width)
            for group, members in groups
            if members
        ]
        return _stacked([_padded(title, width), *blocks, _padded(legend, width)], width=width)

    def _one(self, tiles: Tiles, one: Chosen, found: Prediction, folder: Path) -> Path:
        legend = tiles.legend([one.index], width=SHEET_WIDTH_PX, size_px=LARGE_PX)
        file = folder / f"{one.group}-{one.rank}.png"
        _strip(tiles.row(one.index, found), legend).save(file, compress_level=PNG_LEVEL)
        return file

    def _cell(self, tiles: Tiles, one: Chosen, found: Prediction) -> Image.Image:
        row = tiles.row(one.index, found)
        width = 3 * TILE_PX + 2 * GAP_PX
        cell = Image.new("RGB", (width, NAME_PX + 6 + row[0].height), PAPER)
        draw, font = ImageDraw.Draw(cell), overlays.font(NAME_PX)
        score = f"{one.score:.3f}"
        draw.text((0, 1), score, fill=INK, font=font)
        left = font.getlength(score) + 10
        name = overlays.fitting(self._split.names[one.index], width - left, size_px=NAME_PX, keep_end=True)
        draw.text((left, 1), name, fill=FAINT, font=font)
        for column, tile in enumerate(row):
            cell.paste(tile, (column * (TILE_PX + GAP_PX), NAME_PX + 6))
        return cell

    def _head(self, group: str, n: int) -> str:
        what = {BEST: "the best frame", WORST: "the worst frame"}[group] + ("s" if n > 1 else "")
        return f"{what} by {self._score}: frame, truth, prediction"


def _strip(row: Sequence[Image.Image], legend: Image.Image) -> Image.Image:
    """A frame by itself, without its name and score: those stand as text wherever it is shown."""
    above = LARGE_PX + 10
    whole = Image.new("RGB", (SHEET_WIDTH_PX, above + row[0].height + 8 + legend.height), PAPER)
    draw = ImageDraw.Draw(whole)
    for column, (head, tile) in enumerate(zip(HEADS, row, strict=True)):
        left = column * (TILE_WIDTH_PX + TILES_APART_PX)
        draw.text((left, 1), head, fill=INK, font=overlays.font(LARGE_PX))
        whole.paste(tile, (left, above))
    whole.paste(legend, (0, above + row[0].height + 8))
    return whole


def _block(head: str, cells: Sequence[Image.Image], *, width: int) -> Image.Image:
    step = (cells[0].width + MARGIN_PX, cells[0].height + MARGIN_PX)
    n_rows = -(-len(cells) // COLUMNS)
    title = _line(head, width=width - 2 * MARGIN_PX, size_px=HEAD_PX)
    block = Image.new("RGB", (width, title.height + n_rows * step[1] + MARGIN_PX), PAPER)
    block.paste(title, (MARGIN_PX, 0))
    for place, cell in enumerate(cells):
        row, column = divmod(place, COLUMNS)
        block.paste(cell, (MARGIN_PX + column * step[0], title.height + row * step[1]))
    return block


def _line(text: str, *, width: int, size_px: int) -> Image.Image:
    line = Image.new("RGB", (width, size_px + 10), PAPER)
    shown = overlays.fitting(text, width, size_px=size_px)
    ImageDraw.Draw(line).text((0, 2), shown, fill=INK, font=overlays.font(size_px))
    return line


def _padded(picture: Image.Image, width: int) -> Image.Image:
    padded = Image.new("RGB", (width, picture.height), PAPER)
    padded.paste(picture, (MARGIN_PX, 0))
    return padded


def _stacked(parts: Sequence[Image.Image], *, width: int) -> Image.Image:
    whole = Image.new("RGB", (width, sum(part.height for part in parts) + 2 * MARGIN_PX), PAPER)
    top = MARGIN_PX
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    return whole
