"""A sheet of frames with their labels drawn on them: masks laid over, boxes with names, a legend below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from rccar_models import overlays
from rccar_models.boxes import scaled
from rccar_models.colours import PAPER, Colour, colours_of
from rccar_models.errors import DataError
from rccar_models.inspection.choosing import choose_frames
from rccar_models.inspection.facts import Progress
from rccar_models.overlays import FAINT, INK
from rccar_models.samples import DataIndex, Frame, Sample

ALL = "all"
OPACITY = 0.5
_TILE_PX = 400
_MARGIN_PX = 12
_TITLE_PX = 18
_CAPTION_PX = 13
_MOST_COLUMNS = 6
_BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a sheet shows.

    Args:
        file: the picture.
        task: what the data set was read for.
        format: the format's name.
        n_frames: on the sheet.
        n_read: frames that were looked at.
        missing: classes in none of them.
        faults: of the data set and the frames that could not be read, a line each.
    """

    file: Path
    task: str
    format: str
    n_frames: int
    n_read: int
    missing: tuple[str, ...]
    faults: tuple[str, ...]


def preview_sheet(
    index: DataIndex,
    file: Path,
    *,
    n: int = 12,
    split: str = ALL,
    seed: int = 0,
    progress: Progress | None = None,
) -> Preview:
    """Draw frames of a data set with their labels.

    Args:
        index: the data set, faulty or not.
        file: PNG to write; its folder is made.
        n: frames, at most.
        split: to choose them from; "all" for any.
        seed: of the choice.
        progress: told (done, at most) frames read.

    Returns:
        What is on it.

    Raises:
        DataError: there is no such split, or no frame can be read.
        OSError: the picture cannot be written.
    """
    splits = _splits(index, split)
    chosen = choose_frames(index, splits=splits, n=n, seed=seed, progress=progress)
    if not chosen.frames:
        raise DataError(index.source, chosen.faults or [*index.faults, "no frame is in it"])
    file.parent.mkdir(parents=True, exist_ok=True)
    _sheet(index, chosen.frames, with_split=len(index.splits) > 1).save(file, format="PNG")
    return Preview(
        file=file,
        task=index.task,
        format=index.format,
        n_frames=len(chosen.frames),
        n_read=chosen.n_read,
        missing=chosen.missing,
        faults=tuple(map(str, (*index.faults, *chosen.faults))),
    )


def _splits(index: DataIndex, split: str) -> tuple[str, ...]:
    if split == ALL:
        return tuple(index.splits)
    if split not in index.splits:
        known = ", ".join(index.splits)
        divided = f"there are {known}" if ALL not in index.splits else "nothing divides its frames"
        raise DataError(index.source, [f"there is no split {split!r}; {divided}; or take --split all"])
    return (split,)


def _sheet(index: DataIndex, chosen: Sequence[tuple[str, Sample]], *, with_split: bool) -> Image.Image:
    colours = colours_of(index.classes, with_grey=index.task == "segmentation")
    frames = [sample.read() for _, sample in chosen]
    columns = min(_MOST_COLUMNS, math.ceil(math.sqrt(len(frames))))
    cell = (_TILE_PX, _cell_height(frames))
    step = (cell[0] + _MARGIN_PX, cell[1] + _CAPTION_PX + 2 * _MARGIN_PX)
    width = columns * step[0] + _MARGIN_PX
    below = _legend(index, frames, colours, width=width - 2 * _MARGIN_PX)
    top = _TITLE_PX + 2 * _MARGIN_PX
    n_rows = math.ceil(len(frames) / columns)
    sheet = Image.new("RGB", (width, top + n_rows * step[1] + below.height + _MARGIN_PX), PAPER)
    draw = ImageDraw.Draw(sheet)
    title = overlays.fitting(_title(index), width - 2 * _MARGIN_PX, size_px=_TITLE_PX)
    draw.text((_MARGIN_PX, _MARGIN_PX), title, fill=INK, font=overlays.font(_TITLE_PX))
    for i, (frame, (split, sample)) in enumerate(zip(frames, chosen, strict=True)):
        left, upper = _MARGIN_PX + i % columns * step[0], top + i // columns * step[1]
        tile = _tile(index, frame, colours, cell)
        sheet.paste(tile, (left + (cell[0] - tile.width) // 2, upper + (cell[1] - tile.height) // 2))
        start = f"{split}: " if with_split and split not in Path(sample.name).parts else ""
        room = _TILE_PX - overlays.font(_CAPTION_PX).getlength(start)
        caption = start + overlays.fitting(sample.name, room, size_px=_CAPTION_PX, keep_end=True)
        draw.text((left, upper + cell[1] + 4), caption, fill=FAINT, font=overlays.font(_CAPTION_PX))
    sheet.paste(below, (_MARGIN_PX, top + n_rows * step[1]))
    return sheet


def _title(index: DataIndex) -> str:
    counts = ", ".join(f"{split} {len(samples):,}" for split, samples in index.splits.items())
    source = Path(index.source).name or index.source
    return f"{source}: {len(index.classes)} classes, {index.task} ({index.format}); frames: {counts}"


def _cell_height(frames: Sequence[Frame]) -> int:
    """Cells have the shape of most frames; others are fitted into them."""
    shapes = [frame.image.shape[0] / frame.image.shape[1] for frame in frames]
    return round(_TILE_PX * min(1.5, max(0.4, float(np.median(shapes)))))


def _tile(index: DataIndex, frame: Frame, colours: Sequence[Colour], cell: tuple[int, int]) -> Image.Image:
    height, width = frame.image.shape[:2]
    scale = min(cell[0] / width, cell[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.fromarray(frame.image).resize(size, Image.Resampling.BICUBIC)
    if frame.mask is not None:
        return overlays.masked(picture, frame.mask, colours, opacity=OPACITY, clear=_clear(index))
    # Small boxes first: where names crowd, those of large ones are told by their colour.
    sides = frame.boxes[:, 2:] - frame.boxes[:, :2]
    small_first = np.argsort(sides.prod(axis=1), kind="stable")
    labels = frame.labels[small_first]
    return overlays.boxed(
        picture,
        scaled(frame.boxes[small_first], by=(size[0] / width, size[1] / height)),
        [overlays.fitting(index.classes[label], min(_TILE_PX / 2, size[0] - 6)) for label in labels],
        [colours[label] for label in labels],
    )


def _clear(index: DataIndex) -> list[int]:
    return [class_id for class_id, name in enumerate(index.classes) if name.lower() == _BACKGROUND]


def _legend(
    index: DataIndex, frames: Sequence[Frame], colours: Sequence[Colour], *, width: int
) -> Image.Image:
    clear = _clear(index) if index.task == "segmentation" else []
    entries: list[tuple[str, Colour | None]] = [
        (name, None if class_id in clear else colours[class_id])
        for class_id, name in enumerate(index.classes)
    ]
    ignored = index.ignore_id is not None and any(
        frame.mask is not None and bool((frame.mask == index.ignore_id).any()) for frame in frames
    )
    return overlays.legend(entries, width=width, striped="ignored" if ignored else "")
