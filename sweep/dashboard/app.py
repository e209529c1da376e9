"""The dashboard: `streamlit run sweep/dashboard/app.py`, or `sweep ui`, which also starts the pages beside.

Its environment says where to look: SWEEP_HOME, SWEEP_STORAGE, SWEEP_TRACKING_URI; SWEEP_UI_OPTUNA and
SWEEP_UI_MLFLOW are the addresses that it links to.
"""

from functools import partial
from pathlib import Path

import streamlit as st

from sweep.dashboard import sidebar
from sweep.dashboard.showing import SCREENS, draw

ICON = Path(__file__).with_name("icon.png")
"""A file: one of Streamlit's own symbols would be fetched from the network."""


def main() -> None:
    """Draw the page that is open."""
    st.set_page_config(page_icon=ICON, layout="wide")
    words = sidebar.language()
    pages = {
        name: st.Page(
            partial(draw, name),
            title=words(f"{name}.menu"),
            icon=icon,
            url_path=name,
            default=name == "overview",
        )
        for name, (_, icon) in SCREENS.items()
    }
    page = st.navigation(list(pages.values()))
    st.session_state["pages"] = pages
    page.run()


main()
