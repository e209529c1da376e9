"""The Streamlit page; Streamlit lives here only."""
