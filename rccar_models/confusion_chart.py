"""A confusion matrix as a picture: a row a true class, its shares as colours, its counts in the cells.

Drawn with matplotlib's Agg canvas, without pyplot, which keeps a process-wide figure. Margins are reckoned
here: matplotlib's layout engines measure every text again and again, which takes minutes with 150 classes.
Of many classes the counts are left out and not every one is named, so that the picture keeps its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rccar_models.overlays import short_name

_DPI = 110
_LONGEST_NAME = 24
_WIDEST_IN, _NARROWEST_IN = 0.95, 0.46
_FLAT = 0.8
"""Height of a cell by its width."""
_LEAST_IN = (4.2, 2.8)
_FIGURE_IN = 18.0
_TOP_IN, _RIGHT_IN, _AXIS_IN = 0.4, 1.35, 0.45
_BAR_IN, _BAR_GAP_IN = 0.3, 0.2
_MAP = "Blues"
_EMPTY = "#eeeeee"
_DARK_FROM = 0.55
_MOST_WITH_SHARES = 12
_MOST_WITH_COUNTS = 20
_MOST_WITH_EDGES = 60
_LETTER_WIDTH, _LINE_HEIGHT, _POINTS_AN_INCH = 0.62, 1.2, 72


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things lie.

    Args:
        left: of the matrix, inches.
        bottom: of the matrix, inches.
        width: of the matrix, inches.
        height: of the matrix, inches.
        letter_pt: height of the names' letters.
        turned_deg: the columns' names, from the horizontal.
        step: every how manyth class is named.
    """

    left: float
    bottom: float
    width: float
    height: float
    letter_pt: int
    turned_deg: int
    step: int

    @property
    def size_in(self) -> tuple[float, float]:
        """Of the figure."""
        return self.left + self.width + _RIGHT_IN, self.bottom + self.height + _TOP_IN

    def box(self, left: float, width: float) -> tuple[float, float, float, float]:
        """A box as high as the matrix, as matplotlib takes it: in shares of the figure."""
        across, up = self.size_in
        return left / across, self.bottom / up, width / across, self.height / up


def confusion_chart(
    confusion: NDArray[np.int64], names: Sequence[str], file: Path, *, title: str, unit: str
) -> None:
    """Draw what true classes are taken for.

    Args:
        confusion: (K, K) counts: row the true class, column the predicted one.
        names: K names of rows and columns.
        file: PNG to write, at most 1980 pixels wide; its folder is made.
        title: above it.
        unit: what is counted, "pixels" or "objects".

    Raises:
        OSError: it cannot be written.
    """
    shown = [short_name(name, _LONGEST_NAME) for name in names]
    layout = _layout(shown)
    figure = Figure(figsize=layout.size_in, dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(layout.box(layout.left, layout.width))
    totals = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, totals, out=np.full(confusion.shape, np.nan), where=totals > 0)
    axes.set_facecolor(_EMPTY)
    has_counts = len(names) <= _MOST_WITH_COUNTS
    # Without counts only the colour tells of a class that is taken for another now and then.
    scale = Normalize(0.0, 1.0) if has_counts else PowerNorm(0.5, 0.0, 1.0)
    drawn = axes.imshow(shares, cmap=_MAP, norm=scale, aspect="auto")
    beside = figure.add_axes(layout.box(layout.left + layout.width + _BAR_GAP_IN, _BAR_IN))
    bar = figure.colorbar(drawn, cax=beside)
    rooted = "" if has_counts else ", colours by its square root"
    bar.set_label(f"share of the true class's {unit}{rooted}", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    fits = layout.size_in[0] * _POINTS_AN_INCH / (len(title) * _LETTER_WIDTH) if title else 11.0
    figure.suptitle(
        title, parse_math=False, fontsize=float(np.clip(fits, 6, 11)), y=1 - 0.12 / layout.size_in[1]
    )
    _name(axes, shown, layout)
    if has_counts:
        _write(axes, confusion, shares)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


def compact(count: int) -> str:
    """Write a count in at most five letters.

    Args:
        count: at least 0.

    Returns:
        E.g. `873`, `12.4k`, `124k`, `3.2M`.
    """
    for factor, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= factor:
            number = count / factor
            return f"{number:.1f}{letter}" if number < 99.95 else f"{number:.0f}{letter}"
    return str(count)


def _layout(shown: Sequence[str]) -> _Layout:
    n, letter_pt = len(shown), 9 if len(shown) <= _MOST_WITH_COUNTS else 8
    name_in = max(map(len, shown)) * letter_pt * _LETTER_WIDTH / _POINTS_AN_INCH
    left = _AXIS_IN + name_in
    cell_in = float(np.clip(7.5 / n, _NARROWEST_IN, _WIDEST_IN))
    cell_in = max(_LEAST_IN[0] / n, min(cell_in, (_FIGURE_IN - left - _RIGHT_IN) / n))
    height = max(_LEAST_IN[1], cell_in * n * _FLAT)
    line_in = letter_pt * _LINE_HEIGHT / _POINTS_AN_INCH
    turned_deg = 0 if name_in < cell_in else 60 if n <= _MOST_WITH_COUNTS else 90
    turned = math.radians(turned_deg)
    return _Layout(
        left=left,
        bottom=_AXIS_IN + name_in * math.sin(turned) + line_in * math.cos(turned),
        width=cell_in * n,
        height=height,
        letter_pt=letter_pt,
        turned_deg=turned_deg,
        step=math.ceil(line_in / (height / n)),
    )


def _name(axes: Axes, shown: Sequence[str], layout: _Layout) -> None:
    places = range(0, len(shown), layout.step)
    named = [shown[place] for place in places]
    axes.set_xticks(places, named, parse_math=False)
    axes.set_yticks(places, named, parse_math=False)
    if layout.turned_deg:
        for label in axes.get_xticklabels():
            label.set(rotation=layout.turned_deg, ha="right", rotation_mode="anchor")
            label.set_verticalalignment("center" if layout.turned_deg == 90 else "top")
    axes.tick_params(length=0 if layout.step == 1 else 3, labelsize=layout.letter_pt)
    which = f" (1 name in {layout.step})" if layout.step > 1 else ""
    left, low = (0.1 - layout.left) / layout.width, (0.12 - layout.bottom) / layout.height
    at = axes.transAxes
    axes.text(0.5, low, f"predicted{which}", fontsize=10, ha="center", transform=at)
    axes.text(left, 0.5, f"true{which}", fontsize=10, ha="left", va="center", rotation=90, transform=at)
    if len(shown) <= _MOST_WITH_EDGES:
        edges = np.arange(-0.5, len(shown), 1)
        axes.hlines(edges, edges[0], edges[-1], color="white", linewidth=1)
        axes.vlines(edges, edges[0], edges[-1], color="white", linewidth=1)
    for side in axes.spines.values():
        side.set_visible(False)


def _write(axes: Axes, confusion: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    has_room = len(confusion) <= _MOST_WITH_SHARES
    size = float(np.clip(90 / len(confusion), 7.0, 9.5))
    for row, column in np.argwhere(confusion > 0):
        count, share = int(confusion[row, column]), float(shares[row, column])
        percent = f"{100 * share:.0f} %" if share >= 0.005 else "<1 %"
        text = f"{percent}\n{compact(count)}" if has_room else compact(count)
        colour = "white" if share > _DARK_FROM else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
