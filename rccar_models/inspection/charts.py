"""One picture of a data set's statistics: classes, sizes of their objects, frames, brightness.

Drawn with matplotlib's Agg canvas, without pyplot, which keeps a process-wide figure. Reads with 1 or 80
classes and 1 to 3 splits: a row a class, a colour and a mark a split.
"""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from rccar_models.inspection.statistics import (
    N_BINS,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
)
from rccar_models.overlays import short_name

_WIDTH_IN = 13.0
_ROW_IN = 0.26
_DPI = 100
_LONGEST_NAME = 32
_GREY = "#666666"

# Okabe and Ito, Color Universal Design (2008), with a mark each for those who see no colours.
_LOOKS = {
    "train": ("#0072B2", "o"),
    "val": ("#E69F00", "s"),
    "test": ("#009E73", "^"),
    "all": ("#0072B2", "o"),
}


def statistics_chart(statistics: DataStatistics, file: Path) -> None:
    """Draw the statistics of a data set.

    Args:
        statistics: of the data set.
        file: PNG to write; its folder is made.

    Raises:
        OSError: it cannot be written.
    """
    rows_in = max(2.2, _ROW_IN * len(statistics.classes)) + 0.9
    layout = ConstrainedLayoutEngine(hspace=0.06, wspace=0.03, w_pad=0.12, h_pad=0.08)
    figure = Figure(figsize=(_WIDTH_IN, rows_in + 3.6), dpi=_DPI, layout=layout)
    FigureCanvasAgg(figure)
    figure.suptitle(_title(statistics), parse_math=False, fontsize=12)
    halves = figure.add_gridspec(2, 1, height_ratios=(rows_in, 2.6))
    above = halves[0].subgridspec(1, 2 if statistics.objects is None else 3)
    first = figure.add_subplot(above[0])
    _draw_shares(first, statistics)
    _draw_frames_with_class(figure.add_subplot(above[1], sharey=first), statistics)
    if statistics.objects is not None:
        _draw_object_sizes(figure.add_subplot(above[2], sharey=first), statistics, statistics.objects)
    below = halves[1].subgridspec(1, 3)
    _draw_counts(figure.add_subplot(below[0]), statistics)
    _draw_per_frame(figure.add_subplot(below[1]), statistics)
    _draw_brightness(figure.add_subplot(below[2]), statistics)
    handles, names = first.get_legend_handles_labels()
    if any(not share for one in statistics.classes for share in one.share.values()):
        handles.append(Line2D([], [], linestyle="", marker="x", color=_GREY, markeredgewidth=1.6))
        names.append("absent from the split")
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # DejaVu has no Chinese or emoji: such letters become boxes, which needs no warning each.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(file, format="png")


def _title(statistics: DataStatistics) -> str:
    n_frames = sum(split.n_frames for split in statistics.splits)
    width, height = statistics.training_size
    source = short_name(Path(statistics.source).name or statistics.source, 60)
    return (
        f"{source}: {n_frames:,} frames, {len(statistics.classes)} classes, {statistics.task} "
        f"({statistics.format}); in training {width}x{height}"
    )


def _draw_shares(axes: Axes, statistics: DataStatistics) -> None:
    classes = statistics.classes
    shares = [100 * share for one in classes for share in one.share.values() if share]
    lowest = 10.0 ** np.floor(np.log10(min(shares, default=1.0)))
    axes.set_title(f"share of {statistics.unit} by split (log)")
    axes.set_xscale("log")
    axes.set_xlim(lowest * 0.45, 160)
    for name, kept in _by_split(statistics).items():
        # What is absent stands at the left edge: a logarithm has no zero.
        values = [max(100 * one.share[name], lowest * 0.6) if one.share[name] else np.nan for one in kept]
        _dots(axes, values, split=name, statistics=statistics)
        absent = [lowest * 0.6 if not one.share[name] else np.nan for one in kept]
        _dots(axes, absent, split=name, statistics=statistics, is_absent=True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g} %"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(
        range(len(classes)), [short_name(one.name, _LONGEST_NAME) for one in classes], parse_math=False
    )
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    _lined(axes, len(classes))


def _draw_frames_with_class(axes: Axes, statistics: DataStatistics) -> None:
    axes.set_title("frames that hold the class")
    readable = {split.name: max(1, split.n_frames - split.n_unreadable) for split in statistics.splits}
    for name, kept in _by_split(statistics).items():
        shares = [100 * one.n_frames[name] / readable[name] for one in kept]
        _dots(axes, [share or np.nan for share in shares], split=name, statistics=statistics)
        absent = [np.nan if share else 0.0 for share in shares]
        _dots(axes, absent, split=name, statistics=statistics, is_absent=True)
    highest = max(axes.dataLim.x1, 10.0)
    axes.set_xlim(-0.04 * highest, 1.04 * highest)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g} %"))
    axes.tick_params(axis="y", length=0, labelleft=False)
    _lined(axes, len(statistics.classes))


