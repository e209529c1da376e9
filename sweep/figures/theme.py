"""How every figure looks: colours of states and categories, fonts, margins.

Colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any colour vision tell
apart; no figure tells anything by colour alone where a line's dash or a marker can say it too. Yellow is left
out: it cannot be read on white.
"""

import textwrap
from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

BLUE, ORANGE, VERMILION, GREEN = "#0072B2", "#E69F00", "#D55E00", "#009E73"
PURPLE, SKY, BROWN, GREY = "#CC79A7", "#56B4E9", "#8C6D31", "#7F7F7F"
INK, FAINT, GRID = "#1F2933", "#52606D", "#E4E7EB"

CATEGORIES = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BROWN, GREY)
"""Colours of runs and classes, in this order."""

STATES = {
    "complete": BLUE,
    "pruned": ORANGE,
    "failed": VERMILION,
    "infeasible": BROWN,
    "stopped": GREY,
    "paused": PURPLE,
    "running": GREEN,
}
"""Colours of trials by state, in the order of legends."""

MARKERS = {
    "complete": "circle",
    "pruned": "triangle-down",
    "failed": "x",
    "infeasible": "square",
    "stopped": "diamond",
}
"""The same by shape."""

TITLE_CHARS = 46
"""Of one line of a title: what fits into 400 px."""
HEIGHT_PX = 380
MOST_TICKS = 12
FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_AXIS = {
    "automargin": True,
    "exponentformat": "e",
    "gridcolor": GRID,
    "linecolor": GRID,
    "zeroline": False,
    "title": {"standoff": 8, "font": {"size": 12, "color": FAINT}},
    "tickfont": {"size": 11, "color": FAINT},
}

TEMPLATE = go.layout.Template(
    layout={
        "colorway": CATEGORIES,
        "font": {"family": FONT, "size": 12, "color": INK},
        "title": {"font": {"size": 14}},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 56, "r": 16, "t": 64, "b": 48},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -0.22,
            "yanchor": "top",
            "font": {"size": 11},
        },
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "polar": {"bgcolor": "white", "radialaxis": {"gridcolor": GRID}, "angularaxis": {"gridcolor": GRID}},
        "coloraxis": {"colorbar": {"thickness": 12, "outlinewidth": 0}},
    },
    data={
        "scatter": [{"marker": {"size": 7}}],
        "bar": [{"marker": {"line": {"width": 0}}}],
    },
)
"""Plotly's template of the house."""


def short(text: object, n_chars: int = 12) -> str:
    """Cut a name that has to stand under an axis.

    Args:
        text: e.g. a model's name.
        n_chars: how long it may be.

    Returns:
        The text, safe as a label; its beginning and an ellipsis if it is longer.
    """
    return escape(_cut_behind(str(text), n_chars), quote=False)


def distinct(names: Sequence[str], n_chars: int, *, keeps_end: bool = False) -> list[str]:
    """Cut names that have to stay different: an axis or a legend takes equal ones for one.

    Args:
        names: e.g. of classes.
        n_chars: how long each may be; a number behind it comes on top where nothing else tells two apart.
        keeps_end: cut them in front if that tells them apart, as what is named `SWEEP / TRIAL`; else behind.

    Returns:
        A text each, safe as a label.
    """
    ways = (_cut_behind, _cut_in_the_middle, _cut_in_front)
    ways = ways[::-1] if keeps_end else ways
    found = [[way(name, n_chars) for name in names] for way in ways]
    cut = next((one for one in found if len(set(one)) == len(set(names))), found[0])
    shown: list[str] = []
    for text in cut:
        number, taken = 1, text
        while taken in shown:
            number += 1
            taken = f"{text} {number}"
        shown.append(taken)
    return [escape(text, quote=False) for text in shown]


def _cut_behind(text: str, n_chars: int) -> str:
    return text if len(text) <= n_chars else f"{text[: n_chars - 1]}…"


def _cut_in_the_middle(text: str, n_chars: int) -> str:
    n_behind = (n_chars - 1) // 2
    return text if len(text) <= n_chars else f"{text[: n_chars - 1 - n_behind]}…{text[-n_behind:]}"


def _cut_in_front(text: str, n_chars: int) -> str:
    return text if len(text) <= n_chars else f"…{text[1 - n_chars :]}"


def colour_of(state: str) -> str:
    """Colour of a trial's state.

    Args:
        state: a key of `STATES`, or any other word.

    Returns:
        A colour; grey for a word that is not known.
    """
    return STATES.get(state, GREY)


def themed(figure: go.Figure, title: str, *, height_px: int = HEIGHT_PX) -> go.Figure:
    """Give a figure the look of the house.

    Args:
        figure: any; it is changed.
        title: one sentence; broken into lines that fit a narrow page.
        height_px: of the whole figure.

    Returns:
        The same figure.
    """
    lines = textwrap.wrap(title, TITLE_CHARS, break_long_words=True)
    figure.update_layout(
        template=TEMPLATE,
        title={
            "text": "<br>".join(escape(line, quote=False) for line in lines),
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 12, "l": 10},
        },
        margin={"t": 28 + 20 * max(len(lines), 1)},
        height=height_px,
        width=None,
        autosize=True,
    )
    return figure


def count_along_x(figure: go.Figure, largest: int) -> None:
    """Let an axis of epochs or trials have whole numbers only; by itself it shows 1, 1, 2, 2 of two epochs.

    Args:
        figure: it is changed.
        largest: number on the axis.
    """
    figure.update_xaxes(tickformat="d", dtick=1 if largest <= MOST_TICKS else None)


def nothing_to_show(title: str) -> go.Figure:
    """A figure without data.

    Args:
        title: says what is missing.

    Returns:
        The title above an empty frame.
    """
    figure = themed(go.Figure(), title, height_px=160)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
