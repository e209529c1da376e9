"""Colours of classes in pictures: RGB, 0 to 255."""

from collections.abc import Sequence

Colour = tuple[int, int, int]
BLACK, PAPER = (0, 0, 0), (255, 255, 255)

# The first eight: Okabe and Ito, Color Universal Design (2008), told apart by colour-blind eyes too; grey
# leads, since class 0 of most masks is the background. The others are far from these and from one another
# in CIELAB, most of them from Trubetskoy's list of 20 distinct colours. More classes go round again, darker.
PALETTE = (
    (110, 110, 110),
    (86, 180, 233),
    (240, 228, 66),
    (230, 159, 0),
    (204, 121, 167),
    (0, 158, 115),
    (213, 94, 0),
    (0, 114, 178),
    (240, 50, 230),
    (255, 250, 200),
    (0, 0, 117),
    (230, 25, 75),
    (90, 230, 40),
    (128, 128, 0),
    (90, 80, 230),
    (128, 0, 0),
)


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


def legible_on(colour: Colour) -> Colour:
    """Choose the colour of text on a ground.

    Args:
        colour: of the ground.

    Returns:
        Black on light grounds, white on dark ones, by the luma of ITU-R BT.601.
    """
    red, green, blue = colour
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > 90 else PAPER