def _draw_object_sizes(axes: Axes, statistics: DataStatistics, objects: ObjectStatistics) -> None:
    axes.set_title("shorter side of objects in training, px (log)")
    if not objects.total:
        axes.text(0.5, 0.5, "no objects", transform=axes.transAxes, ha="center", va="center", color=_GREY)
        axes.xaxis.set_visible(False)
        axes.tick_params(axis="y", length=0, labelleft=False)
        return
    axes.set_xscale("log", base=2)
    for row, one in enumerate(statistics.classes):
        if one.sides_px:
            low, quarter, median, three, high = (max(0.25, side) for side in one.sides_px)
            axes.plot([low, high], [row, row], color=_GREY, linewidth=1.2, zorder=2)
            axes.plot(
                [quarter, three], [row, row], color="#56B4E9", linewidth=7, solid_capstyle="butt", zorder=3
            )
            axes.plot([median], [row], marker="|", markersize=9, markeredgewidth=2, color="black", zorder=4)
    axes.axvspan(0.2, TINY_PX, color="#D55E00", alpha=0.12, linewidth=0)
    highest = max(side for one in statistics.classes for side in one.sides_px)
    axes.set_xlim(0.7, max(64.0, 1.3 * highest))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    legend = f"line 10-90 %, bar 25-75 %, mark median; red: under {TINY_PX:g} px"
    axes.set_xlabel(legend, color=_GREY, fontsize=8)
    axes.tick_params(axis="y", length=0, labelleft=False)
    _lined(axes, len(statistics.classes))


def _draw_counts(axes: Axes, statistics: DataStatistics) -> None:
    axes.set_title("frames")
    splits = statistics.splits
    longest = max(split.n_frames for split in splits)
    for row, split in enumerate(splits):
        axes.barh(row, split.n_frames, color=_LOOKS[split.name][0], height=0.6)
        notes = [f"{split.n_frames:,}"]
        if split.n_empty:
            notes.append(f"{split.n_empty} without labels")
        if split.n_unreadable:
            notes.append(f"{split.n_unreadable} unreadable")
        axes.text(split.n_frames + 0.015 * longest, row, ", ".join(notes), va="center", fontsize=9)
    axes.set_yticks(range(len(splits)), [split.name for split in splits])
    axes.set_ylim(len(splits) - 0.3, -0.7)
    axes.set_xlim(0, 2.2 * longest)  # room for the words behind the longest bar
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(axis="y", length=0)
    _framed(axes)


def _draw_per_frame(axes: Axes, statistics: DataStatistics) -> None:
    axes.set_title(f"{statistics.per_frame_unit} in a frame, share of frames")
    for split in statistics.splits:
        numbers = sorted(split.per_frame)
        if not numbers:
            continue
        every = range(numbers[0], numbers[-1] + 1)
        total = sum(split.per_frame.values())
        shares = [100 * split.per_frame.get(number, 0) / total for number in every]
        colour, mark = _LOOKS[split.name]
        axes.plot(list(every), shares, color=colour, marker=mark if len(every) < 40 else "", markersize=5)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g} %"))
    _framed(axes)


def _draw_brightness(axes: Axes, statistics: DataStatistics) -> None:
    axes.set_title("mean brightness of frames, share of frames")
    edges = np.linspace(0, 256, N_BINS + 1)
    for split in statistics.splits:
        total = max(1, sum(split.brightness_counts))
        shares = [100 * count / total for count in split.brightness_counts]
        axes.stairs(shares, edges, color=_LOOKS[split.name][0], linewidth=1.8)
    axes.set_xlim(0, 256)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(FixedLocator([0, 64, 128, 192, 255]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g} %"))
    axes.set_xlabel("0 black, 255 white", color=_GREY, fontsize=8.5)
    _framed(axes)


def _by_split(statistics: DataStatistics) -> dict[str, tuple[ClassStatistics, ...]]:
    return {split.name: statistics.classes for split in statistics.splits}


def _dots(
    axes: Axes, values: list[float], *, split: str, statistics: DataStatistics, is_absent: bool = False
) -> None:
    """A row of dots a split, each split a little lower so that equal values do not hide one another."""
    names = [one.name for one in statistics.splits]
    step = 0.22 if len(names) > 1 else 0.0
    shift = step * (names.index(split) - (len(names) - 1) / 2)
    colour, mark = _LOOKS[split]
    axes.plot(
        values,
        [row + shift for row in range(len(values))],
        linestyle="",
        marker="x" if is_absent else mark,
        markersize=5.5,
        markeredgewidth=1.6 if is_absent else 0,
        color=colour,
        label=None if is_absent else split,
        clip_on=False,
        zorder=3,
    )


def _lined(axes: Axes, n_rows: int) -> None:
    for row in range(0, n_rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8, zorder=1)
    _framed(axes)


def _framed(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.title.set_fontsize(10.5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=9)
