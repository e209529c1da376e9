"""A confusion matrix as a picture: a row a true class, its shares as colours, its counts in the cells.

Drawn with matplotlib's Agg canvas, without pyplot, which keeps a process-wide figure.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from rccar_models.overlays import short_name

_DPI = 110
_LONGEST_NAME = 24
_WIDEST_IN, _NARROWEST_IN = 0.95, 0.46
_MAP = "Blues"
_EMPTY = "#eeeeee"
_DARK_FROM = 0.55
_MOST_WITH_SHARES = 12
_LETTER_WIDTH, _POINTS_AN_INCH = 0.62, 72


def confusion_chart(
    confusion: NDArray[np.int64], names: Sequence[str], file: Path, *, title: str, unit: str
) -> None:
    """Draw what true classes are taken for.

    Args:
        confusion: (K, K) counts: row the true class, column the predicted one.
        names: K names of rows and columns.
        file: PNG to write; its folder is made.
        title: above it.
        unit: what is counted, "pixels" or "objects".

    Raises:
        OSError: it cannot be written.
    """
    n_rows = len(names)
    cell_in = float(np.clip(7.5 / n_rows, _NARROWEST_IN, _WIDEST_IN))
    figure = Figure(
        figsize=(cell_in * n_rows + 4.2, cell_in * n_rows * 0.8 + 2.4),
        dpi=_DPI,
        layout=ConstrainedLayoutEngine(),
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    totals = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, totals, out=np.full(confusion.shape, np.nan), where=totals > 0)
    axes.set_facecolor(_EMPTY)
    drawn = axes.imshow(shares, cmap=_MAP, vmin=0.0, vmax=1.0, aspect="auto")
    bar = figure.colorbar(drawn, ax=axes, fraction=0.035, pad=0.02)
    bar.set_label(f"share of the true class's {unit}", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    figure.suptitle(title, parse_math=False, fontsize=11)
    _name(axes, names, cell_in=cell_in)
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


def _name(axes: Axes, names: Sequence[str], *, cell_in: float) -> None:
    shown = [short_name(name, _LONGEST_NAME) for name in names]
    places, size = range(len(names)), 9 if len(names) <= 20 else 8
    has_room = max(map(len, shown)) * size * _LETTER_WIDTH < cell_in * _POINTS_AN_INCH
    if has_room:
        axes.set_xticks(places, shown, parse_math=False)
    else:
        axes.set_xticks(places, shown, parse_math=False, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, shown, parse_math=False)
    axes.tick_params(length=0, labelsize=size)
    axes.set_xlabel("predicted", fontsize=10)
    axes.set_ylabel("true", fontsize=10)
    for edge in np.arange(-0.5, len(names), 1):
        axes.axhline(edge, color="white", linewidth=1)
        axes.axvline(edge, color="white", linewidth=1)
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
