"""Masks and boxes drawn over frames, and the legend beside them. PIL and numpy only, no torch.

Images are uint8 RGB (H, W, 3), masks uint8 (H, W), boxes xyxy in pixels of the picture they are drawn on.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rccar_models.colours import PAPER, Colour, legible_on

INK, FAINT = (40, 40, 40), (120, 120, 120)
FONT_PX = 15
LEGEND_ROW_PX = 24
_STRIPE_PX = 4
_STRIPES, _STRIPES_OPACITY = (60.0, 250.0), 0.65


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Find a font that has Latin, Greek and Cyrillic letters.

    Args:
        size_px: height of its letters.

    Returns:
        DejaVu Sans as matplotlib brings it; PIL's own font, which knows Western letters only, without it.
    """
    found = find_spec("matplotlib")
    for folder in (found.submodule_search_locations or ()) if found else ():
        file = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if file.is_file():
            return ImageFont.truetype(str(file), size_px - 2)  # its letters are wider than those of others
    return ImageFont.load_default(size_px)


def masked(
    picture: Image.Image,
    mask: NDArray[np.uint8],
    colours: Sequence[Colour],
    *,
    opacity: float,
    clear: Sequence[int] = (),
) -> Image.Image:
    """Lay a mask over a picture.

    Args:
        picture: RGB, of any size.
        mask: (H, W) class ids; brought to the picture's size without mixing ids.
        colours: of each class.
        opacity: of the colours, 0 to 1.
        clear: classes under which the picture stays as it is.

    Returns:
        A new picture; ids without a class, such as 255, are striped: no class is.
    """
    ids = np.asarray(Image.fromarray(mask).resize(picture.size, Image.Resampling.NEAREST))
    table = np.zeros((256, 3), np.float32)
    table[: len(colours)] = np.reshape(colours, (-1, 3))
    weight = np.full(256, opacity, np.float32)
    weight[list(clear)] = 0.0
    colour, share = table[ids], weight[ids][..., None]
    ignored = ids >= len(colours)
    rows, columns = np.indices(ids.shape)
    stripes = np.where((rows + columns) // _STRIPE_PX % 2, *_STRIPES)
    colour[ignored] = stripes[ignored][:, None]
    share[ignored] = _STRIPES_OPACITY
    mixed = (1.0 - share) * np.asarray(picture, np.float32) + share * colour
    return Image.fromarray(mixed.round().astype(np.uint8))


def boxed(
    picture: Image.Image,
    boxes: NDArray[np.float32],
    texts: Sequence[str],
    colours: Sequence[Colour],
    *,
    size_px: int = FONT_PX - 2,
) -> Image.Image:
    """Draw boxes with their names.

    Args:
        picture: RGB.
        boxes: (N, 4) in pixels of the picture, the most important first.
        texts: N names; one that is empty or finds no free place beside its box is left out.
        colours: N colours.
        size_px: of the letters.

    Returns:
        A new picture.
    """
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    for box, colour in zip(reversed(boxes.tolist()), reversed(colours), strict=True):
        draw.rectangle(tuple(box), outline=colour, width=2)
    taken: list[Sequence[float]] = []
    for box, text, colour in zip(boxes.tolist(), texts, colours, strict=True):
        if not text:
            continue
        width, height = font(size_px).getbbox(text)[2] + 4, size_px + 4
        others = [other for other in boxes.tolist() if other != box]
        # Best where it hides no other object; where they crowd, at least no other name.
        place = _free_place(box, (width, height), picture.size, [*taken, *others]) or _free_place(
            box, (width, height), picture.size, taken
        )
        if place is not None:
            x, y = place
            taken.append((x, y, x + width, y + height))
            draw.rectangle((x, y, x + width, y + height), fill=colour)
            draw.text((x + 2, y + 1), text, fill=legible_on(colour), font=font(size_px))
    return drawn


def short_name(name: str, longest: int) -> str:
    """Shorten a name in its middle: names of classes differ at their ends, e.g. by a number.

    Args:
        name: any text.
        longest: letters that fit.

    Returns:
        The name on one line; characters that cannot be seen become question marks.
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(shown) <= longest:
        return shown
    head = (longest - 1) * 3 // 5
    return f"{shown[:head]}…{shown[head + 1 - longest :] if longest > head + 1 else ''}"


def fitting(text: str, width_px: float, *, size_px: int = FONT_PX, keep_end: bool = False) -> str:
    """Shorten a text until it fits.

    Args:
        text: one line.
        width_px: room for it.
        size_px: of the letters.
        keep_end: whether to shorten its beginning, as befits a path, rather than its middle.

    Returns:
        The text, with an ellipsis if it was shortened.
    """
    letters = font(size_px)
    shown = short_name(text, 400)
    for n_letters in range(len(shown), 0, -1):
        ends = n_letters < len(shown) and keep_end
        short = f"…{shown[-n_letters:]}" if ends else short_name(shown, n_letters)
        if letters.getlength(short) <= width_px:
            return short
    return ""


def legend(
    entries: Sequence[tuple[str, Colour | None]], *, width: int, striped: str = "", size_px: int = FONT_PX
) -> Image.Image:
    """Draw what colours mean, in as many rows as it takes.

    Args:
        entries: names and colours; None for a class that is not painted.
        width: of the legend in pixels.
        striped: what stripes mean; empty if there are none.
        size_px: of the letters.

    Returns:
        The legend on paper.
    """
    named = [(fitting(name, min(260, width - 40), size_px=size_px), colour) for name, colour in entries]
    texts = [name for name, _ in named] + ([striped] if striped else [])
    places = _places(texts, width=width, size_px=size_px)
    picture = Image.new("RGB", (width, (places[-1][1] if places else 0) + _row_px(size_px)), PAPER)
    draw = ImageDraw.Draw(picture)
    for (left, top), text in zip(places, texts, strict=True):
        draw.text((left + size_px + 6, top + 3), text, fill=INK, font=font(size_px))
    for (left, top), (_, colour) in zip(places, named, strict=False):
        swatch = (left, top + 4, left + size_px, top + 4 + size_px)
        draw.rectangle(swatch, fill=colour or PAPER, outline=FAINT)
    if striped:
        left, top = places[-1]
        swatch_of = Image.new("RGB", (size_px + 1, size_px + 1), PAPER)
        hatched = masked(swatch_of, np.full((1, 1), 255, np.uint8), (), opacity=1.0)
        picture.paste(hatched, (left, top + 4))
    return picture


def _row_px(size_px: int) -> int:
    return max(LEGEND_ROW_PX, size_px + 9)


def _places(texts: Sequence[str], *, width: int, size_px: int) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    x = y = 0
    for text in texts:
        step = int(font(size_px).getlength(text)) + size_px + 24
        if x and x + step > width:
            x, y = 0, y + _row_px(size_px)
        places.append((x, y))
        x += step
    return places


def _free_place(
    box: Sequence[float],
    size: tuple[float, float],
    within: tuple[int, int],
    taken: Sequence[Sequence[float]],
) -> tuple[float, float] | None:
    """Where a name of this size hides nothing: above its box, below it, beside it, or inside."""
    x1, y1, x2, y2 = box
    width, height = size
    above, below = y1 - height, y2 + 1
    corners = ((x1, above), (x1, below), (x2 - width, above), (x2 - width, below))
    sides = ((x2 + 1, y1), (x1 - width, y1), (x1, y1), (x1, y2 - height))
    for left, top in (*corners, *sides):
        x = max(0.0, min(left, within[0] - width - 1))
        y = max(0.0, min(top, within[1] - height - 1))
        if not any(x < x4 and x + width > x3 and y < y4 and y + height > y3 for x3, y3, x4, y4 in taken):
            return x, y
    return None
