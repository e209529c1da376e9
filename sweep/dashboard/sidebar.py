"""The bar at the side: task, language, live refresh, and the pages beside this one."""

import streamlit as st

from sweep.dashboard import elements
from sweep.dashboard.language import DEFAULT, LANGUAGES, Words, words_in
from sweep.dashboard.places import Places
from sweep.views.naming import TASKS

_LANGUAGE, _TASK, _LIVE = "lang", "task", "live"


def language() -> Words:
    """Find the language: what was chosen, else the address's `?lang=tr`, else English.

    Returns:
        Its words.
    """
    _keep(_LANGUAGE, list(LANGUAGES), DEFAULT)
    return words_in(st.session_state[_LANGUAGE])


def is_task_open() -> bool:
    """Whether neither the visitor nor the address has said which task it is."""
    return _TASK not in st.session_state and _TASK not in st.query_params


def turn_to(task: str) -> None:
    """Choose a task for a visitor who has chosen none.

    Args:
        task: "segmentation" or "detection".
    """
    st.session_state[_TASK] = task


def task(words: Words) -> str:
    """Let the task be chosen.

    Args:
        words: of the language.

    Returns:
        "segmentation" or "detection".
    """
    _keep(_TASK, list(TASKS), TASKS[0])
    with st.sidebar:
        chosen = st.segmented_control(
            words("sidebar.task"),
            TASKS,
            format_func=lambda name: words(f"task.{name}"),
            key="task-choice",
            default=st.session_state[_TASK],
            required=True,
        )
    return _kept(_TASK, chosen)


def rest(words: Words, places: Places) -> bool:
    """Draw what comes below the task.

    Args:
        words: of the language.
        places: with the pages beside.

    Returns:
        Whether what runs is looked at again and again.
    """
    with st.sidebar:
        is_live = st.toggle(words("sidebar.live"), value=True, key=_LIVE, help=words("sidebar.live_help"))
        chosen = st.segmented_control(
            words("sidebar.language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key="language-choice",
            default=st.session_state[_LANGUAGE],
            required=True,
        )
        if chosen != st.session_state[_LANGUAGE]:
            _kept(_LANGUAGE, chosen)
            st.rerun()
        _links(words, places)
    return bool(is_live)


def _links(words: Words, places: Places) -> None:
    if not (places.optuna_page or places.mlflow_page):
        return
    elements.aside(words("sidebar.beside"))
    for name, address in (("optuna-dashboard", places.optuna_page), ("MLflow", places.mlflow_page)):
        if address:
            st.link_button(name, address, icon=":material/open_in_new:", width="stretch")


def _keep(name: str, known: list[str], default: str) -> None:
    """Take a choice from the address the first time; put it back after a page was changed."""
    if name not in st.session_state:
        asked = st.query_params.get(name, default)
        st.session_state[name] = asked if asked in known else default
    if st.query_params.get(name) != st.session_state[name] and st.session_state[name] != default:
        st.query_params[name] = st.session_state[name]


def _kept(name: str, chosen: str | None) -> str:
    if chosen is not None and chosen != st.session_state[name]:
        st.session_state[name] = chosen
        st.query_params[name] = chosen
    return str(st.session_state[name])
