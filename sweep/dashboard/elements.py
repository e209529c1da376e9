"""What the pages are made of: Streamlit's elements, given text that is shown as it is.

The pages call these wherever a text is read as Markdown; none of them reads a text of a user.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from sweep.dashboard.plain import plain, plain_lines

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PLOT = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
MOST_ROWS_PX = 520
ROW_PX = 35


def title(text: str, *, below: str = "") -> None:
    """Head a page.

    Args:
        text: its title.
        below: what it answers, in a line.
    """
    st.title(plain(text), anchor=False)
    if below:
        st.caption(plain(below))


def heading(text: str, *, below: str = "") -> None:
    """Head a part of a page.

    Args:
        text: its heading.
        below: a line under it.
    """
    st.subheader(plain(text), anchor=False)
    if below:
        st.caption(plain(below))


def sentence(text: str) -> None:
    """Say something."""
    st.markdown(plain_lines(text))


def aside(text: str) -> None:
    """Say something in small letters."""
    st.caption(plain_lines(text))


def note(text: str) -> None:
    """Say what is not there, or what to do."""
    st.info(plain_lines(text), icon=":material/info:")


def warning(text: str) -> None:
    """Say what should be known."""
    st.warning(plain_lines(text), icon=":material/warning:")


def trouble(text: str) -> None:
    """Say what went wrong."""
    st.error(plain_lines(text), icon=":material/error:")


def success(text: str) -> None:
    """Say what went well."""
    st.success(plain_lines(text), icon=":material/check_circle:")


def cards(facts: Sequence[tuple[str, str]]) -> None:
    """Put figures side by side, and below each other where the screen is narrow.

    Args:
        facts: label and figure of each.
    """
    with st.container(horizontal=True, gap="small"):
        for label, figure in facts:
            st.metric(plain(label), plain(figure), border=True, width="content")


def table(
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Mapping[str, Any],
    key: str,
    choose: Literal["", "single-cell", "multi-row"] = "",
) -> list[int]:
    """Show a table; cells are never read as Markdown.

    Args:
        rows: cells by column.
        columns: Streamlit's description of each column that is shown, in their order.
        key: of the element.
        choose: "single-cell" lets a row be chosen by a click on any of its cells, "multi-row" several.

    Returns:
        Places of the chosen rows.
    """
    import pandas as pd

    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=list(columns))
    shown: Any = {
        "hide_index": True,
        "placeholder": "",
        "column_config": dict(columns),
        "height": min(MOST_ROWS_PX, ROW_PX * (len(rows) + 1) + 3),
        "key": key,
    }
    if not choose:
        st.dataframe(frame, **shown)
        return []
    state = st.dataframe(frame, on_select="rerun", selection_mode=choose, **shown)
    picked = state["selection"]
    chosen = [row for row, _ in picked["cells"]] if choose == "single-cell" else picked["rows"]
    return [place for place in chosen if place < len(rows)]


def figure(drawn: "Figure", *, key: str) -> None:
    """Show a figure in the width that there is.

    Args:
        drawn: by Plotly.
        key: of the element.
    """
    st.plotly_chart(drawn, theme=None, key=key, config=PLOT)


def picture(file: Path, *, caption: str) -> None:
    """Show a picture in the width that there is.

    Args:
        file: PNG or JPEG.
        caption: below it.
    """
    st.image(file.read_bytes(), caption=plain(caption), width="stretch")
