"""The dashboard behind a guard: what `sweep ui` gives Streamlit to run, where Streamlit has `st.App`.

Streamlit alone answers a request for any host, takes connections from pages of other ports of this machine,
and asks a server on the internet for its own address when a page from elsewhere tries to connect.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from sweep.dashboard.guard import OwnPageOnly

app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(OwnPageOnly)])
